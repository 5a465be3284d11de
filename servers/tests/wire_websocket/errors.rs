//! A protocol error is answered with a close frame that says which, and with nothing after it.

use super::open;
use super::raw::answer::get;
use super::raw::frame::{BINARY, CLOSE, PING, TEXT, frame, head};
use super::raw::served::Setup;

/// A frame whose mask is announced, but which ends where its payload should begin.
fn announced(first: u8, length: u64) -> Vec<u8> {
    [head(first, 0x80, length), vec![0; 4]].concat()
}

fn several(frames: &[Vec<u8>]) -> Vec<u8> {
    frames.concat()
}

#[tokio::test]
async fn each_error_has_its_code() {
    let served = Setup { allow_publish: true, ..Setup::default() }.serve();
    let long = "x".repeat(65_536);
    let (more, last) = (0x00, 0x80);
    for (what, sent, code) in [
        ("an unmasked frame", [head(TEXT, 0, 2), b"{}".to_vec()].concat(), 1002),
        ("an unmasked ping", head(PING, 0, 0), 1002),
        ("RSV1 without an extension", frame(0xc1, "{}"), 1002),
        ("RSV2", frame(0xa1, "{}"), 1002),
        ("RSV3 on a ping", frame(0x99, ""), 1002),
        ("the reserved opcode 3", frame(0x83, "{}"), 1002),
        ("the reserved opcode 11", frame(0x8b, ""), 1002),
        ("a ping of 126 bytes", frame(PING, [0; 126]), 1002),
        ("a close of 126 bytes", frame(CLOSE, [3; 126]), 1002),
        ("a ping in fragments", frame(0x09, "x"), 1002),
        ("a close in fragments", frame(0x08, ""), 1002),
        ("a continuation of nothing", frame(last, "x"), 1002),
        ("a continuation of nothing, to be continued", frame(more, "x"), 1002),
        ("a text inside a text", several(&[frame(0x01, "{"), frame(TEXT, "}")]), 1002),
        ("binary inside a text", several(&[frame(0x01, "{"), frame(BINARY, "}")]), 1002),
        ("a close of one byte", frame(CLOSE, "x"), 1002),
        ("a text that is not UTF-8", frame(TEXT, b"\"\xff\""), 1007),
        ("a surrogate", frame(TEXT, b"\"\xed\xa0\x80\""), 1007),
        ("an overlong form", frame(TEXT, b"\"\xc0\xaf\""), 1007),
        ("a text that ends inside a letter", frame(TEXT, b"\"\xe2\x82"), 1007),
        (
            "fragments that are not UTF-8 together",
            several(&[frame(0x01, b"\"\xe2"), frame(last, b"\x28\"")]),
            1007,
        ),
        (
            "a reason that is not UTF-8",
            frame(CLOSE, [&1000_u16.to_be_bytes()[..], b"\xff"].concat()),
            1007,
        ),
        ("a frame of more than 64 KiB", frame(TEXT, format!("\"{long}\"")), 1009),
        ("one byte more than 64 KiB, only announced", announced(TEXT, 65_537), 1009),
        ("binary of more than 64 KiB", announced(BINARY, 1 << 20), 1009),
        ("2^63 bytes", announced(TEXT, 1 << 63), 1009),
        ("2^64 - 1 bytes", announced(TEXT, u64::MAX), 1009),
        (
            "fragments of more than 64 KiB",
            several(&[frame(0x01, &long[..40_000]), frame(more, &long[..40_000])]),
            1009,
        ),
        ("a payload that is not JSON", frame(TEXT, "{"), 1007),
        ("a payload on two lines", frame(TEXT, "{\n}"), 1007),
        ("an empty payload", frame(TEXT, ""), 1007),
        ("a payload in binary", frame(BINARY, "{}"), 1003),
    ] {
        let mut client = open(&served, "").await;
        client.send_some(&sent).await;
        assert_eq!(client.closed().await, Some(code), "{what}");
        assert_eq!(served.feed.head(), 0, "{what}");
    }
    served.until_clients("websocket", 0).await;
}

#[tokio::test]
async fn a_flood_of_fragments_is_cut_short() {
    let served = Setup { allow_publish: true, ..Setup::default() }.serve();
    for fragment in ["", "x"] {
        let mut client = open(&served, "").await;
        let flood: Vec<u8> = frame(0x00, fragment).repeat(100_000);
        client.send_some(&[&frame(0x01, "\"")[..], &flood].concat()).await;
        assert!(matches!(client.closed().await, Some(1008 | 1009)), "{fragment:?}");
    }
}

#[tokio::test]
async fn what_a_client_says_is_1008_where_publishing_is_not_allowed() {
    let served = Setup::default().serve();
    for sent in [
        frame(TEXT, "{\"n\":1}"),
        frame(TEXT, "not even JSON"),
        frame(TEXT, ""),
        frame(BINARY, "{}"),
        several(&[frame(0x01, "{"), frame(0x80, "}")]),
        frame(TEXT, "x".repeat(65_536)),
    ] {
        let mut client = open(&served, "").await;
        client.send(&sent).await;
        assert_eq!(client.closed().await, Some(1008), "{:?}", &sent[..2]);
    }
    assert_eq!(served.feed.head(), 0);
}

#[tokio::test]
async fn what_a_client_says_is_published_where_that_is_allowed() {
    let served = Setup { allow_publish: true, ..Setup::default() }.serve();
    let mut client = open(&served, "").await;
    let letter = "é".as_bytes();
    for (sent, data) in [
        (frame(TEXT, "{\"n\":1}"), "{\"n\":1}".to_owned()),
        (
            several(&[frame(0x01, "{\"n\""), frame(0x00, ":"), frame(0x80, "2}")]),
            "{\"n\":2}".to_owned(),
        ),
        // A letter may be cut in two, and a ping may come in between.
        (
            several(&[
                frame(0x01, [b"\"", &letter[..1]].concat()),
                frame(0x8a, "a pong"),
                frame(0x80, [&letter[1..], b"\""].concat()),
            ]),
            "\"é\"".to_owned(),
        ),
        (frame(TEXT, format!("\"{}\"", "x".repeat(65_534))), format!("\"{}\"", "x".repeat(65_534))),
    ] {
        client.send(&sent).await;
        let seq = served_seq(&client.text().await, &data);
        assert_eq!(seq, served.feed.head());
    }
    // To everyone, whatever the transport.
    let page = served.connect().await.ask(get("/short-poll?after=k3f9:2&limit=1")).await;
    assert_eq!(page.body, "{\"cursor\":\"k3f9:3\",\"updates\":[{\"seq\":3,\"data\":\"é\"}]}");
}

/// The seq of an envelope that must carry `data`.
fn served_seq(envelope: &str, data: &str) -> u64 {
    let rest = envelope.strip_prefix("{\"seq\":").unwrap();
    let (seq, rest) = rest.split_once(",\"data\":").unwrap();
    assert_eq!(rest.strip_suffix('}'), Some(data));
    seq.parse().unwrap()
}

#[tokio::test]
async fn frames_may_come_byte_by_byte() {
    let served = Setup { allow_publish: true, ..Setup::default() }.serve();
    let mut client = open(&served, "").await;
    for byte in several(&[frame(PING, "p"), frame(TEXT, format!("\"{}\"", "x".repeat(200)))]) {
        client.send([byte]).await;
        tokio::task::yield_now().await;
    }
    assert_eq!(client.frame().await, Some((0x8a, "p".into())));
    assert!(client.text().await.starts_with("{\"seq\":1,"));
}
