//! The machine that the simulation pretends to be.

use std::collections::BTreeMap;

use results::Environment;
use scenarios::{Calibration, Sizes, TransportSizes};

/// Median delay of the floor, ns.
pub(super) const FLOOR: f64 = 58_000.0;

pub(super) fn calibration() -> Calibration {
    let send = [("tcp", 4_100.0), ("sse", 5_300.0), ("websocket", 4_700.0), ("long-poll", 9_000.0)];
    Calibration {
        floor_mean_ns: FLOOR * 1.1,
        floor_p50_ns: FLOOR,
        floor_p99_ns: FLOOR * 2.2,
        send_ns: send.into_iter().map(|(name, ns)| (name.to_owned(), ns)).collect(),
        rearm_gap_ns: 190_000.0,
        poll_cycle_extra_ns: 120_000.0,
        ..Calibration::default()
    }
}

pub(super) fn sizes(tls: bool) -> Sizes {
    // Around the one record of a message.
    let tls_bytes = if tls { 22.0 } else { 0.0 };
    let push = |envelope: f64, framing: f64| TransportSizes {
        update_envelope_bytes: envelope,
        update_framing_bytes: framing,
        tls_bytes,
        ..TransportSizes::default()
    };
    let poll = |request: f64| TransportSizes {
        request_head_bytes: request,
        answer_head_bytes: 148.0,
        empty_head_bytes: 74.0,
        answer_envelope_bytes: 34.0,
        update_envelope_bytes: 19.0,
        tls_bytes,
        ..TransportSizes::default()
    };
    Sizes(BTreeMap::from([
        ("short-poll".into(), poll(76.0)),
        ("long-poll".into(), poll(83.0)),
        ("sse".into(), push(19.0, 30.0)),
        ("websocket".into(), push(19.0, 4.0)),
        ("tcp".into(), push(19.0, 4.0)),
    ]))
}

pub(super) fn environment() -> Environment {
    Environment {
        feedlab: "0.1.0".into(),
        git_commit: Some("4f2a9c1".into()),
        rustc: "1.95.0".into(),
        profile: "release".into(),
        date: "2026-11-21".into(),
        cpu: "Synthetic CPU at 3 GHz".into(),
        cores: 2,
        memory_bytes: 8 << 30,
        kernel: "6.12.0".into(),
        clocksource: "tsc".into(),
        congestion: "reno".into(),
        open_files: 20_000,
        somaxconn: 4_096,
        server_cpus: "0".into(),
        harness_cpus: "1".into(),
        workers: 1,
        link: "loopback".into(),
        ..Environment::default()
    }
}
