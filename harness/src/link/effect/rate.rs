//! A bottleneck: packets leave one after the other at its bandwidth, and a bounded number of bytes
//! waits for it.

use std::collections::VecDeque;

use rand_chacha::ChaCha8Rng;
use scenarios::{Bottleneck, Way};

use super::{Act, Cause, Effect};

/// Registered in the table of effects.
pub const EFFECT: Effect = Effect { stream: 2, begin };

/// Nanoseconds for a bit at one bit per second, times bits per byte.
const BYTE_NS: u64 = 8_000_000_000;

/// When the line has sent all that was admitted. A packet's own time on the wire is rarely a whole
/// number of ns; without the remainder a fast line would be faster than it was asked to be.
struct Rate {
    bottleneck: Bottleneck,
    free_ns: u64,
    /// The part of a ns beyond `free_ns`, in units of 1/(bits per second).
    remainder: u64,
    /// When each packet that is not sent yet will be, and its bytes; the first is on the wire.
    unsent: VecDeque<(u64, u64)>,
    /// Bytes of those behind the first.
    waiting_bytes: u64,
}

fn begin(way: &Way, _: ChaCha8Rng) -> Option<Box<dyn Act>> {
    let begin = |bottleneck| {
        let unsent = VecDeque::new();
        Box::new(Rate { bottleneck, free_ns: 0, remainder: 0, unsent, waiting_bytes: 0 })
            as Box<dyn Act>
    };
    way.bottleneck.map(begin)
}

impl Rate {
    /// Forgets what was sent by then; whether that is all.
    fn is_idle_at(&mut self, at_ns: u64) -> bool {
        while self.unsent.front().is_some_and(|(sent_ns, _)| *sent_ns <= at_ns) {
            self.unsent.pop_front();
            self.waiting_bytes -= self.unsent.front().map_or(0, |(_, bytes)| *bytes);
        }
        self.unsent.is_empty()
    }
}

impl Act for Rate {
    /// The packet on the wire does not wait: a queue of one packet holds another one behind it, as
    /// a qdisc does, which gives a packet to the device before the device has sent it. An idle line
    /// takes one that is larger than the queue.
    fn pass(&mut self, at_ns: u64, bytes: u64) -> Result<u64, Cause> {
        let Bottleneck { bandwidth, queue_bytes } = self.bottleneck;
        if self.is_idle_at(at_ns) {
            if self.free_ns < at_ns {
                (self.free_ns, self.remainder) = (at_ns, 0);
            }
        } else if self.waiting_bytes + bytes > queue_bytes {
            return Err(Cause::Queue);
        } else {
            self.waiting_bytes += bytes;
        }
        let time = bytes * BYTE_NS + self.remainder;
        self.free_ns += time / bandwidth.bits_per_second();
        self.remainder = time % bandwidth.bits_per_second();
        let sent_ns = self.free_ns + u64::from(self.remainder > 0);
        self.unsent.push_back((sent_ns, bytes));
        Ok(sent_ns)
    }
}
