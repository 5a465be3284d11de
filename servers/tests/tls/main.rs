//! TLS under every transport: delivery, records, refusals, the end.

#![allow(clippy::unwrap_used)] // a test that unwraps fails with the line that is wrong

#[path = "../raw/mod.rs"]
mod raw;

mod records;
mod refusals;

use raw::Raw;
use raw::answer::get;
use raw::follow::{Event, Follower};
use raw::secure::{Pair, is_resumed};
use raw::served::{Setup, at, envelope, payloads};
use servers::BadTls;

/// A server with TLS.
fn secure() -> Setup {
    Setup { tls: true, ..Setup::default() }
}

/// The names of all transports.
fn all() -> impl Iterator<Item = &'static str> + Clone {
    servers::ALL.iter().map(|transport| transport.name)
}

fn envelopes(range: std::ops::RangeInclusive<u64>) -> Vec<String> {
    range.map(envelope).collect()
}

#[tokio::test]
async fn updates_come_in_order_without_gap_or_duplicate_on_every_transport() {
    for coalesce in [true, false] {
        let served = Setup { coalesce, ..secure() }.serve();
        let mut followers = Vec::new();
        for transport in all() {
            followers.push((transport, Follower::from_now(&served, transport).await));
        }
        let mut published = 0;
        // One at a time, a few, and more than one page or one record holds.
        for batch in [1, 1, 3, 40, 1, 3500, 1] {
            let range = published + 1..=published + batch;
            assert_eq!(served.publish(&payloads(range.clone())).await, at(published + batch));
            for (transport, follower) in &mut followers {
                assert_eq!(
                    follower.updates(batch).await,
                    envelopes(range.clone()),
                    "{transport}, coalesce {coalesce}"
                );
            }
            published += batch;
        }
    }
}

/// The socket takes a part of the records and no more until the client reads: what is left must go
/// out without another update to push it.
#[tokio::test]
async fn the_end_of_a_large_update_does_not_wait_for_the_next_one() {
    for transport in all() {
        let served = secure().serve();
        let mut follower = Follower::narrow(&served, transport).await;
        let given = format!("\"{}\"", "x".repeat(3 << 20));
        served.publish(std::slice::from_ref(&given)).await;
        let expected = format!("{{\"seq\":1,\"data\":{given}}}");
        assert!(follower.next().await == Event::Update(1, expected), "{transport}");
    }
}

/// Whoever reads on to the end without close_notify is told `UnexpectedEof`, at which `Raw` panics.
#[tokio::test]
async fn the_stop_says_close_notify() {
    let served = secure().serve();
    let mut followers = Vec::new();
    for transport in ["sse", "tcp"] {
        followers.push((transport, Follower::from_now(&served, transport).await));
    }
    let mut idle = served.connect().await;
    assert_eq!(idle.ask(get("/healthz")).await.status, 200);
    let mut websocket = served.connect().await;
    websocket.upgrade("/websocket").await;
    websocket.text().await;
    served.begin_stop();
    assert_eq!(websocket.closed().await, Some(1001));
    assert!(idle.rest().await.is_empty());
    for (transport, follower) in &mut followers {
        assert_eq!(follower.next().await, Event::Closed, "{transport}");
    }
    drop(followers);
    served.stopped().await;
}

#[tokio::test]
async fn the_control_endpoint_speaks_no_tls() {
    let served = secure().serve();
    let mut control = Raw::connect(served.control).await;
    assert_eq!(control.ask(get("/healthz")).await.body, "ok\n");
}

#[tokio::test]
async fn a_client_that_comes_back_resumes_its_session_and_is_counted() {
    for resumption in [true, false] {
        let pair = Pair::new();
        let (server, _) = Setup::default().server_with(Some(pair.tls(resumption)));
        // Its memory of sessions is in the configuration, and so is shared by both connections.
        let trust = pair.trust();
        for round in [0, 1] {
            let (theirs, ours) = tokio::io::duplex(1 << 16);
            server.http(servers::Stream::Other(Box::new(theirs)));
            let stream = trust.connect(ours).await.unwrap();
            assert_eq!(is_resumed(&stream), resumption && round == 1, "round {round}");
            // The ticket comes before the answer.
            let mut client = Raw::new(stream);
            let page = client.ask(get("/metrics")).await.body;
            let metric = |name: &str| {
                let line = page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
                line.unwrap().parse::<u64>().unwrap()
            };
            assert_eq!(metric("feedlab_tls_handshakes_total"), round + 1);
            assert_eq!(metric("feedlab_tls_resumed_total"), u64::from(resumption) * round);
            assert_eq!(metric("feedlab_tls_handshake_errors_total"), 0);
        }
    }
}

#[test]
fn a_certificate_or_a_key_that_cannot_be_used_is_named_with_what_is_wrong() {
    let (one, other) = (Pair::new(), Pair::new());
    let new = |certificate: &str, key: &str| {
        servers::Tls::new(certificate.as_bytes(), key.as_bytes(), true).err()
    };
    assert_eq!(new(&one.certificate, &one.key), None);
    assert_eq!(new(&one.certificate, &other.key), Some(BadTls::Mismatch));
    // Both in one file, as some tools write them.
    let both = format!("{}{}", one.certificate, one.key);
    assert_eq!(new(&both, &both), None);
    for (certificate, words) in
        [("", "is not PEM"), ("not at all", "is not PEM"), (&one.key, "holds no certificate")]
    {
        let Some(BadTls::Certificate(problem)) = new(certificate, &one.key) else { panic!() };
        assert!(problem.starts_with(words), "{problem}");
    }
    for (key, words) in [("{}", "is not PEM"), (&one.certificate, "holds no private key")] {
        let Some(BadTls::Key(problem)) = new(&one.certificate, key) else { panic!() };
        assert!(problem.starts_with(words), "{problem}");
    }
    let cut = &one.certificate[..one.certificate.len() / 2];
    assert!(matches!(new(cut, &one.key), Some(BadTls::Certificate(_))));
    let spoiled = one.certificate.replacen('M', "A", 8);
    assert!(matches!(new(&spoiled, &one.key), Some(BadTls::Certificate(_))));
}
