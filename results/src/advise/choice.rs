//! What one transport would do under the requirements.

use std::time::Duration;

use scenarios::predict::closed;
use serde::Serialize;

use super::{
    Cost, Costs, Needs,
    traffic::{Feed, Layer, Traffic},
};

/// Share of its CPU that a server may use: beyond, bursts and a failed neighbour have no room.
pub const HEADROOM: f64 = 0.6;

const DAY_S: f64 = 86_400.0;

/// One transport under the requirements; delays in ns.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Choice {
    /// Its name.
    pub transport: String,
    /// Time between two polls; `None` for who does not poll on a timer.
    pub interval_ns: Option<u64>,
    /// Half of the deliveries take at most this.
    pub delay_p50_ns: u64,
    /// All but one in a hundred.
    pub delay_p99_ns: u64,
    /// Whether that is within the requirement.
    pub meets: bool,
    /// How many times the p99 fits into the requirement.
    pub margin: f64,
    /// Of both directions with TCP and IP, for one client in a day.
    pub bytes_per_client_day: f64,
    /// Of all clients.
    pub bits_per_second: f64,
    /// Of all clients.
    pub requests_per_second: f64,
    /// CPU time per second of all servers; measured on loopback, which bills receiving to the sender.
    pub server_cores: f64,
    /// Memory of all clients' connections at all servers; `None`: not measured.
    pub memory_bytes: Option<f64>,
    /// How many servers.
    pub servers: Option<Servers>,
    /// The measure of all others, and no choice.
    pub is_floor: bool,
}

/// How many servers, and what asks for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Servers {
    /// That many.
    pub count: u64,
    /// "CPU", "memory" or "delay".
    pub by: &'static str,
    /// Whether memory, which was not measured, may ask for more of them.
    pub at_least: bool,
}

impl Choice {
    pub(super) fn of(name: &str, cost: &Cost, needs: &Needs, costs: &Costs) -> Self {
        let cycle = (name == "short-poll").then(|| cycle_s(needs, costs));
        let alone = traffic(name, cost, needs, costs, cycle, 1.0);
        let servers = servers(name, cost, needs, costs, alone);
        let count = servers.map_or(1, |servers| servers.count);
        let each = needs.clients.div_ceil(count) as f64;
        let traffic = traffic(name, cost, needs, costs, cycle, each);
        let spread = (each - 1.0) * position_s(cost, needs, costs);
        let wait = |q: f64| match (name, cycle) {
            ("long-poll", _) => long_poll(cost, needs, costs, each).wait_quantile(q) + q * spread,
            (_, Some(cycle)) => q * cycle,
            _ => q * spread,
        };
        let p50_s = costs.floor_p50_ns / 1e9 + one_way_s(needs) + wait(0.5);
        let p99_s = costs.floor_p99_ns / 1e9 + one_way_s(needs) + wait(0.99);
        let clients = needs.clients as f64;
        let ingest = count as f64 * needs.rate.per_second() * costs.ingest_cpu_ns / 1e9;
        let most_s = needs.max_delay.as_secs_f64();
        Self {
            transport: name.to_owned(),
            interval_ns: cycle.map(ns),
            delay_p50_ns: ns(p50_s),
            delay_p99_ns: ns(p99_s),
            // The largest interval that meets it does, whatever floating point makes of it.
            meets: p99_s <= most_s * (1.0 + 1e-9),
            margin: most_s / p99_s,
            bytes_per_client_day: traffic.bytes * DAY_S,
            bits_per_second: traffic.bytes * 8.0 * clients,
            requests_per_second: traffic.requests * clients,
            server_cores: clients * traffic.operations * cost.operation_cpu_ns / 1e9 + ingest,
            memory_bytes: cost.memory_bytes.map(|bytes| bytes * clients),
            servers,
            is_floor: name == "tcp",
        }
    }
}

/// The largest cycle whose p99, 0.99 C and a way down, is within the requirement; no shorter than an
/// exchange takes, nor than is allowed.
fn cycle_s(needs: &Needs, costs: &Costs) -> f64 {
    let least = exchange_s(needs, costs);
    if let Some(given) = needs.poll_interval {
        return given.as_secs_f64().max(least);
    }
    let most = needs.max_delay.as_secs_f64() - costs.floor_p99_ns / 1e9 - one_way_s(needs);
    let least = least.max(needs.min_interval.map_or(0.0, |least| least.as_secs_f64()));
    (most / 0.99).max(least).max(1e-6)
}

