//! What was measured, as far as it can be carried over to other numbers of clients and rates.

use std::collections::BTreeMap;

use scenarios::{Calibration, Scenario, Sizes, TransportSizes};
use serde::Serialize;

use crate::{Environment, Row, Run, Verdict};

/// Measured costs and where they come from.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Costs {
    /// The run's directory, or that it is a calibration of now.
    pub source: String,
    /// The scenario that was measured.
    pub scenario: String,
    /// CPU of the machine.
    pub machine: String,
    /// Day of the measurement.
    pub date: String,
    /// Build profile.
    pub profile: String,
    /// What the rules make of it.
    pub verdict: Verdict,
    /// Clients, updates per second and size of what was measured.
    pub clients: u64,
    /// See above.
    pub rate_per_second: f64,
    /// See above.
    pub payload_bytes: u32,
    /// Round trip of the link that was measured through; 0 on loopback.
    pub rtt_ns: u64,
    /// In what the measurement's conditions are not those of the question, a sentence each.
    pub conditions: Vec<String>,
    /// Threads of the measured server.
    pub threads: u32,
    /// From a server's write to the client's hands, without a link.
    pub floor_p50_ns: f64,
    /// Its 99th percentile.
    pub floor_p99_ns: f64,
    /// From a long poll's answer to the next request's being there, without a link.
    pub rearm_gap_ns: f64,
    /// A poll's request and its answer, without a link.
    pub exchange_ns: f64,
    /// CPU time of a server for an update that nobody follows.
    pub ingest_cpu_ns: f64,
    /// What each transport costs.
    pub transports: BTreeMap<String, Cost>,
}

/// What one transport costs.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Cost {
    /// Bytes of its messages.
    pub sizes: TransportSizes,
    /// Server CPU for one poll, or one update pushed to one client.
    pub operation_cpu_ns: f64,
    /// What one more client adds to the delay of the last one.
    pub position_ns: f64,
    /// Memory of the server process and of its sockets per client; `None`: not measured.
    pub memory_bytes: Option<f64>,
    /// Time between two heartbeats.
    pub heartbeat_s: Option<f64>,
    /// How long a long poll is held.
    pub hold_s: Option<f64>,
}

impl Costs {
    /// Of a run that was measured. `source` says which.
    pub fn of_run(run: &Run, source: String) -> Self {
        let mut costs = Self::of_calibration(
            &run.scenario,
            &run.environment,
            &run.calibration,
            &run.sizes,
            source,
        );
        costs.verdict = run.verdict;
        for row in &run.pooled {
            // A rival's row is no transport of ours.
            let Some(cost) = costs.transports.get_mut(&row.transport) else { continue };
            costs.rate_per_second = row.published as f64 * 1e9 / row.window_ns.max(1) as f64;
            if let Some(ns) = row.server_ingest_cpu_ns {
                costs.ingest_cpu_ns = ns as f64 / row.published.max(1) as f64;
            }
            if let Some(ns) = operation_cpu_ns(row) {
                cost.operation_cpu_ns = ns;
            }
            cost.memory_bytes = memory_bytes(row);
        }
        costs
    }

    /// Of a calibration alone: time in the fan-out stands for CPU, and memory is not known.
    pub fn of_calibration(
        scenario: &Scenario,
        environment: &Environment,
        calibration: &Calibration,
        sizes: &Sizes,
        source: String,
    ) -> Self {
        let transports = scenario.transports.iter().filter_map(|(name, knobs)| {
            let sizes = sizes.0.get(name)?.clone();
            let position_ns = calibration.send_ns.get(name).copied().unwrap_or(0.0).max(0.0);
            let seconds = |knob: &str| {
                let text = knobs.get(knob)?.as_str()?;
                humantime::parse_duration(text).ok().map(|time| time.as_secs_f64())
            };
            let cost = Cost {
                sizes,
                operation_cpu_ns: position_ns,
                position_ns: if name == "short-poll" { 0.0 } else { position_ns },
                memory_bytes: None,
                heartbeat_s: seconds("heartbeat").filter(|beat| *beat > 0.0),
                hold_s: seconds("hold"),
            };
            Some((name.clone(), cost))
        });
        Self {
            source,
            scenario: scenario.name.clone(),
            machine: environment.cpu.clone(),
            date: environment.date.clone(),
            profile: environment.profile.clone(),
            verdict: Verdict::Valid,
            clients: scenario.clients.into(),
            rate_per_second: scenario.feed.rate.per_second(),
            payload_bytes: scenario.feed.payload_bytes,
            rtt_ns: scenario
                .link
                .as_ref()
                .map_or(0, |link| (link.way_down().delay + link.way_up().delay).as_nanos() as u64),
            conditions: Vec::new(),
            threads: scenario.server.threads.max(1),
            floor_p50_ns: calibration.floor_p50_ns,
            floor_p99_ns: calibration.floor_p99_ns,
            rearm_gap_ns: calibration.rearm_gap_ns.max(0.0),
            exchange_ns: calibration.poll_cycle_extra_ns.max(0.0),
            ingest_cpu_ns: 0.0,
            transports: transports.collect(),
        }
    }
}

/// Per poll where there are any, else per delivery; nothing where noise has eaten it all.
fn operation_cpu_ns(row: &Row) -> Option<f64> {
    let operations = if row.requests > 0 { row.requests } else { row.delivered };
    let ns = row.server_cpu_ns.checked_sub(row.server_ingest_cpu_ns?)?;
    (operations > 0 && ns > 0).then(|| ns as f64 / operations as f64)
}

/// Of the sockets' memory half: the other end is the client's.
fn memory_bytes(row: &Row) -> Option<f64> {
    let sockets = row.socket_memory_per_client_bytes().unwrap_or(0.0) / 2.0;
    Some(row.memory_per_client_bytes()?.max(0.0) + sockets.max(0.0))
}
