//! The time that a packet travels, with jitter.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use scenarios::Way;

use super::{Act, Cause, Effect};

/// Registered in the table of effects.
pub const EFFECT: Effect = Effect { stream: 3, begin };

struct Delay {
    travel_ns: u64,
    jitter_ns: u64,
    /// Whether a packet waits for those before it: jitter of a queue somewhere on the way, not of
    /// several ways. A dense stream then moves at the pace of its slowest packets, and is delayed
    /// by almost all of the jitter.
    keeps_order: bool,
    last_due_ns: u64,
    random: ChaCha8Rng,
}

fn begin(way: &Way, random: ChaCha8Rng) -> Option<Box<dyn Act>> {
    let (travel_ns, jitter_ns) = (way.delay.as_nanos() as u64, way.jitter.as_nanos() as u64);
    let delay = Delay { travel_ns, jitter_ns, keeps_order: !way.reorder, last_due_ns: 0, random };
    (travel_ns > 0 || jitter_ns > 0).then(|| Box::new(delay) as Box<dyn Act>)
}

impl Act for Delay {
    fn pass(&mut self, at_ns: u64, _: u64) -> Result<u64, Cause> {
        let jitter_ns = match self.jitter_ns {
            0 => 0,
            most_ns => self.random.random_range(0..=most_ns),
        };
        let mut due_ns = at_ns + self.travel_ns + jitter_ns;
        if self.keeps_order {
            due_ns = due_ns.max(self.last_due_ns);
            self.last_due_ns = due_ns;
        }
        Ok(due_ns)
    }
}
