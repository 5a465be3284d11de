//! One client's account of the updates: each number once, in order, or said to be lost.

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
    /// Updates that the server declared lost.
    pub lost: u64,
}

/// A hole longer than this is one fault, not so many numbers to remember: 8 bytes each, per client.
const HOLE_LENGTH_MAX: u64 = 65_536;

impl Ledger {
    /// Enters an arrival.
    pub fn enter(&mut self, n: u64) -> Arrival {
        if n > self.highest {
            if self.highest > 0 && n > self.highest + 1 {
                let from = (self.highest + 1).max(n.saturating_sub(HOLE_LENGTH_MAX));
                self.holes.extend(from..n);
            }
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

    #[test]
    fn the_first_number_seen_makes_no_hole() {
        let mut ledger = Ledger::default();
        assert_eq!(ledger.enter(40), New);
        assert_eq!(ledger.enter(39), Duplicate, "it was before this client's time");
    }

    #[test]
    fn a_late_number_is_reordered_once_and_then_a_duplicate() {
        let mut ledger = Ledger::default();
        let arrivals: Vec<_> = [1, 3, 2, 2, 3].map(|n| ledger.enter(n)).into();
        assert_eq!(arrivals, [New, New, Reordered, Duplicate, Duplicate]);
    }

    proptest! {
        #[test]
        fn distinct_numbers_are_counted_once_whatever_their_order(numbers in prop::collection::vec(1_u64..50, 1..200)) {
            let mut ledger = Ledger::default();
            let first = numbers[0];
            let fresh = numbers.iter().filter(|n| ledger.enter(**n) != Duplicate).count();
            let distinct: std::collections::HashSet<_> =
                numbers.iter().filter(|n| **n >= first).collect();
            prop_assert_eq!(fresh, distinct.len());
        }
    }
}
