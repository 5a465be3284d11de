//! A gap is said, never silent, and delivery goes on from the oldest kept.

use super::raw::follow::Follower;
use super::raw::served::{Served, Setup, at, payloads};
use super::{envelopes, with_cursor};

/// Ten updates are kept, 16 to 25.
async fn served() -> Served {
    let served = Setup { history: 10, ..Setup::default() }.serve();
    served.publish(&payloads(1..=25)).await;
    served
}

#[tokio::test]
async fn eviction_is_said_with_the_exact_count_and_delivery_goes_on() {
    for transport in with_cursor() {
        let served = served().await;
        for (after, lost) in [(14, 1), (3, 12), (0, 15)] {
            let mut follower = Follower::after(&served, transport, &at(after)).await;
            let gap = format!("{{\"reason\":\"evicted\",\"lost\":{lost}}}");
            assert_eq!(follower.gap().await, gap, "{transport} after {after}");
            assert_eq!(follower.updates(10).await, envelopes(16..=25), "{transport}");
            assert_eq!(follower.cursor, at(25));
        }
    }
}

#[tokio::test]
async fn the_place_just_before_the_oldest_kept_is_no_gap() {
    for transport in with_cursor() {
        let served = served().await;
        let mut follower = Follower::after(&served, transport, &at(15)).await;
        assert_eq!(follower.updates(10).await, envelopes(16..=25), "{transport}");
    }
}

#[tokio::test]
async fn a_cursor_of_another_life_or_beyond_the_head_is_a_gap_of_unknown_size() {
    for transport in with_cursor() {
        for (after, reason) in [
            ("zz:20", "epoch"),
            ("0:0", "epoch"),
            ("0123456789abcdef:18446744073709551615", "epoch"),
            ("k3f9:26", "future"),
            ("k3f9:18446744073709551615", "future"),
        ] {
            let served = served().await;
            let mut follower = Follower::after(&served, transport, after).await;
            let gap = format!("{{\"reason\":\"{reason}\",\"lost\":null}}");
            assert_eq!(follower.gap().await, gap, "{transport} after {after}");
            assert_eq!(follower.updates(10).await, envelopes(16..=25), "{transport}");
            // Said once: what follows is live.
            served.publish(&payloads(26..=26)).await;
            assert_eq!(follower.updates(1).await, envelopes(26..=26), "{transport}");
        }
    }
}

#[tokio::test]
async fn a_gap_is_said_at_once_also_when_nothing_is_kept() {
    for transport in with_cursor() {
        let served = Setup::default().serve();
        for (after, reason) in [("zz:7", "epoch"), ("k3f9:1", "future")] {
            let mut follower = Follower::after(&served, transport, after).await;
            let gap = format!("{{\"reason\":\"{reason}\",\"lost\":null}}");
            assert_eq!(follower.gap().await, gap, "{transport} after {after}");
            assert_eq!(follower.cursor, at(0), "{transport} after {after}");
        }
    }
}

#[tokio::test]
async fn a_client_that_is_overtaken_between_two_reads_is_told() {
    for transport in with_cursor() {
        let served = served().await;
        let mut follower = Follower::after(&served, transport, &at(24)).await;
        assert_eq!(follower.updates(1).await, envelopes(25..=25), "{transport}");
        drop(follower);
        served.publish(&payloads(26..=45)).await;
        let mut follower = Follower::after(&served, transport, &at(25)).await;
        assert_eq!(follower.gap().await, "{\"reason\":\"evicted\",\"lost\":10}", "{transport}");
        assert_eq!(follower.updates(10).await, envelopes(36..=45), "{transport}");
    }
}

#[tokio::test]
async fn a_log_of_one_update_keeps_the_newest() {
    for transport in with_cursor() {
        let served = Setup { history: 1, ..Setup::default() }.serve();
        served.publish(&payloads(1..=5)).await;
        let mut follower = Follower::after(&served, transport, &at(1)).await;
        assert_eq!(follower.gap().await, "{\"reason\":\"evicted\",\"lost\":3}", "{transport}");
        assert_eq!(follower.updates(1).await, envelopes(5..=5), "{transport}");
    }
}
