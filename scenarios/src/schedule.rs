//! When what is published: drawn from the seed, the same for every transport of a block.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::{Feed, FeedKind, Scenario, trace};

/// No repetition has more publishes: 80 MB of offsets, and days of any real feed.
pub const MAX_PUBLISHES: usize = 10_000_000;

/// The publishes of one repetition's window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Schedule {
    /// Intended times from the window's start; never decreasing, all inside the window.
    pub offsets_ns: Vec<u64>,
    /// Empty, or per publish the members that a trace's columns add to the payload:
    /// `"magnitude":1.2,"place":"x"`.
    pub fields: Vec<String>,
    /// Mean time between publishes: the feed's own where it has one, that of the replayed part for
    /// a trace.
    pub mean_period_ns: u64,
}

impl Schedule {
    /// What the ledger calls the window: first to last publish and one mean period, without the
    /// drain.
    pub fn window_ns(&self) -> u64 {
        match (self.offsets_ns.first(), self.offsets_ns.last()) {
            (Some(first), Some(last)) => last - first + self.mean_period_ns,
            _ => 0,
        }
    }
}

impl Scenario {
    /// The publishes of repetition `repetition` (counted from 1). A pure function of the scenario:
    /// every transport of a block replays the same, and a rerun with the same seed does too. A
    /// trace is replayed from its start in every repetition and cut at the window's end. Empty if
    /// the scenario came over a pipe without its trace.
    pub fn schedule(&self, repetition: u32) -> Schedule {
        let window_ns = u64::try_from(self.measure.duration.as_nanos()).unwrap_or(u64::MAX);
        // One key per seed, one stream per repetition: neighbouring seeds and repetitions are
        // independent.
        let mut key = [0; 32];
        key[..8].copy_from_slice(&self.measure.seed.to_le_bytes());
        let mut random = ChaCha8Rng::from_seed(key);
        random.set_stream(u64::from(repetition));

        let period_ns = 1e9 / self.feed.rate.per_second();
        match self.feed.kind {
            FeedKind::Periodic => Schedule {
                offsets_ns: periodic(period_ns, window_ns, &mut random),
                fields: Vec::new(),
                mean_period_ns: period_ns.round() as u64,
            },
            FeedKind::Poisson => Schedule {
                offsets_ns: poisson(period_ns, window_ns, &mut random),
                fields: Vec::new(),
                mean_period_ns: period_ns.round() as u64,
            },
            FeedKind::Bursts => bursts(&self.feed, window_ns, &mut random),
            FeedKind::Trace => self.replay(window_ns),
        }
    }

    fn replay(&self, window_ns: u64) -> Schedule {
        let (mut offsets_ns, mut fields) = (Vec::new(), Vec::new());
        let embedded = || {
            let name = self.feed.trace.as_deref()?;
            trace::Trace::parse(name, trace::embedded(name)?).ok().map(std::sync::Arc::new)
        };
        if let Some(trace) = self.origin.trace.clone().or_else(embedded) {
            for row in trace.rows.iter().take(MAX_PUBLISHES) {
                let at_ns = (row.at_ms as f64 * 1e6 / self.feed.speed).round() as u64;
                if at_ns >= window_ns {
                    break;
                }
                offsets_ns.push(at_ns);
                fields.push(row.fields.clone());
            }
        }
        let mean_period_ns = match (offsets_ns.first(), offsets_ns.last(), offsets_ns.len()) {
            (Some(first), Some(last), many @ 2..) => (last - first) / (many as u64 - 1),
            // One update alone has the window to itself.
            _ => window_ns,
        };
        Schedule { offsets_ns, fields, mean_period_ns }
    }
}

/// Every `period_ns` from a random phase. Times are multiples of the exact period, so rounding does
/// not add up.
fn periodic(period_ns: f64, window_ns: u64, random: &mut ChaCha8Rng) -> Vec<u64> {
    let phase: f64 = random.random();
    (0..MAX_PUBLISHES)
        .map(|k| ((phase + k as f64) * period_ns).floor() as u64)
        .take_while(|at| *at < window_ns)
        .collect()
}

/// Exponential gaps with mean `period_ns`.
fn poisson(period_ns: f64, window_ns: u64, random: &mut ChaCha8Rng) -> Vec<u64> {
    let mut at = 0.0;
    std::iter::repeat_with(|| {
        at += exponential(random) * period_ns;
        at as u64
    })
    .take(MAX_PUBLISHES)
    .take_while(|at| *at < window_ns)
    .collect()
}

/// Inverse transform with mean 1. By hand, because a schedule must not change with a library's
/// algorithm.
fn exponential(random: &mut ChaCha8Rng) -> f64 {
    let uniform: f64 = random.random(); // in [0, 1), so the logarithm is finite
    -(-uniform).ln_1p()
}

/// A Poisson feed on a clock that stands still during the silences.
fn bursts(feed: &Feed, window_ns: u64, random: &mut ChaCha8Rng) -> Schedule {
    let (on_ns, off_ns) = (feed.on.as_nanos() as f64, feed.off.as_nanos() as f64);
    let period_ns = 1e9 / feed.rate.per_second();
    let cycle_ns = on_ns + off_ns;
    // The window opens somewhere in the cycle: on-time that has passed by then, and when the window
    // opens in it.
    let start = random.random::<f64>() * cycle_ns;
    let mut on_time = start.min(on_ns);
    let offsets_ns = std::iter::repeat_with(|| {
        on_time += exponential(random) * period_ns;
        let cycles = (on_time / on_ns).floor();
        (cycles * cycle_ns + (on_time - cycles * on_ns) - start).max(0.0) as u64
    })
    .take(MAX_PUBLISHES)
    .take_while(|at| *at < window_ns)
    .collect();
    let mean_period_ns = (period_ns * cycle_ns / on_ns).round() as u64;
    Schedule { offsets_ns, fields: Vec::new(), mean_period_ns }
}
