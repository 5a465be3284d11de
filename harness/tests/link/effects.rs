//! Each effect, as the processes on both sides see it.

use std::time::Duration;

use harness::clock;
use scenarios::{Cut, CutDirection, Link};

use crate::stage::{Actor, finish, link_with, until_pinged};

const MS_NS: u64 = 1_000_000;

#[tokio::test]
async fn a_round_trip_takes_the_delay_and_hardly_more() {
    let asked = Link { rtt: Duration::from_millis(40), ..Link::default() };
    let Some(mut link) = link_with(asked).await else { return };
    let server = Actor::listening(&link, "echo").await;
    let client = Actor::start(&link.clients, "ping 20");
    let (connect_ns, pings_ns): (u64, Vec<u64>) = client.last_word().await;
    assert!(connect_ns >= 40 * MS_NS && pings_ns.iter().all(|ns| *ns >= 40 * MS_NS));
    // The best of twenty may take as much again on a machine that has other things to do.
    assert!(*pings_ns.iter().min().unwrap() < 80 * MS_NS, "{pings_ns:?}");
    drop(server);
    assert!(link.parts().1.mark().await.unwrap().effort.cpu_ns > 0);
    let report = finish(link).await;
    assert!(report.lateness.packets > 40 && report.lateness.p50_ns <= report.lateness.max_ns);
}

#[tokio::test]
async fn both_directions_have_delays_of_their_own() {
    let asked = Link {
        delay_down: Some(Duration::from_millis(30)),
        delay_up: Some(Duration::ZERO),
        ..Link::default()
    };
    let Some(link) = link_with(asked).await else { return };
    let server = Actor::listening(&link, "echo").await;
    let client = Actor::start(&link.clients, "ping 30");
    let (_, pings_ns): (u64, Vec<u64>) = client.last_word().await;
    // Were the way up as long, even the best would take 60.
    let best_ns = *pings_ns.iter().min().unwrap();
    assert!((30 * MS_NS..60 * MS_NS).contains(&best_ns), "{pings_ns:?}");
    drop(server);
    finish(link).await;
}

#[tokio::test]
async fn the_share_that_was_asked_for_is_lost_and_tcp_mends_it() {
    let asked = Link { rtt: Duration::from_millis(2), loss: 0.05, ..Link::default() };
    let Some(link) = link_with(asked).await else { return };
    let server = Actor::listening(&link, "source 4000000").await;
    let (bytes, _): (u64, u64) = Actor::start(&link.clients, "drain").last_word().await;
    assert_eq!(bytes, 4_000_000);
    drop(server);
    let down = finish(link).await.counters.down;
    assert_eq!(down.offered.payload.bytes, 4_000_000);
    assert!(down.offered.retransmitted.packets > 0);
    let (packets, lost) = (down.offered.total().packets as f64, down.dropped.loss.packets as f64);
    let deviation = (packets * 0.05 * 0.95).sqrt();
    assert!((lost - packets * 0.05).abs() < 5.0 * deviation, "{lost} of {packets}");
    assert_eq!(down.dropped.total(), down.dropped.loss);
}

#[tokio::test]
async fn a_bottleneck_is_not_passed_faster_than_its_rate() {
    let asked = Link {
        down: Some("8Mbit/s".parse().unwrap()),
        queue: "64KiB".parse().unwrap(),
        ..Link::default()
    };
    let Some(link) = link_with(asked).await else { return };
    let server = Actor::listening(&link, "source 1000000").await;
    let (bytes, took_ns): (u64, u64) = Actor::start(&link.clients, "drain").last_word().await;
    assert_eq!(bytes, 1_000_000);
    // A byte takes a µs.
    assert!((1_000 * MS_NS..20_000 * MS_NS).contains(&took_ns), "{took_ns}");
    drop(server);
    let report = finish(link).await;
    let (up, down) = (report.counters.up, report.counters.down);
    assert_eq!((up.dropped.total(), down.dropped.total()), (up.dropped.queue, down.dropped.queue));
    assert_eq!(up.dropped.queue.packets, 0);
    assert!(down.largest_bytes == scenarios::MTU_BYTES, "{}", down.largest_bytes);
}

/// Pings through a link that is cut in some direction for a while: the packets that were cut up and
/// down. No ping that was sent in the cut, or before it without an answer, has one before its end.
async fn cut(direction: CutDirection) -> Option<[u64; 2]> {
    let (at, lasts) = (Duration::from_millis(200), Duration::from_millis(300));
    let cut = Cut { at, lasts, direction };
    let asked = Link { cut: vec![cut], ..Link::default() };
    let mut link = link_with(asked).await?;
    let server = Actor::listening(&link, "echo").await;
    let client = Actor::start(&link.clients, "ping-until 3000000000");
    until_pinged(&mut link).await;
    assert_eq!(link.parts().1.mark().await.unwrap().counters.up.dropped.cut.packets, 0);
    let window_ns = clock::now_ns();
    link.parts().1.open_window(window_ns).await.unwrap();
    let pings: Vec<(u64, u64)> = client.last_word().await;
    drop(server);
    let report = finish(link).await;
    let (begin_ns, end_ns) = (window_ns + 200 * MS_NS, window_ns + 500 * MS_NS);
    let caught = pings.iter().filter(|(from_ns, to_ns)| {
        (begin_ns..end_ns).contains(from_ns) || (*from_ns < begin_ns && *to_ns >= end_ns)
    });
    let caught: Vec<_> = caught.collect();
    assert!(!caught.is_empty() && caught.iter().all(|(_, to_ns)| *to_ns >= end_ns), "{caught:?}");
    assert!(pings.iter().any(|(from_ns, _)| *from_ns >= end_ns), "the cut does not end");
    Some([report.counters.up, report.counters.down].map(|way| way.dropped.cut.packets))
}

