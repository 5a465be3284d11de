//! A client that does not read, so that the server cannot write, is listened to all the same.

use std::time::Duration;

use servers::Feed;
use servers::feed::Payload;

use super::raw::Raw;
use super::raw::frame::{CLOSE, PING, PONG, TEXT, close, frame};
use super::raw::served::{Served, Setup, at, pipe};

/// More than what the kernels on both sides take for a client that does not read.
const LETTERS: usize = 1 << 20;

/// No heartbeat gets in the way, nor does one find out in the place of what is tested.
fn serve() -> Served {
    Setup { heartbeat: "1h", allow_publish: true, ..Setup::default() }.serve()
}

/// A client in front of which an update has got stuck.
async fn blocked(served: &Served) -> Raw {
    let mut client = Raw::connect_narrow(served.http).await;
    client.upgrade("/websocket").await;
    client.text().await;
    let update = format!("\"{}\"", "x".repeat(LETTERS));
    assert_eq!(served.publish(&[update]).await, at(1));
    // Counted in the turn in which the server writes until it cannot.
    while served.metric("feedlab_delivered_total{transport=\"websocket\"}").await == 0 {
        tokio::task::yield_now().await;
    }
    client
}

/// The update that was stuck, whole.
async fn take_stuck(client: &mut Raw) {
    assert!(client.text().await.ends_with("xxx\"}"));
}

#[tokio::test]
async fn its_close_ends_the_session_although_the_answer_cannot_be_sent() {
    let served = serve();
    let mut client = blocked(&served).await;
    client.send(close(1000)).await;
    served.until_clients("websocket", 0).await;
}

#[tokio::test]
async fn its_leaving_ends_the_session() {
    let served = serve();
    let mut client = blocked(&served).await;
    client.finish().await;
    served.until_clients("websocket", 0).await;
}

#[tokio::test]
async fn its_protocol_error_ends_the_session() {
    let served = serve();
    let mut client = blocked(&served).await;
    client.send(frame(0x83, "")).await;
    served.until_clients("websocket", 0).await;
}

#[tokio::test]
async fn its_good_bye_is_answered_after_the_update_that_was_begun() {
    let served = serve();
    let mut client = blocked(&served).await;
    client.send(close(1000)).await;
    take_stuck(&mut client).await;
    assert_eq!(client.closed().await, Some(1000));

    let mut client = blocked_again(&served).await;
    client.send(frame(0x83, "")).await;
    take_stuck(&mut client).await;
    assert_eq!(client.closed().await, Some(1002));
}

/// Another client, in front of which an old update gets stuck.
async fn blocked_again(served: &Served) -> Raw {
    let before = served.metric("feedlab_delivered_total{transport=\"websocket\"}").await;
    let mut client = Raw::connect_narrow(served.http).await;
    client.upgrade("/websocket?after=0").await;
    client.text().await;
    while served.metric("feedlab_delivered_total{transport=\"websocket\"}").await == before {
        tokio::task::yield_now().await;
    }
    client
}

/// With paused time: a client behind a pipe of 1 KiB, with an update in it.
async fn in_a_pipe() -> (Raw, Feed) {
    let (server, feed) = Setup::default().server();
    let (theirs, mut client) = pipe(1 << 10);
    server.http(theirs);
    client.upgrade("/websocket").await;
    client.text().await;
    let update = format!("\"{}\"", "x".repeat(20_000));
    feed.publish([Payload::parse(update.as_bytes()).unwrap()]);
    (client, feed)
}

#[tokio::test(start_paused = true)]
async fn a_ping_is_answered_between_the_update_that_was_begun_and_the_next() {
    let (mut client, feed) = in_a_pipe().await;
    client.send(frame(PING, "one")).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    feed.publish([Payload::parse(b"0").unwrap()]);
    take_stuck(&mut client).await;
    // RFC 6455 section 5.5.3: as soon as is practical.
    assert_eq!(client.frame().await, Some((PONG, "one".into())));
    assert_eq!(client.text().await, "{\"seq\":2,\"data\":0}");
}

#[tokio::test(start_paused = true)]
async fn one_that_takes_slowly_is_waited_for_and_gets_its_answer() {
    let (mut client, _) = in_a_pipe().await;
    client.send(close(1000)).await;
    let head = client.take(4).await.unwrap();
    assert_eq!(head[..2], [TEXT, 126]);
    for _ in 0..u16::from_be_bytes([head[2], head[3]]) / 1000 {
        tokio::time::sleep(Duration::from_millis(900)).await;
        client.take(1000).await.unwrap();
    }
    client.take_until(b"}").await.unwrap();
    assert_eq!(client.closed().await, Some(1000));
}

#[tokio::test(start_paused = true)]
async fn many_answers_that_are_stuck_are_no_sign_of_death() {
    let (mut client, feed) = in_a_pipe().await;
    // Their answers of four bytes fill the room to the last byte.
    for n in 0..2000_u16 {
        client.send(frame(PING, n.to_be_bytes())).await;
    }
    // Past the first heartbeat, for which there is no room.
    tokio::time::sleep(Duration::from_secs(20)).await;
    take_stuck(&mut client).await;
    let mut answered = None;
    for _ in 0..2 {
        loop {
            match client.frame().await.unwrap() {
                (PING, payload) => break client.send(frame(PONG, payload)).await,
                (PONG, payload) => answered = payload.first_chunk().copied(),
                other => panic!("{other:?}"),
            }
        }
    }
    assert_eq!(answered.map(u16::from_be_bytes), Some(1999), "the last ping is answered");
    feed.publish([Payload::parse(b"0").unwrap()]);
    assert_eq!(client.text().await, "{\"seq\":2,\"data\":0}");
}

#[tokio::test(start_paused = true)]
async fn a_close_frame_finds_room_behind_many_answers() {
    let (mut client, _) = in_a_pipe().await;
    for _ in 0..200 {
        client.send(frame(PING, [0; 100])).await;
    }
    client.send(frame(0x83, "")).await;
    take_stuck(&mut client).await;
    let last = loop {
        match client.frame().await.expect("a close frame") {
            (PONG, _) => {}
            other => break other,
        }
    };
    assert_eq!((last.0, &last.1[..2]), (CLOSE, &1002_u16.to_be_bytes()[..]));
    assert!(client.rest().await.is_empty());
}

/// Each side waits for the other to read: one of them has to begin.
#[tokio::test]
async fn it_may_publish_more_than_fits_into_both_directions() {
    const MESSAGES: u64 = 250;
    let served = serve();
    let mut client = Raw::connect_narrow(served.http).await;
    client.upgrade("/websocket").await;
    client.text().await;
    let payload = format!("\"{}\"", "x".repeat(60_000));
    for _ in 0..MESSAGES {
        client.send(frame(TEXT, &payload)).await;
    }
    for seq in 1..=MESSAGES {
        assert!(client.text().await.starts_with(&format!("{{\"seq\":{seq},")));
    }
    client.send(close(1000)).await;
    assert_eq!(client.closed().await, Some(1000));
}
