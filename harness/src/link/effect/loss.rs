//! A share of the packets is lost, each by itself or in bursts.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use scenarios::Way;

use super::{Act, Cause, Effect};

/// Registered in the table of effects.
pub const EFFECT: Effect = Effect { stream: 1, begin };

/// A chain of two states (Gilbert, "Capacity of a Burst-Noise Channel", 1960): in one every packet
/// is lost, in the other none. Each packet takes one step, so its fate depends on the seed and on
/// its number, not on the time.
struct Loss {
    /// Probability that a packet is lost after one that was not.
    after_kept: f64,
    /// Probability that a packet is lost after one that was.
    after_lost: f64,
    /// Whether the last one was.
    lost: bool,
    random: ChaCha8Rng,
}

fn begin(way: &Way, mut random: ChaCha8Rng) -> Option<Box<dyn Act>> {
    let share = way.loss;
    if share <= 0.0 {
        return None;
    }
    // A burst ends after each of its packets with probability 1/length, so it lasts `length` in the
    // mean; it begins as often as makes the share of its packets come out right. A length of 1
    // means independence, in which two in a row do happen.
    let is_bursty = way.loss_burst > 1.0 && share < 1.0;
    let (after_kept, after_lost) = if is_bursty {
        let ends = 1.0 / way.loss_burst;
        ((ends * share / (1.0 - share)).min(1.0), 1.0 - ends)
    } else {
        (share, share)
    };
    // As if packets had come before: the first is lost as often as any other.
    let lost = random.random::<f64>() < share;
    Some(Box::new(Loss { after_kept, after_lost, lost, random }))
}

impl Act for Loss {
    fn pass(&mut self, at_ns: u64, _: u64) -> Result<u64, Cause> {
        let probability = if self.lost { self.after_lost } else { self.after_kept };
        self.lost = self.random.random::<f64>() < probability;
        if self.lost { Err(Cause::Loss) } else { Ok(at_ns) }
    }
}
