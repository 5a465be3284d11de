//! The account of a link against what the kernel's TCP is known to send.

use std::time::{SystemTime, UNIX_EPOCH};

use harness::link::order::Settings;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::inside::PING_BYTES;
use crate::stage::{Actor, finish, link, until};

/// IPv4 and TCP headers with timestamps, and those of a SYN with its options (RFC 7323, 2018).
const HEADERS: u64 = 20 + 20 + 12;
const SYN: u64 = 20 + 20 + 20;

#[tokio::test]
async fn every_byte_of_a_connection_has_its_cause_and_is_in_the_capture() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("packets.pcap");
    // Far enough that each end hears of a FIN before it sends its own; so all have acknowledgements
    // of their own.
    let asked = scenarios::Link { rtt: std::time::Duration::from_millis(20), ..Default::default() };
    let settings = Settings { link: asked, seed: 1, capture: Some(path.clone()) };
    let Some(link) = link(settings).await else { return };
    let server = Actor::listening(&link, "echo").await;
    for _ in 0..3 {
        let (_, pings): (u64, Vec<u64>) = Actor::start(&link.clients, "ping 10").last_word().await;
        assert_eq!(pings.len(), 10);
    }
    let report = finish(link).await;
    drop(server);
    let counters = report.counters;
    assert_eq!((counters.connections, counters.unclosed), (3, 0));
    assert_eq!(report.capture_error, None);
    let (up, down) = (counters.up.offered, counters.down.offered);
    // On a machine that stands still for long TCP sends again what was not lost, and that is
    // acknowledged with options that say so.
    let none_is_repeated = up.retransmitted.packets + down.retransmitted.packets == 0;
    for way in [up, down] {
        assert_eq!(way.other.packets, 0);
        assert_eq!(way.payload.bytes, 3 * 10 * PING_BYTES as u64);
        assert_eq!(way.headers.bytes, way.payload.packets * HEADERS);
        assert!(way.acks.bytes == way.acks.packets * HEADERS || !none_is_repeated);
    }
    // SYN, the acknowledgement that completes and FIN; SYN-ACK and FIN.
    assert_eq!((up.handshake.packets, up.handshake.bytes), (9, 3 * (SYN + 2 * HEADERS)));
    assert_eq!((down.handshake.packets, down.handshake.bytes), (6, 3 * (SYN + HEADERS)));
    assert_eq!(counters.up.largest_bytes, HEADERS + PING_BYTES as u64);

    let packets = read_capture(&std::fs::read(&path).unwrap());
    assert_eq!(packets.len() as u64, up.total().packets + down.total().packets);
    let bytes: u64 = packets.iter().map(|(_, bytes)| *bytes).sum();
    assert_eq!(bytes, up.total().bytes + down.total().bytes);
    assert!(packets.iter().map(|(time_ns, _)| time_ns).is_sorted());
    let wall_ns = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64;
    let age_ns = wall_ns - packets[0].0;
    assert!(age_ns < crate::stage::PATIENCE_NS, "{age_ns}");
}

#[tokio::test]
async fn a_link_that_is_killed_leaves_a_capture_of_what_it_carried() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("packets.pcap");
    let settings = Settings { capture: Some(path.clone()), ..Settings::default() };
    let Some(mut link) = link(settings).await else { return };
    let server = Actor::listening(&link, "echo").await;
    Actor::start(&link.clients, "ping 10").last_word::<(u64, Vec<u64>)>().await;
    let counters = link.parts().1.mark().await.unwrap().counters;
    let carried = counters.up.offered.total().packets + counters.down.offered.total().packets;
    until("the packets are in the file of a link that sleeps", async || {
        read_capture(&std::fs::read(&path).unwrap()).len() as u64 >= carried
    })
    .await;
    kill(Pid::from_raw(link.pid() as i32), Signal::SIGKILL).unwrap();
    link.parts().0.death().await;
    assert!(read_capture(&std::fs::read(&path).unwrap()).len() as u64 >= carried);
    drop(server);
}

/// Time, ns, and length of the packets of a classic pcap with bare IP packets.
fn read_capture(bytes: &[u8]) -> Vec<(u64, u64)> {
    let word = |at: usize| u64::from(u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()));
    assert_eq!((word(0), word(20)), (0xa1b2_3c4d, 101));
    let (mut at, mut packets) = (24, Vec::new());
    while at < bytes.len() {
        let (time_ns, length) = (word(at) * 1_000_000_000 + word(at + 4), word(at + 8));
        assert_eq!(bytes[at + 16] >> 4, 4, "an IPv4 packet");
        packets.push((time_ns, length));
        at += 16 + length as usize;
    }
    packets
}

#[tokio::test]
async fn a_capture_that_fails_does_not_end_the_run() {
    let settings = Settings { capture: Some("/dev/full".into()), ..Settings::default() };
    let Some(link) = link(settings).await else { return };
    let server = Actor::listening(&link, "echo").await;
    let _: (u64, Vec<u64>) = Actor::start(&link.clients, "ping 3").last_word().await;
    drop(server);
    let sentence = finish(link).await.capture_error.unwrap();
    assert!(sentence.contains("/dev/full is incomplete"), "{sentence}");
}

/// The super-user may write everywhere, and in a user namespace of his own only what is his.
#[tokio::test]
async fn a_capture_may_lie_where_only_the_super_user_of_the_machine_may_write() {
    let directory = tempfile::tempdir().unwrap();
    if nix::unistd::geteuid().is_root() {
        std::os::unix::fs::chown(directory.path(), Some(65_534), Some(65_534)).unwrap();
    }
    let path = directory.path().join("packets.pcap");
    let settings = Settings { capture: Some(path.clone()), ..Settings::default() };
    let Some(link) = link(settings).await else { return };
    assert_eq!(finish(link).await.capture_error, None);
    assert!(path.exists());
}

#[tokio::test]
async fn a_capture_that_cannot_be_made_is_refused() {
    if link(Settings::default()).await.is_none() {
        return;
    }
    let settings = Settings { capture: Some("/proc/packets.pcap".into()), ..Settings::default() };
    let cores = harness::machine::own_cores();
    let feedlab = std::path::Path::new(crate::stage::FEEDLAB);
    let made = harness::link::Link::start_by(feedlab, &settings, &cores, &cores).await;
    let error = made.err().unwrap();
    assert!(error.is::<harness::cmd::Usage>(), "{error:#}");
    assert!(error.to_string().contains("the capture /proc/packets.pcap cannot be"), "{error}");
}

#[tokio::test]
async fn connections_that_are_opened_at_once_are_counted_and_closed() {
    let Some(link) = link(Settings::default()).await else { return };
    let server = Actor::listening(&link, "accept 500").await;
    let connected: u64 = Actor::start(&link.clients, "dial 500").last_word().await;
    assert_eq!(connected, 500);
    drop(server);
    let counters = finish(link).await.counters;
    assert_eq!((counters.connections, counters.unclosed), (500, 0));
}
