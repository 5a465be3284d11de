//! Our server behind a proxy that breaks one sentence of the protocol.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;

use harness::conform::{Standing, Subject, Verdict, check, rules_of};
use scenarios::Target;

use super::server::Server;

/// Listens and changes what the server says; each read of it is one write of ours.
fn proxy(server: &Server, change: fn(Vec<u8>) -> Vec<u8>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, upstream) = (listener.local_addr().unwrap(), server.address.clone());
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let server = TcpStream::connect(&upstream).unwrap();
            let (from, to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
            thread::spawn(move || pass(from, to, |bytes| bytes));
            thread::spawn(move || pass(server, client, change));
        }
    });
    format!("http://{address}")
}

fn pass(mut from: TcpStream, mut to: TcpStream, change: fn(Vec<u8>) -> Vec<u8>) {
    let mut bytes = [0; 16 << 10];
    while let Ok(count @ 1..) = from.read(&mut bytes) {
        if to.write_all(&change(bytes[..count].to_vec())).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}

/// Every `from` as `to`, which is as long.
fn replaced(mut bytes: Vec<u8>, from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    while let Some(at) = bytes.windows(from.len()).position(|part| part == from.as_bytes()) {
        bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
    }
    bytes
}

/// The updates of one write lose one of their numbers: 8 becomes 9.
fn with_a_hole(mut bytes: Vec<u8>) -> Vec<u8> {
    let name = b"\"seq\":";
    if let Some(at) = bytes.windows(name.len()).position(|part| part == name) {
        let digit = &mut bytes[at + name.len()];
        *digit = if *digit == b'9' { b'1' } else { *digit + 1 };
    }
    bytes
}

/// The frame that says where delivery begins is swallowed.
fn without_first_frame(mut bytes: Vec<u8>) -> Vec<u8> {
    let start = b"{\"cursor\":";
    if let Some(at) = bytes.windows(start.len()).position(|part| part == start)
        && at >= 2
        && bytes[at - 2] == 0x81
    {
        let length = usize::from(bytes[at - 1]);
        bytes.drain(at - 2..at + length);
    }
    bytes
}

/// What conform makes of a part behind the proxy, while updates go to the server itself.
fn verdict(part: &'static str, change: fn(Vec<u8>) -> Vec<u8>) -> Verdict {
    let server = Server::ours(&["--allow-publish", "--history", "1005"]);
    let publish = format!("{}/publish", server.url);
    let target = Target::parse(&proxy(&server, change), None, Some(&publish), None).unwrap();
    check(&Subject::reach(&target).unwrap(), part, false)
}

/// These rules of a part are broken, and no other.
fn breaks(part: &'static str, rules: &[&str], change: fn(Vec<u8>) -> Vec<u8>) {
    let verdict = verdict(part, change);
    assert_eq!(verdict.standing, Standing::DoesNotConform, "{verdict:#?}");
    let broken: Vec<&str> = (verdict.rules.iter())
        .filter(|finding| finding.outcome == "broken")
        .map(|finding| finding.rule)
        .collect();
    assert_eq!(broken, rules, "{verdict:#?}");
    assert!(verdict.rules.iter().all(|f| f.outcome != "broken" || f.seen.is_some()));
}

#[test]
fn behind_a_proxy_that_changes_nothing_all_is_kept() {
    for part in ["short-poll", "sse", "websocket"] {
        assert_eq!(verdict(part, |bytes| bytes).standing, Standing::Conforms, "{part}");
    }
}

#[test]
fn a_hole_in_the_sequence_is_seen_where_updates_are_read() {
    let verdict = verdict("sse", with_a_hole);
    let id = verdict.rules.iter().find(|finding| finding.rule == "id").unwrap();
    assert_eq!(id.outcome, "broken");
    assert!(id.seen.as_ref().unwrap().contains("follows"), "{id:?}");
}

#[test]
fn polls_without_an_etag_break_that_rule_alone() {
    breaks("short-poll", &["ETag"], |bytes| replaced(bytes, "\r\netag: ", "\r\nxtag: "));
}

#[test]
fn polls_without_a_content_length_break_that_rule() {
    let verdict = verdict("short-poll", |bytes| {
        replaced(bytes, "\r\ncontent-length: ", "\r\nxontent-length: ")
    });
    let length = verdict.rules.iter().find(|finding| finding.rule == "Content-Length").unwrap();
    assert_eq!((length.outcome, length.seen.as_deref()), ("broken", Some("no Content-Length")));
}

#[test]
fn events_without_an_id_break_that_rule_and_gaps_that_say_no_cursor() {
    breaks("sse", &["id", "gap epoch", "gap future"], |bytes| replaced(bytes, "id: ", "ix: "));
}

#[test]
fn a_websocket_without_the_first_cursor_frame_breaks_that_rule() {
    let verdict = verdict("websocket", without_first_frame);
    let first = verdict.rules.iter().find(|finding| finding.rule == "first frame").unwrap();
    assert_eq!(first.outcome, "broken", "{verdict:#?}");
}

#[test]
fn a_cursor_that_cannot_be_read_and_is_no_400_breaks_that_rule() {
    for part in ["sse", "websocket"] {
        breaks(part, &["cursor 400"], |bytes| {
            replaced(bytes, "HTTP/1.1 400 Bad Request", "HTTP/1.1 200 It is so ok")
        });
    }
}

#[test]
fn a_gap_that_is_not_said_breaks_the_rules_of_gaps() {
    breaks("short-poll", &["gap epoch", "gap future", "gap evicted"], |bytes| {
        replaced(bytes, "\"gap\":", "\"map\":")
    });
}

#[test]
fn a_server_that_says_nothing_fails_the_rule_instead_of_hanging() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let subject = Subject::reach(&Target::parse(&url, None, None, None).unwrap()).unwrap();
    let healthz = rules_of("health").next().unwrap();
    let seen = (healthz.check)(&subject, "health").unwrap_err();
    assert!(format!("{seen:?}").contains("did not come in 10 s"), "{seen:?}");
}
