//! `GET /sse`: the head and each event, byte by byte.

use std::time::Duration;

use tokio::time::Instant;

use super::raw::Raw;
use super::raw::answer::{get, get_with};
use super::raw::served::{Served, Setup, payloads, pipe};
use super::{answer, three};

fn event(seq: u64) -> String {
    format!("id: k3f9:{seq}\ndata: {{\"seq\":{seq},\"data\":{{\"n\":{seq}}}}}\n\n")
}

async fn follow(served: &Served, target: &str, lines: &str) -> Raw {
    let mut client = served.connect().await;
    client.send(get_with(target, lines)).await;
    assert_eq!(client.head().await.status, 200);
    client
}

#[tokio::test]
async fn the_head_and_the_events_are_these_bytes() {
    let served = Setup::default().serve();
    let mut client = served.connect().await;
    client.send(get("/sse")).await;
    let expected = answer(
        200,
        &[
            ("content-type", "text/event-stream"),
            ("cache-control", "no-store"),
            ("x-accel-buffering", "no"),
            ("transfer-encoding", "chunked"),
        ],
        "",
    );
    assert_eq!(client.head().await, expected);
    served.publish(&payloads(1..=1)).await;
    assert_eq!(client.chunk().await, Some(event(1)));
    served.publish(&payloads(2..=3)).await;
    assert_eq!(client.chunk().await, Some(event(2) + &event(3)));
}

#[tokio::test]
async fn the_head_comes_before_any_update_and_nothing_after_it_is_missed() {
    for _ in 0..50 {
        let served = Setup::default().serve();
        let mut client = follow(&served, "/sse", "").await;
        served.publish(&payloads(1..=1)).await;
        assert_eq!(client.chunk().await, Some(event(1)));
    }
}

#[tokio::test]
async fn last_event_id_wins_over_after() {
    let served = three(Setup::default()).await;
    for (target, lines, first) in [
        ("/sse?after=0", "", 1),
        ("/sse?after=k3f9:1", "", 2),
        ("/sse?after=k3f9%3A1", "", 2),
        ("/sse", "Last-Event-ID: k3f9:2\r\n", 3),
        ("/sse?after=0", "Last-Event-ID: k3f9:2\r\n", 3),
        ("/sse?after=k3f9:3", "last-event-id: 0\r\n", 1),
        // What a browser has nothing for is as if it were not there.
        ("/sse?after=k3f9:1", "Last-Event-ID: \r\n", 2),
    ] {
        let mut client = follow(&served, target, lines).await;
        let expected: String = (first..=3).map(event).collect();
        assert_eq!(client.chunk().await, Some(expected), "{target} {lines}");
    }
}

#[tokio::test]
async fn an_id_that_cannot_be_read_is_400_and_named() {
    let served = three(Setup::default()).await;
    let mut client = served.connect().await;
    for id in [
        "-1",
        "abc",
        "1e9",
        "k3f9:18446744073709551616",
        // Headers are not percent-encoded.
        "k3f9%3A1",
        "é:1",
        &"9".repeat(10_000),
        "k3f9:1\r\nLast-Event-ID: k3f9:1",
    ] {
        let request = get_with("/sse?after=0", &format!("Last-Event-ID: {id}\r\n"));
        let answer = client.ask(request).await;
        assert_eq!(answer.status, 400, "{id}");
        assert!(answer.error().contains("Last-Event-ID"), "{answer:?}");
    }
}

#[tokio::test]
async fn a_gap_is_an_event_with_an_id_and_data() {
    let served = Setup { history: 2, ..Setup::default() }.serve();
    served.publish(&payloads(1..=5)).await;
    for (after, gap) in [
        ("k3f9:1", r#"{"reason":"evicted","lost":2}"#),
        ("k3f9:9", r#"{"reason":"future","lost":null}"#),
        ("zz:4", r#"{"reason":"epoch","lost":null}"#),
    ] {
        for (target, lines) in [
            (format!("/sse?after={after}"), String::new()),
            ("/sse".to_owned(), format!("Last-Event-ID: {after}\r\n")),
        ] {
            let mut client = follow(&served, &target, &lines).await;
            let expected = format!("event: gap\nid: k3f9:3\ndata: {{\"gap\":{gap}}}\n\n");
            let (events, expected) = (expected.clone() + &event(4) + &event(5), expected);
            let mut got = client.chunk().await.unwrap();
            assert!(got.starts_with(&expected), "{got}");
            while got.len() < events.len() {
                got += &client.chunk().await.unwrap();
            }
            assert_eq!(got, events);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_comment_is_sent_at_each_heartbeat() {
    for (heartbeat, milliseconds) in [("15s", 15_000), ("250ms", 250)] {
        let (server, feed) = Setup { heartbeat, ..Setup::default() }.server();
        let (theirs, mut client) = pipe(1 << 16);
        server.http(theirs);
        client.send(get("/sse")).await;
        client.head().await;
        let begun = Instant::now();
        for beat in 1..=3 {
            let comment = client.chunk().await.unwrap();
            assert!(comment.starts_with(':') && comment.ends_with("\n\n"), "{comment:?}");
            let due = Duration::from_millis(beat * milliseconds);
            let waited = begun.elapsed();
            assert!((due..=due + Duration::from_millis(5)).contains(&waited), "{waited:?}");
        }
        // An update in between is still an update.
        let payload = servers::feed::Payload::parse(b"{\"n\":1}").unwrap();
        feed.publish([payload]);
        assert_eq!(client.chunk().await, Some(event(1)));
    }
}

#[tokio::test]
async fn a_client_of_http_1_0_gets_the_events_without_chunks() {
    let served = three(Setup::default()).await;
    let mut client = served.connect().await;
    client.send("GET /sse?after=0 HTTP/1.0\r\n\r\n").await;
    let head = client.head().await;
    assert_eq!((head.status, head.header("transfer-encoding")), (200, None));
    let expected: String = (1..=3).map(event).collect();
    assert_eq!(client.take(expected.len()).await, Some(expected.into_bytes()));
    served.begin_stop();
    assert!(client.rest().await.is_empty());
    served.stopped().await;
}
