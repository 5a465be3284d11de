//! Every transport of the table through the same assertions, over real sockets.

#![allow(clippy::unwrap_used)] // a test that unwraps fails with the line that is wrong

#[path = "../raw/mod.rs"]
mod raw;

mod gaps;
mod newest;
mod slow;
mod stop;
mod writes;

use raw::follow::{Event, Follower};
use raw::served::{Setup, at, envelope, payload, payloads};

/// The names of all transports.
fn all() -> impl Iterator<Item = &'static str> + Clone {
    servers::ALL.iter().map(|transport| transport.name)
}

/// Those that have a cursor.
fn with_cursor() -> impl Iterator<Item = &'static str> + Clone {
    all().filter(|name| *name != "tcp")
}

fn envelopes(range: std::ops::RangeInclusive<u64>) -> Vec<String> {
    range.map(envelope).collect()
}

#[tokio::test]
async fn updates_come_in_order_without_gap_or_duplicate() {
    for transport in all() {
        let served = Setup::default().serve();
        let mut follower = Follower::from_now(&served, transport).await;
        let (mut published, mut taken) = (0, 0);
        for (round, batch) in [1, 1, 2, 3, 5, 1, 40, 1, 250, 1].into_iter().enumerate() {
            assert_eq!(
                served.publish(&payloads(published + 1..=published + batch)).await,
                at(published + batch)
            );
            published += batch;
            // Each second batch finds the one before it still untaken.
            if round % 2 == 1 {
                let expected = envelopes(taken + 1..=published);
                assert_eq!(follower.updates(published - taken).await, expected, "{transport}");
                taken = published;
            }
        }
    }
}

#[tokio::test]
async fn everything_of_one_post_arrives() {
    let served = Setup::default().serve();
    let mut followers = Vec::new();
    for transport in all() {
        followers.push((transport, Follower::from_now(&served, transport).await));
    }
    // More than one page, and more than one write.
    assert_eq!(served.publish(&payloads(1..=3500)).await, at(3500));
    for (transport, follower) in &mut followers {
        assert_eq!(follower.updates(3500).await, envelopes(1..=3500), "{transport}");
    }
}

#[tokio::test]
async fn payloads_arrive_byte_by_byte_on_every_transport() {
    let given = [
        r#"{"b":1.0,  "a":1e2,"a":-0}"#.to_owned(),
        r#""id: k3f9:99""#.to_owned(),
        r#"{"text":"a\r\ndata: b\n\nevent: gap\u0000\u2028"}"#.to_owned(),
        "\"\u{2028}\u{2029}\u{85}\u{feff}é🦀\u{7f}\"".to_owned(),
        "null".to_owned(),
        "[]".to_owned(),
        // The lengths at which a WebSocket frame's header grows; the quotes and the envelope add 19 bytes to the
        // letters, and 20 from update 10 on.
        format!("\"{}\"", "x".repeat(125 - 19)),
        format!("\"{}\"", "x".repeat(126 - 19)),
        format!("\"{}\"", "x".repeat(65_535 - 19)),
        format!("\"{}\"", "x".repeat(65_536 - 20)),
        // More than one write takes.
        format!("\"{}\"", "y".repeat(700_000)),
        payload(12),
    ];
    let served = Setup::default().serve();
    let mut followers = Vec::new();
    for transport in all() {
        followers.push((transport, Follower::from_now(&served, transport).await));
    }
    served.publish(&given).await;
    for (transport, follower) in &mut followers {
        for (index, given) in given.iter().enumerate() {
            let seq = index as u64 + 1;
            let expected = format!("{{\"seq\":{seq},\"data\":{given}}}");
            assert!(follower.next().await == Event::Update(seq, expected), "{transport}: {seq}");
        }
    }
}

#[tokio::test]
async fn a_client_resumes_where_its_cursor_stands() {
    for transport in with_cursor() {
        let served = Setup::default().serve();
        served.publish(&payloads(1..=10)).await;
        let mut follower = Follower::after(&served, transport, &at(4)).await;
        assert_eq!(follower.updates(3).await, envelopes(5..=7), "{transport}");
        // A page or a write may have carried more: what was taken decides, not what was sent.
        let cursor = at(7);
        drop(follower);
        served.publish(&payloads(11..=12)).await;
        let mut follower = Follower::after(&served, transport, &cursor).await;
        assert_eq!(follower.updates(5).await, envelopes(8..=12), "{transport}");
        // Exactly the latest: nothing old comes again.
        let mut follower = Follower::after(&served, transport, &at(12)).await;
        served.publish(&payloads(13..=13)).await;
        assert_eq!(follower.updates(1).await, envelopes(13..=13), "{transport}");
    }
}

#[tokio::test]
async fn a_lost_answer_can_be_asked_for_again() {
    for transport in with_cursor() {
        let served = Setup::default().serve();
        served.publish(&payloads(1..=5)).await;
        for _ in 0..3 {
            let mut follower = Follower::after(&served, transport, &at(2)).await;
            assert_eq!(follower.updates(3).await, envelopes(3..=5), "{transport}");
        }
    }
}

#[tokio::test]
async fn zero_is_the_oldest_kept_and_not_a_gap() {
    for transport in with_cursor() {
        let served = Setup { history: 10, ..Setup::default() }.serve();
        let mut early = Follower::after(&served, transport, "0").await;
        served.publish(&payloads(1..=1)).await;
        assert_eq!(early.updates(1).await, envelopes(1..=1), "{transport}");
        served.publish(&payloads(2..=25)).await;
        let mut late = Follower::after(&served, transport, "0").await;
        assert_eq!(late.updates(10).await, envelopes(16..=25), "{transport}");
    }
}

/// One client that goes from transport to transport while somebody publishes as fast as possible: to resume and to
/// go live must be one step, or an update falls between.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_may_change_transport_in_mid_stream() {
    let served = Setup::default().serve();
    let _publisher = served.keep_publishing();
    let mut seq = 0;
    for (change, transport) in with_cursor().cycle().take(200).enumerate() {
        let mut follower = Follower::after(&served, transport, &at(seq)).await;
        for _ in 0..=change % 40 {
            seq += 1;
            assert_eq!(follower.next().await, Event::Update(seq, envelope(seq)), "{transport}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_now_on_begins_somewhere_and_leaves_nothing_out_after_it() {
    let served = Setup::default().serve();
    let _publisher = served.keep_publishing();
    for transport in all().cycle().take(20) {
        let known = served.feed.head();
        let mut follower = Follower::from_now(&served, transport).await;
        let told = follower.cursor.rsplit(':').next().unwrap().parse::<u64>().ok();
        let Event::Update(first, _) = follower.next().await else { panic!("{transport}") };
        assert!(first > known, "{transport}");
        // Where the client was told its place before the first update, that is the place.
        assert!(told.is_none_or(|told| first == told + 1), "{transport}");
        for seq in first + 1..first + 50 {
            assert_eq!(follower.next().await, Event::Update(seq, envelope(seq)), "{transport}");
        }
    }
}
