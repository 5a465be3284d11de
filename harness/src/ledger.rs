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
}

/// A hole longer than this is one fault, not so many numbers to remember: 8 bytes each, per client.
const HOLE_LENGTH_MAX: u64 = 65_536;

impl Ledger {
    /// Enters a gap: so many updates are lost, `None` where the server cannot know.
    pub fn declare(&mut self, lost: Option<u64>) {
        self.declared += lost.unwrap_or(0);
    }

    /// Enters an arrival. Of a gap before it only what lies in the window counts as lost: a gap of
    /// the warm-up must not balance a fault of the window.
    pub fn enter(&mut self, n: u64, window: &RangeInclusive<u64>) -> Arrival {
        if n > self.highest {
            if self.highest > 0 && n > self.highest + 1 {
                let from = (self.highest + 1).max(n.saturating_sub(HOLE_LENGTH_MAX));
                self.holes.extend(from..n);
                let first = (self.highest + 1).max(*window.start());
                let skipped = n.min(window.end().saturating_add(1)).saturating_sub(first);
                self.lost += skipped.min(self.declared);
            }
            self.declared = 0;
            self.highest = n;
            return Arrival::New;
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

    proptest! {
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
