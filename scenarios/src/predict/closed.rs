//! Closed forms for an endless feed, in seconds and per second.
//!
//! The predictions do not use them: they follow the run's own publish times. They explain, they are
//! what the predictions tend to in a long window, and the tests hold both against a simulation.

use std::f64::consts::E;

/// Mean wait for the fan-outs before it, of a Poisson feed of `rate` whose updates occupy the
/// server for `round` = N·c each: the Pollaczek–Khinchine formula for a constant service time, ρS /
/// 2(1−ρ). `None` from ρ = 1 on, where there is no such mean.
pub fn fan_out_wait(rate: f64, round: f64) -> Option<f64> {
    let load = rate * round;
    (load < 1.0).then(|| load * round / (2.0 * (1.0 - load)))
}

/// Push with delay `floor`.
#[derive(Clone, Copy, Debug)]
pub struct Push {
    /// From publish to client.
    pub floor: f64,
}

impl Push {
    /// Mean age, Poisson feed: the last update is 1/λ old on average (memoryless backwards too),
    /// plus the floor.
    pub fn age_poisson(&self, rate: f64) -> f64 {
        1.0 / rate + self.floor
    }

    /// Mean age, periodic feed: half a period, plus the floor.
    pub fn age_periodic(&self, period: f64) -> f64 {
        period / 2.0 + self.floor
    }

    /// Part of the time in sync, Poisson feed: nothing was published within the last floor.
    pub fn in_sync_poisson(&self, rate: f64) -> f64 {
        E.powf(-rate * self.floor)
    }

    /// Part of the time in sync, periodic feed.
    pub fn in_sync_periodic(&self, period: f64) -> f64 {
        (1.0 - self.floor / period).max(0.0)
    }
}

/// Short polling with the cycle C = `cycle` between two looks, each seen `floor` later.
#[derive(Clone, Copy, Debug)]
pub struct ShortPoll {
    /// C: the interval, with fixed-delay pacing plus the round trip.
    pub cycle: f64,
    /// From the look to the client.
    pub floor: f64,
}

impl ShortPoll {
    /// The wait is U(0, C): quantile q is qC. Its mean is the quantile at 1/2.
    pub fn delay_quantile(&self, q: f64) -> f64 {
        q * self.cycle + self.floor
    }

    /// Part of the looks that find nothing, Poisson feed: no event in C.
    pub fn empty_poisson(&self, rate: f64) -> f64 {
        E.powf(-rate * self.cycle)
    }

    /// Part of the versions that are ever seen where a look takes only the newest, Poisson feed: a
    /// look in λC finds something, and takes one of λC versions.
    pub fn seen_poisson(&self, rate: f64) -> f64 {
        let x = rate * self.cycle;
        -(-x).exp_m1() / x
    }

    /// The same, periodic feed.
    pub fn seen_periodic(&self, period: f64) -> f64 {
        (period / self.cycle).min(1.0)
    }

    /// Mean wait of what is seen then, Poisson feed: the next publish, Exp(λ), has not come yet, which
    /// cuts U(0, C) down to an exponential that ends at C.
    pub fn seen_wait_poisson(&self, rate: f64) -> f64 {
        let rest = E.powf(-rate * self.cycle);
        1.0 / rate - self.cycle * rest / (1.0 - rest)
    }

    /// Part of the looks that find nothing, periodic feed.
    pub fn empty_periodic(&self, period: f64) -> f64 {
        (1.0 - self.cycle / period).max(0.0)
    }

    /// Mean age, Poisson feed. The look that counts is U(0, C) back, the newest update then was 1/λ
    /// old.
    pub fn age_poisson(&self, rate: f64) -> f64 {
        1.0 / rate + self.cycle / 2.0 + self.floor
    }

    /// Mean age just before a fresher update, Poisson feed. From the look that brought the held
    /// update (then Y old, given that there was one within C) to the next that brings any,
    /// 1/(1−e^(−λC)) looks later on average: `E[Y] = 1/λ − C·e^(−λC)/(1−e^(−λC))`, plus
    /// C/(1−e^(−λC)): together 1/λ + C.
    pub fn age_peak_poisson(&self, rate: f64) -> f64 {
        1.0 / rate + self.cycle + self.floor
    }

