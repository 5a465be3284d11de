//! `POST /publish`: all or none, and only where it is allowed.

use super::raw::Raw;
use super::raw::answer::{get, post};
use super::raw::served::Setup;
use super::{answer, three};

#[tokio::test]
async fn the_answer_is_the_new_cursor() {
    let served = Setup::default().serve();
    let mut publisher = Raw::connect(served.control).await;
    for (body, cursor) in [
        ("{\"n\":1}", "k3f9:1"),
        ("{\"n\":2}\n", "k3f9:2"),
        ("{\"n\":3}\r\n{\"n\":4}\r\n", "k3f9:4"),
        ("1\n\"x\"\nnull\n[]\n{}", "k3f9:9"),
        // A carriage return or spaces around a payload do not belong to it.
        (" {\"n\": 10} ", "k3f9:10"),
    ] {
        let body_out = format!("{{\"cursor\":\"{cursor}\"}}");
        let expected = answer(
            200,
            &[
                ("content-length", &body_out.len().to_string()),
                ("content-type", "application/json"),
            ],
            &body_out,
        );
        assert_eq!(publisher.ask(post("/publish", body)).await, expected, "{body:?}");
    }
    let mut client = served.connect().await;
    let last = client.ask(get("/short-poll?after=k3f9:9")).await.body;
    assert_eq!(last, r#"{"cursor":"k3f9:10","updates":[{"seq":10,"data":{"n": 10}}]}"#);
}

#[tokio::test]
async fn one_bad_line_publishes_nothing() {
    let served = three(Setup::default()).await;
    let mut publisher = Raw::connect(served.control).await;
    for (body, line) in [
        ("{\"n\":4}\n{\"n\":", Some(2)),
        ("{\"n\":4}\nnope\n{\"n\":5}", Some(2)),
        ("{\"n\":4}\n\n{\"n\":5}", Some(2)),
        ("{\"n\":4}{\"n\":5}", Some(1)),
        ("{\"n\":\r4}", Some(1)),
        ("{\"n\":\"\u{0}\"}", Some(1)),
        ("\u{feff}{}", Some(1)),
        ("NaN", Some(1)),
        ("{}\n{}\n\n", Some(3)),
        ("", None),
        ("\n", None),
    ] {
        let answer = publisher.ask(post("/publish", body)).await;
        assert_eq!(answer.status, 400, "{body:?}");
        if let Some(line) = line {
            assert!(answer.error().contains(&format!("line {line}")), "{body:?}: {answer:?}");
        }
        assert_eq!(served.feed.head(), 3, "{body:?}");
    }
    // Bytes that are no text at all.
    publisher.send("POST /publish HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n").await;
    assert_eq!(publisher.ask(b"\"\xff\"").await.status, 400);
    assert_eq!(served.feed.head(), 3);
}

#[tokio::test]
async fn the_public_listener_publishes_only_where_it_is_allowed() {
    for (allow_publish, status) in [(false, 404), (true, 200)] {
        let served = Setup { allow_publish, ..Setup::default() }.serve();
        let answer = served.connect().await.ask(post("/publish", "{}")).await;
        assert_eq!((answer.status, served.feed.head()), (status, u64::from(allow_publish)));
    }
}

#[tokio::test]
async fn the_control_endpoint_may_be_a_unix_socket() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("control");
    let listener = tokio::net::UnixListener::bind(&path).unwrap();
    let (server, feed) = Setup::default().server();
    let stop = servers::CancellationToken::new();
    let control = Some(servers::Control::Unix(listener));
    let listeners = servers::Listeners { control, ..servers::Listeners::default() };
    let running = tokio::spawn(server.run(listeners, stop.clone()));
    let mut publisher = Raw::new(tokio::net::UnixStream::connect(&path).await.unwrap());
    assert_eq!(publisher.ask(post("/publish", "{}\n{}")).await.body, "{\"cursor\":\"k3f9:2\"}");
    assert_eq!(publisher.ask(get("/healthz")).await.status, 200);
    assert_eq!(feed.head(), 2);
    stop.cancel();
    running.await.unwrap();
}

const CHUNKED: &str = "POST /publish HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

#[tokio::test]
async fn a_chunked_body_is_a_body() {
    let served = Setup::default().serve();
    let mut publisher = Raw::connect(served.control).await;
    let body = "3\r\n{\"n\r\n6;x=y\r\n\":1}\n{\r\n1\r\n}\r\n0\r\n\r\n";
    let answer = publisher.ask(format!("{CHUNKED}{body}")).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "{\"cursor\":\"k3f9:2\"}"));
    assert_eq!(publisher.ask(get("/healthz")).await.status, 200);
}

#[tokio::test]
async fn a_body_in_any_coding_but_chunked_once_is_refused_and_the_connection_closed() {
    let served = Setup::default().serve();
    for (lines, status) in [
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", 400),
        ("Transfer-Encoding: chunked\r\nX: y\r\ntransfer-encoding: \tCHUNKED ", 400),
        ("Transfer-Encoding: chunked, chunked", 400),
        ("Transfer-Encoding: chunked, gzip, chunked", 400),
        ("Transfer-Encoding: gzip, chunked", 501),
        ("Transfer-Encoding: identity\r\nTransfer-Encoding: chunked", 501),
    ] {
        // On a path that wants a body, on one that wants none, and on one that is not served.
        for target in ["/publish", "/healthz", "/nope"] {
            let mut publisher = Raw::connect(served.control).await;
            let head = format!("POST {target} HTTP/1.1\r\nHost: a\r\n{lines}\r\n\r\n");
            publisher.send(head + "2\r\n{}\r\n0\r\n\r\n" + &get("/healthz")).await;
            let answer = publisher.answer().await;
            assert_eq!(answer.status, status, "{target} {lines:?}");
            assert_eq!(answer.header("connection"), Some("close"), "{target} {lines:?}");
            assert!(answer.error().contains("Transfer-Encoding"), "{answer:?}");
            assert!(publisher.rest().await.is_empty(), "{target} {lines:?}");
        }
    }
    assert_eq!(served.feed.head(), 0);
}

#[tokio::test]
async fn a_chunked_body_that_is_broken_is_400() {
    let served = Setup::default().serve();
    for body in [
        "nope\r\n{}\r\n0\r\n\r\n",
        "-2\r\n{}\r\n0\r\n\r\n",
        "2\r\n{}xx0\r\n\r\n",
        "2\r\n{}\r\n\r\n\r\n",
        "fffffffffffffffff\r\n{}",
    ] {
        let mut publisher = Raw::connect(served.control).await;
        publisher.send(format!("{CHUNKED}{body}")).await;
        let answer = publisher.answer().await;
        assert_eq!((answer.status, served.feed.head()), (400, 0), "{body:?}");
        assert!(publisher.rest().await.is_empty(), "nothing can follow a broken body: {body:?}");
    }
}

#[tokio::test]
async fn a_body_that_is_cut_off_publishes_nothing() {
    let served = Setup::default().serve();
    for request in [
        "POST /publish HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n{}".to_owned(),
        format!("{CHUNKED}2\r\n{{}}\r\n"),
    ] {
        let mut publisher = Raw::connect(served.control).await;
        publisher.send(request).await;
        publisher.finish().await;
        publisher.rest().await;
        assert_eq!(served.feed.head(), 0);
    }
}
