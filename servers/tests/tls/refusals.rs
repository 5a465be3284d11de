//! Whoever does not speak TLS, or not the right one, harms nobody but itself.

use std::time::Duration;

use rustls::RootCertStore;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::Instant;

use super::raw::answer::get;
use super::raw::follow::{Event, Follower};
use super::raw::secure::Pair;
use super::raw::served::{Setup, envelope, payloads};
use super::raw::{Raw, tcp, within};
use super::{all, secure};

/// A ClientHello of TLS 1.2, without the extension that offers a later one.
const HELLO_OF_TLS_1_2: &[u8] = &[
    22, 3, 1, 0, 65, 1, 0, 0, 61, 3, 3, // record, handshake, version
    7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, // random
    7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, //
    0, 0, 2, 0xc0, 0x2b, 1, 0, // no session, ECDHE-ECDSA-AES128-GCM, no compression
    0, 18, 0, 10, 0, 4, 0, 2, 0, 0x1d, 0, 13, 0, 6, 0, 4, 4, 3, 8, 4, // x25519, signatures
];

#[tokio::test]
async fn a_client_of_tls_1_2_is_refused_with_an_alert() {
    let served = secure().serve();
    for addr in [served.http, served.tcp] {
        let mut client = Raw::connect(addr).await;
        client.send(HELLO_OF_TLS_1_2).await;
        // Fatal, protocol_version (RFC 8446 section 6.2).
        assert_eq!(client.rest().await, [21, 3, 3, 0, 2, 2, 70]);
    }
}

#[tokio::test]
async fn a_plain_client_is_closed_and_counted_and_others_are_served() {
    let served = secure().serve();
    let mut followers = Vec::new();
    for transport in all() {
        followers.push((transport, Follower::from_now(&served, transport).await));
    }
    let mut silent = Raw::connect(served.http).await;
    for (addr, failed) in [(served.http, 1), (served.tcp, 2)] {
        let mut plain = Raw::connect(addr).await;
        plain.send(get("/healthz")).await;
        let answer = plain.rest().await;
        assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
        within("the failure is counted", async {
            while served.metric("feedlab_tls_handshake_errors_total").await != failed {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
    served.publish(&payloads(1..=1)).await;
    for (transport, follower) in &mut followers {
        assert_eq!(follower.next().await, Event::Update(1, envelope(1)), "{transport}");
    }
    drop(followers);
    // Someone in the middle of a handshake does not hold up the stop.
    served.begin_stop();
    assert!(silent.rest().await.is_empty());
    served.stopped().await;
}

#[tokio::test(start_paused = true)]
async fn a_handshake_that_never_comes_or_never_ends_is_given_up() {
    let pair = Pair::new();
    let (server, _) = Setup::default().server_with(Some(pair.tls(true)));
    for begun in [&b""[..], &HELLO_OF_TLS_1_2[..20]] {
        let (theirs, mut ours) = tokio::io::duplex(1 << 16);
        server.http(servers::Stream::Other(Box::new(theirs)));
        ours.write_all(begun).await.unwrap();
        let began = Instant::now();
        assert_eq!(ours.read_to_end(&mut Vec::new()).await.unwrap(), 0);
        assert!(began.elapsed() < Duration::from_secs(60));
    }
    let (theirs, mut control) = super::raw::served::pipe(1 << 16);
    server.control(theirs);
    let page = control.ask(get("/metrics")).await.body;
    assert!(page.contains("\nfeedlab_tls_handshake_errors_total 2\n"), "{page}");
}

#[tokio::test]
async fn a_client_of_tls_at_a_plain_port_is_told_in_plain_words_or_not_at_all() {
    let served = Setup::default().serve();
    let trust = Pair::new().trust();
    let refused = trust.connect(tcp(served.http, false).await);
    assert!(within("hyper answers 400", refused).await.is_err());
    // The floor listens to nobody: its first bytes are an update.
    let stream = tcp(served.tcp, false).await;
    served.until_clients("tcp", 1).await;
    served.publish(&payloads(1..=1)).await;
    assert!(within("an update is no record", trust.connect(stream)).await.is_err());
}

#[tokio::test]
async fn a_client_that_does_not_trust_the_certificate_is_counted() {
    let served = secure().serve();
    let mut stranger = Pair::new().trust();
    let known = served.trust.clone().unwrap();
    for failed in [1, 2] {
        assert!(stranger.connect(tcp(served.http, false).await).await.is_err());
        within("the failure is counted", async {
            while served.metric("feedlab_tls_handshake_errors_total").await != failed {
                tokio::task::yield_now().await;
            }
        })
        .await;
        // And with no trust in anybody.
        stranger.config = rustls::ClientConfig::builder_with_provider(
            rustls::crypto::ring::default_provider().into(),
        )
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    }
    assert!(known.connect(tcp(served.http, false).await).await.is_ok());
}

#[tokio::test]
async fn http_1_1_is_agreed_if_offered_and_h2_alone_is_refused() {
    let served = secure().serve();
    for (offered, agreed) in [
        (&[&b"h2"[..], b"http/1.1"][..], Ok(Some(b"http/1.1".to_vec()))),
        (&[], Ok(None)),
        (&[b"h2"], Err(())),
    ] {
        let mut trust = served.trust.clone().unwrap();
        trust.config.alpn_protocols = offered.iter().map(|name| name.to_vec()).collect();
        let connected = trust.connect(tcp(served.http, false).await).await;
        let found = connected.map(|stream| stream.get_ref().1.alpn_protocol().map(<[u8]>::to_vec));
        assert_eq!(found.map_err(drop), agreed);
    }
}
