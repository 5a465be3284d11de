//! One client's account of the updates: each number once, in order, or said to be lost.

use std::ops::RangeInclusive;

/// What an arrival was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// Not seen before, and later than all seen before.
    New,
    /// Not seen before, but a later one was.
    Reordered,
    /// Seen before.
    Duplicate,
    /// Of a feed of which only the newest value matters: older than what was seen last, and
    /// accounted for already, as seen or as superseded.
    Superseded,
}

/// Which publisher's numbers a client has seen.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    /// The highest number seen; 0 before the first.
    highest: u64,
    /// Numbers below it that have not come. Empty in a clean run, so that it costs nothing.
    holes: Vec<u64>,
    /// Lost by the word of a gap whose end has not come yet.
    declared: u64,
    /// Updates of the window that the server declared lost.
    lost: u64,
    /// Whether only the newest value matters.
    newest_only: bool,
    /// Updates of the window that were skipped for a newer one.
    superseded: u64,
}

/// A hole longer than this is one fault, not so many numbers to remember: 8 bytes each, per client.
const HOLE_LENGTH_MAX: u64 = 65_536;

impl Ledger {
    /// An empty one, of a feed of which only the newest value matters or of one that is to arrive
    /// whole.
    pub fn new(newest_only: bool) -> Self {
        Self { newest_only, ..Self::default() }
    }

    /// Enters a gap: so many updates are lost, `None` where the server cannot know.
    pub fn declare(&mut self, lost: Option<u64>) {
        self.declared += lost.unwrap_or(0);
    }

    /// Enters an arrival. Of a gap before it only what lies in the window counts as lost: a gap of
    /// the warm-up must not balance a fault of the window. Where only the newest value matters the
    /// rest of a hole is superseded.
    pub fn enter(&mut self, n: u64, window: &RangeInclusive<u64>) -> Arrival {
        if n > self.highest {
            if self.highest > 0 && n > self.highest + 1 {
                if !self.newest_only {
                    let from = (self.highest + 1).max(n.saturating_sub(HOLE_LENGTH_MAX));
                    self.holes.extend(from..n);
                }
                let first = (self.highest + 1).max(*window.start());
                let skipped = n.min(window.end().saturating_add(1)).saturating_sub(first);
                let lost = skipped.min(self.declared);
                self.lost += lost;
                if self.newest_only {
                    self.superseded += skipped - lost;
                }
            }
            self.declared = 0;
            self.highest = n;
            return Arrival::New;
        }
        if self.newest_only {
            return if n == self.highest { Arrival::Duplicate } else { Arrival::Superseded };
        }
        match self.holes.iter().position(|hole| *hole == n) {
            Some(place) => {
                self.holes.swap_remove(place);
                Arrival::Reordered
            }
            None => Arrival::Duplicate,
        }
    }

    /// Updates of the window that the server declared lost.
    pub fn lost(&self) -> u64 {
        self.lost
    }

    /// Updates of the window that were skipped for a newer one.
    pub fn superseded(&self) -> u64 {
        self.superseded
    }

    /// The highest number seen; 0 before the first.
    pub fn highest(&self) -> u64 {
        self.highest
    }
}

#[cfg(test)]
mod tests {
    use super::Arrival::{Duplicate, New, Reordered};
    use super::*;
    use proptest::prelude::*;

    const ALL: RangeInclusive<u64> = 1..=u64::MAX;

    #[test]
    fn only_what_the_window_lost_counts_as_lost() {
        let window = 10..=20;
        let mut ledger = Ledger::default();
        ledger.enter(1, &window);
        ledger.declare(Some(10));
        ledger.enter(12, &window);
        assert_eq!(ledger.lost(), 2, "10 and 11; the others were before the window");
        ledger.enter(15, &window);
        assert_eq!(ledger.lost(), 2, "13 and 14 are missing and nobody said so");
        ledger.declare(Some(9));
        ledger.enter(25, &window);
        assert_eq!(ledger.lost(), 7, "16 to 20");
    }

    #[test]
    fn the_first_number_seen_makes_no_hole() {
        let mut ledger = Ledger::default();
        assert_eq!(ledger.enter(40, &ALL), New);
        assert_eq!(ledger.enter(39, &ALL), Duplicate, "it was before this client's time");
    }

    #[test]
    fn a_late_number_is_reordered_once_and_then_a_duplicate() {
        let mut ledger = Ledger::default();
        let arrivals: Vec<_> = [1, 3, 2, 2, 3].map(|n| ledger.enter(n, &ALL)).into();
        assert_eq!(arrivals, [New, New, Reordered, Duplicate, Duplicate]);
    }

    #[test]
    fn where_only_the_newest_matters_the_windows_part_of_each_hole_is_superseded() {
        let window = 10..=20;
        let mut ledger = Ledger::new(true);
        ledger.enter(7, &window);
        assert_eq!(ledger.enter(12, &window), New);
        assert_eq!(ledger.superseded(), 2, "10 and 11; 8 and 9 were before the window");
        assert_eq!(ledger.enter(13, &window), New);
        assert_eq!(ledger.enter(20, &window), New);
        assert_eq!(ledger.superseded(), 2 + 6);
        assert_eq!(ledger.enter(20, &window), Duplicate);
        assert_eq!(ledger.enter(14, &window), Arrival::Superseded);
        ledger.enter(30, &window);
        assert_eq!((ledger.superseded(), ledger.lost()), (8, 0), "after the window nothing counts");
        ledger = Ledger::new(true);
        ledger.enter(9, &window);
        ledger.declare(Some(2));
        ledger.enter(15, &window);
        assert_eq!((ledger.superseded(), ledger.lost()), (3, 2), "what is declared lost is lost");
    }

    proptest! {
        /// Whatever is skipped, once the last has come nothing is missing.
        #[test]
        fn in_a_feed_of_newest_values_the_account_of_the_window_closes(steps in prop::collection::vec(1_u64..9, 1..60), from in 1_u64..30) {
            let numbers: Vec<u64> = steps.iter().scan(0, |n, step| { *n += step; Some(*n) }).collect();
            let last = numbers[numbers.len() - 1];
            prop_assume!(numbers[0] < from && from <= last);
            let window = from..=last;
            let mut ledger = Ledger::new(true);
            let mut delivered = 0;
            for n in &numbers {
                prop_assert_eq!(ledger.enter(*n, &window), New);
                delivered += u64::from(window.contains(n));
            }
            prop_assert_eq!(delivered + ledger.superseded(), last - from + 1);
        }

        #[test]
        fn distinct_numbers_are_counted_once_whatever_their_order(numbers in prop::collection::vec(1_u64..50, 1..200)) {
            let mut ledger = Ledger::default();
            let first = numbers[0];
            let fresh = numbers.iter().filter(|n| ledger.enter(**n, &ALL) != Duplicate).count();
            let distinct: std::collections::HashSet<_> =
                numbers.iter().filter(|n| **n >= first).collect();
            prop_assert_eq!(fresh, distinct.len());
        }
    }
}
