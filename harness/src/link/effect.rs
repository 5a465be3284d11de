//! What one direction of a link does to its packets: a chain of effects, one file each.
//!
//! Nothing here knows a clock or a device: [`Path::admit`] is told the time and says when the packet
//! is due at the other end, or why it never gets there.

pub mod cut;
pub mod delay;
pub mod loss;
pub mod rate;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use scenarios::Way;
use serde::{Deserialize, Serialize};

/// The effects in the order in which a packet meets them.
///
/// Cut and loss come first: what is lost takes no time of the bottleneck, and the share of the
/// packets that is lost is a share of all that were sent, whatever the queue then drops. So what has
/// passed them, and waits or travels when a cut begins, still arrives while it lasts. The rate comes
/// before the delay, as the access line comes before the long way: packets wait for the bottleneck
/// and then all travel equally long.
pub static ALL: &[Effect] = &[cut::EFFECT, loss::EFFECT, rate::EFFECT, delay::EFFECT];

/// A kind of effect.
pub struct Effect {
    /// Its stream of random numbers, not shared with another effect: whether jitter is drawn must
    /// not change which packets are lost.
    pub stream: u64,
    /// Its state at the beginning; `None` where the direction does not have it.
    pub begin: fn(&Way, ChaCha8Rng) -> Option<Box<dyn Act>>,
}

/// An effect at work on one direction.
pub trait Act {
    /// Lets a packet of `bytes` pass that comes at `at_ns`: when it goes on, or why it does not.
    /// Times of successive calls do not decrease, unless jitter may change the order.
    ///
    /// # Errors
    /// Why it is dropped.
    fn pass(&mut self, at_ns: u64, bytes: u64) -> Result<u64, Cause>;

    /// Learns when the window opens, ns of `CLOCK_MONOTONIC`.
    fn open_window(&mut self, _start_ns: u64) {}
}

/// Which way packets go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the clients to the server.
    Up,
    /// From the server to the clients.
    Down,
}

impl Direction {
    /// Both, in the order of everything that is held per direction.
    pub const BOTH: [Self; 2] = [Self::Up, Self::Down];

    /// The other one.
    #[must_use]
    pub fn reverse(self) -> Self {
        match self {
            Self::Up => Self::Down,
            Self::Down => Self::Up,
        }
    }
}

/// Why a packet does not arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The link was cut.
    Cut,
    /// Loss that was asked for.
    Loss,
    /// The queue before the bottleneck was full.
    Queue,
}

/// So many packets with so many bytes, IP headers included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Amount {
    /// Packets.
    pub packets: u64,
    /// Bytes of them.
    pub bytes: u64,
}

impl Amount {
    /// Adds a packet.
    pub fn add(&mut self, bytes: u64) {
        self.packets += 1;
        self.bytes += bytes;
    }

    /// What came since an earlier look.
    #[must_use]
    pub fn since(self, earlier: Self) -> Self {
        Self { packets: self.packets - earlier.packets, bytes: self.bytes - earlier.bytes }
    }
}

impl std::iter::Sum for Amount {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::default(), |sum, more| Self {
            packets: sum.packets + more.packets,
            bytes: sum.bytes + more.bytes,
        })
    }
}

/// What the effects of one direction dropped, by cause.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drops {
    /// While the link was cut.
    pub cut: Amount,
    /// Loss that was asked for.
    pub loss: Amount,
    /// Because the queue before the bottleneck was full.
    pub queue: Amount,
}

impl Drops {
    /// All causes together.
    pub fn total(&self) -> Amount {
        [self.cut, self.loss, self.queue].into_iter().sum()
    }

    fn add(&mut self, cause: Cause, bytes: u64) {
        match cause {
            Cause::Cut => self.cut.add(bytes),
            Cause::Loss => self.loss.add(bytes),
            Cause::Queue => self.queue.add(bytes),
        }
    }
}

/// The scheduler of one direction: all its effects in order.
pub struct Path {
    acts: Vec<Box<dyn Act>>,
    reorders: bool,
    drops: Drops,
}

impl Path {
    /// The path that does what the scenario asks of this direction. Equal seeds, equal fates.
    pub fn new(way: &Way, direction: Direction, seed: u64) -> Self {
        let begin = |effect: &Effect| {
            let mut random = ChaCha8Rng::seed_from_u64(seed);
            random.set_stream(2 * effect.stream + direction as u64);
            (effect.begin)(way, random)
        };
        let acts = ALL.iter().filter_map(begin).collect();
        let reorders = way.reorder && !way.jitter.is_zero();
        Self { acts, reorders, drops: Drops::default() }
    }

    /// Takes a packet of `bytes` in at `now_ns`, which never decreases. Says when it is due at the
    /// other end, ns of the same clock.
    ///
    /// # Errors
    /// Why it is dropped.
    pub fn admit(&mut self, now_ns: u64, bytes: u64) -> Result<u64, Cause> {
        let due = self.acts.iter_mut().try_fold(now_ns, |at_ns, act| act.pass(at_ns, bytes));
        due.inspect_err(|cause| self.drops.add(*cause, bytes))
    }

    /// Tells the effects when the window opens, ns of `CLOCK_MONOTONIC`.
    pub fn open_window(&mut self, start_ns: u64) {
        self.acts.iter_mut().for_each(|act| act.open_window(start_ns));
    }

    /// Whether a packet may be due before one that came earlier.
    pub fn reorders(&self) -> bool {
        self.reorders
    }

    /// What was dropped so far.
    pub fn drops(&self) -> Drops {
        self.drops
    }
}

#[cfg(test)]
mod tests;
