//! How long things take on a link at the worst. Whoever gives up sooner gives up a connection that
//! works.

use std::time::Duration;

use super::{Link, MTU_BYTES, Way};

/// What TCP waits before it sends something again for the first time: a second for a SYN, and for
/// all else at least 0.2 s and about a round trip (RFC 6298 section 2; `TCP_RTO_MIN` of Linux).
const FIRST_WAIT: Duration = Duration::from_secs(1);

/// No two tries are further apart (`TCP_RTO_MAX` of Linux).
const LONGEST_WAIT: Duration = Duration::from_secs(120);

/// One in so many may need longer than what is called the longest here, where packets are lost.
const RARELY: f64 = 1e-6;

impl Link {
    /// The longest time that a packet takes through the link and its answer back, if neither is
    /// dropped: both queues are full, and a full packet is being sent.
    pub fn longest_round_trip(&self) -> Duration {
        let longest = |way: &Way| {
            let queue = way.bottleneck.map_or(0, |narrow| {
                narrow.bandwidth.wire_ns(narrow.queue_bytes.saturating_add(MTU_BYTES))
            });
            way.delay + way.jitter + Duration::from_nanos(queue)
        };
        longest(&self.way_up()) + longest(&self.way_down())
    }

    /// The longest time in which cuts may keep TCP from getting an acknowledgement. Each try comes
    /// after twice the time of the one before (RFC 6298 section 5.5), so a cut that begins before
    /// the next try after another one goes on with it; one of the other direction does so, too,
    /// because an acknowledgement needs both.
    pub fn longest_outage(&self) -> Duration {
        let mut cuts: Vec<_> = self.cut.iter().map(|cut| (cut.at, cut.at + cut.lasts)).collect();
        cuts.sort_unstable();
        let first_wait = FIRST_WAIT + self.longest_round_trip();
        let mut longest = Duration::ZERO;
        let mut outage: Option<(Duration, Duration)> = None;
        for (begin, end) in cuts {
            let (from, to) = match outage {
                Some((from, to))
                    if begin <= to + to.saturating_sub(from).min(LONGEST_WAIT) + first_wait =>
                {
                    (from, to.max(end))
                }
                _ => (begin, end),
            };
            outage = Some((from, to));
            longest = longest.max(to.saturating_sub(from));
        }
        longest
    }

    /// The longest time after an outage until TCP tries again; zero without cuts.
    pub fn longest_wait_after_outage(&self) -> Duration {
        let outage = self.longest_outage();
        if outage.is_zero() { outage } else { outage.min(LONGEST_WAIT) + FIRST_WAIT }
    }

    /// The longest time until something is answered that falls into an outage: that, the wait for
    /// the next try, and its round trip.
    pub fn longest_answer(&self) -> Duration {
        self.longest_outage() + self.longest_wait_after_outage() + self.longest_round_trip()
    }

    /// The time that TCP needs at the most, but for one packet in a million, to get through what is
    /// lost by chance; zero where nothing is.
    pub fn longest_recovery(&self) -> Duration {
        let (down, up) = (self.way_down(), self.way_up());
        let loss = 1.0 - (1.0 - down.loss) * (1.0 - up.loss);
        if loss <= 0.0 {
            return Duration::ZERO;
        }
        // Whoever is in a burst is lost again with this chance.
        let again = loss.max(1.0 - 1.0 / self.loss_burst.max(1.0));
        let tries = RARELY.ln() / again.min(1.0 - RARELY).ln();
        let waits = tries.exp2() - 1.0;
        FIRST_WAIT.mul_f64(waits.clamp(1.0, LONGEST_WAIT.as_secs_f64()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Cut, CutDirection};

    const SECOND: Duration = Duration::from_secs(1);

    fn outage(cuts: &[(u32, u32, CutDirection)]) -> u64 {
        let cut = |(at, lasts, direction): &(u32, u32, CutDirection)| Cut {
            at: *at * SECOND,
            lasts: *lasts * SECOND,
            direction: *direction,
        };
        Link { cut: cuts.iter().map(cut).collect(), ..Link::default() }.longest_outage().as_secs()
    }

    #[test]
    fn a_round_trip_is_longest_when_both_queues_are_full() {
        let bandwidth = "1.2Mbit/s".parse().ok();
        let link = Link {
            rtt: SECOND,
            jitter: SECOND,
            down: bandwidth,
            queue: "150ms".parse().unwrap(),
            ..Link::default()
        };
        // 1,500 bytes at 1.2 Mbit/s take 10 ms.
        assert_eq!(link.longest_round_trip(), 3 * SECOND + Duration::from_millis(160));
        assert_eq!(Link::default().longest_round_trip(), Duration::ZERO);
    }

    #[test]
    fn cuts_that_touch_alternate_or_come_before_the_next_try_are_one_outage() {
        use CutDirection::{Both, Down, Up};
        assert_eq!(outage(&[]), 0);
        assert_eq!(outage(&[(5, 4, Both)]), 4);
        assert_eq!(outage(&[(5, 4, Both), (9, 4, Both)]), 8);
        assert_eq!(outage(&[(9, 4, Up), (5, 4, Down)]), 8);
        assert_eq!(outage(&[(5, 9, Both), (6, 1, Up)]), 9);
        // The next try may come four seconds after the first of these, and the wait before it.
        assert_eq!(outage(&[(5, 4, Both), (13, 4, Both)]), 12);
        assert_eq!(outage(&[(5, 4, Both), (15, 3, Both)]), 4);
    }

    #[test]
    fn an_answer_takes_twice_an_outage_and_the_wait_for_the_next_try_has_a_limit() {
        let cut = |lasts: u32| {
            let cut = Cut { at: SECOND, lasts: lasts * SECOND, direction: CutDirection::Both };
            Link { rtt: SECOND, cut: vec![cut], ..Link::default() }
        };
        assert_eq!(cut(15).longest_answer(), 32 * SECOND);
        assert_eq!(cut(1000).longest_wait_after_outage(), 121 * SECOND);
        assert_eq!(Link { rtt: SECOND, ..Link::default() }.longest_answer(), SECOND);
    }

    #[test]
    fn more_loss_and_longer_bursts_take_longer_to_get_through_but_not_for_ever() {
        let link = |loss, loss_burst| Link { loss, loss_burst, ..Link::default() };
        let times = [link(0.0, 1.0), link(0.001, 1.0), link(0.05, 1.0), link(0.05, 4.0)];
        let times = times.map(|link| link.longest_recovery());
        assert_eq!(times[0], Duration::ZERO);
        assert!(times.is_sorted_by(|a, b| a < b), "{times:?}");
        assert_eq!(link(0.3, 1000.0).longest_recovery(), LONGEST_WAIT);
    }
}
