//! Repetitions pooled: counts add up, percentiles are merged, means are weighted.

#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use results::{Row, Verdict, hlog, pool};

fn row(transport: &str, repetition: u32, delays: &[u64]) -> (Row, results::TaggedHistogram) {
    let mut delay = hlog::histogram();
    for &ns in delays {
        delay.record(ns).unwrap();
    }
    let count = delays.len() as u64;
    let mut row = Row {
        transport: transport.into(),
        repetition: Some(repetition),
        clients: 1,
        connected: 1,
        window_ns: 1_000_000_000,
        published: count,
        expected: count,
        delivered: count,
        ..Row::default()
    };
    row.set_delay(&delay, count);
    (row, (transport.to_owned(), repetition, delay))
}

fn pooled(all: Vec<(Row, results::TaggedHistogram)>) -> Vec<Row> {
    let (rows, delays): (Vec<_>, Vec<_>) = all.into_iter().unzip();
    pool::pool(&rows, &delays, &[], &[])
}

#[test]
fn percentiles_are_merged_and_never_averaged() {
    // 900 fast ones and 300 slow ones: the p90 of all is slow, the mean of both p90s is neither.
    let fast = [1_000_000; 900];
    let slow = [9_000_000; 300];
    let pooled = pooled(vec![row("sse", 1, &fast), row("sse", 2, &slow)]);
    let one = &pooled[0];
    assert_eq!(one.repetition, None);
    assert_eq!(one.delay_p50_ns.unwrap() / 100_000, 10);
    assert_eq!(one.delay_p90_ns.unwrap() / 100_000, 90);
    // (900 × 1 ms + 300 × 9 ms) / 1,200, within what a histogram rounds.
    assert!(one.delay_mean_ns.unwrap().abs_diff(3_000_000) < 3_000);
}

#[test]
fn repetitions_together_can_carry_a_percentile_that_none_carries_alone() {
    let delays = [1_000_000; 1_000];
    let (first, second) = (row("tcp", 1, &delays), row("tcp", 2, &delays));
    assert_eq!(first.0.delay_p99_ns, None);
    assert!(pooled(vec![first, second])[0].delay_p99_ns.is_some());
}

#[test]
fn ages_are_weighted_by_time_and_clients() {
    let (mut one, first) = row("sse", 1, &[1_000_000]);
    let (mut two, second) = row("sse", 2, &[1_000_000]);
    (one.window_ns, one.connected) = (1_000_000_000, 10);
    (two.window_ns, two.connected) = (2_000_000_000, 15);
    (one.age_mean_ns, two.age_mean_ns) = (Some(100), Some(500));
    (one.in_sync, two.in_sync) = (Some(0.8), Some(0.4));
    let pooled = pooled(vec![(one, first), (two, second)]);
    // 10 client seconds against 30.
    assert_eq!(pooled[0].age_mean_ns, Some(400));
    assert!((pooled[0].in_sync.unwrap() - 0.5).abs() < 1e-12);
}

#[test]
fn peaks_of_age_are_weighted_by_the_arrivals_that_end_them() {
    let (mut one, first) = row("short-poll", 1, &[1_000_000; 30]);
    let (mut two, second) = row("short-poll", 2, &[1_000_000; 30]);
    // Ten answers with three updates each, and thirty with one.
    (one.updates_per_answer, two.updates_per_answer) = (Some(3.0), Some(1.0));
    (one.age_peak_ns, two.age_peak_ns) = (Some(900), Some(500));
    // A long silence has more time, but no more peaks.
    one.window_ns = 100_000_000_000;
    let pooled = pooled(vec![(one, first), (two, second)]);
    assert_eq!(pooled[0].age_peak_ns, Some(600));
}

#[test]
fn transports_keep_their_order_and_stay_apart() {
    let pooled = pooled(vec![
        row("websocket", 1, &[1_000_000; 50]),
        row("short-poll", 1, &[1_000_000; 60]),
        row("websocket", 2, &[1_000_000; 50]),
    ]);
    let seen: Vec<_> = pooled.iter().map(|r| (r.transport.as_str(), r.published)).collect();
    assert_eq!(seen, [("websocket", 100), ("short-poll", 60)]);
}

#[test]
fn the_worst_repetition_speaks_for_all() {
    let (mut one, first) = row("tcp", 1, &[1_000_000]);
    let (mut two, second) = row("tcp", 2, &[1_000_000]);
    one.publisher_late_p99_ns = 70_000;
    two.publisher_late_p99_ns = 300_000;
    one.verdict = Verdict::Invalid;
    two.connected = 0;
    let pooled = pooled(vec![(one, first), (two, second)]);
    assert_eq!(pooled[0].publisher_late_p99_ns, 300_000);
    assert_eq!(pooled[0].verdict, Verdict::Invalid);
    assert_eq!(pooled[0].connected, 0);
}

#[test]
fn a_sum_with_a_hole_is_no_sum() {
    let (mut one, first) = row("tcp", 1, &[1_000_000]);
    let (two, second) = row("tcp", 2, &[1_000_000]);
    one.server_ingest_cpu_ns = Some(5);
    assert_eq!(pooled(vec![(one, first), (two, second)])[0].server_ingest_cpu_ns, None);
}

#[test]
fn a_share_that_is_not_a_number_does_not_spread() {
    let (mut one, first) = row("tcp", 1, &[1_000_000]);
    one.in_sync = Some(f64::NAN);
    assert_eq!(pooled(vec![(one, first)])[0].in_sync, None);
}

proptest! {
    #[test]
    fn nothing_is_lost_by_pooling(sizes in prop::collection::vec(1_usize..80, 1..6)) {
        let all: Vec<_> = sizes
            .iter()
            .enumerate()
            .map(|(at, &size)| row("sse", at as u32 + 1, &vec![1_000_000 * (at as u64 + 1); size]))
            .collect();
        let total: usize = sizes.iter().sum();
        let pooled = pooled(all);
        prop_assert_eq!(pooled[0].delivered, total as u64);
        prop_assert_eq!(pooled[0].published, total as u64);
        prop_assert_eq!(pooled[0].delay_p50_ns.is_some(), total >= 40);
        let longest = sizes.len() as u64;
        prop_assert!(pooled[0].delay_max_ns.unwrap() >= 999_000 * longest);
    }
}
