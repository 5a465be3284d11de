//! The calibration of an earlier run: only one that knows the transports, and not without a word
//! where it was made under other conditions.

use std::path::Path;

use anyhow::Result;
use results::{Environment, Run};
use scenarios::{Scenario, predict::predict};

use super::Expected;
use crate::cmd::Usage;
use crate::machine;

/// Predicts with what the run in `path` calibrated. Where its conditions differ, stderr and each
/// prediction's assumptions say so.
pub fn expected(scenario: &Scenario, path: &Path) -> Result<Expected> {
    let run = read(path).map_err(Usage)?;
    check(scenario, &run).map_err(|problem| usage(path, &problem))?;
    let mut predictions = predict(scenario, &run.sizes, &run.calibration);
    for difference in differences(scenario, &run) {
        eprintln!("Warning: --calibration {}: {difference}", path.display());
        for prediction in &mut predictions {
            prediction
                .assumptions
                .push(format!("the calibration holds here, although {difference}"));
        }
    }
    Ok(Expected { calibration: run.calibration, sizes: run.sizes, predictions })
}

fn read(path: &Path) -> Result<Run, String> {
    if !path.join("run.json").is_file() {
        let path = path.display();
        return Err(format!("--calibration {path}: is no run directory: it has no run.json"));
    }
    Run::read(path).map(|loaded| loaded.run).map_err(|error| format!("--calibration: {error}"))
}

fn usage(path: &Path, problem: &str) -> Usage {
    Usage(format!("--calibration {}: {problem}", path.display()))
}

/// Without these the model would predict nothing, and print it as a number.
fn check(scenario: &Scenario, run: &Run) -> Result<(), String> {
    if run.calibration.floor_mean_ns <= 0.0 || run.sizes.0.is_empty() {
        return Err(
            "the run ended before its calibration did: name another run, or leave the flag \
                    out to calibrate now"
                .into(),
        );
    }
    let known = &run.sizes.0;
    let Some(unknown) = scenario.transports.keys().find(|name| !known.contains_key(*name)) else {
        return Ok(());
    };
    let known: Vec<&str> = known.keys().map(String::as_str).collect();
    Err(format!(
        "the run did not calibrate {unknown}, which the scenario has; it did {}",
        known.join(", ")
    ))
}

/// What a calibration depends on, where the run had it otherwise.
fn differences(scenario: &Scenario, run: &Run) -> Vec<String> {
    let machine = machine::here();
    let pairs =
        conditions(&run.scenario, &run.environment).into_iter().zip(conditions(scenario, &machine));
    pairs
        .filter(|((_, there), (_, here))| there != here && !there.is_empty() && !here.is_empty())
        .map(|((what, there), (_, here))| format!("{what} was {there} there and is {here} here"))
        .collect()
}

/// Knobs of polls that weigh on their sizes or are part of the re-arm gap.
const WEIGHTS: [(&str, &[&str]); 2] = [
    ("short-poll", &["timer", "headers", "cookie_bytes", "keep_alive", "conditional"]),
    (
        "long-poll",
        &["headers", "cookie_bytes", "keep_alive", "conditional", "outstanding", "rearm_delay"],
    ),
];

/// Costs per position and the re-arm gap hold for one number of clients and one kind of server; the
/// pause before a request is part of the gap. What is empty is unknown, or of no transport.
fn conditions(scenario: &Scenario, machine: &Environment) -> Vec<(String, String)> {
    let knob = |transport: &str, key: &str| {
        let value = scenario.transports.get(transport).and_then(|knobs| knobs.get(key));
        value.map_or_else(String::new, |value| {
            value.as_str().map_or_else(|| value.to_string(), str::to_owned)
        })
    };
    let mut conditions: Vec<_> = [
        ("clients", scenario.clients.to_string()),
        ("feed.payload_bytes", scenario.feed.payload_bytes.to_string()),
        ("server.threads", scenario.server.threads.to_string()),
        ("server.coalesce", scenario.server.coalesce.to_string()),
        ("feed.latest_value", scenario.feed.latest_value.to_string()),
        ("server.burn", format!("{:?}", scenario.server.burn)),
        ("server.nodelay", scenario.server.nodelay.to_string()),
        ("server.congestion", scenario.server.congestion.clone()),
        ("tls", scenario.tls.to_string()),
        ("the CPU", machine.cpu.clone()),
        ("the build", machine.profile.clone()),
    ]
    .map(|(what, value)| (what.to_owned(), value))
    .into();
    for (transport, keys) in WEIGHTS {
        conditions.extend(
            keys.iter().map(|key| (format!("transports.{transport}.{key}"), knob(transport, key))),
        );
    }
    conditions
}
