//! The closing handshake, and clients that leave without it.

use super::open;
use super::raw::frame::{CLOSE, PING, TEXT, close, frame, head};
use super::raw::served::{Setup, payloads};

#[tokio::test]
async fn a_close_is_echoed_and_the_connection_closed() {
    let served = Setup::default().serve();
    for (sent, code) in [
        (frame(CLOSE, ""), None),
        (close(1000), Some(1000)),
        (close(1001), Some(1001)),
        (close(1011), Some(1011)),
        (close(3000), Some(3000)),
        (close(4999), Some(4999)),
        (frame(CLOSE, [&1000_u16.to_be_bytes()[..], "bye é".as_bytes()].concat()), Some(1000)),
    ] {
        let mut client = open(&served, "").await;
        client.send(&sent).await;
        // The client keeps its side open: it is the server that closes first (RFC 6455 section 7.1.1).
        let answered = client.closed().await;
        // A close without a code may be answered with one.
        assert!(answered == code || (code.is_none() && answered == Some(1000)), "{sent:?}");
    }
    served.until_clients("websocket", 0).await;
}

#[tokio::test]
async fn codes_that_must_not_be_sent_are_answered_with_1002() {
    let served = Setup::default().serve();
    for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535] {
        let mut client = open(&served, "").await;
        client.send(close(code)).await;
        assert_eq!(client.closed().await, Some(1002), "{code}");
    }
}

#[tokio::test]
async fn nothing_after_a_close_is_listened_to() {
    let served = Setup { allow_publish: true, ..Setup::default() }.serve();
    let mut client = open(&served, "").await;
    let sent = [close(1000), frame(TEXT, "{}"), frame(PING, "x"), b"\xff\xff\xff".to_vec()];
    client.send(sent.concat()).await;
    assert_eq!(client.closed().await, Some(1000));
    assert_eq!(served.feed.head(), 0);
}

#[tokio::test]
async fn a_client_that_leaves_without_a_close_leaves_nothing_behind() {
    let served = Setup::default().serve();
    let truncated = frame(TEXT, "{\"n\":1}");
    for sent in [
        Vec::new(),
        head(PING, 0x80, 0),
        truncated[..1].to_vec(),
        truncated[..truncated.len() - 1].to_vec(),
        frame(0x01, "a fragment"),
    ] {
        // With its side closed, and with everything closed at once.
        for finish in [true, false] {
            let mut client = open(&served, "").await;
            client.send(&sent).await;
            if finish {
                client.finish().await;
                client.rest().await;
            }
            drop(client);
            served.until_clients("websocket", 0).await;
        }
    }
    assert_eq!(served.publish(&payloads(1..=1)).await, "k3f9:1");
}

#[tokio::test]
async fn an_error_in_the_middle_of_a_stream_closes_between_two_frames() {
    let served = Setup::default().serve();
    served.publish(&payloads(1..=2000)).await;
    let mut client = open(&served, "?after=0").await;
    client.send(frame(0x83, "")).await;
    // Whole updates, then the close: a frame in the middle of another would not parse.
    let mut updates = 0;
    let last = loop {
        match client.frame().await.unwrap() {
            (TEXT, _) => updates += 1,
            other => break other,
        }
    };
    assert!(updates <= 2000);
    assert_eq!((last.0, &last.1[..2]), (CLOSE, &1002_u16.to_be_bytes()[..]));
    assert!(client.rest().await.is_empty());
}
