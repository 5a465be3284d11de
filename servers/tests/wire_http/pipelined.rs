//! Requests that are sent before the last answer is there, and `continue`.

use std::time::Duration;

use tokio::time::{Instant, advance};

use super::raw::answer::get;
use super::raw::served::{Served, Setup, at, payloads, pipe};
use super::raw::{Raw, within};
use super::{answer, three};

const PARKED: &str = "/long-poll?after=k3f9:3&hold=55";
const NEXT: &str = "/long-poll?continue&hold=55";

fn update(range: std::ops::RangeInclusive<u64>) -> String {
    let cursor = at(*range.end());
    let updates: Vec<_> = range.map(super::raw::served::envelope).collect();
    format!("{{\"cursor\":\"{cursor}\",\"updates\":[{}]}}", updates.join(","))
}

#[tokio::test]
async fn a_request_goes_on_where_the_answer_before_it_ended() {
    for transport in ["short-poll", "long-poll"] {
        let served = three(Setup::default()).await;
        let mut client = served.connect().await;
        let next = format!("/{transport}?continue=&limit=1");
        client.send(get(&format!("/{transport}?after=0&limit=1")) + &get(&next).repeat(2)).await;
        for seq in 1..=3 {
            assert_eq!(client.answer().await.body, update(seq..=seq), "{transport}");
        }
        served.publish(&payloads(4..=4)).await;
        assert_eq!(client.ask(get(&next)).await.body, update(4..=4), "{transport}");
    }
}

#[tokio::test]
async fn two_parked_requests_lose_nothing_and_keep_the_order() {
    let served = three(Setup::default()).await;
    let mut client = served.connect().await;
    client.send(get(PARKED) + &get(NEXT)).await;
    served.until_clients("long-poll", 1).await;
    let (mut published, mut seen) = (3, 3);
    for batch in [1, 2, 1, 1, 40, 1, 1, 1200, 1, 1] {
        served.publish(&payloads(published + 1..=published + batch)).await;
        published += batch;
        // Each second batch finds both requests there; the others one or two.
        while seen < published {
            let answer = client.answer().await;
            let body: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
            for update in body["updates"].as_array().unwrap() {
                seen += 1;
                assert_eq!(update["seq"], seen);
            }
            assert_eq!(body["cursor"], at(seen));
            client.send(get(NEXT)).await;
        }
    }
    assert_eq!(seen, published);
}

#[tokio::test]
async fn a_bad_continue_is_400_and_says_what_is_wrong() {
    let served = three(Setup::default()).await;
    for (before, target, problem) in [
        (None, "/long-poll?continue", "no poll was answered on this connection"),
        (None, "/short-poll?continue&hold=1", "no poll was answered on this connection"),
        (Some("/healthz"), "/short-poll?continue", "no poll was answered on this connection"),
        (Some("/short-poll?after=x"), "/short-poll?continue", "no poll was answered"),
        (Some("/short-poll"), "/long-poll?continue&after=k3f9:1", "instead of after"),
        (Some("/short-poll"), "/long-poll?continue=k3f9:1", "takes no value"),
        (Some("/short-poll"), "/long-poll?continue=1", "takes no value"),
        (Some("/short-poll"), "/long-poll?continue&continue", "more than once"),
    ] {
        let mut client = served.connect().await;
        if let Some(before) = before {
            client.ask(get(before)).await;
        }
        let refused = client.ask(get(target)).await;
        assert_eq!(refused.status, 400, "{target}");
        let sentence = refused.error();
        assert!(sentence.starts_with("continue: ") && sentence.contains(problem), "{sentence}");
    }
    // Another connection is another client.
    served.connect().await.ask(get("/short-poll")).await;
    assert_eq!(served.connect().await.ask(get("/short-poll?continue")).await.status, 400);
}

#[tokio::test]
async fn what_is_no_answer_to_a_poll_moves_nothing() {
    let served = three(Setup::default()).await;
    let mut client = served.connect().await;
    assert_eq!(client.ask(get("/short-poll?after=0&limit=1")).await.status, 200);
    assert_eq!(client.ask(get("/short-poll?after=x")).await.status, 400);
    assert_eq!(client.ask(get("/healthz")).await.status, 200);
    // Who asks for a head has not had the updates.
    client.send(get("/short-poll?continue").replacen("GET", "HEAD", 1)).await;
    assert_eq!(client.head().await.header("etag"), Some("\"k3f9:3\""));
    assert_eq!(client.ask(get("/short-poll?continue&limit=1")).await.body, update(2..=2));
    assert_eq!(client.ask(get("/short-poll?continue")).await.body, update(3..=3));
    for _ in 0..2 {
        assert_eq!(client.ask(get("/short-poll?continue")).await.status, 204);
    }
}

