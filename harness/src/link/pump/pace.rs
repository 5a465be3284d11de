//! Whether there is so little traffic that the pump has time to watch the clock.

use crate::clock::SECOND_NS;

/// Packets per second up to which a core has time: at 4 µs for each they take less than a tenth of
/// it.
const LOW_PER_SECOND: u64 = 20_000;

/// Packets per second from which on they are collected. A single ping-pong without any delay makes
/// 30,000, and is not to be slowed down.
const HIGH_PER_SECOND: u64 = 60_000;

/// Traffic is counted over spans of this length: long enough for 200 packets, short enough to follow
/// a burst.
const SPAN_NS: u64 = 10_000_000;

/// Packets of the present span and of the one before.
#[derive(Clone, Debug)]
pub struct Pace {
    began_ns: u64,
    packets: u64,
    packets_before: u64,
}

impl Pace {
    /// Nothing has come yet.
    pub fn new(now_ns: u64) -> Self {
        Self { began_ns: now_ns, packets: 0, packets_before: 0 }
    }

    /// Counts a packet.
    pub fn count(&mut self, now_ns: u64) {
        self.go_on(now_ns);
        self.packets += 1;
    }

    /// Whether neither the present span nor the one before has had too many.
    pub fn is_low(&mut self, now_ns: u64) -> bool {
        self.go_on(now_ns);
        self.packets.max(self.packets_before) * SECOND_NS < LOW_PER_SECOND * SPAN_NS
    }

    /// Whether the span before, or what there is of the present one, had very many.
    pub fn is_high(&mut self, now_ns: u64) -> bool {
        self.go_on(now_ns);
        self.packets.max(self.packets_before) * SECOND_NS >= HIGH_PER_SECOND * SPAN_NS
    }

    fn go_on(&mut self, now_ns: u64) {
        let spans = now_ns.saturating_sub(self.began_ns) / SPAN_NS;
        if spans > 0 {
            self.packets_before = if spans == 1 { self.packets } else { 0 };
            self.packets = 0;
            self.began_ns += spans * SPAN_NS;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traffic_is_low_until_it_exceeds_the_bound_and_again_after_a_pause() {
        let mut pace = Pace::new(0);
        assert!(pace.is_low(0));
        let every = |pace: &mut Pace, from_ns: u64, gap_ns: u64, count: u64| {
            (0..count).for_each(|index| pace.count(from_ns + index * gap_ns));
        };
        every(&mut pace, 0, 100_000, 1_000); // 10,000 a second
        assert!(pace.is_low(100_000_000));
        every(&mut pace, 100_000_000, 20_000, 5_000); // 50,000 a second
        assert!(!pace.is_low(200_000_000));
        assert!(pace.is_low(300_000_000));
        assert!(!pace.is_high(300_000_000));
        every(&mut pace, 300_000_000, 10_000, 10_000); // 100,000 a second
        assert!(pace.is_high(400_000_000) && !pace.is_low(400_000_000));
        assert!(!pace.is_high(500_000_000));
    }
}