    /// Mean age, periodic feed with a period above C and no simple ratio to it.
    pub fn age_periodic(&self, period: f64) -> f64 {
        period / 2.0 + self.cycle / 2.0 + self.floor
    }

    /// Part of the time in sync, Poisson feed: nothing published since the look that counts, a =
    /// floor + U(0, C) ago: `E[e^(−λa)]`.
    pub fn in_sync_poisson(&self, rate: f64) -> f64 {
        let x = rate * self.cycle;
        E.powf(-rate * self.floor) * -(-x).exp_m1() / x
    }
}

/// Long polling of a Poisson feed.
///
/// A cycle runs from answer to answer. It starts with the gap g. With probability 1−q, q = e^(−λg),
/// something is published in it and the next answer goes out at its end. Otherwise the request is
/// parked, for Exp(λ) cut off at H: `E[cycle] = g + q(1−e^(−λH))/λ`. Everything else follows from
/// cycles being independent (the feed has no memory).
#[derive(Clone, Copy, Debug)]
pub struct LongPoll {
    /// λ, updates per second.
    pub rate: f64,
    /// g, from an answer until the next request can be answered.
    pub gap: f64,
    /// H, the longest time a request is parked; may be infinite.
    pub hold: f64,
}

impl LongPoll {
    /// q: nothing is published in a gap.
    fn quiet_gap(&self) -> f64 {
        E.powf(-self.rate * self.gap)
    }

    fn cycle(&self) -> f64 {
        self.gap - self.quiet_gap() * (-self.rate * self.hold).exp_m1() / self.rate
    }

    /// Answers a second, empty ones included: a cycle has one.
    pub fn answers_per_second(&self) -> f64 {
        1.0 / self.cycle()
    }

    /// Empty answers a second: nothing in the gap and nothing in the hold.
    pub fn empty_per_second(&self) -> f64 {
        E.powf(-self.rate * (self.gap + self.hold)) / self.cycle()
    }

    /// Updates in an answer that has any.
    pub fn batch(&self) -> f64 {
        self.rate / (self.answers_per_second() - self.empty_per_second())
    }

    /// Part of the updates that fall into a gap, which is the part of the time that is gap: Poisson
    /// arrivals see time averages.
    pub fn waiting(&self) -> f64 {
        self.gap / self.cycle()
    }

    /// Mean wait beyond the floor: those in a gap wait U(0, g).
    pub fn mean_wait(&self) -> f64 {
        self.gap / 2.0 * self.waiting()
    }

    /// Quantile of that wait: 0 up to 1−Pw, then evenly up to g.
    pub fn wait_quantile(&self, q: f64) -> f64 {
        (self.gap * (1.0 - (1.0 - q) / self.waiting())).max(0.0)
    }

    /// Mean age beyond the floor, for an endless hold. At an answer the newest update is Y old: 0
    /// after a park, else the time since the last publish of the gap, so `E[Y] = ∫₀ᵍ aλe^(−λa)da`.
    /// Until the next answer it grows, and Y does not depend on how long that takes:
    /// `E[Y] + E[cycle²] / 2E[cycle]`.
    pub fn age_beyond_floor(&self) -> f64 {
        let (rate, gap, q) = (self.rate, self.gap, self.quiet_gap());
        let fresh = (1.0 - q * (1.0 + rate * gap)) / rate;
        let square = gap * gap + 2.0 * q * (gap / rate + 1.0 / (rate * rate));
        fresh + square / (2.0 * (gap + q / rate))
    }

    /// Mean wait of a periodic feed, beyond the floor: every update finds a parked request if the
    /// period leaves room for the gap; otherwise it is short polling with the cycle g.
    pub fn mean_wait_periodic(gap: f64, period: f64) -> f64 {
        if period >= gap { 0.0 } else { gap / 2.0 }
    }
}
