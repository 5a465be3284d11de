//! How many records carry what, counted in the bytes that the server's end of the connection
//! writes.

use servers::{Feed, Serve, Stream};

use super::raw::Raw;
use super::raw::answer::{get, get_with};
use super::raw::frame::UPGRADE;
use super::raw::recorder::{self, Writes};
use super::raw::secure::Pair;
use super::raw::served::{Setup, envelope, payloads};
use super::{all, secure};

/// A client of a server with TLS, behind the handshake.
async fn recorded(setup: Setup, transport: &str) -> (Raw, Feed, Writes) {
    let pair = Pair::new();
    let (server, feed) = setup.server_with(Some(pair.tls(true)));
    let (recorder, ours, writes) = recorder::pipe();
    let stream = Stream::Other(Box::new(recorder));
    match servers::find(transport).unwrap().serve {
        Serve::Socket(_) => server.socket(stream),
        Serve::Http(_) => server.http(stream),
    }
    let client = Raw::new(pair.trust().connect(ours).await.unwrap());
    (client, feed, writes)
}

/// Lengths of the plaintexts in the records that a pipe has seen, write by write. In TLS 1.3 every
/// record behind the handshake claims to be application data, and has a byte for its true type and
/// 16 for the tag (RFC 8446 section 5.2).
fn plaintexts(writes: &Writes) -> Vec<Vec<usize>> {
    let write = |write: &Vec<u8>| {
        let (mut rest, mut lengths) = (&write[..], Vec::new());
        while let [kind, 3, 3, high, low, ..] = *rest {
            let length = usize::from(u16::from_be_bytes([high, low]));
            assert_eq!(kind, 23);
            lengths.push(length - 17);
            rest = &rest[5 + length..];
        }
        assert!(rest.is_empty(), "a record was cut in two writes");
        lengths
    };
    writes.lock().unwrap().drain(..).map(|bytes| write(&bytes)).collect()
}

/// Until the server has nothing to do but to wait.
async fn settle() {
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
}

fn publish(feed: &Feed, range: std::ops::RangeInclusive<u64>) {
    let body = payloads(range).join("\n");
    feed.publish(servers::feed::Payload::lines(body.as_bytes()).unwrap());
}

/// A client of a push transport that has seen all that comes before the first update.
async fn follower(transport: &str, coalesce: bool) -> (Raw, Feed, Writes) {
    let (mut client, feed, writes) = recorded(Setup { coalesce, ..secure() }, transport).await;
    if transport != "tcp" {
        let lines = if transport == "websocket" { UPGRADE } else { "" };
        client.send(get_with(&format!("/{transport}"), lines)).await;
        client.head().await;
        if transport == "websocket" {
            assert_eq!(client.text().await, "{\"cursor\":\"k3f9:0\"}");
        }
    }
    settle().await;
    writes.lock().unwrap().clear();
    (client, feed, writes)
}

#[tokio::test]
async fn head_and_body_of_an_answer_are_one_record_up_to_what_a_record_holds() {
    let (mut client, feed, writes) = recorded(secure(), "short-poll").await;
    settle().await;
    writes.lock().unwrap().clear();
    // Small enough to be gathered, too large for that, and nearly as large as a record may be.
    for updates in [1, 100, 500] {
        let before = feed.head();
        publish(&feed, before + 1..=before + updates);
        client.send(get(&format!("/short-poll?after=k3f9:{before}"))).await;
        let head = client.take_until(b"\r\n\r\n").await.unwrap();
        let body = client.take_until(b"]}").await.unwrap();
        assert_eq!(plaintexts(&writes), [[head.len() + body.len()]], "{updates} updates");
    }
    client.send(get(&format!("/short-poll?after=k3f9:{}", feed.head()))).await;
    let head = client.take_until(b"\r\n\r\n").await.unwrap();
    assert_eq!(plaintexts(&writes), [[head.len()]], "204");
}

#[tokio::test]
async fn what_is_ready_together_goes_out_in_one_record() {
    for transport in all().filter(|name| !name.ends_with("-poll")) {
        for updates in [1, 5, 100] {
            let (mut client, feed, writes) = follower(transport, true).await;
            publish(&feed, 1..=updates);
            client.take_until(envelope(updates).as_bytes()).await.unwrap();
            settle().await;
            let records = plaintexts(&writes);
            assert_eq!(records.concat().len(), 1, "{transport}: {records:?}");
        }
    }
}

#[tokio::test]
async fn without_coalescing_each_update_has_a_record_and_a_write_of_its_own() {
    for transport in all().filter(|name| !name.ends_with("-poll")) {
        let (mut client, feed, writes) = follower(transport, false).await;
        publish(&feed, 1..=5);
        client.take_until(envelope(5).as_bytes()).await.unwrap();
        settle().await;
        let records = plaintexts(&writes);
        assert!(records.iter().all(|write| write.len() == 1), "{transport}: {records:?}");
        assert_eq!(records.len(), 5, "{transport}: {records:?}");
    }
}

#[tokio::test]
async fn a_session_that_may_be_resumed_costs_one_ticket_and_else_none() {
    for resumption in [true, false] {
        let pair = Pair::new();
        let (server, _) = Setup::default().server_with(Some(pair.tls(resumption)));
        let (recorder, ours, writes) = recorder::pipe();
        server.socket(Stream::Other(Box::new(recorder)));
        let _client = pair.trust().connect(ours).await.unwrap();
        // The client has said the last word of the handshake, and the server has not read it yet.
        writes.lock().unwrap().clear();
        settle().await;
        assert_eq!(plaintexts(&writes).concat().len(), usize::from(resumption));
    }
}
