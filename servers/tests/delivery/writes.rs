//! How many writes a push transport makes, seen from the server's end of the connection.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use servers::{Feed, Serve, Stream};

use super::all;
use super::raw::answer::get;
use super::raw::recorder::{self, Writes};
use super::raw::served::{Setup, envelope, payloads};
use super::raw::{Raw, frame::UPGRADE};

/// A client of a server that does not coalesce, or does; it has seen all that comes before the first
/// update.
async fn recorded(transport: &str, coalesce: bool) -> (Raw, Feed, Writes) {
    let (server, feed) = Setup { coalesce, ..Setup::default() }.server();
    let (recorder, ours, writes) = recorder::pipe();
    let stream = Stream::Other(Box::new(recorder));
    let mut client = Raw::new(ours);
    match servers::find(transport).unwrap().serve {
        Serve::Socket(_) => server.socket(stream),
        Serve::Http(_) => {
            server.http(stream);
            let lines = if transport == "websocket" { UPGRADE } else { "" };
            client.send(super::raw::answer::get_with(&format!("/{transport}"), lines)).await;
            client.head().await;
            if transport == "websocket" {
                assert_eq!(client.text().await, "{\"cursor\":\"k3f9:0\"}");
            }
        }
    }
    // Until the server has nothing to do but to wait for an update.
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    writes.lock().unwrap().clear();
    (client, feed, writes)
}

fn publish(feed: &Feed, range: std::ops::RangeInclusive<u64>) {
    let body = payloads(range).join("\n");
    feed.publish(servers::feed::Payload::lines(body.as_bytes()).unwrap());
}

/// The writes that carry five updates which were published together, each as the seqs that it holds.
async fn writes(transport: &str, coalesce: bool) -> Vec<Vec<u64>> {
    let (mut client, feed, writes) = recorded(transport, coalesce).await;
    publish(&feed, 1..=5);
    client.take_until(envelope(5).as_bytes()).await.unwrap();
    let writes = writes.lock().unwrap();
    let seqs = |write: &Vec<u8>| (1..=5).filter(|seq| has(write, *seq)).collect();
    writes.iter().map(seqs).collect()
}

fn has(write: &[u8], seq: u64) -> bool {
    String::from_utf8_lossy(write).contains(&envelope(seq))
}

fn push() -> impl Iterator<Item = &'static str> {
    all().filter(|name| !name.ends_with("-poll"))
}

#[tokio::test]
async fn what_is_ready_together_goes_out_in_one_write() {
    for transport in push() {
        assert_eq!(writes(transport, true).await, [[1, 2, 3, 4, 5]], "{transport}");
    }
}

#[tokio::test]
async fn without_coalescing_each_update_has_a_write_of_its_own() {
    for transport in push() {
        assert_eq!(writes(transport, false).await, [[1], [2], [3], [4], [5]], "{transport}");
    }
}

#[tokio::test]
async fn the_floor_sends_the_length_in_a_write_of_its_own_where_it_is_told_to() {
    for (coalesce, writes_of_two) in [(true, 1), (false, 2)] {
        let (server, feed) =
            Setup { coalesce, tcp_writes: 2, only: Some("tcp"), ..Setup::default() }.server();
        let (recorder, ours, writes) = recorder::pipe();
        server.socket(Stream::Other(Box::new(recorder)));
        let mut client = Raw::new(ours);
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        publish(&feed, 1..=2);
        client.take_until(envelope(2).as_bytes()).await.unwrap();
        let writes = writes.lock().unwrap();
        let length = (envelope(1).len() as u32).to_be_bytes();
        assert_eq!(writes.len(), 2 * writes_of_two, "{writes:?}");
        assert_eq!(writes[0], length);
        assert!(writes[1].starts_with(envelope(1).as_bytes()));
    }
}

/// Waking itself for each update would put every other task between two of them.
#[tokio::test]
async fn without_coalescing_what_is_ready_goes_out_in_one_turn_of_its_task() {
    for transport in push() {
        let (_client, feed, writes) = recorded(transport, false).await;
        publish(&feed, 1..=60);
        // Another task, which stands in the same queue as the server's.
        let neighbour = tokio::spawn({
            let writes = Arc::clone(&writes);
            poll_fn(move |cx| {
                cx.waker().wake_by_ref();
                let count = writes.lock().unwrap().len();
                if count > 0 { Poll::Ready(count) } else { Poll::Pending }
            })
        });
        assert_eq!(neighbour.await.unwrap(), 60, "{transport}");
        let writes = writes.lock().unwrap();
        let first = |seq| writes.iter().position(|write| has(write, seq));
        assert_eq!(first(60), Some(59), "{transport}");
    }
}

#[tokio::test]
async fn without_coalescing_sse_sends_one_chunk_per_update() {
    let served = Setup { coalesce: false, ..Setup::default() }.serve();
    let mut client = served.connect().await;
    client.send(get("/sse")).await;
    client.head().await;
    served.publish(&payloads(1..=300)).await;
    for seq in 1..=300 {
        let event = format!("id: k3f9:{seq}\ndata: {}\n\n", envelope(seq));
        assert_eq!(client.chunk().await, Some(event));
    }
}

#[tokio::test]
async fn without_coalescing_order_holds_on_every_transport() {
    let served = Setup { coalesce: false, ..Setup::default() }.serve();
    let mut followers = Vec::new();
    for transport in all() {
        followers.push((transport, super::Follower::from_now(&served, transport).await));
    }
    served.publish(&payloads(1..=300)).await;
    served.publish(&payloads(301..=310)).await;
    for (transport, follower) in &mut followers {
        assert_eq!(follower.updates(310).await, super::envelopes(1..=310), "{transport}");
    }
}
