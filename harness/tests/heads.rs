//! The heads of requests, byte by byte.
#![allow(clippy::unwrap_used)] // a test that unwraps fails with the line that is wrong

use std::collections::BTreeMap;

use harness::client::request::{self, Heads, REQUEST_BYTES};
use serde_json::{Value, json};
use servers::Params;

const HOST: &str = "127.0.0.1:41234";
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

fn params(knobs: &[(&str, Value)]) -> Params {
    let knobs = knobs.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
    Params::new(knobs.collect::<BTreeMap<_, _>>())
}

fn heads(knobs: &[(&str, Value)]) -> Heads {
    Heads::new(&params(knobs), HOST, 7)
}

fn poll(heads: &Heads, target: &str, etag: Option<&str>) -> String {
    let mut head = Vec::new();
    heads.poll(target, etag, &mut head);
    String::from_utf8(head).unwrap()
}

/// As any server would read it: a method, unique names, nothing but visible characters.
fn is_http(head: &str) {
    let mut fields = [httparse::EMPTY_HEADER; 64];
    let mut request = httparse::Request::new(&mut fields);
    let parsed = request.parse(head.as_bytes()).unwrap();
    assert_eq!(parsed, httparse::Status::Complete(head.len()), "{head}");
    let mut names: Vec<_> =
        request.headers.iter().map(|field| field.name.to_ascii_lowercase()).collect();
    let count = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), count, "{head}");
}

