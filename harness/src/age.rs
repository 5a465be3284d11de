//! Age of information: how old the newest update is that a client holds (Kaul, Yates and Gruteser,
//! "Real-time status: how often should one update?", INFOCOM 2012).

/// One client's age, integrated from its first delivery of the window to an end that is known.
#[derive(Clone, Debug, Default)]
pub struct Age {
    /// Intended time of the newest update held. `None` before the window's first.
    held_ns: Option<u64>,
    /// Up to when `area` is summed.
    summed_to_ns: u64,
    /// When the newest update held came, from where the client is in sync until the next publish.
    arrived_ns: u64,
    first_ns: u64,
    totals: Totals,
}

/// Sums over clients and time; divide by `time_ns` or `peaks`.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Totals {
    /// Integral of the age, ns².
    pub area: f64,
    /// Time integrated over, ns.
    pub time_ns: f64,
    /// Sum of the ages just before each fresher update, ns.
    pub peak_sum_ns: f64,
    /// Number of those.
    pub peaks: u64,
    /// Time in which the newest version was held, ns.
    pub in_sync_ns: f64,
}

impl Totals {
    /// Adds another client's.
    pub fn add(&mut self, other: &Self) {
        self.area += other.area;
        self.time_ns += other.time_ns;
        self.peak_sum_ns += other.peak_sum_ns;
        self.peaks += other.peaks;
        self.in_sync_ns += other.in_sync_ns;
    }

    /// Mean age, mean peak age (both ns) and fraction of time in sync; `None` without data.
    pub fn means(&self) -> (Option<u64>, Option<u64>, Option<f64>) {
        let any = self.time_ns > 0.0;
        (
            any.then(|| (self.area / self.time_ns) as u64),
            (self.peaks > 0).then(|| (self.peak_sum_ns / self.peaks as f64) as u64),
            any.then(|| self.in_sync_ns / self.time_ns),
        )
    }
}

/// A stretch of one client's age, for the time line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stretch {
    /// Begin and end on the clock.
    pub from_ns: u64,
    /// End on the clock.
    pub to_ns: u64,
    /// Intended time of the update held all that while.
    pub held_ns: u64,
}

impl Stretch {
    /// Integral of the age over the stretch, ns².
    pub fn area(&self) -> f64 {
        let from = self.from_ns as f64 - self.held_ns as f64;
        let to = self.to_ns as f64 - self.held_ns as f64;
        (to * to - from * from) / 2.0
    }
}

impl Age {
    /// An update published at `intended_ns` arrived at `now_ns`; nothing after `end_ns` counts.
    /// Updates of one read share their `now_ns` and so make one peak. `outdated_ns` is when the first
    /// publish after what is held was due: this one, unless some between were skipped. Returns the
    /// stretch that this arrival ended.
    pub fn arrive(
        &mut self,
        now_ns: u64,
        intended_ns: u64,
        outdated_ns: u64,
        end_ns: u64,
    ) -> Option<Stretch> {
        let Some(held_ns) = self.held_ns else {
            self.held_ns = Some(intended_ns);
            self.arrived_ns = now_ns;
            self.summed_to_ns = now_ns;
            self.first_ns = now_ns;
            return None;
        };
        if intended_ns < held_ns {
            return None;
        }
        let stretch = self.sum_to(now_ns.min(end_ns), held_ns);
        // What is no fresher than what is held makes no peak: updates that were published together
        // and came in two reads.
        if intended_ns > held_ns && now_ns != self.arrived_ns && now_ns <= end_ns {
            self.totals.peak_sum_ns += now_ns as f64 - held_ns as f64;
            self.totals.peaks += 1;
        }
        self.totals.in_sync_ns += outdated_ns.min(end_ns).saturating_sub(self.arrived_ns) as f64;
        self.arrived_ns = now_ns;
        self.held_ns = Some(intended_ns);
        stretch
    }

    /// Sums to the end and gives the totals with the last stretch.
    pub fn finish(mut self, end_ns: u64) -> (Totals, Option<Stretch>) {
        let Some(held_ns) = self.held_ns else { return (Totals::default(), None) };
        let stretch = self.sum_to(end_ns, held_ns);
        self.totals.time_ns = end_ns.saturating_sub(self.first_ns) as f64;
        (self.totals, stretch)
    }

    fn sum_to(&mut self, to_ns: u64, held_ns: u64) -> Option<Stretch> {
        if to_ns <= self.summed_to_ns {
            return None;
        }
        let stretch = Stretch { from_ns: self.summed_to_ns, to_ns, held_ns };
        self.totals.area += stretch.area();
        self.summed_to_ns = to_ns;
        Some(stretch)
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp)] // sums of small whole numbers are exact
mod tests {
    use super::*;

    #[test]
    fn push_with_a_constant_delay_has_half_a_period_and_the_delay_as_age() {
        let (period, delay) = (1_000_u64, 100_u64);
        let end = 100 * period;
        let mut age = Age::default();
        for k in 0..=100 {
            age.arrive(k * period + delay, k * period, k * period, end);
        }
        let (totals, _) = age.finish(end);
        let (mean, peak, in_sync) = totals.means();
        assert!(mean.unwrap().abs_diff(period / 2 + delay) <= 6, "{mean:?}");
        assert_eq!(peak.unwrap(), period + delay);
        assert!((in_sync.unwrap() - 0.9).abs() < 0.002, "{in_sync:?}");
    }

    #[test]
    fn updates_that_arrive_together_make_one_peak() {
        let mut age = Age::default();
        age.arrive(10, 0, 0, 1_000);
        for intended in [100, 200, 300] {
            age.arrive(350, intended, intended, 1_000);
        }
        let (totals, _) = age.finish(1_000);
        assert_eq!((totals.peaks, totals.peak_sum_ns), (1, 350.0));
        assert_eq!(totals.in_sync_ns, 90.0, "in sync from 10 until the publish at 100");
        assert_eq!(totals.time_ns, 990.0);
    }

    #[test]
    fn who_skips_to_the_newest_is_out_of_sync_from_the_first_that_it_skipped() {
        let mut whole = Age::default();
        let mut skipping = Age::default();
        whole.arrive(10, 0, 0, 1_000);
        skipping.arrive(10, 0, 0, 1_000);
        for intended in [100, 200, 300] {
            whole.arrive(350, intended, intended, 1_000);
        }
        skipping.arrive(350, 300, 100, 1_000);
        assert_eq!(skipping.finish(1_000), whole.finish(1_000));
    }

    #[test]
    fn nothing_after_the_end_counts() {
        let mut age = Age::default();
        age.arrive(10, 0, 0, 100);
        age.arrive(500, 90, 90, 100);
        let (totals, _) = age.finish(100);
        assert_eq!((totals.time_ns, totals.peaks, totals.in_sync_ns), (90.0, 0, 80.0));
    }
}
