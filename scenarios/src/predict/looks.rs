//! When a client that polls looks into the log of a server that may stand still.
//!
//! A client is due every cycle C from its phase. A poll that is due in a freeze is answered as the
//! server goes on, with all that was published meanwhile. So what is published in a freeze waits for
//! its end if a poll is due between its beginning and its end, else for the next; and what was
//! published before waits for the end if the look falls into the freeze.
//!
//! At a fixed rate the schedule goes on as it was, and of the polls that are due in the freeze the
//! first is answered at its end and all others are one: two are left. With a fixed delay the next is
//! due a cycle after the end, for every client: from then on they are in step, and polls are missing
//! for as long as the first of the freeze was late.

use super::freeze::Freezes;

/// One client's looks.
pub(super) struct Looks<'a> {
    freezes: &'a Freezes,
    cycle: f64,
    /// A time at which it is due before the first freeze, and one after each.
    anchors: Vec<f64>,
    /// Polls that fall away.
    pub missed: f64,
}

impl<'a> Looks<'a> {
    /// Of a client that is due at `phase`, ns on the clock of the schedule, and every `cycle` after.
    pub fn of(freezes: &'a Freezes, cycle: f64, phase: f64, fixed_delay: bool) -> Self {
        let mut looks = Self { freezes, cycle, anchors: vec![phase], missed: 0.0 };
        let mut anchor = phase;
        for (begin, end) in freezes.times() {
            let late = end as f64 - looks.due(anchor, begin);
            if late > 0.0 && fixed_delay {
                anchor = end as f64;
                looks.missed += late / cycle;
            } else if late > 0.0 {
                looks.missed += ((late / cycle).ceil() - 2.0).max(0.0);
            }
            looks.anchors.push(anchor);
        }
        looks
    }

    /// The look that finds what is published at `at`.
    pub fn after(&self, at: u64) -> f64 {
        let anchor = self.anchors[self.freezes.ended(at)];
        let due = self.due(anchor, self.freezes.begun(at));
        if self.freezes.is_empty() { due } else { self.freezes.thawed(due as u64) as f64 }
    }

    fn due(&self, anchor: f64, from: u64) -> f64 {
        ((from as f64 - anchor) / self.cycle).ceil() * self.cycle + anchor
    }
}
