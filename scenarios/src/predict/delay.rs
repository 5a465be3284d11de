//! The distribution of the delay: what an update waits, plus the floor.
//!
//! Every model's wait is a mixture of uniform distributions: `start + U(0, spread)`, one per
//! publish (or group of clients), with the same spread for all. The floor is known by three
//! numbers. Both are added as independent.

use super::Calibration;
use crate::Way;

/// The quantiles of a delay curve: even steps in the body, then three per decade of the tail.
pub(super) const CURVE: [f64; 32] = [
    0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8,
    0.85, 0.9, 0.925, 0.95, 0.96, 0.97, 0.98, 0.985, 0.99, 0.995, 0.998, 0.999, 0.9995, 0.9998,
    0.9999,
];

/// Starts kept for quantiles: more than any chart resolves, few enough to sum over at every step of
/// a bisection.
const MOST_STARTS: usize = 4096;

/// The mixture of `start + U(0, spread)`.
#[derive(Clone, Debug, Default)]
pub(super) struct Delay {
    /// (start in ns, weight)
    starts: Vec<(f64, f64)>,
    spread: f64,
}

/// The floor's distribution as far as it is calibrated: at the median up to some quantile, from
/// there evenly to the 99th percentile, the last 1 % at that; the quantile between a half and 0.99
/// that gives the calibrated mean. So all three calibrated numbers are kept where that is possible,
/// and nothing is made up beyond them.
#[derive(Clone, Debug)]
pub(super) struct Floor {
    pub mean: f64,
    pub p50: f64,
    pub p99: f64,
    /// Weight of the even part.
    rising: f64,
}

impl Floor {
    pub fn of(calibration: &Calibration) -> Self {
        let (mean, p50) = (calibration.floor_mean_ns, calibration.floor_p50_ns);
        let p99 = calibration.floor_p99_ns.max(p50);
        let width = p99 - p50;
        // mean = p50 + rising·width/2 + 0.01·width
        let rising = if width > 0.0 { 2.0 * ((mean - p50) / width - 0.01) } else { 0.0 };
        Self { mean, p50, p99, rising: rising.clamp(0.0, 0.49) }
    }
}

impl Floor {
    /// The same at the end of a link that delays every packet; its jitter is the delay's.
    #[must_use]
    pub fn through(mut self, way: &Way) -> Self {
        let delay = way.delay.as_nanos() as f64;
        self.mean += delay;
        self.p50 += delay;
        self.p99 += delay;
        self
    }
}

impl Delay {
    pub fn new(starts: impl IntoIterator<Item = f64>, spread: f64) -> Self {
        Self { starts: starts.into_iter().map(|start| (start, 1.0)).collect(), spread }
    }

    /// Starts with a weight each, which are the middles of their spreads.
    pub fn cells(middles: Vec<(f64, f64)>, spread: f64) -> Self {
        Self { starts: middles, spread }.centred()
    }

    /// Each update waits for `start` after what held it up; most are not held, and are one start.
    pub fn held(held: &[f64], start: f64, spread: f64) -> Self {
        let (longer, at_once): (Vec<f64>, Vec<f64>) = held.iter().partition(|held| **held > 0.0);
        let longer = longer.iter().map(|held| (start + held, 1.0));
        let starts = std::iter::once((start, at_once.len() as f64)).chain(longer);
        Self { starts: starts.filter(|(_, weight)| *weight > 0.0).collect(), spread }
    }

    /// The starts were the middles of their spreads.
    pub fn centred(mut self) -> Self {
        for (start, _) in &mut self.starts {
            *start -= self.spread / 2.0;
        }
        self
    }

    /// With another U(0, jitter) added: of two spreads the larger keeps its shape and the smaller
    /// its mean.
    #[must_use]
    pub fn jittered(mut self, jitter: f64) -> Self {
        let (smaller, larger) = (self.spread.min(jitter), self.spread.max(jitter));
        for (start, _) in &mut self.starts {
            *start += smaller / 2.0;
        }
        self.spread = larger;
        self
    }

