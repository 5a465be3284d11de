//! What `/metrics` tells: a handful of counters, each touched at most once per delivery.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// The counters of one transport.
#[derive(Default)]
pub struct Tally {
    clients: AtomicU64,
    started: AtomicU64,
    delivered: AtomicU64,
    gaps: AtomicU64,
}

impl Tally {
    /// A client (or a request) is being served until the guard is dropped.
    pub fn enter(self: &Arc<Self>) -> Present {
        self.clients.fetch_add(1, Relaxed);
        self.started.fetch_add(1, Relaxed);
        Present(Arc::clone(self))
    }

    /// `updates` went out.
    pub fn delivered(&self, updates: u64) {
        self.delivered.fetch_add(updates, Relaxed);
    }

    /// A gap was said.
    pub fn gap(&self) {
        self.gaps.fetch_add(1, Relaxed);
    }

    /// `(clients now, served in all, updates delivered, gaps said)`.
    pub fn read(&self) -> (u64, u64, u64, u64) {
        (
            self.clients.load(Relaxed),
            self.started.load(Relaxed),
            self.delivered.load(Relaxed),
            self.gaps.load(Relaxed),
        )
    }
}

/// Counts one client as present.
pub struct Present(Arc<Tally>);

impl Drop for Present {
    fn drop(&mut self) {
        self.0.clients.fetch_sub(1, Relaxed);
    }
}

/// The counters of the listeners.
#[derive(Default)]
pub struct Door {
    accepted: AtomicU64,
    refused: AtomicU64,
    secured: AtomicU64,
    resumed: AtomicU64,
    unsecured: AtomicU64,
}

impl Door {
    /// A connection came in.
    pub fn accepted(&self) {
        self.accepted.fetch_add(1, Relaxed);
    }

    /// A connection could not be accepted, for want of descriptors or memory.
    pub fn refused(&self) {
        self.refused.fetch_add(1, Relaxed);
    }

    /// A TLS handshake is over, of a session that was resumed or not.
    pub fn secured(&self, resumed: bool) {
        self.secured.fetch_add(1, Relaxed);
        self.resumed.fetch_add(u64::from(resumed), Relaxed);
    }

    /// A TLS handshake failed or took too long.
    pub fn unsecured(&self) {
        self.unsecured.fetch_add(1, Relaxed);
    }

    /// `(TLS handshakes, those that resumed a session, those that failed)`.
    pub fn read_tls(&self) -> (u64, u64, u64) {
        (self.secured.load(Relaxed), self.resumed.load(Relaxed), self.unsecured.load(Relaxed))
    }

    /// `(connections accepted, accepts that failed)`.
    pub fn read(&self) -> (u64, u64) {
        (self.accepted.load(Relaxed), self.refused.load(Relaxed))
    }
}
