//! The answer of `feedlab advise` for a terminal and for pull requests.

use results::advise::{Advice, Choice, HEADROOM};

use crate::{
    grid::grid,
    units::{bytes, count, percent, ratio, three, time},
};

const COLUMNS: [&str; 12] = [
    "transport",
    "every",
    "p50",
    "p99",
    "meets",
    "margin",
    "bytes/client/day",
    "bandwidth",
    "requests/s",
    "cores",
    "memory",
    "servers",
];

/// For a terminal.
pub fn table(advice: &Advice) -> String {
    let mut rows = vec![COLUMNS.map(str::to_owned).to_vec()];
    rows.extend(advice.choices.iter().map(cells));
    let mut out = format!("{}\n\n{}.\n\n{}", question(advice), advice.answer, grid(rows, &[]));
    for (title, lines) in sections(advice) {
        out += &format!("\n{title}\n");
        for line in lines {
            out += &format!("- {line}\n");
        }
    }
    out
}

/// For pull requests.
pub fn markdown(advice: &Advice) -> String {
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let mut out = format!("{}\n\n**{}.**\n\n", question(advice), advice.answer);
    out += &line(COLUMNS.map(str::to_owned).to_vec());
    out += &format!("|---{}|\n", "|---:".repeat(COLUMNS.len() - 1));
    for choice in &advice.choices {
        out += &line(cells(choice));
    }
    for (title, lines) in sections(advice) {
        out += &format!("\n**{title}**\n\n");
        for text in lines {
            let text = if text.starts_with("feedlab ") { format!("`{text}`") } else { text };
            out += &format!("- {text}\n");
        }
    }
    out
}

fn question(advice: &Advice) -> String {
    let needs = &advice.needs;
    let delay = time(needs.max_delay.as_nanos() as f64);
    let rtt = time(needs.rtt.as_nanos() as f64);
    let values = if needs.latest_value { "newest value only" } else { "every update" };
    format!(
        "{} clients, {} of {} bytes ({values}), p99 within {delay}, round trip {rtt}",
        count(needs.clients),
        needs.rate,
        needs.payload_bytes
    )
}

fn cells(choice: &Choice) -> Vec<String> {
    let dash = || "–".to_owned();
    let floor = if choice.is_floor { " (floor)" } else { "" };
    vec![
        format!("{}{floor}", choice.transport),
        choice.interval_ns.map_or_else(dash, |ns| time(ns as f64)),
        time(choice.delay_p50_ns as f64),
        time(choice.delay_p99_ns as f64),
        if choice.meets { "yes" } else { "no" }.to_owned(),
        ratio(choice.margin),
        bytes(choice.bytes_per_client_day),
        bits(choice.bits_per_second),
        three(choice.requests_per_second),
        three(choice.server_cores),
        choice.memory_bytes.map_or_else(dash, bytes),
        choice.servers.map_or_else(
            || "none will do".into(),
            |servers| {
                let least = if servers.at_least { "≥ " } else { "" };
                format!("{least}{} ({})", count(servers.count), servers.by)
            },
        ),
    ]
}

fn bits(per_second: f64) -> String {
    let units = [(1e9, "Gbit/s"), (1e6, "Mbit/s"), (1e3, "kbit/s")];
    let unit = units.into_iter().find(|(worth, _)| per_second >= *worth);
    let (worth, unit) = unit.unwrap_or((1.0, "bit/s"));
    format!("{} {unit}", three(per_second / worth))
}

fn sections(advice: &Advice) -> Vec<(&'static str, Vec<String>)> {
    let crossovers = advice.crossovers.iter().map(|crossover| crossover.text.clone()).collect();
    let mut all = vec![("Where the answer changes", crossovers)];
    if !advice.extrapolated.is_empty() {
        let title = "EXTRAPOLATED: the question goes beyond what was measured";
        all.push((title, advice.extrapolated.clone()));
    }
    all.push(("What to measure next, here", advice.next.clone()));
    all.push(("Order", advice.order.clone()));
    let mut grounds = vec![measured(advice)];
    grounds.extend(advice.assumptions.iter().cloned());
    all.push(("Measured, and taken for granted", grounds));
    all
}

fn measured(advice: &Advice) -> String {
    let (costs, needs) = (&advice.costs, &advice.needs);
    format!(
        "costs from {} ({}, {}, {} build, {}: {} clients, {} updates/s); servers of {} core(s) used \
         to {} and {} of memory",
        costs.source,
        if costs.machine.is_empty() { "unknown CPU" } else { &costs.machine },
        if costs.date.is_empty() { "unknown day" } else { &costs.date },
        costs.profile,
        costs.verdict,
        count(costs.clients),
        three(costs.rate_per_second),
        needs.server_cores,
        percent(HEADROOM),
        bytes(needs.server_memory_bytes as f64)
    )
}
