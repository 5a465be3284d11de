//! A calibration and sizes with round numbers, and short ways to one prediction.
#![allow(dead_code)] // not every test file uses all of it

use scenarios::{Calibration, Prediction, Scenario, Sizes, TransportSizes, predict::predict};

use super::{RIGHT, load};

pub const FLOOR: f64 = 100e3;

pub fn calibration(send_ns: f64) -> Calibration {
    let send = ["tcp", "sse", "websocket", "long-poll"].map(|name| (name.to_owned(), send_ns));
    Calibration {
        floor_mean_ns: FLOOR,
        floor_p50_ns: FLOOR,
        floor_p99_ns: FLOOR,
        send_ns: send.into(),
        rearm_gap_ns: 20e6,
        poll_cycle_extra_ns: 5e6,
        ..Calibration::default()
    }
}

pub fn sizes() -> Sizes {
    let poll = TransportSizes {
        request_head_bytes: 100.0,
        answer_head_bytes: 150.0,
        empty_head_bytes: 90.0,
        answer_envelope_bytes: 30.0,
        update_envelope_bytes: 20.0,
        ..TransportSizes::default()
    };
    let push = |framing| TransportSizes {
        update_envelope_bytes: 19.0,
        update_framing_bytes: framing,
        ..TransportSizes::default()
    };
    Sizes(
        [
            ("short-poll", poll.clone()),
            ("long-poll", poll),
            ("sse", push(24.0)),
            ("websocket", push(4.0)),
            ("tcp", push(4.0)),
        ]
        .map(|(name, sizes)| (name.to_owned(), sizes))
        .into(),
    )
}

/// [`RIGHT`] with all transports and some keys set.
pub fn scenario(sets: &[&str]) -> Scenario {
    let more = [
        "transports.long-poll.hold=25s",
        "transports.sse.heartbeat=15s",
        "transports.websocket.heartbeat=15s",
    ];
    load(RIGHT, &[&more[..], sets].concat()).expect("nothing is wrong with it")
}

pub fn one(
    scenario: &Scenario,
    calibration: &Calibration,
    transport: &str,
    repetition: Option<u32>,
) -> Prediction {
    let mut scenario = scenario.clone();
    scenario.transports.retain(|name, _| name == transport);
    let all = predict(&scenario, &sizes(), calibration);
    all.into_iter()
        .find(|p| p.transport == transport && p.repetition == repetition)
        .expect("is predicted")
}

pub fn pooled(sets: &[&str], send_ns: f64, transport: &str) -> Prediction {
    one(&scenario(sets), &calibration(send_ns), transport, None)
}

#[track_caller]
pub fn near(predicted: impl Into<f64>, expected: f64, relative: f64) {
    let predicted = predicted.into();
    assert!(
        (predicted - expected).abs() <= relative * expected.abs() + 1.0,
        "predicted {predicted}, expected {expected}"
    );
}

pub fn ns(value: u64) -> f64 {
    value as f64
}

/// Long enough for the closed forms: 100,000 publishes.
pub const LONG: [&str; 3] = ["feed.rate=50/s", "measure.duration=2000s", "measure.repeat=1"];
