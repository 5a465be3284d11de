//! A server that stands still: what is published meanwhile is in its log only when it goes on.
//!
//! With S the length of a freeze and P its period, an update meets one with probability S/P and then
//! waits for U(0, S): the quantile q > 1 − S/P of the delay is d + S(1 − (1 − q)P/S). The models
//! follow the run's own publish times instead.

use std::time::Duration;

use crate::Schedule;

/// Publish times as the server's log sees them.
pub(super) struct Entered {
    /// When each update can leave at the earliest, ns; never decreasing.
    pub at_ns: Vec<u64>,
    /// How long each had to wait for that, ns.
    pub held_ns: Vec<f64>,
}

/// Freezes are (begin, end) after the window has opened, which it does with the first publish.
pub(super) fn entered(schedule: &Schedule, freezes: &[(Duration, Duration)]) -> Entered {
    let first = schedule.offsets_ns.first().copied().unwrap_or(0);
    let freezes: Vec<(u64, u64)> = freezes
        .iter()
        .map(|(begin, end)| (first + begin.as_nanos() as u64, first + end.as_nanos() as u64))
        .collect();
    let at_ns: Vec<u64> = schedule.offsets_ns.iter().map(|at| thawed(*at, &freezes)).collect();
    let held_ns = at_ns.iter().zip(&schedule.offsets_ns).map(|(at, due)| (at - due) as f64);
    Entered { held_ns: held_ns.collect(), at_ns }
}

/// The first time from `at` on at which the server runs.
fn thawed(at: u64, freezes: &[(u64, u64)]) -> u64 {
    let inside = freezes.partition_point(|(begin, _)| *begin <= at);
    inside.checked_sub(1).map_or(at, |last| at.max(freezes[last].1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_update_of_a_freeze_enters_at_its_end_and_others_at_once() {
        let schedule =
            Schedule { offsets_ns: vec![5, 14, 15, 24, 25, 30], fields: vec![], mean_period_ns: 5 };
        let freezes = [(10, 20)].map(|(a, b)| (Duration::from_nanos(a), Duration::from_nanos(b)));
        let entered = entered(&schedule, &freezes);
        assert_eq!(entered.at_ns, [5, 14, 25, 25, 25, 30]);
        assert_eq!(entered.held_ns, [0.0, 0.0, 10.0, 1.0, 0.0, 0.0]);
    }
}
