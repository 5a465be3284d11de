//! Two mistakes that have spoiled published comparisons, made on purpose: both must show.

use results::validation::{Tolerance, Unit};

use super::statistics::share_above;
use super::{Check, Evidence, Judged, Needs, evidence::Seen};

const MS: f64 = 1e6;

pub const NAGLE: Check = Check {
    number: 25,
    name: "nagle",
    condition: "requests in two small writes, every 250 ms, with and without TCP_NODELAY",
    broken: "a lab that forgets TCP_NODELAY would look as fast as one that sets it, or ours would \
             have forgotten it",
    needs: Needs::FullRuns(&["nagle-off", "nagle-on"]),
    judge: nagle,
};

pub const TIMER: Check = Check {
    number: 26,
    name: "timer",
    condition: "fixed-delay, T = 10 ms, no delay: tokio's timer and an exact one",
    broken: "short cycles would be longer than asked for without anybody's noticing",
    needs: Needs::FullRuns(&["timer-tokio", "timer-exact"]),
    judge: timer,
};

/// Between a round trip that no acknowledgement explains and one that a delayed one does: Linux puts
/// them off for 40 ms.
const BETWEEN: f64 = 30.0 * MS;

fn nagle(evidence: &Evidence) -> Result<Judged, String> {
    let mut judged = Judged::default();
    let share = |name: &str| -> Result<f64, String> {
        let loaded = evidence.run(name)?;
        let trips = loaded.request("short-poll").ok_or("the run has no request times")?;
        Ok(share_above(&trips, BETWEEN))
    };
    let (off, on) = (share("nagle-off")?, share("nagle-on")?);
    let what = "requests that take more than 30 ms";
    // A mode is there when it has a tenth of them, and is not when it has a hundredth.
    judged.hold(format!("{what}, without it"), 0.1, off, Tolerance::AtLeast, Unit::Share);
    judged.hold(format!("{what}, with it"), 0.0, on, Tolerance::AtMost(0.01), Unit::Share);
    Ok(judged)
}

/// The cycle that the requests show.
fn cycle_ns(seen: &Seen<'_>) -> f64 {
    1e9 * seen.client_seconds() / seen.row.requests as f64
}

fn timer(evidence: &Evidence) -> Result<Judged, String> {
    let mut judged = Judged::default();
    // A millisecond of tokio's, and the tenth that a wake-up takes.
    for (name, late) in [("timer-tokio", 1.1 * MS), ("timer-exact", 0.1 * MS)] {
        let seen = evidence.seen(name, "short-poll")?;
        let trip = seen.loaded.request("short-poll").ok_or("the run has no request times")?.mean();
        let predicted = seen.setting_ns("interval")? + late + trip;
        let what = format!("cycle, {}", name.trim_start_matches("timer-"));
        judged.time(what, predicted, cycle_ns(&seen), Tolerance::Within(0.3 * MS));
    }
    Ok(judged)
}
