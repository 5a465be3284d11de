//! Short polling: an update waits for its client's next look.

use std::collections::BTreeMap;

use results::Position;
use results::validation::{Tolerance, Unit};

use super::statistics::{around, critical_distance, distance_from_uniform, median, moments};
use super::{Check, Evidence, Judged, Needs, evidence::known};

const MS: f64 = 1e6;

pub const UNIFORM: Check = Check {
    number: 2,
    name: "poll-uniform",
    condition: "fixed-rate C = 250 ms (quick: 200 ms), Poisson feed with λC = 5, 200 random phases",
    broken: "waiting for the next poll would not be uniform on the cycle: phases, publish times or \
             the delay's definition would be wrong",
    needs: Needs::Runs(&["poll-uniform"]),
    judge: uniform,
};

pub const FIXED_DELAY: Check = Check {
    number: 3,
    name: "fixed-delay",
    condition: "fixed-delay T = 1 s, d = 25 ms, λ = 5/s, 200 clients",
    broken: "the cycle of a poller that waits after its answer would not be T + 2d, and its request \
             rate would be wrong by that much",
    needs: Needs::FullRuns(&["fixed-delay"]),
    judge: fixed_delay,
};

pub const ZERO: Check = Check {
    number: 4,
    name: "poll-zero",
    condition: "asks again at once (T = 1 ms < 2d), d = 50 ms",
    broken: "a poller without a pause would not have the two transits on average and three at most \
             of RFC 6202",
    needs: Needs::FullRuns(&["poll-zero"]),
    judge: zero,
};

pub const PHASE_LOCK: Check = Check {
    number: 5,
    name: "phase-lock",
    condition: "periodic feed with X = T = 250 ms, 200 clients",
    broken: "a poller in step with its feed would not wait one constant: timers drift, or phases \
             are not those that were drawn",
    needs: Needs::Runs(&["phase-lock"]),
    judge: phase_lock,
};

pub const LOAD: Check = Check {
    number: 10,
    name: "poll-load",
    condition: "1,000 clients, T = 1 s; 0.1, 1 and 100 updates/s",
    broken: "the load of polling would depend on the feed, so polls are skipped or doubled when \
             there is news",
    needs: Needs::FullRuns(LOADS),
    judge: load,
};

const LOADS: &[&str] = &["poll-load-0.1", "poll-load-1", "poll-load-100"];

pub const EMPTY_AND_SEEN: Check = Check {
    number: 11,
    name: "empty-and-seen",
    condition: "λC = 1: C = 250 ms, 4 updates/s",
    broken: "the share of polls that find nothing, or of versions that a poller of the latest \
             value ever sees, would be wrong",
    needs: Needs::FullRuns(&["half-empty", "latest-value"]),
    judge: empty_and_seen,
};

fn uniform(evidence: &Evidence) -> Result<Judged, String> {
    let seen = evidence.seen("poll-uniform", "short-poll")?;
    let (row, theory) = (seen.row, seen.theory);
    let mut judged = Judged::default();
    let within = Tolerance::Relative(0.015);
    let mean = known(row.delay_mean_ns, "the mean delay")?;
    judged.time("mean", theory.delay_mean_ns as f64, mean, within);
    let p50 = known(row.delay_p50_ns, "the median delay")?;
    judged.time("p50", theory.delay_p50_ns as f64, p50, within);
    if let Some(p99) = row.delay_p99_ns {
        judged.time("p99", theory.delay_p99_ns as f64, p99 as f64, within);
    } else {
        judged.note(format!("p99 is left out: {} publishes do not carry one", row.published));
    }
    let cycle = seen.setting_ns("interval")?;
    let floor = seen.eps_ns();
    let max = known(row.delay_max_ns, "the longest delay")?;
    judged.time("max", cycle + floor, max, Tolerance::AtMost(5.0 * MS));
    let delays = seen.loaded.delay("short-poll").ok_or("the run has no histogram")?;
    judged.hold(
        "Kolmogorov–Smirnov distance from U(0, C) + floor (5 %, by publish)",
        critical_distance(row.published),
        distance_from_uniform(&delays, floor, cycle + floor),
        Tolerance::AtMost(0.0),
        Unit::Number,
    );
    Ok(judged)
}

fn fixed_delay(evidence: &Evidence) -> Result<Judged, String> {
    let seen = evidence.seen("fixed-delay", "short-poll")?;
    let row = seen.row;
    let trip = seen.loaded.request("short-poll").ok_or("the run has no request times")?.mean();
    let cycle = seen.setting_ns("interval")? + trip;
    let rate = row.requests as f64 / seen.client_seconds();
    let mut judged = Judged::default();
    let within = Tolerance::Relative(0.01);
    judged.hold("polls of a client", 1e9 / cycle, rate, within, Unit::PerSecond);
    let mean = known(row.delay_mean_ns, "the mean delay")?;
    let floor = seen.one_way_ns() + seen.loaded.run.calibration.floor_mean_ns;
    // Its own C: the check above has held it against T + 2d + s.
    judged.time("mean delay", 1e9 / rate / 2.0 + floor, mean, within);
    Ok(judged)
}

