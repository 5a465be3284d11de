//! A server that stands still: what is published meanwhile is in its log only when it goes on.
//!
//! With S the length of a freeze and P its period, an update meets one with probability S/P and then
//! waits for U(0, S): the quantile q > 1 − S/P of the delay is d + S(1 − (1 − q)P/S). The models
//! follow the run's own publish times instead.
//!
//! **In which order a server that goes on does what has come meanwhile** decides what a poll finds.
//! Who publishes has one request in flight at most. So of the updates of a freeze the **first** is
//! in the server's socket all the time, and the others are with the publisher until that one is
//! accepted: they go together in the next request, a turn of the publisher after the end. The server
//! reads its sockets in the order in which they became readable (epoll's list of them is a queue).
//! A poll that came to the frozen server is in that line, too, and is answered with
//!
//! - what was published before the freeze,
//! - the first update of the freeze, if that came before the poll,
//! - never the others: they are not there yet, and wait for the client's next poll, a round trip
//!   later or more.

use std::time::Duration;

use crate::Schedule;

/// Publish times as the server's log sees them.
pub(super) struct Entered {
    /// When each update can leave at the earliest, ns; never decreasing.
    pub at_ns: Vec<u64>,
    /// How long each had to wait for that, ns.
    pub held_ns: Vec<f64>,
}

/// A time in which the server stands still, ns on the clock of a schedule.
#[derive(Clone, Copy, Debug)]
pub(super) struct Freeze {
    pub begin: u64,
    pub end: u64,
    /// When the update was published that waits in the server's socket.
    first: Option<u64>,
}

impl Freeze {
    /// Whether a poll that came to the frozen server at `asked` is answered with what was published
    /// at `at`.
    pub fn answers(&self, asked: f64, at: u64) -> bool {
        at < self.begin || (self.first == Some(at) && at as f64 <= asked)
    }
}

/// When the server stands still, in order.
pub(super) struct Freezes(Vec<Freeze>);

impl Freezes {
    /// Of (begin, end) after the window has opened, which it does with the first publish.
    pub fn of(schedule: &Schedule, freezes: &[(Duration, Duration)]) -> Self {
        let offsets = &schedule.offsets_ns;
        let opened = offsets.first().copied().unwrap_or(0);
        let at = |after: Duration| opened + after.as_nanos() as u64;
        let freeze = |(begin, end): &(Duration, Duration)| {
            let (begin, end) = (at(*begin), at(*end));
            let first = offsets.get(offsets.partition_point(|at| *at < begin)).copied();
            Freeze { begin, end, first: first.filter(|at| *at < end) }
        };
        Self(freezes.iter().map(freeze).collect())
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = &Freeze> {
        self.0.iter()
    }

    /// The first that is not over at `at`, and its number from 0.
    pub fn next(&self, at: u64) -> (usize, Option<&Freeze>) {
        let ended = self.0.partition_point(|freeze| freeze.end <= at);
        (ended, self.0.get(ended))
    }

    /// The one in which `at` lies.
    pub fn around(&self, at: f64) -> Option<&Freeze> {
        self.next(at.max(0.0) as u64).1.filter(|freeze| freeze.begin as f64 <= at)
    }

    /// The first time from `at` on at which the server runs.
    pub fn thawed(&self, at: f64) -> f64 {
        self.around(at).map_or(at, |freeze| freeze.end as f64)
    }

    /// `turn_ns`: of the publisher, from the first update's acceptance to that of the others.
    pub fn entered(&self, schedule: &Schedule, turn_ns: f64) -> Entered {
        let mut latest = 0;
        let mut enter = |due: &u64| {
            let at = match self.around(*due as f64) {
                Some(freeze) if freeze.first == Some(*due) => freeze.end,
                Some(freeze) => freeze.end + turn_ns.max(0.0) as u64,
                None => *due,
            };
            // What is due in that turn goes with the others.
            latest = at.max(latest);
            latest
        };
        let at_ns: Vec<u64> = schedule.offsets_ns.iter().map(&mut enter).collect();
        let held_ns = at_ns.iter().zip(&schedule.offsets_ns).map(|(at, due)| (at - due) as f64);
        Entered { held_ns: held_ns.collect(), at_ns }
    }

    /// Whether the server stands still at any time from `from` to `to`.
    pub fn touch(&self, from: u64, to: u64) -> bool {
        self.next(from).1.is_some_and(|freeze| freeze.begin <= to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn freezes(schedule: &Schedule, times: &[(u64, u64)]) -> Freezes {
        let time = Duration::from_nanos;
        let times: Vec<_> = times.iter().map(|(begin, end)| (time(*begin), time(*end))).collect();
        Freezes::of(schedule, &times)
    }

    fn schedule(offsets_ns: Vec<u64>) -> Schedule {
        Schedule { offsets_ns, fields: vec![], mean_period_ns: 5 }
    }

    #[test]
    fn the_first_update_of_a_freeze_enters_at_its_end_and_the_others_a_turn_later() {
        let schedule = schedule(vec![5, 14, 15, 24, 25, 26, 30]);
        let freezes = freezes(&schedule, &[(10, 20)]);
        let entered = freezes.entered(&schedule, 2.0);
        assert_eq!(entered.at_ns, [5, 14, 25, 27, 27, 27, 30]);
        assert_eq!(entered.held_ns, [0.0, 0.0, 10.0, 3.0, 2.0, 1.0, 0.0]);
    }

    #[test]
    fn a_poll_of_the_frozen_server_is_answered_with_what_came_before_it_but_for_a_batch() {
        let schedule = schedule(vec![0, 9, 12, 12, 15, 30]);
        let freezes = freezes(&schedule, &[(10, 20)]);
        let freeze = freezes.around(10.0).unwrap();
        for (asked, at, answered) in
            [(11.0, 9, true), (11.0, 12, false), (12.0, 12, true), (19.0, 15, false)]
        {
            assert_eq!(freeze.answers(asked, at), answered, "{asked} {at}");
        }
    }

    #[test]
    fn a_freeze_touches_what_begins_ends_or_lies_in_it_or_around_it() {
        let freezes = freezes(&schedule(vec![0]), &[(10, 20), (50, 60)]);
        for (from, to) in [(12, 15), (5, 10), (19, 30), (0, 100), (59, 59)] {
            assert!(freezes.touch(from, to), "{from} to {to}");
        }
        for (from, to) in [(0, 9), (20, 49), (60, 100)] {
            assert!(!freezes.touch(from, to), "{from} to {to}");
        }
    }
}