    /// Pools another repetition of the same transport.
    pub fn add(&mut self, other: Self) {
        self.spread = self.spread.max(other.spread);
        self.starts.extend(other.starts);
    }

    pub fn mean(&self) -> f64 {
        let weight: f64 = self.starts.iter().map(|(_, weight)| weight).sum();
        if weight <= 0.0 {
            return 0.0;
        }
        self.starts.iter().map(|(start, weight)| start * weight).sum::<f64>() / weight
            + self.spread / 2.0
    }

    pub fn max(&self) -> f64 {
        self.starts.iter().map(|(start, _)| *start).fold(0.0, f64::max) + self.spread
    }

    /// The same distribution, ready for quantiles: in order, with neighbouring starts merged into
    /// at most [`MOST_STARTS`], each at its mean.
    pub fn sorted(&self) -> Sorted {
        let mut starts = self.starts.clone();
        starts.sort_by(|a, b| a.0.total_cmp(&b.0));
        // Equal ones first: with push and with idle long polls most starts are.
        starts.dedup_by(|later, kept| {
            let equal = (later.0 - kept.0).abs() < 0.5;
            if equal {
                kept.1 += later.1;
            }
            equal
        });
        let group = starts.len().div_ceil(MOST_STARTS).max(1);
        let mut sum = 0.0;
        let merged = starts.chunks(group).map(|group| {
            let weight: f64 = group.iter().map(|(_, weight)| weight).sum();
            let at = group.iter().map(|(start, weight)| start * weight).sum::<f64>() / weight;
            let before = sum;
            sum += weight;
            Start { at, weight, before }
        });
        Sorted { starts: merged.collect(), weight: sum, spread: self.spread }
    }
}

/// A [`Delay`] in order.
pub(super) struct Sorted {
    starts: Vec<Start>,
    weight: f64,
    spread: f64,
}

struct Start {
    at: f64,
    weight: f64,
    /// Weight of all starts before this one.
    before: f64,
}

impl Sorted {
    /// Delay below which the part `q` of the deliveries stays; by bisection, because a sum of
    /// uniforms has no simpler inverse.
    pub fn quantile(&self, q: f64, floor: &Floor) -> f64 {
        // What is added to a start lies between the floor's two ends, so the start's own quantile
        // brackets the sum's.
        let index =
            self.starts.partition_point(|start| start.before + start.weight < q * self.weight);
        let Some(start) = self.starts.get(index.min(self.starts.len().saturating_sub(1))) else {
            return floor.p50;
        };
        let (mut low, mut high) = (start.at + floor.p50, start.at + self.spread + floor.p99);
        while high - low > 0.25 + 1e-9 * high {
            let middle = f64::midpoint(low, high);
            if self.below(middle, floor) < q * self.weight {
                low = middle;
            } else {
                high = middle;
            }
        }
        high
    }

    /// Weight of the deliveries with a delay of at most `x`.
    fn below(&self, x: f64, floor: &Floor) -> f64 {
        // Starts so early that all of theirs is below, then those that are in part, then those too
        // late.
        let all = self.starts.partition_point(|start| start.at + self.spread + floor.p99 < x);
        let rest = &self.starts[all..];
        let some = rest.iter().take_while(|start| start.at + floor.p50 <= x + 0.5);
        let partly = some.map(|start| {
            let at = x - start.at;
            start.weight
                * ((0.99 - floor.rising) * uniform_below(at - floor.p50, self.spread)
                    + floor.rising
                        * two_uniforms_below(at - floor.p50, self.spread, floor.p99 - floor.p50)
                    + 0.01 * uniform_below(at - floor.p99, self.spread))
        });
        rest.first().map_or(self.weight, |start| start.before) + partly.sum::<f64>()
    }
}

