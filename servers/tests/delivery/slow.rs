//! A client that does not read costs the others nothing, costs the server a bounded memory, and is told what it lost.

use super::all;
use super::raw::Raw;
use super::raw::answer::get;
use super::raw::follow::{Event, Follower};
use super::raw::served::{Setup, at};

/// Large enough that what a kernel keeps for a client that does not read is a small part of all.
const PAYLOAD_BYTES: u64 = 48 << 10;
const UPDATES: u64 = 250;
const HISTORY: u64 = 20;

fn large(n: u64) -> String {
    format!("{{\"n\":{n},\"pad\":\"{}\"}}", "x".repeat(PAYLOAD_BYTES as usize))
}

#[tokio::test]
async fn a_client_that_never_reads_delays_nobody_and_is_told_what_it_lost() {
    let served = Setup { history: HISTORY as usize, ..Setup::default() }.serve();
    let (mut fast, mut slow) = (Vec::new(), Vec::new());
    for transport in all() {
        fast.push((transport, Follower::from_now(&served, transport).await));
        let mut follower = Follower::narrow(&served, transport).await;
        // A poll that nobody reads the answer of.
        follower.ask().await;
        slow.push((transport, follower));
    }
    for seq in 1..=UPDATES {
        assert_eq!(served.publish(&[large(seq)]).await, at(seq));
        // In lock-step: with one client in the way of another this would never end, or end in a gap.
        for (transport, follower) in &mut fast {
            match follower.next().await {
                Event::Update(got, _) => assert_eq!(got, seq, "{transport}"),
                other => panic!("{transport}: {other:?} at {seq}"),
            }
        }
    }
    assert_eq!(served.metric("feedlab_history_updates").await, HISTORY);
    let kept = served.metric("feedlab_history_bytes").await;
    assert!(kept < HISTORY * (PAYLOAD_BYTES + 64), "{kept}");
    for (transport, follower) in &mut slow {
        // A short poll with nothing new was answered at once, with nothing; its next one meets the gap.
        let told = told(follower).await;
        assert!(told.before < UPDATES / 2, "{transport} was carried {} unread", told.before);
        if *transport == "tcp" {
            assert!(told.closed && told.lost == 0, "the floor has no words for a gap: it closes");
        } else {
            assert!(!told.closed && told.lost > 0, "{transport}");
            assert_eq!(told.before + told.lost + told.after, UPDATES, "{transport}");
            assert_eq!(told.after, HISTORY, "{transport}");
        }
    }
}

/// What a client got before, and after, it was told that it had lost so many.
#[derive(Default)]
struct Told {
    before: u64,
    lost: u64,
    after: u64,
    closed: bool,
}

/// Reads until the head, or until the server closes; the order is checked on the way.
async fn told(follower: &mut Follower) -> Told {
    let mut told = Told::default();
    let mut expected = 1;
    while expected <= UPDATES {
        match follower.next().await {
            Event::Update(seq, _) => {
                assert_eq!(seq, expected);
                expected += 1;
                if told.lost == 0 { told.before += 1 } else { told.after += 1 }
            }
            Event::Gap(gap) => {
                assert_eq!(told.lost, 0, "the head does not move any more: one gap");
                let lost = gap.strip_prefix("{\"reason\":\"evicted\",\"lost\":").unwrap();
                told.lost = lost.trim_end_matches('}').parse().unwrap();
                expected += told.lost;
            }
            Event::Closed => {
                told.closed = true;
                break;
            }
        }
    }
    told
}

#[tokio::test]
async fn history_is_bounded_in_bytes_too() {
    let served = Setup { history_bytes: 1 << 20, ..Setup::default() }.serve();
    for seq in 1..=60 {
        served.publish(&[large(seq)]).await;
    }
    let bytes = served.metric("feedlab_history_bytes").await;
    assert!(bytes <= 1 << 20, "{bytes}");
    let kept = served.metric("feedlab_history_updates").await;
    let mut follower = Follower::after(&served, "short-poll", &at(0)).await;
    let gap = format!("{{\"reason\":\"evicted\",\"lost\":{}}}", 60 - kept);
    assert_eq!(follower.gap().await, gap);
    assert_eq!(follower.updates(kept).await.len() as u64, kept);
}

#[tokio::test]
async fn a_client_that_goes_leaves_nothing_behind() {
    let served = Setup::default().serve();
    for transport in all() {
        for _ in 0..20 {
            let mut follower = Follower::from_now(&served, transport).await;
            follower.ask().await;
        }
        served.until_clients(transport, 0).await;
    }
}

/// An answer may be of 8 MiB. One is on its way and the next is made: so much may one client make
/// the server hold, however much it asks for.
#[tokio::test]
async fn a_client_that_asks_without_reading_is_held_at_two_answers() {
    for transport in ["short-poll", "long-poll"] {
        let served = Setup::default().serve();
        let larger_than_what_the_kernel_keeps = format!("\"{}\"", "x".repeat(4 << 20));
        served.publish(&[larger_than_what_the_kernel_keeps]).await;
        let mut greedy = Raw::connect_narrow(served.http).await;
        greedy.send(get(&format!("/{transport}?after=0&limit=1")).repeat(100)).await;
        let answers = format!("feedlab_served_total{{transport=\"{transport}\"}}");
        while served.metric(&answers).await == 0 {
            tokio::task::yield_now().await;
        }
        for _ in 0..20 {
            assert!(served.metric(&answers).await <= 2, "{transport}");
        }
    }
}
