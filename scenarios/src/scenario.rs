//! The scenario as the rest of feedlab sees it: typed, checked, complete.

mod check;
mod document;
mod keys;
mod load;
mod network;
mod origin;
mod target;
mod window;

use std::{collections::BTreeMap, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Error, Link, Rate, text_duration};
pub use keys::PAPERS;
pub(crate) use keys::{KEYS, Key, Kind, MAX_CORE, MAX_WORD};
pub(crate) use origin::Origin;

/// One experiment: a feed, its clients, how it is measured and which transports carry it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// Version of the file format; this feedlab reads 1.
    pub format: u32,
    /// The file's stem, which names the run's directory; not a key of the file.
    #[serde(default)]
    #[schemars(skip)]
    pub name: String,
    /// One line that says what the scenario shows.
    pub about: String,
    /// How many clients follow the feed, each with a connection of its own.
    pub clients: u32,
    /// The publication that the scenario reproduces; its figures stand beside the run's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paper: Option<String>,
    /// What is published, and when.
    pub feed: Feed,
    /// How long, how often and with which seed it is measured.
    #[serde(default)]
    pub measure: Measure,
    /// The conditions of the server under test, the same for every transport.
    #[serde(default)]
    pub server: Server,
    /// Whether everything between client and server is encrypted: TLS 1.3 under every transport
    /// alike, with a certificate that is made for the run and that the clients verify.
    #[serde(default)]
    pub tls: bool,
    /// Whether a client that comes back resumes its TLS session instead of a full handshake.
    #[serde(default = "default::tls_resumption")]
    pub tls_resumption: bool,
    /// The network between clients and server; without it they share a machine (loopback).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<Link>,
    /// A server that runs already, `"http://host:port"`, to be measured instead of feedlab's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// Where the target's tcp transport listens, `"host:port"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_tcp: Option<String>,
    /// Where the target takes updates; without it `POST /publish` at the target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_publish: Option<String>,
    /// The target's process, if it is on this machine: without it nothing is known of its CPU and
    /// memory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_pid: Option<u32>,
    /// What must hold of a transport's row over all repetitions: a table per transport, whose keys
    /// are columns and whose values are an operator and a number, `delay_p99 = "< 250ms"`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub expect: BTreeMap<String, BTreeMap<String, String>>,
    /// The transports to run: the table's presence means "run it", its keys are that transport's
    /// own settings.
    pub transports: BTreeMap<String, BTreeMap<String, serde_json::Value>>,
    #[serde(skip)]
    #[schemars(skip)]
    pub(crate) origin: Origin,
}

/// What is published, and when.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Feed {
    /// The law of the publish times.
    pub kind: FeedKind,
    /// How often: "50/s", "2/min", "1/10s". For bursts the rate while on; a trace has its own.
    #[serde(default = "default::rate")]
    pub rate: Rate,
    /// Size of an update's JSON payload; shorter ones are padded up to it.
    #[serde(default = "default::payload_bytes")]
    pub payload_bytes: u32,
    /// The CSV file to replay (kind "trace"), relative to the scenario file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<String>,
    /// How many times faster than real time a trace is replayed.
    #[serde(default = "default::speed")]
    pub speed: f64,
    /// How long a burst lasts (kind "bursts").
    #[serde(default, with = "text_duration", skip_serializing_if = "Duration::is_zero")]
    #[schemars(with = "String")]
    pub on: Duration,
    /// How long the silence between two bursts lasts (kind "bursts").
    #[serde(default, with = "text_duration", skip_serializing_if = "Duration::is_zero")]
    #[schemars(with = "String")]
    pub off: Duration,
    /// Whether only the newest value matters: a client that finds several updates ready is sent the
    /// last of them, whatever the transport.
    #[serde(default)]
    pub latest_value: bool,
}

/// The law of the publish times.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FeedKind {
    /// One update every 1/rate, from a random phase.
    Periodic,
    /// Independent updates: exponential gaps with mean 1/rate.
    Poisson,
    /// Poisson updates at `rate` for `on`, then silence for `off`, from a random phase.
    Bursts,
    /// The updates of a CSV file at their own times, divided by `speed`.
    Trace,
}

