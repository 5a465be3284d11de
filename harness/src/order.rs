//! What the orchestrator says to a load worker and hears from it: one JSON object per line, on the
//! worker's stdin and stdout. Nothing crosses while the window is open.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use crate::age;
use crate::dial::Trust;
use crate::kernel::TcpCounters;
use crate::meter::Counters;
use crate::tally::{Sighting, Tick, Window};

/// The first line: what to follow, and as whom.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Assignment {
    /// Which transport to follow.
    pub transport: String,
    /// Its knobs, as the scenario resolved them.
    pub params: BTreeMap<String, serde_json::Value>,
    /// Where the server listens for this transport.
    pub server: SocketAddr,
    /// Congestion control of the sockets.
    pub congestion: String,
    /// `TCP_NODELAY` of the sockets.
    pub nodelay: bool,
    /// Whether only the newest value matters: what is skipped is superseded, and not missing.
    #[serde(default)]
    pub latest_value: bool,
    /// Index of the worker's first client.
    pub first_client: u32,
    /// How many clients it has.
    pub clients: u32,
    /// How many there are in all: the ramp spreads over them.
    pub clients_in_all: u32,
    /// Length of the ramp.
    pub ramp_ns: u64,
    /// Seed of the phases.
    pub seed: u64,
    /// Whom to trust, where TLS is spoken.
    pub tls: Option<Trust>,
    /// How much later than at once an answer may come because of the link.
    #[serde(default)]
    pub detour_ns: u64,
    /// How much later than that it may come in the window because of cuts and freezes.
    #[serde(default)]
    pub outage_ns: u64,
}

/// What the orchestrator says next.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// Connect the clients, over the ramp; say `Ramped` when each is connected or has failed.
    Ramp,
    /// Say `Reached` as soon as each living client has seen this publisher's number; at the
    /// latest when the deadline has passed.
    Reach {
        /// Publisher's number.
        n: u64,
        /// ns of `CLOCK_MONOTONIC`.
        deadline_ns: u64,
    },
    /// The warm-up is over: take the counters of clients that only listen, say `Paused`.
    Pause,
    /// The window is about to open, or to open at another time than was said before, because that
    /// was too soon; say `Opened`.
    Open {
        /// The publishes that count.
        window: Window,
        /// Those whose arrivals are kept in full.
        sampled: Vec<u64>,
        /// Intended times of the window's publishes, ns after its start, where clients may skip
        /// some of them and could not know when what they hold was outdated; else empty.
        #[serde(default)]
        offsets_ns: Vec<u64>,
    },
    /// All is over: take the last counters, waiting for clients that are not quiet until the
    /// deadline, and say `Done`.
    Close {
        /// ns of `CLOCK_MONOTONIC`.
        deadline_ns: u64,
    },
    /// Close every connection in order, waiting until the server has, too, at most until the
    /// deadline; say `Left`.
    Leave {
        /// ns of `CLOCK_MONOTONIC`.
        deadline_ns: u64,
    },
}

/// What a worker says.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Word {
    /// It has its assignment and no connection yet.
    Here,
    /// Every client is connected or has failed.
    Ramped {
        /// Clients that are connected.
        connected: u32,
    },
    /// Answer to `Reach`.
    Reached {
        /// Clients that have not seen the number, failed ones aside.
        behind: u32,
    },
    /// Answer to `Pause`.
    Paused,
    /// Answer to `Open`.
    Opened,
    /// Answer to `Close`.
    Done(Box<Sample>),
    /// Answer to `Leave`.
    Left {
        /// What the codecs have counted over the whole life of all connections.
        life: Box<Counters>,
        /// Clients that had not come to their end.
        staying: u32,
    },
}

/// All that a worker has seen in a window, merged over its clients.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Sample {
    /// Clients that connected.
    pub connected: u64,
    /// Clients that never connected.
    pub refused: u64,
    /// Clients that connected and ended early.
    pub dropped: u64,
    /// Why, the first few.
    pub reasons: Vec<String>,
    /// Distinct updates of the window, summed over clients.
    pub delivered: u64,
    /// Arrivals of updates that had come before.
    pub duplicated: u64,
    /// Arrivals after a later update.
    pub reordered: u64,
    /// Declared lost by gaps.
    pub lost: u64,
    /// Skipped on purpose.
    pub superseded: u64,
    /// Age of information.
    pub age: age::Totals,
    /// Requests sent within the window.
    pub requests: u64,
    /// Those of them that were answered without an update.
    pub empty_responses: u64,
    /// Pairs of successive requests of a client, both within the window.
    pub cycles: u64,
    /// Sum of the times between them, ns.
    pub cycle_sum_ns: u64,
    /// Codec counters of the window.
    pub counters: Counters,
    /// Kernel counters of the window.
    pub kernel: TcpCounters,
    /// Clients whose two instruments disagree.
    pub disagreeing: u64,
    /// Clients without both snapshots, of those that neither stayed away nor left.
    pub unmetered: u64,
    /// Bytes of connecting and upgrading.
    pub connect: Counters,
    /// Sum of the delays, ns.
    pub delay_sum_ns: u128,
    /// V2 histograms, base64.
    pub delay: String,
    /// Round trips of requests.
    pub request: String,
    /// Time to connect.
    pub connect_time: String,
    /// The time line.
    pub ticks: Vec<Tick>,
    /// Arrivals of the sampled publishes.
    pub sightings: Vec<Sighting>,
    /// Time to connect a TCP socket.
    pub tcp_connect_time: String,
    /// Time of a TLS handshake on it.
    pub tls_handshake_time: String,
    /// TLS handshakes.
    pub tls_handshakes: u64,
    /// Those of them that resumed a session.
    pub tls_resumed: u64,
}

impl Sample {
    /// The sum of several workers' samples.
    pub fn sum(samples: &[Self]) -> Self {
        let mut sum = Self::default();
        for sample in samples {
            sum.add(sample);
        }
        sum
    }

    /// Adds another worker's sample; histograms are merged by whoever decodes them.
    fn add(&mut self, other: &Self) {
        self.connected += other.connected;
        self.refused += other.refused;
        self.dropped += other.dropped;
        self.reasons.extend(other.reasons.iter().cloned());
        self.delivered += other.delivered;
        self.duplicated += other.duplicated;
        self.reordered += other.reordered;
        self.lost += other.lost;
        self.superseded += other.superseded;
        self.age.add(&other.age);
        self.requests += other.requests;
        self.empty_responses += other.empty_responses;
        self.cycles += other.cycles;
        self.cycle_sum_ns += other.cycle_sum_ns;
        self.counters.add(&other.counters);
        self.kernel.add(&other.kernel);
        self.disagreeing += other.disagreeing;
        self.unmetered += other.unmetered;
        self.connect.add(&other.connect);
        self.delay_sum_ns += other.delay_sum_ns;
        self.sightings.extend(other.sightings.iter().copied());
        self.tls_handshakes += other.tls_handshakes;
        self.tls_resumed += other.tls_resumed;
        if self.ticks.len() < other.ticks.len() {
            self.ticks.resize(other.ticks.len(), Tick::default());
        }
        for (tick, more) in self.ticks.iter_mut().zip(&other.ticks) {
            tick.add(more);
        }
    }
}
