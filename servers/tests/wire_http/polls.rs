//! `GET /short-poll` and `GET /long-poll`.

use std::time::Duration;

use super::raw::answer::{get, get_with};
use super::raw::served::{Setup, payloads, pipe};
use super::{answer, three};

const ALL_THREE: &str =
    r#"{"seq":1,"data":{"n":1}},{"seq":2,"data":{"n":2}},{"seq":3,"data":{"n":3}}"#;

fn page(cursor: &str, rest: &str) -> String {
    format!("{{\"cursor\":\"{cursor}\",{rest}}}")
}

/// A query, and the cursor and the rest of the page that answers it.
#[tokio::test]
async fn a_poll_answers_what_is_there() {
    let served = three(Setup::default()).await;
    let mut client = served.connect().await;
    let all = format!("\"updates\":[{ALL_THREE}]");
    let last = r#""updates":[{"seq":3,"data":{"n":3}}]"#;
    for (query, cursor, rest) in [
        ("", "k3f9:3", "\"updates\":[]"),
        ("?limit=2", "k3f9:3", "\"updates\":[]"),
        ("?_=17", "k3f9:3", "\"updates\":[]"),
        ("?after=0", "k3f9:3", &all),
        ("?after=k3f9:0", "k3f9:3", &all),
        ("?after=k3f9:2", "k3f9:3", last),
        ("?after=k3f9:0000000000000000000000002", "k3f9:3", last),
        ("?after=k3f9%3A2", "k3f9:3", last),
        ("?%61fter=%6b3f9%3a2&limit=%31", "k3f9:3", last),
        ("?after=0&limit=1", "k3f9:1", r#""updates":[{"seq":1,"data":{"n":1}}]"#),
        ("?limit=1&after=k3f9:1", "k3f9:2", r#""updates":[{"seq":2,"data":{"n":2}}]"#),
        ("?after=0&limit=3", "k3f9:3", &all),
        ("?after=0&limit=18446744073709551615", "k3f9:3", &all),
    ] {
        for transport in ["short-poll", "long-poll"] {
            let body = page(cursor, rest);
            let expected = answer(
                200,
                &[
                    ("cache-control", "no-store"),
                    ("content-length", &body.len().to_string()),
                    ("content-type", "application/json"),
                    ("etag", &format!("\"{cursor}\"")),
                ],
                &body,
            );
            assert_eq!(client.ask(get(&format!("/{transport}{query}"))).await, expected, "{query}");
        }
    }
}

#[tokio::test]
async fn a_gap_is_part_of_the_page() {
    let served = Setup { history: 2, ..Setup::default() }.serve();
    served.publish(&payloads(1..=5)).await;
    let mut client = served.connect().await;
    let kept = r#"{"seq":4,"data":{"n":4}},{"seq":5,"data":{"n":5}}"#;
    for (after, gap) in [
        ("k3f9:0", r#"{"reason":"evicted","lost":3}"#),
        ("k3f9:2", r#"{"reason":"evicted","lost":1}"#),
        ("k3f9:6", r#"{"reason":"future","lost":null}"#),
        ("k3f9:18446744073709551615", r#"{"reason":"future","lost":null}"#),
        ("a:5", r#"{"reason":"epoch","lost":null}"#),
    ] {
        for transport in ["short-poll", "long-poll"] {
            // Also to a client that claims to know the page: a gap is said, never silent.
            let request =
                get_with(&format!("/{transport}?after={after}"), "If-None-Match: \"k3f9:5\"\r\n");
            let answer = client.ask(request).await;
            let body = page("k3f9:5", &format!("\"gap\":{gap},\"updates\":[{kept}]"));
            assert_eq!((answer.status, answer.body), (200, body), "{transport} {after}");
        }
    }
    let limited = client.ask(get("/short-poll?after=k3f9:1&limit=1")).await;
    let rest = r#""gap":{"reason":"evicted","lost":2},"updates":[{"seq":4,"data":{"n":4}}]"#;
    assert_eq!(limited.body, page("k3f9:4", rest));
    assert_eq!(limited.header("etag"), Some("\"k3f9:4\""));
}

#[tokio::test]
async fn a_page_holds_a_thousand_updates_unless_the_request_says_otherwise() {
    let served = Setup::default().serve();
    served.publish(&payloads(1..=2500)).await;
    let mut client = served.connect().await;
    for (query, cursor) in [
        ("after=0", "k3f9:1000"),
        ("after=k3f9:1000", "k3f9:2000"),
        ("after=k3f9:2000", "k3f9:2500"),
        ("after=k3f9:7&limit=5", "k3f9:12"),
        ("after=0&limit=2400", "k3f9:2400"),
    ] {
        let answer = client.ask(get(&format!("/short-poll?{query}"))).await;
        assert_eq!(answer.header("etag"), Some(format!("\"{cursor}\"").as_str()), "{query}");
        assert!(answer.body.starts_with(&format!("{{\"cursor\":\"{cursor}\",")), "{query}");
    }
}

#[tokio::test]
async fn nothing_new_is_204_and_304_goes_before_it() {
    let served = three(Setup::default()).await;
    let mut client = served.connect().await;
    for (query, known, status) in [
        ("after=k3f9:3", None, 204),
        ("after=k3f9:3", Some("\"k3f9:2\""), 204),
        ("after=k3f9:3", Some("k3f9:3"), 204),
        // With nothing new a 200 would carry the request's own cursor.
        ("after=k3f9:3", Some("\"k3f9:3\""), 304),
        ("after=k3f9:3", Some("W/\"k3f9:3\""), 304),
        ("after=k3f9:3", Some("\"a\", \"k3f9:3\""), 304),
        ("after=k3f9:3", Some("\"a\"\r\nIf-None-Match: \"k3f9:3\""), 304),
        ("after=k3f9:3", Some("*"), 304),
        // The page that a 200 would be, with its last cursor.
        ("after=k3f9:1", Some("\"k3f9:1\""), 200),
        ("after=k3f9:1", Some("\"k3f9:3\""), 304),
        ("after=0&limit=2", Some("\"k3f9:2\""), 304),
        ("after=0&limit=2", Some("\"k3f9:3\""), 200),
        ("limit=1", Some("\"k3f9:3\""), 304),
        ("limit=1", Some("\"k3f9:2\""), 200),
    ] {
        for transport in ["/short-poll?", "/long-poll?hold=0&"] {
            let lines = known.map(|known| format!("If-None-Match: {known}\r\n"));
            let request = get_with(&format!("{transport}{query}"), &lines.unwrap_or_default());
            let got = client.ask(request).await;
            assert_eq!(got.status, status, "{transport}{query} {known:?}");
            assert_eq!(got.header("cache-control"), Some("no-store"));
            match status {
                204 => assert_eq!(got, answer(204, &[("cache-control", "no-store")], "")),
                304 => assert!(
                    known.unwrap().contains(got.header("etag").unwrap()) || known == Some("*")
                ),
                _ => assert!(got.header("etag").is_some()),
            }
        }
    }
}

#[tokio::test]
async fn values_that_cannot_be_read_are_400_and_named() {
    let served = three(Setup::default()).await;
    let mut client = served.connect().await;
    let long = "9".repeat(4000);
    let both = ["short-poll", "long-poll"];
    let cursors = ["short-poll", "long-poll", "sse"];
    for (transports, key, value) in [
        (&cursors[..], "after", "-1"),
        (&cursors, "after", "abc"),
        (&cursors, "after", "1e9"),
        (&cursors, "after", "00"),
        (&cursors, "after", "1"),
        (&cursors, "after", "k3f9"),
        (&cursors, "after", "k3f9:"),
        (&cursors, "after", ":3"),
        (&cursors, "after", "k3f9:-1"),
        (&cursors, "after", "k3f9:+1"),
        (&cursors, "after", "k3f9:%2B1"),
        (&cursors, "after", "k3f9:1.0"),
        (&cursors, "after", "k3f9:3%20"),
        (&cursors, "after", "K3F9:3"),
        (&cursors, "after", "k3f9:18446744073709551616"),
        (&cursors, "after", "0123456789abcdefg:3"),
        (&cursors, "after", "%00"),
        (&cursors, "after", "%ff"),
        (&cursors, "after", "%zz"),
        (&cursors, "after", ""),
        (&cursors, "after", "k3f9:1&after=k3f9:1"),
        (&cursors, "after", &long),
        (&both, "limit", "0"),
        (&both, "limit", "-1"),
        (&both, "limit", "+1"),
        (&both, "limit", "1e3"),
        (&both, "limit", ""),
        (&both, "limit", "18446744073709551616"),
        (&both, "limit", "1&limit=1"),
        (&both[1..], "hold", "55.001"),
        (&both[1..], "hold", "56"),
        (&both[1..], "hold", "-1"),
        (&both[1..], "hold", "+1"),
        (&both[1..], "hold", "1e1"),
        (&both[1..], "hold", "inf"),
        (&both[1..], "hold", "NaN"),
        (&both[1..], "hold", "25s"),
        (&both[1..], "hold", ""),
        (&both[1..], "hold", &long),
    ] {
        for transport in transports {
            let answer = client.ask(get(&format!("/{transport}?{key}={value}"))).await;
            assert_eq!(answer.status, 400, "{transport} {key}={value}");
            assert!(answer.error().contains(key), "{answer:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_long_poll_waits_for_its_hold() {
    let (server, _) = Setup::default().server();
    let (theirs, mut client) = pipe(1 << 16);
    server.http(theirs);
    for (query, known, seconds, status) in [
        ("", "", 25.0, 204),
        ("&hold=0", "", 0.0, 204),
        ("&hold=0.25", "", 0.25, 204),
        ("&hold=55", "", 55.0, 204),
        ("&hold=2", "If-None-Match: \"k3f9:0\"\r\n", 2.0, 304),
    ] {
        let asked = tokio::time::Instant::now();
        let request = get_with(&format!("/long-poll?after=k3f9:0{query}"), known);
        assert_eq!(client.ask(request).await.status, status, "{query}");
        let waited = asked.elapsed();
        // tokio's timer counts whole milliseconds.
        let hold = Duration::from_secs_f64(seconds);
        assert!((hold..=hold + Duration::from_millis(2)).contains(&waited), "{query}: {waited:?}");
    }
}

#[tokio::test]
async fn a_parked_long_poll_is_answered_by_the_next_publish() {
    let served = three(Setup::default()).await;
    let mut client = served.connect().await;
    client.send(get("/long-poll?after=k3f9:3&hold=55&limit=1")).await;
    served.until_clients("long-poll", 1).await;
    served.publish(&payloads(4..=5)).await;
    let answer = client.answer().await;
    let body = r#"{"cursor":"k3f9:4","updates":[{"seq":4,"data":{"n":4}}]}"#;
    assert_eq!((answer.status, answer.body.as_str()), (200, body));
    assert_eq!(answer.header("etag"), Some("\"k3f9:4\""));
}
