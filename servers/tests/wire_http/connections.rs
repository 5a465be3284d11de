//! What several requests on one connection may expect of each other.

use std::time::Duration;

use tokio::time::{Instant, advance};

use super::raw::Raw;
use super::raw::answer::{get, post};
use super::raw::served::{Setup, payloads, pipe};
use super::three;

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let served = three(Setup::default()).await;
    let mut client = served.connect().await;
    let targets = [
        ("/short-poll?after=0&limit=1", 200),
        ("/nope", 404),
        ("/short-poll?after=x", 400),
        ("/healthz", 200),
        ("/short-poll?after=k3f9:3", 204),
        ("/long-poll", 200),
    ];
    let requests: String = targets.iter().map(|(target, _)| get(target)).collect();
    client.send(requests.repeat(20)).await;
    for (target, status) in targets.into_iter().cycle().take(20 * targets.len()) {
        assert_eq!(client.answer().await.status, status, "{target}");
    }
}

#[tokio::test]
async fn a_request_behind_a_parked_long_poll_waits_for_it() {
    let served = three(Setup::default()).await;
    let mut client = served.connect().await;
    client.send(get("/long-poll?after=k3f9:3&hold=55") + &get("/short-poll")).await;
    served.until_clients("long-poll", 1).await;
    served.publish(&payloads(4..=4)).await;
    let first = r#"{"cursor":"k3f9:4","updates":[{"seq":4,"data":{"n":4}}]}"#;
    assert_eq!(client.answer().await.body, first);
    assert_eq!(client.answer().await.body, r#"{"cursor":"k3f9:4","updates":[]}"#);
}

#[tokio::test]
async fn a_request_may_come_byte_by_byte() {
    let served = three(Setup::default()).await;
    let mut client = served.connect().await;
    for byte in get("/short-poll?after=k3f9:3").bytes() {
        client.send([byte]).await;
        tokio::task::yield_now().await;
    }
    assert_eq!(client.answer().await.status, 204);
}

#[tokio::test]
async fn two_requests_never_become_three() {
    // A request inside the body of another, for whoever believes the wrong length.
    let inside = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";
    let length_of_all = format!("7\r\n{{\"n\":1}}\r\n0\r\n\r\n{inside}");
    let served = Setup::default().serve();
    for headers in [
        format!("Content-Length: {}\r\nTransfer-Encoding: chunked\r\n", length_of_all.len()),
        format!("Transfer-Encoding: chunked\r\nContent-Length: {}\r\n", length_of_all.len()),
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n".to_owned(),
    ] {
        let mut client = Raw::connect(served.control).await;
        client
            .send(format!("POST /publish HTTP/1.1\r\nHost: a\r\n{headers}\r\n{length_of_all}"))
            .await;
        // RFC 9112 section 6.1: refused, or taken by its chunks; either way nothing else on this connection.
        let answer = client.answer().await;
        assert!(matches!(answer.status, 200 | 400), "{headers}: {answer:?}");
        assert!(client.rest().await.is_empty(), "{headers}");
    }
    assert!(served.feed.head() <= 3);
}

#[tokio::test]
async fn a_connection_lives_as_long_as_its_client_wants() {
    let served = three(Setup::default()).await;
    let mut client = served.connect().await;
    assert_eq!(client.ask(get("/short-poll")).await.header("connection"), None);
    client.send("GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await;
    assert_eq!(client.answer().await.header("connection"), Some("close"));
    assert!(client.rest().await.is_empty());
    let mut old = served.connect().await;
    old.send("GET /healthz HTTP/1.0\r\n\r\n").await;
    assert_eq!(old.answer().await.status, 200);
    assert!(old.rest().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_client_may_be_silent_between_requests_but_not_inside_a_head() {
    let (server, _) = Setup::default().server();
    let (theirs, mut client) = pipe(1 << 16);
    server.http(theirs);
    // A poll interval is none of the connection's business.
    for _ in 0..3 {
        advance(Duration::from_secs(3600)).await;
        assert_eq!(client.ask(get("/healthz")).await.status, 200);
    }
    let begun = Instant::now();
    client.send("GET /healthz HTTP/1.1\r\nHo").await;
    assert!(client.rest().await.is_empty());
    assert!(begun.elapsed() < Duration::from_secs(60), "a head that does not end is given up");
}

#[tokio::test(start_paused = true)]
async fn each_head_has_its_own_time_however_many_come_in_pieces() {
    let (server, _) = Setup::default().server();
    let (theirs, mut client) = pipe(1 << 16);
    server.http(theirs);
    for _ in 0..10 {
        client.send("GET /healthz HTTP/1.1\r\n").await;
        advance(Duration::from_secs(4)).await;
        client.send("Host: a\r\n\r\n").await;
        assert_eq!(client.answer().await.status, 200);
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_end_is_given_up() {
    let (server, feed) = Setup::default().server();
    let (theirs, mut publisher) = pipe(1 << 16);
    server.control(theirs);
    publisher.send("POST /publish HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n{}").await;
    let answer = publisher.answer().await;
    assert_eq!((answer.status, feed.head()), (408, 0));
    assert!(publisher.rest().await.is_empty());
}

#[tokio::test]
async fn a_refusal_does_not_end_the_connection() {
    let served = three(Setup { allow_publish: true, ..Setup::default() }).await;
    let mut client = served.connect().await;
    for _ in 0..3 {
        assert_eq!(client.ask(post("/publish", "nope")).await.status, 400);
        assert_eq!(client.ask(post("/short-poll", "a body nobody wants")).await.status, 405);
        assert_eq!(client.ask(get("/websocket")).await.status, 426);
        assert_eq!(client.ask(get("/nope")).await.status, 404);
        assert_eq!(client.ask(get("/short-poll")).await.status, 200);
    }
}
