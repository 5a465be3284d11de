//! Runs as a machine might have measured them, from a small simulation: the
//! real publish times and the real predictions, with noise from a fixed seed.

#![allow(dead_code, clippy::unwrap_used)]

mod costs;
mod link;
mod machine;
mod one;
mod random;
mod timeline;

use std::path::PathBuf;

use results::{CausesOf, Loaded, Row, Run, Verdict, Warning, pool, verdict};
use scenarios::{Calibration, Scenario, predict::predict};

use one::One;
use random::Random;

const SECOND: f64 = 1e9;

/// A slow link that loses packets.
pub const LINK: [&str; 4] = ["clients=8", "link.preset=4g", "link.loss=0.02", "measure.repeat=2"];

/// A link that is encrypted.
pub const TLS: [&str; 3] = ["clients=8", "link.preset=transatlantic", "tls=true"];

/// A server that stands still for a second in twenty.
pub const STALL: [&str; 5] = [
    "clients=10",
    "measure.duration=100s",
    "measure.repeat=1",
    "transports.short-poll.interval=100ms",
    r#"server.freeze=[{ at = "5s", every = "20s", for = "1s" }]"#,
];

/// Both at once: a freeze, and a link that is cut.
pub const CUT: [&str; 5] = [
    "clients=8",
    "measure.duration=12s",
    "link.rtt=40ms",
    r#"server.freeze=[{ at = "3s", for = "1s" }]"#,
    r#"link.cut=[{ at = "8s", for = "500ms", direction = "down" }]"#,
];

/// A built-in scenario, run by the simulation.
pub fn run(name: &str, sets: &[&str]) -> Loaded {
    let defaults = [
        ("short-poll", "pacing=fixed-rate"),
        ("long-poll", "hold=25s"),
        ("long-poll", "rearm_delay=0s"),
        ("sse", "heartbeat=15s"),
        ("websocket", "heartbeat=15s"),
    ];
    let bare = Scenario::load(name, &[]).unwrap();
    let mut all: Vec<String> = defaults
        .iter()
        .filter(|(transport, _)| bare.transports.contains_key(*transport))
        .map(|(transport, knob)| format!("transports.{transport}.{knob}"))
        .collect();
    all.extend(sets.iter().map(ToString::to_string));
    simulate(Scenario::load(name, &all).unwrap())
}

/// The same with a verdict other than VALID.
pub fn spoil(mut loaded: Loaded, severity: Verdict, rule: &str, message: &str) -> Loaded {
    let warning = Warning::new(rule, severity, message).about("websocket", Some(1));
    loaded.run.warn([warning]);
    for row in loaded.run.rows.iter_mut().chain(&mut loaded.run.pooled) {
        if row.transport == "websocket" {
            row.verdict = severity;
        }
    }
    loaded
}

/// The same without all but one transport.
pub fn only(mut loaded: Loaded, name: &str) -> Loaded {
    loaded.histograms.retain(|(transport, ..)| transport == name);
    loaded.requests.retain(|(transport, ..)| transport == name);
    loaded.timeline.retain(|second| second.transport == name);
    loaded.positions.retain(|position| position.transport == name);
    let run = &mut loaded.run;
    run.scenario.transports.retain(|transport, _| transport == name);
    run.rows.retain(|row| row.transport == name);
    run.pooled.retain(|row| row.transport == name);
    run.causes.retain(|causes| causes.transport == name);
    run.predictions.retain(|prediction| prediction.transport == name);
    loaded
}

/// The same as if nothing had worked: clients, and not a single update.
pub fn silent(mut loaded: Loaded) -> Loaded {
    for row in loaded.run.rows.iter_mut().chain(&mut loaded.run.pooled) {
        *row = Row {
            transport: row.transport.clone(),
            repetition: row.repetition,
            clients: row.clients,
            ..Row::default()
        };
    }
    loaded.histograms.iter_mut().for_each(|(.., histogram)| histogram.reset());
    loaded.timeline.clear();
    loaded.positions.clear();
    loaded.run.predictions.clear();
    loaded.run.calibration = Calibration::default();
    loaded
}

fn simulate(scenario: Scenario) -> Loaded {
    let calibration = machine::calibration();
    let sizes = machine::sizes(scenario.tls);
    let predictions = predict(&scenario, &sizes, &calibration);
    let mut run = Run {
        format_version: results::FORMAT_VERSION,
        seed: scenario.measure.seed,
        asked: None,
        started: "2026-11-21T10:00:00Z".into(),
        environment: machine::environment(),
        calibration,
        sizes,
        predictions,
        causes: Vec::new(),
        verdict: Verdict::Valid,
        warnings: Vec::new(),
        noise_floor: Vec::new(),
        expectations: Vec::new(),
        paper: None,
        partial: false,
        rows: Vec::new(),
        pooled: Vec::new(),
        scenario,
    };
    let mut loaded = Loaded {
        histograms: Vec::new(),
        requests: Vec::new(),
        timeline: Vec::new(),
        resources: Vec::new(),
        positions: Vec::new(),
        path: PathBuf::from(format!("results/local/{}-20261121-100000", run.scenario.name)),
        run: run.clone(),
    };
    for repetition in 1..=run.scenario.measure.repeat {
        for transport in run.scenario.transports.clone().into_keys() {
            let start = u64::from(repetition) * 1_000 + transport.len() as u64;
            let mut one = One { run: &run, name: &transport, repetition, random: Random(start) };
            let (mut row, causes) = one.measure(&mut loaded);
            let carried = one.carried(&mut row, &causes);
            row.set_prediction(run.prediction(&transport, Some(repetition)));
            let warnings = verdict::judge(&mut row, &run.scenario, &run.environment);
            run.warn(warnings);
            run.rows.push(row);
            run.causes.push(CausesOf {
                transport,
                repetition,
                up: causes.up,
                down: causes.down,
                link: carried.map(|(window, _)| window),
                life: carried.map(|(_, life)| life),
            });
        }
    }
    run.pooled = pool::pool(&run.rows, &loaded.histograms, &loaded.requests, &run.predictions);
    loaded.run = run;
    loaded
}
