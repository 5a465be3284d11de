//! The wire protocol over HTTP, byte by byte over a raw socket.

#![allow(clippy::unwrap_used)] // a test that unwraps fails with the line that is wrong

#[path = "../raw/mod.rs"]
mod raw;

mod connections;
mod limits;
mod pipelined;
mod polls;
mod publish;
mod sse;
mod weight;

use raw::answer::{Answer, get, get_with};
use raw::served::{Served, Setup, payloads};

/// A server with three updates.
async fn three(setup: Setup) -> Served {
    let served = setup.serve();
    served.publish(&payloads(1..=3)).await;
    served
}

/// An answer in full, as it must be but for its date.
fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Answer {
    let mut headers: Vec<_> =
        headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    headers.sort();
    Answer { status, headers, body: body.to_owned() }
}

#[tokio::test]
async fn health_and_metrics_are_on_both_listeners() {
    let served = three(Setup::default()).await;
    for addr in [served.http, served.control] {
        let mut client = raw::Raw::connect(addr).await;
        let health = client.ask(get("/healthz")).await;
        assert_eq!((health.status, health.body.as_str()), (200, "ok\n"));
        let metrics = client.ask(get("/metrics")).await;
        assert_eq!(metrics.status, 200);
        assert_eq!(
            metrics.header("content-type"),
            Some("text/plain; version=0.0.4; charset=utf-8")
        );
        assert!(metrics.body.contains("\n# TYPE feedlab_published_total counter\n"));
        assert!(metrics.body.contains("\nfeedlab_published_total 3\n"), "{}", metrics.body);
        for transport in servers::ALL {
            let line = format!("feedlab_clients{{transport=\"{}\"}} ", transport.name);
            assert!(metrics.body.contains(&line), "{line}");
        }
        // Each line is a comment, or a name and a number.
        for line in metrics.body.lines().filter(|line| !line.starts_with("# ")) {
            let (_, number) = line.rsplit_once(' ').unwrap();
            assert!(number.parse::<u64>().is_ok(), "{line}");
        }
    }
}

#[tokio::test]
async fn a_path_that_is_not_served_is_404() {
    let served = Setup { only: Some("sse"), ..Setup::default() }.serve();
    let mut client = served.connect().await;
    for target in [
        "/short-poll",
        "/long-poll?hold=99",
        "/websocket",
        "/tcp",
        "/",
        "/sse/",
        "/SSE",
        "//sse",
        "/publish",
        "/%73se",
        "/sse%00",
    ] {
        let answer = client.ask(get(target)).await;
        assert_eq!(answer.status, 404, "{target}");
        assert!(!answer.error().is_empty());
    }
    // The control listener carries no transport.
    let mut control = raw::Raw::connect(served.control).await;
    assert_eq!(control.ask(get("/sse")).await.status, 404);
}

#[tokio::test]
async fn another_method_is_405_and_says_which_are_allowed() {
    let served = three(Setup { allow_publish: true, ..Setup::default() }).await;
    let mut public = served.connect().await;
    let mut control = raw::Raw::connect(served.control).await;
    for (method, target, allow) in [
        ("POST", "/short-poll", "GET, HEAD"),
        ("PUT", "/long-poll?after=k3f9:0", "GET, HEAD"),
        ("DELETE", "/sse", "GET, HEAD"),
        ("OPTIONS", "/sse", "GET, HEAD"),
        ("POST", "/websocket", "GET"),
        ("HEAD", "/websocket", "GET"),
        ("GET", "/publish", "POST"),
        ("PUT", "/publish", "POST"),
        ("POST", "/healthz", "GET, HEAD"),
        ("BREW", "/metrics", "GET, HEAD"),
    ] {
        let request = get(target).replacen("GET", method, 1);
        public.send(&request).await;
        let answer = if method == "HEAD" { public.head().await } else { public.answer().await };
        assert_eq!(
            (answer.status, answer.header("allow")),
            (405, Some(allow)),
            "{method} {target}"
        );
        if method != "HEAD" {
            assert!(answer.error().contains(allow), "{answer:?}");
        }
    }
    let answer = control.ask(get("/publish")).await;
    assert_eq!((answer.status, answer.header("allow")), (405, Some("POST")));
}

#[tokio::test]
async fn head_is_a_get_without_its_body() {
    let served = three(Setup::default()).await;
    let mut client = served.connect().await;
    for target in ["/short-poll", "/short-poll?after=0", "/long-poll?after=k3f9:1", "/healthz"] {
        let mut whole = client.ask(get(target)).await;
        client.send(get(target).replacen("GET", "HEAD", 1)).await;
        whole.body.clear();
        assert_eq!(client.head().await, whole, "{target}");
    }
    // A stream has nothing to show in a head, and the connection goes on.
    client.send(get("/sse").replacen("GET", "HEAD", 1)).await;
    let head = client.head().await;
    assert_eq!((head.status, head.header("content-type")), (200, Some("text/event-stream")));
    assert_eq!(client.ask(get_with("/healthz", "Accept: */*\r\n")).await.body, "ok\n");
    served.until_clients("sse", 0).await;
}