#[test]
fn a_bare_head_is_the_least_that_the_protocol_needs() {
    let bare = heads(&[]);
    assert_eq!(
        poll(&bare, "/short-poll?after=k3f9:8", None),
        "GET /short-poll?after=k3f9:8 HTTP/1.1\r\nHost: 127.0.0.1:41234\r\n\
         Accept: application/json\r\n\r\n"
    );
    let mut events = Vec::new();
    bare.events("/sse", &mut events);
    assert_eq!(
        events,
        b"GET /sse HTTP/1.1\r\nHost: 127.0.0.1:41234\r\nAccept: text/event-stream\r\n\r\n"
    );
    let mut websocket = Vec::new();
    bare.websocket("/websocket", KEY, &mut websocket);
    assert_eq!(
        String::from_utf8(websocket).unwrap(),
        format!(
            "GET /websocket HTTP/1.1\r\nHost: 127.0.0.1:41234\r\nUpgrade: websocket\r\n\
             Connection: Upgrade\r\nSec-WebSocket-Key: {KEY}\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
    );
}

#[test]
fn each_knob_adds_its_own_lines_and_nothing_else() {
    let etag = "\"k3f9:8\"";
    for headers in ["bare", "browser"] {
        let plain = poll(&heads(&[("headers", json!(headers))]), "/short-poll", None);
        for (keep_alive, cookie_bytes, conditional) in
            [(true, 0, true), (true, 300, false), (false, 0, false), (false, 8000, true)]
        {
            let knobs = [
                ("headers", json!(headers)),
                ("keep_alive", json!(keep_alive)),
                ("cookie_bytes", json!(cookie_bytes)),
            ];
            let head = poll(&heads(&knobs), "/short-poll", conditional.then_some(etag));
            is_http(&head);
            let line = |name: &str| head.lines().find_map(|line| line.strip_prefix(name));
            assert_eq!(line("If-None-Match: "), conditional.then_some(etag));
            assert_eq!(line("Cookie: ").map_or(0, str::len), cookie_bytes);
            assert_eq!(line("Connection: ") == Some("close"), !keep_alive);
            let mut more = 0;
            more += if cookie_bytes > 0 { "Cookie: \r\n".len() + cookie_bytes } else { 0 };
            more += if conditional { "If-None-Match: \"k3f9:8\"\r\n".len() } else { 0 };
            if headers == "browser" {
                let past_the_cache = "Pragma: no-cache\r\nCache-Control: no-cache\r\n".len();
                more += if conditional { past_the_cache } else { 0 };
                // A browser says in any case what is to become of the connection.
                let (less, close) = if keep_alive { (0, 0) } else { ("keep-alive".len(), 5) };
                assert_eq!(head.len(), plain.len() + more - less + close);
            } else {
                more += if keep_alive { 0 } else { "Connection: close\r\n".len() };
                assert_eq!(head.len(), plain.len() + more);
            }
        }
    }
}

#[test]
fn a_browsers_heads_never_change_by_accident() {
    let knobs = [("headers", json!("browser")), ("cookie_bytes", json!(40))];
    let browser = heads(&knobs);
    let mut all = poll(&browser, "/long-poll?after=k3f9:8&hold=25", None).into_bytes();
    browser.events("/sse", &mut all);
    browser.websocket("/websocket", KEY, &mut all);
    let all = String::from_utf8(all).unwrap();
    for head in all.split_inclusive("\r\n\r\n") {
        is_http(head);
    }
    insta::assert_snapshot!(all.replace("\r\n", "\n"));
}

#[test]
fn kaazing_requests_have_716_bytes_whatever_they_ask() {
    let cursors = ["", "?after=0", "?after=k3f9:8", "?after=0123456789abcdef:18446744073709551615"];
    for host in ["127.0.0.1:1", "127.0.0.1:41234", "10.77.0.2:80", "255.255.255.255:65535"] {
        for (keep_alive, cookie_bytes) in
            [(true, 0), (true, 1), (true, 120), (false, 0), (false, 77)]
        {
            let params = params(&[
                ("headers", json!("kaazing")),
                ("keep_alive", json!(keep_alive)),
                ("cookie_bytes", json!(cookie_bytes)),
            ]);
            assert_eq!(request::check(&params), Ok(()));
            let heads = Heads::new(&params, host, 7);
            for cursor in cursors {
                for path in ["/short-poll", "/long-poll"] {
                    for etag in [None, Some("\"k3f9:8\""), Some("\"k3f9ab:123456\"")] {
                        let head = poll(&heads, &format!("{path}{cursor}"), etag);
                        assert_eq!(head.len(), REQUEST_BYTES, "{head}");
                        is_http(&head);
                        let cookie = head.lines().find_map(|line| line.strip_prefix("Cookie: "));
                        assert_eq!(cookie.map_or(0, str::len), cookie_bytes);
                    }
                }
            }
        }
    }
}

#[test]
fn a_cookie_has_exactly_its_bytes_and_is_its_clients_own() {
    let cookie = |bytes: usize, seed| {
        let params = params(&[("cookie_bytes", json!(bytes))]);
        let head = poll(&Heads::new(&params, HOST, seed), "/short-poll", None);
        head.lines().find_map(|line| line.strip_prefix("Cookie: ")).unwrap_or_default().to_owned()
    };
    for bytes in [0, 1, 2, 7, 8, 9, 100, 8000] {
        assert_eq!(cookie(bytes, 1).len(), bytes);
        assert!(cookie(bytes, 1).bytes().all(|byte| byte.is_ascii_graphic() && byte != b';'));
        assert_eq!(cookie(bytes, 1), cookie(bytes, 1));
    }
    assert_ne!(cookie(100, 1), cookie(100, 2));
}

#[test]
fn a_cookie_that_does_not_fit_is_said_with_the_room_that_there_is() {
    let with = |bytes: u64, more: &[(&str, Value)]| {
        let knobs = [("headers", json!("kaazing")), ("cookie_bytes", json!(bytes))];
        request::check(&params(&[&knobs, more].concat()))
    };
    for more in [&[][..], &[("conditional", json!(true)), ("keep_alive", json!(false))]] {
        let (key, problem) = with(8000, more).unwrap_err();
        assert_eq!(key, "cookie_bytes");
        let most: u64 = problem
            .split_once("0 to ")
            .and_then(|(_, rest)| rest.split_once(','))
            .unwrap()
            .0
            .parse()
            .unwrap();
        assert!((100..300).contains(&most), "{problem}");
        assert_eq!(with(most, more), Ok(()));
        assert!(with(most + 1, more).is_err());
    }
}
