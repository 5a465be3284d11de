//! The WebSocket wire protocol, byte by byte over a raw socket.

#![allow(clippy::unwrap_used)] // a test that unwraps fails with the line that is wrong

#[path = "../raw/mod.rs"]
mod raw;

mod blocked;
mod closing;
mod errors;
mod handshake;

use std::time::Duration;

use raw::Raw;
use raw::frame::{PING, PONG, TEXT, close, frame};
use raw::served::{Served, Setup, at, envelope, payloads, pipe};
use tokio::time::Instant;

/// A client that has seen where delivery starts.
async fn open(served: &Served, query: &str) -> Raw {
    let mut client = served.connect().await;
    assert_eq!(client.upgrade(&format!("/websocket{query}")).await.status, 101);
    let first = client.text().await;
    assert!(first.starts_with("{\"cursor\":\"k3f9:"), "{first}");
    client
}

#[tokio::test]
async fn the_first_frame_is_where_delivery_starts_then_the_gap_then_one_frame_per_update() {
    let served = Setup { history: 2, ..Setup::default() }.serve();
    served.publish(&payloads(1..=5)).await;
    for (query, cursor, gap, first) in [
        ("", 5, None, 6),
        ("?after=k3f9:5", 5, None, 6),
        ("?after=k3f9:4", 4, None, 5),
        ("?after=k3f9%3A4", 4, None, 5),
        ("?after=0", 3, None, 4),
        ("?after=k3f9:3", 3, None, 4),
        ("?after=k3f9:1", 3, Some(r#"{"reason":"evicted","lost":2}"#), 4),
        ("?after=k3f9:6", 3, Some(r#"{"reason":"future","lost":null}"#), 4),
        ("?after=zz:5", 3, Some(r#"{"reason":"epoch","lost":null}"#), 4),
    ] {
        let mut client = served.connect().await;
        assert_eq!(client.upgrade(&format!("/websocket{query}")).await.status, 101);
        assert_eq!(client.text().await, format!("{{\"cursor\":\"{}\"}}", at(cursor)), "{query}");
        if let Some(gap) = gap {
            assert_eq!(client.text().await, format!("{{\"gap\":{gap}}}"), "{query}");
        }
        for seq in first..=5 {
            assert_eq!(client.text().await, envelope(seq), "{query}");
        }
    }
}

#[tokio::test]
async fn updates_that_were_published_together_have_a_frame_each() {
    let served = Setup::default().serve();
    let mut client = open(&served, "").await;
    served.publish(&payloads(1..=3)).await;
    let frames: Vec<u8> = (1..=3)
        .flat_map(|seq| [&[TEXT, envelope(seq).len() as u8], envelope(seq).as_bytes()].concat())
        .collect();
    assert_eq!(client.take(frames.len()).await, Some(frames));
}

#[tokio::test]
async fn a_ping_is_answered_and_a_pong_is_not() {
    let served = Setup::default().serve();
    let mut client = open(&served, "").await;
    for payload in ["", "x", &"y".repeat(125)] {
        client.send(frame(PONG, "nobody asked")).await;
        client.send(frame(PING, payload)).await;
        assert_eq!(client.frame().await, Some((PONG, payload.into())));
    }
    // Also in the middle of a stream of updates.
    served.publish(&payloads(1..=1)).await;
    client.send(frame(PING, "z")).await;
    assert_eq!(client.text().await, envelope(1));
    assert_eq!(client.frame().await, Some((PONG, "z".into())));
}

#[tokio::test]
async fn a_flood_of_pings_is_answered_at_least_once_and_order_holds() {
    let served = Setup::default().serve();
    let mut client = open(&served, "").await;
    let flood: Vec<u8> = (0..2000_u32).flat_map(|n| frame(PING, n.to_be_bytes())).collect();
    client.send(flood).await;
    // RFC 6455 section 5.5.3: only the most recent ping has to be answered.
    let mut last = None;
    while last != Some(1999) {
        let (first, payload) = client.frame().await.unwrap();
        assert_eq!(first, PONG);
        let n = u32::from_be_bytes(payload.try_into().unwrap());
        assert!(last < Some(n));
        last = Some(n);
    }
    served.publish(&payloads(1..=1)).await;
    assert_eq!(client.text().await, envelope(1));
}

#[tokio::test(start_paused = true)]
async fn the_heartbeat_is_a_ping_and_who_does_not_answer_is_gone() {
    for (heartbeat, milliseconds) in [("15s", 15_000), ("250ms", 250)] {
        let (server, _) = Setup { heartbeat, ..Setup::default() }.server();
        let (theirs, mut client) = pipe(1 << 16);
        server.http(theirs);
        client.upgrade("/websocket").await;
        client.text().await;
        let begun = Instant::now();
        for beat in 1..=3 {
            let (first, payload) = client.frame().await.unwrap();
            assert_eq!(first, PING);
            let due = Duration::from_millis(beat * milliseconds);
            let waited = begun.elapsed();
            assert!((due..=due + Duration::from_millis(5)).contains(&waited), "{waited:?}");
            if beat < 3 {
                client.send(frame(PONG, payload)).await;
            }
        }
        // The third ping was not answered: there is nobody to close the connection with.
        assert!(client.rest().await.is_empty());
        assert!(begun.elapsed() <= Duration::from_millis(5 * milliseconds));
    }
}

#[tokio::test(start_paused = true)]
async fn the_stop_says_1001_and_waits_for_the_answer() {
    let (server, _) = Setup::default().server();
    let stop = servers::CancellationToken::new();
    let running = tokio::spawn(server.clone().run(servers::Listeners::default(), stop.clone()));
    let (theirs, mut polite) = pipe(1 << 16);
    server.http(theirs);
    polite.upgrade("/websocket").await;
    polite.text().await;
    let told = Instant::now();
    stop.cancel();
    let (_, payload) = polite.frame().await.unwrap();
    assert_eq!(payload[..2], 1001_u16.to_be_bytes());
    polite.send(close(1001)).await;
    drop(polite);
    running.await.unwrap();
    assert_eq!(
        told.elapsed(),
        Duration::ZERO,
        "with everyone's answer there is nothing to wait for"
    );
}

/// tungstenite is the oracle: what our own frames look like to somebody else's client.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_of_another_make_understands_every_frame() {
    use tokio_tungstenite::tungstenite::{self, Message};
    let served = Setup { allow_publish: true, ..Setup::default() }.serve();
    let addr = served.http;
    let client = tokio::task::spawn_blocking(move || {
        let stream = std::net::TcpStream::connect(addr).unwrap();
        let url = format!("ws://{addr}/websocket?after=0");
        let (mut client, _) = tungstenite::client(url, stream).unwrap();
        assert_eq!(client.read().unwrap(), Message::text("{\"cursor\":\"k3f9:0\"}"));
        for seq in 1..=200 {
            client.send(Message::text(format!("{{\"n\":{seq}}}"))).unwrap();
            assert_eq!(client.read().unwrap(), Message::text(envelope(seq)));
        }
        client.send(Message::text(format!("\"{}\"", "x".repeat(65_534)))).unwrap();
        let Message::Text(large) = client.read().unwrap() else { panic!("not a text") };
        assert_eq!(large.len(), 65_536 + "{\"seq\":201,\"data\":}".len());
        client.close(None).unwrap();
        while client.read().is_ok() {}
    });
    raw::within("the client is through", client).await.unwrap();
    served.until_clients("websocket", 0).await;
}
