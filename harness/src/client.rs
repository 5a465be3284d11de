//! The table of clients, the mirror of the servers' table: one file and one line each.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use servers::{Knob, Params};

use crate::dial::{Dial, Failure};
use crate::inbox::Inbox;

mod long_poll;
mod poll;
pub mod request;
mod short_poll;
mod sse;
pub(crate) mod tcp;
mod websocket;

/// A client at work.
pub type Task<T> = Pin<Box<dyn Future<Output = T>>>;

/// A client at work; it ends only with a reason.
pub type Following = Task<Result<(), Failure>>;

/// How one transport is followed.
pub struct Client {
    /// The transport's name, the same as the server's.
    pub name: &'static str,
    /// What a scenario may set, beside the server's knobs.
    pub knobs: &'static [Knob],
    /// What its knobs may not be together: the key and a sentence about its value.
    pub check: fn(&Params) -> Result<(), (&'static str, String)>,
    /// Longest time that an update may wait at the server until this client asks again.
    pub patience: fn(&Params) -> Duration,
    /// Follows the feed until the connection ends, which it should not.
    pub follow: fn(Dial, Inbox, Params, Start) -> Following,
}

/// What makes one client differ from the others of a run.
#[derive(Clone, Copy, Debug)]
pub struct Start {
    /// When to connect, ns of `CLOCK_MONOTONIC`: the ramp.
    pub at_ns: u64,
    /// Seeded fraction of a poll interval, 0 to 1: the phase of an open-loop poll.
    pub phase: f64,
}

impl Start {
    /// For what else is the client's own.
    pub fn seed(&self) -> u64 {
        self.phase.to_bits()
    }
}

/// Every client, in the order of the tables and charts.
pub static ALL: &[Client] =
    &[short_poll::CLIENT, long_poll::CLIENT, sse::CLIENT, websocket::CLIENT, tcp::CLIENT];

/// The client of that name.
pub fn find(name: &str) -> Option<&'static Client> {
    ALL.iter().find(|client| client.name == name)
}

/// The patience of a client that is always listening.
fn none(_: &Params) -> Duration {
    Duration::ZERO
}
