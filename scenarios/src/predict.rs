//! What theory expects of each transport, before anything is measured.
//!
//! One model per way of carrying a feed: `push` (sse, websocket, tcp), `short_poll`,
//! `long_poll`. Each says, for the publish times of one repetition, how long every update waits
//! beyond the floor, what a client knows when, and how many exchanges and bytes that takes. What a
//! model needs to know of the machine comes from a [`Calibration`], what it needs to know of the
//! codecs from [`Sizes`]; nothing is fitted to the run that is predicted and nothing is guessed.
//!
//! The textbook formulas for an endless Poisson or periodic feed are in [`closed`]; they are the
//! tests' oracle and an explanation, while the predictions follow the run's own publish times.

mod bytes;
mod case;
pub mod closed;
mod delay;
mod digits;
mod exchange;
mod freeze;
mod freshness;
mod long_poll;
mod looks;
mod network;
mod overload;
mod push;
mod short_poll;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Scenario, Schedule};
use case::Case;
use delay::{Delay, Floor};
pub use digits::mean_digits;
use freeze::Entered;
use freshness::Freshness;
use network::Network;
pub use network::PACKET_HEADER_BYTES;
pub use overload::{Carrier, Overload};

/// Sizes of each transport's messages, from the codecs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sizes(pub BTreeMap<String, TransportSizes>);

/// Sizes of one transport's messages in bytes, as means where digits vary.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TransportSizes {
    /// A poll's request. For a push transport: the client's answer to one heartbeat (a WebSocket
    /// pong), else 0.
    pub request_head_bytes: f64,
    /// Head of a 200.
    pub answer_head_bytes: f64,
    /// Head of a 204. For a push transport: one heartbeat with its framing; 0 if none was seen, then
    /// the protocol's own sizes are taken.
    pub empty_head_bytes: f64,
    /// Per answer, the body around the updates: `{"cursor":…,"updates":[]}`, less the comma that
    /// does not follow the last of them.
    pub answer_envelope_bytes: f64,
    /// Per update, all but the payload: `{"seq":…,"data":}`; in a poll's answer with a comma, so
    /// that answers with more updates than the calibration's have theirs.
    pub update_envelope_bytes: f64,
    /// Per update: chunk and event framing, frame header, length prefix. Without heartbeats, which
    /// are counted apart: a calibration that saw some would have them in its mean.
    pub update_framing_bytes: f64,
    /// What TLS adds: per request of a poll, which is one record and, where each has a connection,
    /// the client's part of a handshake; for a push transport per update, in as many records as it
    /// takes. 0 without TLS.
    #[serde(default)]
    pub tls_bytes: f64,
    /// The server's part of a handshake and of its end, per answer of a poll that makes a connection
    /// for each; else 0.
    #[serde(default)]
    pub tls_connect_bytes: f64,
}

/// What a calibration run says about this machine, in nanoseconds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// Mean delay of one tcp client on an idle server: the floor.
    pub floor_mean_ns: f64,
    /// Median of the floor.
    pub floor_p50_ns: f64,
    /// 99th percentile of the floor.
    pub floor_p99_ns: f64,
    /// Per transport: added delay per position in the fan-out at this scenario's client count,
    /// which is the server's time for one client; 0 with one client. For short-poll, which has no
    /// fan-out, the server's CPU time for one poll.
    pub send_ns: BTreeMap<String, f64>,
    /// Mean time from a long poll's answer leaving the server to the next request being there,
    /// `rearm_delay` included.
    pub rearm_gap_ns: f64,
    /// What pacing `fixed-delay` adds to the interval: the request's round trip and, where tokio's
    /// timer wakes the client, how late that is.
    pub poll_cycle_extra_ns: f64,
    /// Per transport: mean decimal digits of the sequence numbers that its sizes were counted with
    /// ([`mean_digits`]). Without an entry the sizes are taken as they are.
    #[serde(default)]
    pub sequence_digits: BTreeMap<String, f64>,
    /// Digits of `CLOCK_MONOTONIC` in ns. `None`: 15, which it has from the 28th hour after boot
    /// to the 11th day.
    #[serde(default)]
    pub clock_digits: Option<u32>,
}

/// What theory expects of one transport in one repetition, or in all of them pooled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Prediction {
    /// Which transport.
    pub transport: String,
    /// Counted from 1; `None`: pooled over the repetitions (delays over all publishes, counts and
    /// bytes added up).
    pub repetition: Option<u32>,
    /// Mean delay over all updates and clients.
    pub delay_mean_ns: u64,
    /// Median delay.
    pub delay_p50_ns: u64,
    /// 90th percentile of the delay.
    pub delay_p90_ns: u64,
    /// 99th percentile of the delay.
    pub delay_p99_ns: u64,
    /// The longest delay that the model allows, on top of the floor's p99.
    pub delay_max_ns: u64,
    /// Mean age of what a client holds; `None` if there are too few updates to speak of one.
    pub age_mean_ns: Option<u64>,
    /// Mean age just before a newer update comes.
    pub age_peak_ns: Option<u64>,
    /// Part of the time in which the newest update is held.
    pub in_sync: Option<f64>,
    /// Share of the published versions that a client ever holds; `None` in predictions of before it
    /// was predicted.
    #[serde(default)]
    pub versions_seen: Option<f64>,
    /// Requests of all clients over the window.
    pub requests: u64,
    /// Those of them answered with nothing new.
    pub empty_responses: u64,
    /// Mean number of updates in an answer that has any; `None` for push.
    pub updates_per_answer: Option<f64>,
    /// From all clients to the server, over the window.
    pub bytes_up: u64,
    /// From the server to all clients, over the window.
    pub bytes_down: u64,
    /// The delay's quantile function, denser towards 1: (quantile, ns).
    pub delay_curve: Vec<(f64, u64)>,
    /// Where more is asked than is carried, which makes bounds of the numbers; in words it is among
    /// the assumptions, too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub overloads: Vec<Overload>,
    /// What had to be taken for granted.
    pub assumptions: Vec<String>,
}

