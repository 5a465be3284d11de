//! A feed of which only the newest value matters.

use super::raw::answer::get;
use super::raw::follow::{Event, Follower};
use super::raw::served::{Setup, at, envelope, payloads};
use super::{all, with_cursor};

fn setup() -> Setup {
    Setup { latest_value: true, ..Setup::default() }
}

#[tokio::test]
async fn whoever_finds_several_updates_ready_is_sent_the_newest_and_no_gap() {
    for coalesce in [true, false] {
        let served = Setup { coalesce, ..setup() }.serve();
        let mut followers = Vec::new();
        for transport in all() {
            followers.push((transport, Follower::from_now(&served, transport).await));
        }
        let mut head = 0;
        for together in [5, 1, 3000, 2] {
            head += together;
            served.publish(&payloads(head - together + 1..=head)).await;
            for (transport, follower) in &mut followers {
                assert_eq!(follower.updates(1).await, [envelope(head)], "{transport}");
            }
        }
    }
}

#[tokio::test]
async fn one_update_at_a_time_is_delivered_as_in_any_feed() {
    for transport in all() {
        let served = setup().serve();
        let mut follower = Follower::from_now(&served, transport).await;
        for seq in 1..=20 {
            served.publish(&payloads(seq..=seq)).await;
            assert_eq!(follower.updates(1).await, [envelope(seq)], "{transport}");
        }
    }
}

#[tokio::test]
async fn a_cursor_that_the_ring_has_overtaken_has_lost_nothing_that_matters() {
    for transport in with_cursor() {
        let served = Setup { history: 3, ..setup() }.serve();
        served.publish(&payloads(1..=50)).await;
        for after in ["0".to_owned(), at(0), at(7), at(49)] {
            let mut follower = Follower::after(&served, transport, &after).await;
            assert_eq!(follower.updates(1).await, [envelope(50)], "{transport} after {after}");
        }
    }
}

#[tokio::test]
async fn a_cursor_of_another_life_is_a_gap_as_ever() {
    for transport in with_cursor() {
        let served = setup().serve();
        served.publish(&payloads(1..=9)).await;
        let mut follower = Follower::after(&served, transport, "zzzz:4").await;
        assert!(matches!(follower.next().await, Event::Gap(_)), "{transport}");
        assert_eq!(follower.updates(1).await, [envelope(9)], "{transport}");
    }
}

#[tokio::test]
async fn a_limit_or_an_etag_makes_no_older_update_of_it() {
    let served = setup().serve();
    served.publish(&payloads(1..=9)).await;
    let mut client = served.connect().await;
    let answer = client.ask(get("/short-poll?after=k3f9:2&limit=3")).await;
    let page = format!("{{\"cursor\":\"{}\",\"updates\":[{}]}}", at(9), envelope(9));
    assert_eq!(answer.body, page);
    assert_eq!(client.ask(get("/short-poll?after=k3f9:9")).await.status, 204);
}