/// P(U(0, a) ≤ x); for a = 0 a step, which counts half a ns of rounding as reached.
fn uniform_below(x: f64, a: f64) -> f64 {
    if a <= 0.0 { f64::from(u8::from(x >= -0.5)) } else { (x / a).clamp(0.0, 1.0) }
}

/// P(U(0, a) + U(0, b) ≤ x), the area of the part of an a × b rectangle below a diagonal.
fn two_uniforms_below(x: f64, a: f64, b: f64) -> f64 {
    let (a, b) = (a.min(b), a.max(b));
    // So thin a rectangle is a line; the division below would lose its digits.
    if a <= 1e-6 * b || a <= 0.0 {
        return uniform_below(x - a / 2.0, b);
    }
    let corner = |x: f64| x.max(0.0).powi(2) / 2.0;
    ((corner(x) - corner(x - a) - corner(x - b) + corner(x - a - b)) / (a * b)).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::{Delay, Floor, two_uniforms_below};
    use crate::Calibration;

    fn floor(mean: f64, p50: f64, p99: f64) -> Floor {
        let (floor_mean_ns, floor_p50_ns, floor_p99_ns) = (mean, p50, p99);
        Floor::of(&Calibration {
            floor_mean_ns,
            floor_p50_ns,
            floor_p99_ns,
            ..Calibration::default()
        })
    }

    #[test]
    fn the_floor_alone_has_its_calibrated_percentiles_and_mean() {
        let floor = floor(120.0, 100.0, 400.0);
        let delay = Delay::held(&[0.0], 0.0, 0.0).sorted();
        assert!((delay.quantile(0.5, &floor) - 100.0).abs() <= 1.0);
        assert!((delay.quantile(0.99, &floor) - 400.0).abs() <= 1.0);
        let mean: f64 =
            (0..1000).map(|i| delay.quantile((f64::from(i) + 0.5) / 1000.0, &floor)).sum::<f64>()
                / 1000.0;
        assert!((mean - 120.0).abs() <= 1.0, "{mean}");
    }

    #[test]
    fn a_floor_whose_numbers_contradict_each_other_is_taken_by_its_median() {
        // A mean below the median: a distribution with a tail to the left, which a floor does not
        // have.
        let delay = Delay::held(&[0.0], 0.0, 0.0).sorted();
        assert!((delay.quantile(0.9, &floor(50.0, 100.0, 400.0)) - 100.0).abs() <= 1.0);
        assert!((delay.quantile(0.99, &floor(50.0, 100.0, 20.0)) - 100.0).abs() <= 1.0);
    }

    #[test]
    fn the_sum_of_two_uniforms_is_a_trapezoid() {
        for x in [-1.0, 0.0, 1.0, 2.0, 2.5, 3.0, 4.0, 5.0, 9.0] {
            let exact = match x {
                x if x <= 0.0 => 0.0,
                x if x >= 5.0 => 1.0,
                x if x <= 2.0 => x * x / 12.0,
                x if x <= 3.0 => (x - 1.0) / 3.0,
                x => 1.0 - (5.0 - x) * (5.0 - x) / 12.0,
            };
            assert!((two_uniforms_below(x, 2.0, 3.0) - exact).abs() < 1e-12, "{x}");
            assert!((two_uniforms_below(x, 3.0, 2.0) - exact).abs() < 1e-12);
        }
    }

    #[test]
    fn merging_many_starts_leaves_the_quantiles_where_they_were() {
        let delay = Delay::new((0..100_000).map(f64::from), 50.0);
        assert!((delay.mean() - (49_999.5 + 25.0)).abs() < 1e-6);
        let sorted = delay.sorted();
        for q in [0.1, 0.5, 0.99] {
            assert!(
                (sorted.quantile(q, &floor(0.0, 0.0, 0.0)) - (q * 1e5 + 25.0)).abs() < 30.0,
                "{q}"
            );
        }
    }
}
