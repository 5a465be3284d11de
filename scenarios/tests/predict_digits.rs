//! Bytes that depend on how long a number is, against messages that are written out.
#![allow(clippy::unwrap_used)] // a panic is how a test fails

mod common;

use common::predicting::{calibration, near, ns, one, pooled, scenario};
use scenarios::{Calibration, Prediction, predict::mean_digits};

/// A thousand updates, ten clients.
const THOUSAND: [&str; 5] = [
    "feed.kind=periodic",
    "feed.rate=10/s",
    "measure.duration=100s",
    "measure.repeat=1",
    "transports.short-poll.interval=200ms",
];

/// What a warm-up of one second publishes at ten a second: at 0, 0.1, … 1 s.
const WARMUP: u64 = 11;

/// The sizes of these tests hold envelopes of 19 bytes, `{"seq":NNN,"data":}`.
const CALIBRATED: f64 = 3.0;

fn predicted(transport: &str) -> Prediction {
    let mut calibration = calibration(0.0);
    calibration.sequence_digits.insert(transport.to_owned(), CALIBRATED);
    one(&scenario(&THOUSAND), &calibration, transport, None)
}

/// Digits of the window's sequence numbers, one written after the other.
fn digits() -> u64 {
    (WARMUP + 1..=WARMUP + 1000).map(|seq| seq.to_string().len() as u64).sum()
}

#[test]
fn mean_digits_are_those_of_the_numbers_written_out() {
    for (first, last) in [(1, 1), (1, 9), (1, 40), (9, 10), (95, 1_003), (7, 123_456), (0, 9)] {
        let written: usize = (first..=last).map(|n| n.to_string().len()).sum();
        let mean = written as f64 / (last - first + 1) as f64;
        assert!((mean_digits(first, last) - mean).abs() < 1e-9, "{first} to {last}");
    }
    assert!(mean_digits(2, 1).abs() < 1e-9, "there are none");
    assert!((mean_digits(u64::MAX, u64::MAX) - 20.0).abs() < 1e-9);
}

#[test]
fn pushed_updates_have_the_digits_of_their_own_numbers() {
    let envelopes: u64 = (WARMUP + 1..=WARMUP + 1000)
        .map(|seq| format!("{{\"seq\":{seq},\"data\":}}").len() as u64)
        .sum();
    for transport in ["tcp", "websocket"] {
        let down = predicted(transport).bytes_down - pings(transport);
        assert_eq!(down, 10 * (envelopes + 1000 * (128 + 4)), "{transport}");
    }
    // The framing of 24 bytes has three digits, too: `id: epoch:NNN`.
    let ids = digits() + 1000 * (24 - 3);
    let down = predicted("sse").bytes_down - pings("sse");
    assert_eq!(down, 10 * (envelopes + 1000 * 128 + ids));
}

/// 100 s have 6⅔ heartbeats a client.
fn pings(transport: &str) -> u64 {
    match transport {
        "websocket" => 133,
        "sse" => 533,
        _ => 0,
    }
}

#[test]
fn a_poll_says_its_cursor_once_up_and_twice_down() {
    for transport in ["short-poll", "long-poll"] {
        let (long, short) = (predicted(transport), pooled(&THOUSAND, 0.0, transport));
        let more = digits() as f64 / 1000.0 - CALIBRATED;
        let exchanges = ns(short.bytes_up) / 100.0;
        near(ns(long.bytes_up) - ns(short.bytes_up), exchanges * more, 0.0);
        let answers = 10.0 * 1000.0 / short.updates_per_answer.unwrap();
        let numbers = 10.0 * 1000.0 + 2.0 * answers;
        near(ns(long.bytes_down) - ns(short.bytes_down), numbers * more, 0.0);
        assert!(long.assumptions.iter().any(|text| text.contains("sequence numbers")), "{long:?}");
    }
}

#[test]
fn a_calibration_without_digits_leaves_the_sizes_as_they_are() {
    let older = r#"{"floor_mean_ns":1.0,"floor_p50_ns":1.0,"floor_p99_ns":1.0,"send_ns":{},
        "rearm_gap_ns":0.0,"poll_cycle_extra_ns":0.0}"#;
    let older: Calibration = serde_json::from_str(older).unwrap();
    assert_eq!((older.sequence_digits.len(), older.clock_digits), (0, None));
    let p = one(&scenario(&THOUSAND), &older, "tcp", None);
    assert_eq!(p.bytes_down, 10 * 1000 * (128 + 19 + 4));
    assert!(!p.assumptions.iter().any(|text| text.contains("sequence numbers")));
}