fn exchange_s(needs: &Needs, costs: &Costs) -> f64 {
    needs.rtt.as_secs_f64() + costs.exchange_ns / 1e9
}

/// That polls are not as often as was asked, where they are not.
pub(super) fn raised(needs: &Needs, costs: &Costs) -> Option<String> {
    let given = needs.poll_interval?;
    let least = exchange_s(needs, costs);
    (given.as_secs_f64() < least).then(|| {
        let [given, least] =
            [given, Duration::from_micros((least * 1e6) as u64)].map(humantime::format_duration);
        format!(
            "polls every {given} were asked for, but an exchange takes {least} and a client has \
             one at a time: polls are every {least}"
        )
    })
}

pub(super) fn feed(needs: &Needs, layer: Layer) -> Feed {
    Feed {
        rate: needs.rate.per_second(),
        payload_bytes: needs.payload_bytes.into(),
        latest_value: needs.latest_value,
        layer,
    }
}

/// The gap of a long poll: a round trip more than was measured; and not shorter than the round of all
/// of its server's clients.
fn gap_s(cost: &Cost, needs: &Needs, costs: &Costs, clients: f64) -> f64 {
    let alone = needs.rtt.as_secs_f64() + costs.rearm_gap_ns / 1e9;
    alone.max(clients * position_s(cost, needs, costs))
}

fn long_poll(cost: &Cost, needs: &Needs, costs: &Costs, clients: f64) -> closed::LongPoll {
    closed::LongPoll {
        rate: needs.rate.per_second(),
        gap: gap_s(cost, needs, costs, clients),
        hold: cost.hold_s.unwrap_or(f64::INFINITY),
    }
}

fn traffic(
    name: &str,
    cost: &Cost,
    needs: &Needs,
    costs: &Costs,
    cycle: Option<f64>,
    clients: f64,
) -> Traffic {
    let feed = feed(needs, Layer::Wire);
    match (name, cycle) {
        (_, Some(cycle)) => feed.short_poll(cost, cycle),
        ("long-poll", _) => feed.long_poll(cost, gap_s(cost, needs, costs, clients)),
        _ => feed.push(name, cost),
    }
}

/// Enough of them for CPU, memory and the delay of the last client in the fan-out; `None` where the
/// feed alone is more than a server can take.
fn servers(
    name: &str,
    cost: &Cost,
    needs: &Needs,
    costs: &Costs,
    traffic: Traffic,
) -> Option<Servers> {
    let clients = needs.clients as f64;
    let ingest = needs.rate.per_second() * costs.ingest_cpu_ns / 1e9;
    let budget = HEADROOM * f64::from(needs.server_cores) - ingest;
    let cpu = clients * traffic.operations * cost.operation_cpu_ns / 1e9;
    let memory = cost.memory_bytes.unwrap_or(0.0) * clients;
    let position = position_s(cost, needs, costs);
    let room = needs.max_delay.as_secs_f64() - costs.floor_p99_ns / 1e9 - one_way_s(needs);
    // Where even one client is too late, more servers do not help.
    let fan_out = name != "short-poll" && room > 0.0 && position > 0.0;
    // A long poll that comes late in the round has waited for a round before it.
    let rounds = if name == "long-poll" { 2.0 } else { 0.99 };
    let line = if fan_out { 1.0 + room / (rounds * position) } else { f64::INFINITY };
    let wants = [
        ("CPU", cpu / budget),
        ("memory", memory / needs.server_memory_bytes as f64),
        ("delay", clients / line.floor()),
    ];
    let wants = wants.map(|(by, servers)| (by, servers.ceil().max(1.0) as u64));
    // `max_by_key` takes the last of equals; CPU is the plainer reason.
    let (by, count) = wants.into_iter().rev().max_by_key(|(_, count)| *count)?;
    let at_least = cost.memory_bytes.is_none();
    (budget > 0.0).then_some(Servers { count, by, at_least })
}

/// What a position costs on so many cores.
fn position_s(cost: &Cost, needs: &Needs, costs: &Costs) -> f64 {
    let faster = f64::from(needs.server_cores) / f64::from(costs.threads);
    cost.position_ns / 1e9 / faster.max(f64::MIN_POSITIVE)
}

fn one_way_s(needs: &Needs) -> f64 {
    needs.rtt.as_secs_f64() / 2.0
}

fn ns(seconds: f64) -> u64 {
    (seconds * 1e9).round() as u64
}
