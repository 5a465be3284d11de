//! What the harness hands over, and the lines of the files beside `summary.csv`.

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use crate::{Life, Row, Warning, Wires};

/// Everything one transport in one repetition left behind.
#[derive(Clone, Debug)]
pub struct Measured {
    /// The line of `summary.csv`.
    pub row: Row,
    /// Bytes by cause, each counted by the decoder where it arose.
    pub causes: Direction,
    /// What the link carried in the window; `None` on loopback.
    pub link: Option<Wires>,
    /// Codecs and link over the whole life of the connections; `None` on loopback.
    pub life: Option<Life>,
    /// Every delivery's delay in nanoseconds, merged over all workers.
    pub delay: Histogram<u64>,
    /// Every poll's request round-trip time in nanoseconds; empty for push transports.
    pub request: Histogram<u64>,
    /// One line per second of the window.
    pub timeline: Vec<Second>,
    /// Samples of the processes' costs.
    pub resources: Vec<Resource>,
    /// The publishes whose fan-out was kept in full.
    pub positions: Vec<Position>,
    /// What the rules had to say about this row.
    pub warnings: Vec<Warning>,
}

/// Bytes of one direction by what they were for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Causes {
    /// The publisher's JSON itself.
    pub payload: u64,
    /// `{"seq":…,"data":…}` and what lists or cursors add around it.
    pub envelope: u64,
    /// Chunk headers, event fields, frame headers and masks, length prefixes, heartbeats.
    pub framing: u64,
    /// HTTP request and response heads.
    pub head: u64,
    /// What TLS adds: whole records of the handshake, of tickets and alerts, and of each record
    /// that carries anything else its 22 bytes around it.
    #[serde(default)] // runs of before there was TLS can still be read
    pub tls: u64,
}

impl Causes {
    /// All bytes of the direction.
    pub fn total(&self) -> u64 {
        self.payload + self.envelope + self.framing + self.head + self.tls
    }

    /// Cause by cause sum, for pooling.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            payload: self.payload + other.payload,
            envelope: self.envelope + other.envelope,
            framing: self.framing + other.framing,
            head: self.head + other.head,
            tls: self.tls + other.tls,
        }
    }
}

/// Both directions, seen from the client: up is what it sends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Direction {
    /// Client to server.
    pub up: Causes,
    /// Server to client.
    pub down: Causes,
}

/// A line of `timeline.csv`: one second of the window.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Second {
    /// Name of the transport.
    pub transport: String,
    /// Counted from 1.
    pub repetition: u32,
    /// Whole seconds since the window began.
    pub second: u32,
    /// Updates that arrived in this second, over all clients.
    pub delivered: u64,
    /// Mean delay of those arrivals.
    pub delay_mean_ns: Option<u64>,
    /// Longest delay of those arrivals.
    pub delay_max_ns: Option<u64>,
    /// Age of information averaged over this second and all clients.
    pub age_mean_ns: Option<u64>,
    /// Requests that were answered in this second.
    pub requests: u64,
    /// Publishes whose intended time lies in this second.
    pub published: u64,
}

/// A line of `resources.csv`: costs since the window began, sampled.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resource {
    /// Name of the transport.
    pub transport: String,
    /// Counted from 1.
    pub repetition: u32,
    /// Time of the sample since the window began.
    pub at_ns: u64,
    /// CPU time of the server process since the window began.
    pub server_cpu_ns: u64,
    /// Resident memory of the server process.
    pub server_rss_bytes: u64,
    /// CPU time of the load workers since the window began.
    pub client_cpu_ns: u64,
    /// Time the hypervisor took from all cores since the window began.
    pub steal_ns: u64,
}

/// A line of `positions.csv`: one arrival of a publish that was kept in full.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// Name of the transport.
    pub transport: String,
    /// Counted from 1.
    pub repetition: u32,
    /// The publisher's running number `n`.
    pub publish: u64,
    /// Rank among this publish's arrivals over all workers; 0 came first.
    pub rank: u32,
    /// Delay of this arrival.
    pub delay_ns: u64,
    /// Number of the client; empty in runs of before it was kept.
    #[serde(default)]
    pub client: Option<u32>,
}