/// Predicts every transport of the scenario that the model knows: each repetition on its own
/// publish times, then all pooled. The transports' tables must hold their settings (`interval`,
/// `hold`, …), defaults filled in.
pub fn predict(scenario: &Scenario, sizes: &Sizes, calibration: &Calibration) -> Vec<Prediction> {
    let schedules: Vec<_> =
        (1..=scenario.measure.repeat).map(|repetition| scenario.schedule(repetition)).collect();
    let network = Network::of(scenario);
    let floor = Floor::of(calibration).through(&network.down);
    let mut predictions = Vec::new();
    for name in scenario.transports.keys() {
        let case = Case {
            scenario,
            name,
            sizes: sizes.0.get(name).cloned().unwrap_or_default(),
            calibration,
            network: &network,
            floor: &floor,
        };
        let Some(model) = model(name) else { continue };
        let outcome = |schedule: &Schedule| {
            let mut outcome = model(&case, schedule);
            outcome.delay = outcome.delay.jittered(network.jitter_down_ns());
            outcome.published = schedule.offsets_ns.len() as f64;
            outcome.assumptions.extend(outcome.overloads.iter().map(Overload::assumption));
            outcome.assumptions.extend(digits::assumption(&case, schedule));
            outcome.assumptions.extend(network.assumptions());
            outcome
        };
        let outcomes: Vec<_> = schedules.iter().map(outcome).collect();
        for (repetition, outcome) in (1..).zip(&outcomes) {
            predictions.push(outcome.prediction(name, Some(repetition), &floor));
        }
        predictions.push(Outcome::pooled(outcomes).prediction(name, None, &floor));
    }
    predictions
}

type Model = fn(&Case<'_>, &Schedule) -> Outcome;

fn model(transport: &str) -> Option<Model> {
    match transport {
        "sse" | "websocket" | "tcp" => Some(push::model),
        "short-poll" => Some(short_poll::model),
        "long-poll" => Some(long_poll::model),
        _ => None,
    }
}

/// What a model says of one repetition, in a form that can be pooled.
#[derive(Default)]
struct Outcome {
    delay: Delay,
    freshness: Freshness,
    /// Updates of the window, and those of them that a client gets.
    published: f64,
    seen: f64,
    requests: f64,
    empty: f64,
    /// Answers with updates, and the updates in them, over all clients; zero for push.
    answers: f64,
    answered_updates: f64,
    up_bytes: f64,
    down_bytes: f64,
    overloads: Vec<Overload>,
    assumptions: Vec<String>,
}

impl Outcome {
    fn pooled(outcomes: Vec<Self>) -> Self {
        let mut pool = Self::default();
        for outcome in outcomes {
            pool.delay.add(outcome.delay);
            pool.freshness.add(&outcome.freshness);
            pool.published += outcome.published;
            pool.seen += outcome.seen;
            pool.requests += outcome.requests;
            pool.empty += outcome.empty;
            pool.answers += outcome.answers;
            pool.answered_updates += outcome.answered_updates;
            pool.up_bytes += outcome.up_bytes;
            pool.down_bytes += outcome.down_bytes;
            pool.overloads = Overload::worst(pool.overloads.into_iter().chain(outcome.overloads));
            for assumption in outcome.assumptions {
                if !pool.assumptions.contains(&assumption) {
                    pool.assumptions.push(assumption);
                }
            }
        }
        pool
    }

    fn prediction(&self, transport: &str, repetition: Option<u32>, floor: &Floor) -> Prediction {
        let delay = self.delay.sorted();
        let quantile = |q| whole(delay.quantile(q, floor));
        Prediction {
            transport: transport.to_owned(),
            repetition,
            delay_mean_ns: whole(self.delay.mean() + floor.mean),
            delay_p50_ns: quantile(0.5),
            delay_p90_ns: quantile(0.9),
            delay_p99_ns: quantile(0.99),
            delay_max_ns: whole(self.delay.max() + floor.p99),
            age_mean_ns: self.freshness.age_mean().map(whole),
            age_peak_ns: self.freshness.age_peak().map(whole),
            in_sync: self.freshness.in_sync(),
            versions_seen: (self.published > 0.0).then(|| self.seen / self.published),
            requests: whole(self.requests),
            empty_responses: whole(self.empty),
            updates_per_answer: (self.answers > 0.0).then(|| self.answered_updates / self.answers),
            bytes_up: whole(self.up_bytes),
            bytes_down: whole(self.down_bytes),
            delay_curve: delay::CURVE.iter().map(|q| (*q, quantile(*q))).collect(),
            overloads: self.overloads.clone(),
            assumptions: self.assumptions.clone(),
        }
    }
}

/// Rounded to the ns or byte; negative and not-a-number, which no model should give, become 0.
fn whole(value: f64) -> u64 {
    value.round() as u64
}
