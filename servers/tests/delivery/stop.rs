//! The graceful stop: everyone is told in the words of its transport, and the server ends within its own bound.

use servers::{Listeners, STOP_WITHIN};
use tokio::time::Instant;

use super::raw::Raw;
use super::raw::answer::get;
use super::raw::follow::{Event, Follower};
use super::raw::frame::{PING, close, frame};
use super::raw::served::{Setup, payloads, pipe};

#[tokio::test]
async fn everyone_is_told_in_the_words_of_its_transport() {
    let served = Setup::default().serve();
    served.publish(&payloads(1..=3)).await;
    let mut parked = served.connect().await;
    parked.send(get("/long-poll?after=k3f9:3&hold=55")).await;
    served.until_clients("long-poll", 1).await;
    let mut events = served.connect().await;
    events.send(get("/sse")).await;
    events.head().await;
    let mut websocket = served.connect().await;
    websocket.upgrade("/websocket").await;
    websocket.text().await;
    let mut floor = Follower::from_now(&served, "tcp").await;
    // Between two requests, and before the first one.
    let mut idle = served.connect().await;
    assert_eq!(idle.ask(get("/healthz")).await.body, "ok\n");
    let mut silent = served.connect().await;

    served.begin_stop();

    let answer = parked.answer().await;
    assert_eq!((answer.status, answer.header("connection")), (204, Some("close")));
    assert!(parked.rest().await.is_empty());
    assert_eq!(events.chunk().await.as_deref(), Some(""), "the body is ended, not cut");
    assert!(events.rest().await.is_empty());
    let (_, payload) = websocket.frame().await.unwrap();
    assert_eq!(payload[..2], 1001_u16.to_be_bytes());
    websocket.send(close(1001)).await;
    assert!(websocket.rest().await.is_empty());
    assert_eq!(floor.next().await, Event::Closed);
    assert!(idle.rest().await.is_empty());
    assert!(silent.rest().await.is_empty());
    let http = served.http;
    served.stopped().await;
    assert!(tokio::net::TcpStream::connect(http).await.is_err(), "the port is closed");
}

/// With paused time the bound is exact, and a test of it cannot be slow or flaky.
#[tokio::test(start_paused = true)]
async fn clients_that_neither_read_nor_leave_do_not_hold_up_the_stop() {
    let (server, feed) = Setup::default().server();
    let stop = servers::CancellationToken::new();
    let running = tokio::spawn(server.clone().run(Listeners::default(), stop.clone()));
    let mut clients = Vec::new();
    // Two of each: one whose pipe is full, and one that only does not answer.
    for width in [1 << 10, 1 << 20] {
        for target in ["/long-poll?after=k3f9:0&hold=55", "/sse", "/short-poll"] {
            let (theirs, mut ours) = pipe(width);
            server.http(theirs);
            ours.send(get(target)).await;
            clients.push(ours);
        }
        let (theirs, mut ours) = pipe(width);
        server.http(theirs);
        ours.upgrade("/websocket").await;
        ours.send(frame(PING, "x")).await;
        clients.push(ours);
        let (theirs, ours) = pipe(width);
        server.socket(theirs);
        clients.push(ours);
        // Half a head, half a body, and nothing at all.
        for begun in
            ["GET /short-", "POST /publish HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n{", ""]
        {
            let (theirs, mut ours) = pipe(width);
            server.control(theirs);
            ours.send(begun).await;
            clients.push(ours);
        }
    }
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    let body = payloads(1..=500).join("\n");
    feed.publish(servers::feed::Payload::lines(body.as_bytes()).unwrap());
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    let told = Instant::now();
    stop.cancel();
    super::raw::within("run returns", running).await.unwrap();
    assert!(told.elapsed() <= STOP_WITHIN, "{:?}", told.elapsed());
    // Everyone's connection has ended by then.
    for client in &mut clients {
        client.rest().await;
    }
}

#[tokio::test(start_paused = true)]
async fn with_nobody_there_the_stop_takes_no_time() {
    let (server, _) = Setup::default().server();
    let stop = servers::CancellationToken::new();
    stop.cancel();
    let told = Instant::now();
    server.run(Listeners::default(), stop).await;
    assert_eq!(told.elapsed(), std::time::Duration::ZERO);
}

#[tokio::test]
async fn a_request_that_is_being_answered_is_answered() {
    let served = Setup::default().serve();
    let mut publisher = Raw::connect(served.control).await;
    let head =
        "POST /publish HTTP/1.1\r\nHost: a\r\nContent-Length: 7\r\nExpect: 100-continue\r\n\r\n";
    publisher.send(head).await;
    // The sign that the server has the request in hand.
    assert!(publisher.take_until(b" 100 Continue\r\n\r\n").await.is_some());
    served.begin_stop();
    publisher.send("{\"n\":1}").await;
    let answer = publisher.answer().await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "{\"cursor\":\"k3f9:1\"}"));
    served.stopped().await;
}