#[tokio::test]
async fn a_gap_is_said_to_the_request_that_it_meets() {
    let served = three(Setup { history: 2, ..Setup::default() }).await;
    let mut client = served.connect().await;
    client.ask(get("/short-poll?after=k3f9:2")).await;
    served.publish(&payloads(4..=9)).await;
    client.send(get(NEXT) + &get(NEXT)).await;
    let gap = r#""gap":{"reason":"evicted","lost":4}"#;
    assert!(client.answer().await.body.starts_with(&format!("{{\"cursor\":\"k3f9:9\",{gap}")));
    served.until_clients("long-poll", 1).await;
    served.publish(&payloads(10..=10)).await;
    assert_eq!(client.answer().await.body, update(10..=10));
}

#[tokio::test(start_paused = true)]
async fn the_hold_of_a_request_begins_when_it_is_its_turn() {
    let (server, _) = Setup::default().server();
    let (theirs, mut client) = pipe(1 << 16);
    server.http(theirs);
    let asked = Instant::now();
    client.send(get("/long-poll?after=k3f9:0&hold=2") + &get("/long-poll?continue&hold=3")).await;
    for seconds in [2, 5] {
        assert_eq!(client.answer().await, answer(204, &[("cache-control", "no-store")], ""));
        let (waited, held) = (asked.elapsed(), Duration::from_secs(seconds));
        assert!((held..=held + Duration::from_millis(4)).contains(&waited), "{waited:?}");
    }
}

#[tokio::test]
async fn a_stop_answers_the_request_whose_turn_it_is() {
    let served = three(Setup::default()).await;
    let mut client = served.connect().await;
    client.send(get(PARKED) + &get(NEXT)).await;
    served.until_clients("long-poll", 1).await;
    served.begin_stop();
    let last = client.answer().await;
    assert_eq!((last.status, last.header("connection")), (204, Some("close")));
    assert!(client.rest().await.is_empty());
    served.stopped().await;
}

async fn parked(served: &Served, at_once: bool) -> Raw {
    let mut client = served.connect().await;
    if at_once {
        client.send(get(PARKED) + &get(NEXT)).await;
    } else {
        client.send(get(PARKED)).await;
        served.until_clients("long-poll", 1).await;
        client.send(get(NEXT)).await;
    }
    served.until_clients("long-poll", 1).await;
    client
}

#[tokio::test]
async fn a_client_that_leaves_is_noticed_while_its_next_request_waits() {
    let served = three(Setup::default()).await;
    for at_once in [true, false] {
        drop(parked(&served, at_once).await);
        served.until_clients("long-poll", 0).await;
        let mut half = parked(&served, at_once).await;
        half.finish().await;
        served.until_clients("long-poll", 0).await;
        assert!(half.rest().await.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_head_that_was_begun_while_another_request_waited_has_to_end() {
    for begun in ["G", "GET /healthz HTTP/1.1\r\nHo", "GET /healthz HTTP/1.1\r\nHost: a\r\n"] {
        for at_once in [true, false] {
            let (server, _) = Setup::default().server();
            let (theirs, mut client) = pipe(1 << 16);
            server.http(theirs);
            let first = get("/long-poll?after=k3f9:0&hold=1");
            if at_once {
                client.send(first + begun).await;
            } else {
                client.send(first).await;
                tokio::task::yield_now().await;
                client.send(begun).await;
            }
            assert_eq!(client.answer().await.status, 204);
            let answered = Instant::now();
            assert!(client.rest().await.is_empty());
            assert!(answered.elapsed() < Duration::from_secs(60), "{begun}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_may_be_silent_after_requests_that_came_together() {
    let (server, _) = Setup::default().server();
    let (theirs, mut client) = pipe(1 << 16);
    server.http(theirs);
    for _ in 0..3 {
        client.send(get("/healthz").repeat(7)).await;
        for _ in 0..7 {
            assert_eq!(client.answer().await.status, 200);
        }
        advance(Duration::from_secs(3600)).await;
    }
}

#[tokio::test]
async fn requests_may_be_cut_anywhere() {
    let served = three(Setup::default()).await;
    let requests = get("/short-poll?after=0&limit=1") + &get("/short-poll?continue&limit=1");
    let mut client = served.connect().await;
    for cut in 0..=requests.len() {
        client.send(&requests[..cut]).await;
        tokio::task::yield_now().await;
        client.send(&requests[cut..]).await;
        assert_eq!(client.answer().await.body, update(1..=1), "{cut}");
        assert_eq!(client.answer().await.body, update(2..=2), "{cut}");
    }
}

#[tokio::test]
async fn more_requests_than_fit_are_answered_in_turn() {
    let served = three(Setup::default()).await;
    let mut client = served.connect().await;
    let lines = format!("Cookie: {}\r\n", "x".repeat(8000));
    let with_cookie = |target: &str| super::get_with(target, &lines);
    client.send(with_cookie(PARKED)).await;
    let mut sender = Vec::new();
    for _ in 0..5 {
        sender.extend(with_cookie("/long-poll?continue&limit=1&hold=55").into_bytes());
    }
    within("the kernel takes them", client.send(sender)).await;
    served.until_clients("long-poll", 1).await;
    served.publish(&payloads(4..=9)).await;
    assert_eq!(client.answer().await.body, update(4..=9));
    for seq in 10..=14 {
        served.publish(&payloads(seq..=seq)).await;
        assert_eq!(client.answer().await.body, update(seq..=seq));
    }
}
