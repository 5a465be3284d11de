//! The graceful stop, as something that every task can look at for the price of one load.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::Context;

use crate::waiters::{Seat, Waiters};

/// How far the stop has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Nothing was said.
    Serving,
    /// Say good-bye and end.
    Stopping,
    /// End without a word: the time for good-byes is over.
    Now,
}

/// Told to everyone who serves a client.
#[derive(Clone, Default)]
pub struct Shutdown {
    phase: Arc<AtomicU8>,
    waiters: Waiters,
}

impl Shutdown {
    /// How far the stop has come.
    pub fn phase(&self) -> Phase {
        match self.phase.load(Ordering::Acquire) {
            0 => Phase::Serving,
            1 => Phase::Stopping,
            _ => Phase::Now,
        }
    }

    /// Whether good-byes are to be said.
    pub fn is_stopping(&self) -> bool {
        self.phase() != Phase::Serving
    }

    /// Goes on to `phase` and wakes everyone who watches.
    pub(crate) fn advance(&self, phase: Phase) {
        self.phase.fetch_max(phase as u8, Ordering::AcqRel);
        self.waiters.wake_all();
    }

    /// A watch for one task.
    pub fn watch(&self) -> Watch {
        Watch { shutdown: self.clone(), seat: Seat::new(&self.waiters) }
    }
}

/// Wakes one task when the phase changes.
pub struct Watch {
    shutdown: Shutdown,
    seat: Seat,
}

impl Watch {
    /// The phase now; the task is woken when it changes.
    pub fn poll_phase(&mut self, cx: &mut Context<'_>) -> Phase {
        self.seat.sit(cx.waker());
        self.shutdown.phase()
    }
}