fn zero(evidence: &Evidence) -> Result<Judged, String> {
    let seen = evidence.seen("poll-zero", "short-poll")?;
    let (d, eps) = (seen.one_way_ns(), seen.eps_ns());
    let mut judged = Judged::default();
    let mean = known(seen.row.delay_mean_ns, "the mean delay")?;
    judged.time("mean, two transits", 2.0 * d + eps, mean, Tolerance::Within(3.0 * MS));
    let max = known(seen.row.delay_max_ns, "the longest delay")?;
    judged.time("max, three transits", 3.0 * d + eps, max, Tolerance::AtMost(3.0 * MS));
    Ok(judged)
}

/// Each client's typical delay, and the standard deviation of all delays around their client's.
fn by_client(positions: &[Position], cycle: f64) -> (Vec<f64>, f64) {
    let mut delays: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
    for position in positions {
        if let Some(client) = position.client {
            delays.entry(client).or_default().push(position.delay_ns as f64);
        }
    }
    let (mut typical, mut squares, mut degrees) = (Vec::new(), 0.0, 0.0);
    for delays in delays.values() {
        // Who polls just when an update is published waits for nothing or for a whole cycle.
        let first = delays[0];
        let center = first + median(delays.iter().map(|delay| around(*delay, first, cycle)));
        squares += delays.iter().map(|delay| around(*delay, center, cycle).powi(2)).sum::<f64>();
        degrees += delays.len() as f64 - 1.0;
        typical.push(center);
    }
    (typical, (squares / degrees).sqrt())
}

fn phase_lock(evidence: &Evidence) -> Result<Judged, String> {
    let seen = evidence.seen("phase-lock", "short-poll")?;
    let cycle = seen.setting_ns("interval")?;
    let (typical, own) = by_client(&seen.loaded.positions, cycle);
    if typical.len() < 2 {
        return Err("the run has not kept who received what".to_owned());
    }
    let mut judged = Judged::default();
    judged.time("deviation of a client's delay", 0.0, own, Tolerance::AtMost(3.0 * MS));
    let (_, deviation) = moments(&typical);
    let spread = cycle / 12_f64.sqrt();
    let mean = known(seen.row.delay_mean_ns, "the mean delay")?;
    // Four standard errors of as many phases.
    let error = 4.0 * spread / (seen.row.clients as f64).sqrt();
    judged.time("mean", cycle / 2.0 + seen.eps_ns(), mean, Tolerance::Within(error));
    judged.time("deviation between clients", spread, deviation, Tolerance::Relative(0.15));
    Ok(judged)
}

fn load(evidence: &Evidence) -> Result<Judged, String> {
    let mut judged = Judged::default();
    for name in LOADS {
        let seen = evidence.seen(name, "short-poll")?;
        let cycle = seen.setting_ns("interval")?;
        let predicted = seen.row.clients as f64 * 1e9 / cycle;
        let measured = seen.row.requests as f64 / (seen.row.window_ns as f64 / 1e9);
        let what = format!("requests at {}", seen.loaded.run.scenario.feed.rate);
        judged.hold(what, predicted, measured, Tolerance::Relative(0.005), Unit::PerSecond);
    }
    Ok(judged)
}

fn empty_and_seen(evidence: &Evidence) -> Result<Judged, String> {
    let mut judged = Judged::default();
    let seen = evidence.seen("half-empty", "short-poll")?;
    let (row, theory) = (seen.row, seen.theory);
    let share = |empty: u64, of: u64| empty as f64 / of as f64;
    judged.hold(
        "polls that find nothing",
        share(theory.empty_responses, theory.requests),
        share(row.empty_responses, row.requests),
        Tolerance::Relative(0.02),
        Unit::Share,
    );
    let seen = evidence.seen("latest-value", "short-poll")?;
    let predicted = seen.theory.versions_seen.ok_or("theory expects no version")?;
    let measured = seen.row.versions_seen.ok_or("no version was due")?;
    judged.hold(
        "versions that a client sees",
        predicted,
        measured,
        Tolerance::Relative(0.02),
        Unit::Share,
    );
    Ok(judged)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_at_the_edge_of_the_cycle_deviates_little() {
        let at =
            |client, delay_ns| Position { client: Some(client), delay_ns, ..Position::default() };
        let positions = [at(0, 1), at(0, 249), at(0, 250), at(1, 100), at(1, 101), at(1, 99)];
        let (typical, deviation) = by_client(&positions, 250.0);
        assert_eq!(typical.len(), 2);
        assert!(deviation < 1.5, "{deviation}");
    }
}
