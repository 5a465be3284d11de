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

/// When the server stands still: (begin, end) on the clock of a schedule, ns, in order.
pub(super) struct Freezes(Vec<(u64, u64)>);

impl Freezes {
    /// Of (begin, end) after the window has opened, which it does with the first publish.
    pub fn of(schedule: &Schedule, freezes: &[(Duration, Duration)]) -> Self {
        let first = schedule.offsets_ns.first().copied().unwrap_or(0);
        let at = |after: Duration| first + after.as_nanos() as u64;
        Self(freezes.iter().map(|(begin, end)| (at(*begin), at(*end))).collect())
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// (begin, end) of each, ns.
    pub fn times(&self) -> impl Iterator<Item = (u64, u64)> {
        self.0.iter().copied()
    }

    /// How many are over at `at`.
    pub fn ended(&self, at: u64) -> usize {
        self.0.partition_point(|(_, end)| *end <= at)
    }

    pub fn entered(&self, schedule: &Schedule) -> Entered {
        let at_ns: Vec<u64> = schedule.offsets_ns.iter().map(|at| self.thawed(*at)).collect();
        let held_ns = at_ns.iter().zip(&schedule.offsets_ns).map(|(at, due)| (at - due) as f64);
        Entered { held_ns: held_ns.collect(), at_ns }
    }

    /// The first time from `at` on at which the server runs.
    pub fn thawed(&self, at: u64) -> u64 {
        let inside = self.0.partition_point(|(begin, _)| *begin <= at);
        inside.checked_sub(1).map_or(at, |last| at.max(self.0[last].1))
    }

    /// `at`, or the beginning of the freeze that it lies in.
    pub fn begun(&self, at: u64) -> u64 {
        let inside = self.0.partition_point(|(begin, _)| *begin <= at);
        let last = inside.checked_sub(1).map(|last| self.0[last]);
        last.filter(|(_, end)| at < *end).map_or(at, |(begin, _)| begin)
    }

    /// Whether the server stands still at any time from `from` to `to`.
    pub fn touch(&self, from: u64, to: u64) -> bool {
        let begun = self.0.partition_point(|(begin, _)| *begin <= to);
        begun.checked_sub(1).is_some_and(|last| self.0[last].1 > from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_update_of_a_freeze_enters_at_its_end_and_others_at_once() {
        let schedule =
            Schedule { offsets_ns: vec![5, 14, 15, 24, 25, 30], fields: vec![], mean_period_ns: 5 };
        let freezes = [(10, 20)].map(|(a, b)| (Duration::from_nanos(a), Duration::from_nanos(b)));
        let freezes = Freezes::of(&schedule, &freezes);
        let entered = freezes.entered(&schedule);
        assert_eq!(entered.at_ns, [5, 14, 25, 25, 25, 30]);
        assert_eq!(entered.held_ns, [0.0, 0.0, 10.0, 1.0, 0.0, 0.0]);
    }

    #[test]
    fn a_freeze_touches_what_begins_ends_or_lies_in_it_or_around_it() {
        let freezes = Freezes(vec![(10, 20), (50, 60)]);
        for (from, to) in [(12, 15), (5, 10), (19, 30), (0, 100), (59, 59)] {
            assert!(freezes.touch(from, to), "{from} to {to}");
        }
        for (from, to) in [(0, 9), (20, 49), (60, 100)] {
            assert!(!freezes.touch(from, to), "{from} to {to}");
        }
    }
}