#[tokio::test]
async fn nothing_comes_through_a_cut_and_it_ends() {
    let Some([up, down]) = cut(CutDirection::Both).await else { return };
    assert!(up + down > 0);
}

#[tokio::test]
async fn a_cut_of_one_direction_drops_nothing_of_the_other() {
    let Some([up, down]) = cut(CutDirection::Up).await else { return };
    assert!(up > 0 && down == 0, "{up} {down}");
    let Some([up, down]) = cut(CutDirection::Down).await else { return };
    assert!(up == 0 && down > 0, "{up} {down}");
}

/// The datagrams that came in the order of their arrival, with how long they took, ns.
async fn datagrams(asked: Link, count: u64) -> Option<Vec<(u64, u64)>> {
    let link = link_with(asked).await?;
    let mut gatherer = Actor::start(&link.clients, "gather");
    assert_eq!(gatherer.word::<String>().await, "listening");
    let mut sender = Actor::start(&link.server, &format!("datagrams {count}"));
    let seen = gatherer.last_word().await;
    sender.child.wait().await.unwrap();
    let report = finish(link).await;
    // UDP is nothing that a run has, so it is counted as something else.
    assert!(report.counters.down.offered.other.packets >= count);
    Some(seen)
}

#[tokio::test]
async fn equal_seeds_lose_the_same_packets() {
    let asked = Link { loss_down: Some(0.3), ..Link::default() };
    let mut kept = Vec::new();
    for _ in 0..2 {
        // So few that a socket which is not read holds them all: nothing else loses any.
        let Some(seen) = datagrams(asked.clone(), 80).await else { return };
        kept.push(seen.into_iter().map(|(number, _)| number).collect::<Vec<_>>());
    }
    assert!((20..80).contains(&kept[0].len()), "{}", kept[0].len());
    assert_eq!(kept[0], kept[1]);
}

#[tokio::test]
async fn bursty_loss_comes_in_longer_rows_than_loss_by_chance() {
    // So few that a socket which is not read holds them all.
    const SENT: u64 = 240;
    let mut rows = Vec::new();
    for loss_burst in [1.0, 8.0] {
        let asked = Link { loss_down: Some(0.3), loss_burst, ..Link::default() };
        let Some(seen) = datagrams(asked, SENT).await else { return };
        let numbers: Vec<u64> = seen.into_iter().map(|(number, _)| number).collect();
        // What is missing before each, and after the last.
        let next = std::iter::once(0).chain(numbers.iter().map(|number| number + 1));
        let missing =
            next.zip(numbers.iter().copied().chain([SENT])).map(|(next, come)| come - next);
        let missing: Vec<u64> = missing.filter(|missing| *missing > 0).collect();
        let lost: u64 = missing.iter().sum();
        assert!((SENT / 10..SENT * 6 / 10).contains(&lost), "{lost}");
        rows.push(lost as f64 / missing.len() as f64);
    }
    // By chance 1/(1 - 0.3).
    assert!(rows[0] < 2.0 && rows[1] > 4.0, "{rows:?}");
}

#[tokio::test]
async fn tcp_sees_jitter_in_its_round_trips_and_delivers_all_in_any_order() {
    let (rtt, jitter) = (Duration::from_millis(4), Duration::from_millis(20));
    for reorder in [false, true] {
        let asked = Link { rtt, jitter, reorder, ..Link::default() };
        let Some(link) = link_with(asked.clone()).await else { return };
        let server = Actor::listening(&link, "echo").await;
        let client = Actor::start(&link.clients, "ping 40");
        let (connect_ns, mut pings_ns): (u64, Vec<u64>) = client.last_word().await;
        pings_ns.sort_unstable();
        let (shortest_ns, longest_ns) = (pings_ns[0], pings_ns[39]);
        assert!(connect_ns >= 4 * MS_NS && shortest_ns >= 4 * MS_NS, "{pings_ns:?}");
        // Two draws up to 20 ms in each: 20 ms more in the mean, and up to 40.
        assert!(pings_ns[20] >= 14 * MS_NS && longest_ns >= shortest_ns + 15 * MS_NS);
        drop(server);
        finish(link).await;

        let Some(link) = link_with(asked).await else { return };
        let server = Actor::listening(&link, "source 300000").await;
        let (bytes, _): (u64, u64) = Actor::start(&link.clients, "drain").last_word().await;
        drop(server);
        let down = finish(link).await.counters.down;
        assert_eq!((bytes, down.offered.payload.bytes), (300_000, 300_000));
        assert_eq!(down.dropped.total().packets, 0);
    }
}

#[tokio::test]
async fn jitter_keeps_the_order_unless_it_may_change_it() {
    let (rtt, jitter) = (Duration::from_millis(4), Duration::from_millis(5));
    for reorder in [false, true] {
        let asked = Link { rtt, jitter, reorder, ..Link::default() };
        let Some(seen) = datagrams(asked, 400).await else { return };
        // A last datagram may overtake those before it.
        assert!(seen.len() > 50, "{}", seen.len());
        assert_ne!(seen.iter().map(|(number, _)| number).is_sorted(), reorder);
        assert!(seen.iter().all(|(_, delay_ns)| *delay_ns >= 2 * MS_NS));
        let longest_ns = seen.iter().map(|(_, delay_ns)| delay_ns).max().unwrap();
        assert!(*longest_ns >= 5 * MS_NS, "400 draws up to 7 ms do not end at {longest_ns} ns");
    }
}