/// How long, how often and with which seed it is measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Measure {
    /// The clients connect evenly spread over this time.
    #[serde(with = "text_duration")]
    #[schemars(with = "String")]
    pub ramp: Duration,
    /// How long updates are published before the window opens.
    #[serde(with = "text_duration")]
    #[schemars(with = "String")]
    pub warmup: Duration,
    /// Length of the window: the publishes inside it are what is measured.
    #[serde(with = "text_duration")]
    #[schemars(with = "String")]
    pub duration: Duration,
    /// Number of blocks; each block runs every transport once, in random order.
    pub repeat: u32,
    /// Seed of the publish times, the phases and the order of the blocks.
    pub seed: u64,
    /// Number of load worker processes; chosen by the harness when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workers: Option<u32>,
    /// Whether every transport runs a second time in each block, as `<transport>-twin`: what two
    /// runs of the same differ by is the noise of the machine.
    pub twins: bool,
}

/// The conditions of the server under test, the same for every transport.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Server {
    /// Threads of the server's runtime.
    pub threads: u32,
    /// Cores the server is pinned to; chosen by the harness when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpus: Option<Vec<u32>>,
    /// How many updates the feed's log keeps for those who come late.
    pub history: u32,
    /// Whether everything a wake-up finds ready leaves in one write.
    pub coalesce: bool,
    /// Whether both ends send small writes at once (TCP_NODELAY); false leaves Nagle's algorithm on.
    pub nodelay: bool,
    /// For tests of comparisons: time that the server wastes on each update that it delivers.
    #[serde(with = "text_duration")]
    #[schemars(with = "String")]
    pub burn: Duration,
    /// TCP congestion control of both ends.
    pub congestion: String,
    /// Times in which the server is stopped (SIGSTOP) and then goes on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub freeze: Vec<Freeze>,
}

/// A time in which the server stands still, as in a long garbage collection or a page fault storm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Freeze {
    /// When it begins, after the window has opened.
    #[serde(with = "text_duration")]
    #[schemars(with = "String")]
    pub at: Duration,
    /// After which time it begins again, to the end of the window; once, without it.
    #[serde(default, with = "text_duration::optional", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub every: Option<Duration>,
    /// How long it lasts, at most 25 s.
    #[serde(rename = "for", with = "text_duration")]
    #[schemars(with = "String")]
    pub lasts: Duration,
}

impl Server {
    /// (begin, end) of each freeze in a window of this length, in order. A freeze that comes again
    /// does so while it ends in the window, which is that of a repetition's own schedule.
    pub fn freezes(&self, window: Duration) -> Vec<(Duration, Duration)> {
        let mut freezes = Vec::new();
        for freeze in &self.freeze {
            let mut at = freeze.at;
            while at + freeze.lasts <= window {
                freezes.push((at, at + freeze.lasts));
                let Some(every) = freeze.every else { break };
                at += every;
            }
        }
        freezes.sort_unstable();
        freezes
    }
}

impl Scenario {
    /// Reads a built-in scenario by its name, or a file by its path, and applies `sets`
    /// (`feed.rate=10/s`) over it.
    ///
    /// A set's value is TOML if it parses as such, otherwise text: `clients=5` is a number,
    /// `feed.rate=5/s` a text.
    pub fn load(name_or_path: &str, sets: &[String]) -> Result<Self, Error> {
        load::load(name_or_path, sets)
    }

    /// An error about `key` (`"transports.short-poll.interval"`) that names the line or the `--set`
    /// that set it.
    pub fn error_at(&self, key: &str, problem: &str) -> Error {
        self.origin.error_at(key, problem)
    }
}

impl Default for Measure {
    fn default() -> Self {
        Self {
            ramp: Duration::from_secs(1),
            warmup: Duration::from_secs(1),
            duration: Duration::from_secs(10),
            repeat: 1,
            seed: 1,
            workers: None,
            twins: false,
        }
    }
}

impl Default for Server {
    fn default() -> Self {
        Self {
            threads: 1,
            cpus: None,
            history: 65_536,
            coalesce: true,
            nodelay: true,
            burn: Duration::ZERO,
            // Any user may choose reno; others may be refused, and some hosts default to BBR, which
            // paces.
            congestion: "reno".to_owned(),
            freeze: Vec::new(),
        }
    }
}

mod default {
    use crate::Rate;

    /// Stands in until the trace has been read; every other feed must say its rate.
    pub fn rate() -> Rate {
        Rate::new(1.0).expect("one a second is in the range")
    }

    /// A small JSON object: a price, a position, a score.
    pub fn payload_bytes() -> u32 {
        256
    }

    pub fn tls_resumption() -> bool {
        true
    }

    pub fn speed() -> f64 {
        1.0
    }
}
