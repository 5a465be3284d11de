//! What `predict` says of a feed of which only the newest value matters, against the closed forms.
#![allow(clippy::unwrap_used)] // a panic is how a test fails

mod common;

use common::predicting::{FLOOR, near, ns, pooled};
use scenarios::predict::closed;

const NEWEST: [&str; 5] = [
    "feed.latest_value=true",
    "feed.rate=4/s",
    "measure.duration=2000s",
    "measure.repeat=2",
    "transports.short-poll.interval=500ms",
];

#[test]
fn a_short_poll_sees_the_versions_that_are_newest_at_a_look() {
    let model = closed::ShortPoll { cycle: 0.5, floor: 0.0 };
    let p = pooled(&NEWEST, 0.0, "short-poll");
    near(p.versions_seen.unwrap(), model.seen_poisson(4.0), 0.02);
    near(p.updates_per_answer.unwrap(), 1.0, 1e-9);
    near(ns(p.delay_mean_ns) - FLOOR, model.seen_wait_poisson(4.0) * 1e9, 0.02);
    let periodic = [&NEWEST[..], &["feed.kind=periodic", "feed.rate=7/s"]].concat();
    let p = pooled(&periodic, 0.0, "short-poll");
    near(p.versions_seen.unwrap(), model.seen_periodic(1.0 / 7.0), 0.01);
}

#[test]
fn skipping_takes_bytes_off_the_answers_and_leaves_age_and_requests_as_they_were() {
    for transport in ["short-poll", "long-poll"] {
        let sets = [&NEWEST[..], &["feed.rate=100/s"]].concat();
        let skipping = pooled(&sets, 0.0, transport);
        let whole = pooled(&[&sets[1..]].concat(), 0.0, transport);
        assert!(skipping.bytes_down < whole.bytes_down, "{transport}");
        assert_eq!(skipping.bytes_up, whole.bytes_up, "{transport}");
        assert_eq!(skipping.requests, whole.requests, "{transport}");
        assert_eq!(skipping.age_mean_ns, whole.age_mean_ns, "{transport}");
        assert_eq!(skipping.in_sync, whole.in_sync, "{transport}");
        assert_eq!(whole.versions_seen, Some(1.0), "{transport}");
    }
}

#[test]
fn a_long_poll_sees_one_version_an_answer() {
    let sets = [&NEWEST[..], &["feed.rate=100/s"]].concat();
    let model = closed::LongPoll { rate: 100.0, gap: 0.02, hold: f64::INFINITY };
    let p = pooled(&sets, 0.0, "long-poll");
    near(p.versions_seen.unwrap(), 1.0 / model.batch(), 0.02);
}

#[test]
fn an_idle_push_skips_nothing() {
    for transport in ["tcp", "sse", "websocket"] {
        let skipping = pooled(&NEWEST, 0.0, transport);
        let whole = pooled(&NEWEST[1..], 0.0, transport);
        assert_eq!(skipping.versions_seen, Some(1.0));
        assert_eq!(
            (skipping.delay_mean_ns, skipping.bytes_down),
            (whole.delay_mean_ns, whole.bytes_down)
        );
        assert!(skipping.assumptions.iter().any(|text| text.contains("newest")), "{transport}");
    }
}
