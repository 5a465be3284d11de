//! Which transport for what is required: measured costs and the closed forms of theory, nothing
//! else. A function of values: where the costs come from is the caller's business.
//!
//! The feed is taken as endless and Poisson, so delays and rates are those of
//! [`scenarios::predict::closed`] with what a link adds: half a round trip from the server to the
//! client, a whole one in the gap of a long poll.

mod choice;
mod costs;
mod crossover;
mod limits;
mod next;
mod rank;
mod traffic;
mod unlike;

use std::time::Duration;

use scenarios::Rate;
use serde::{Serialize, Serializer};

pub use choice::{Choice, HEADROOM, Servers};
pub use costs::{Cost, Costs};
pub use crossover::{Crossover, crossovers};
pub use unlike::{elsewhere, unlike};

/// What is required.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Needs {
    /// Clients that follow, all together.
    pub clients: u64,
    /// Updates that each of them is to have.
    pub rate: Rate,
    /// What 99 of 100 deliveries may take at most.
    #[serde(serialize_with = "text")]
    pub max_delay: Duration,
    /// Round trip between clients and servers.
    #[serde(serialize_with = "text")]
    pub rtt: Duration,
    /// Size of an update.
    pub payload_bytes: u32,
    /// Whether clients are web pages.
    pub browser: bool,
    /// Whether only the newest value matters, so that an answer has one update at most.
    pub latest_value: bool,
    /// Poll with this interval instead of the largest that meets the delay.
    #[serde(serialize_with = "optional")]
    pub poll_interval: Option<Duration>,
    /// Never poll more often than this.
    #[serde(serialize_with = "optional")]
    pub min_interval: Option<Duration>,
    /// Cores of a server; the measured server's threads are taken to do as well on each.
    pub server_cores: u32,
    /// Memory of a server that clients may fill.
    pub server_memory_bytes: u64,
}

fn text<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&humantime::format_duration(*duration))
}

#[expect(clippy::ref_option)] // serde hands over a reference to the field
fn optional<S: Serializer>(duration: &Option<Duration>, to: S) -> Result<S::Ok, S::Error> {
    match duration {
        Some(duration) => text(duration, to),
        None => to.serialize_none(),
    }
}

/// The answer.
#[derive(Clone, Debug, Serialize)]
pub struct Advice {
    /// Of names and meanings.
    pub format_version: u32,
    /// What was required.
    pub needs: Needs,
    /// What it rests on.
    pub costs: Costs,
    /// The answer in a sentence.
    pub answer: String,
    /// All transports, the best first; the floor, which nobody may choose, last.
    pub choices: Vec<Choice>,
    /// Why they are in this order.
    pub order: Vec<String>,
    /// Where it changes.
    pub crossovers: Vec<Crossover>,
    /// In what the question goes beyond what was measured; empty: in nothing.
    pub extrapolated: Vec<String>,
    /// What is taken for granted.
    pub assumptions: Vec<String>,
    /// Commands that would turn the extrapolation into a measurement here, or why there is none.
    pub next: Vec<String>,
}

/// Answers. `room` is how many clients this machine can have, for what to measure next.
pub fn advise(needs: &Needs, costs: &Costs, room: u64) -> Advice {
    let mut choices: Vec<Choice> =
        costs.transports.iter().map(|(name, cost)| Choice::of(name, cost, needs, costs)).collect();
    rank::rank(&mut choices);
    let extrapolated = limits::extrapolated(needs, costs, &choices);
    Advice {
        format_version: crate::FORMAT_VERSION,
        answer: rank::answer(&choices, needs),
        order: rank::ORDER.iter().map(ToString::to_string).collect(),
        crossovers: crossovers(needs, costs, &choices),
        next: next::commands(needs, costs, &choices, room),
        assumptions: limits::assumptions(needs, costs),
        extrapolated,
        choices,
        needs: needs.clone(),
        costs: costs.clone(),
    }
}

#[cfg(test)]
mod tests;
