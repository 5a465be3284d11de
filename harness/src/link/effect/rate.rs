//! A bottleneck: packets leave one after the other at its bandwidth, and a bounded number of bytes
//! waits for it.

use rand_chacha::ChaCha8Rng;
use scenarios::{Bottleneck, Way};

use super::{Act, Cause, Effect};

/// Registered in the table of effects.
pub const EFFECT: Effect = Effect { name: "rate", stream: 2, begin };

/// Nanoseconds for a bit at one bit per second, times bits per byte.
const BYTE_NS: u64 = 8_000_000_000;

/// When the line has sent all that was admitted. A packet's own time on the wire is rarely a whole
/// number of ns; without the remainder a fast line would be faster than it was asked to be.
struct Rate {
    bottleneck: Bottleneck,
    free_ns: u64,
    /// The part of a ns beyond `free_ns`, in units of 1/(bits per second).
    remainder: u64,
}

fn begin(way: &Way, _: ChaCha8Rng) -> Option<Box<dyn Act>> {
    let begin =
        |bottleneck| Box::new(Rate { bottleneck, free_ns: 0, remainder: 0 }) as Box<dyn Act>;
    way.bottleneck.map(begin)
}

impl Act for Rate {
    /// The packet on the wire does not wait: an idle line takes one that is larger than the queue.
    fn pass(&mut self, at_ns: u64, bytes: u64) -> Result<u64, Cause> {
        let Bottleneck { bandwidth, queue_bytes } = self.bottleneck;
        if self.free_ns < at_ns {
            (self.free_ns, self.remainder) = (at_ns, 0);
        }
        let backlog_bytes = bandwidth.bytes_in(self.free_ns - at_ns);
        if backlog_bytes > 0 && backlog_bytes + bytes > queue_bytes {
            return Err(Cause::Queue);
        }
        let time = bytes * BYTE_NS + self.remainder;
        self.free_ns += time / bandwidth.bits_per_second();
        self.remainder = time % bandwidth.bits_per_second();
        Ok(self.free_ns + u64::from(self.remainder > 0))
    }
}
