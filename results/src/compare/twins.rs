//! Comparisons of a transport with itself: what is called a difference there is called by chance.

use crate::statistics::{self, CONFIDENCE};
use crate::{Run, noise_floor};

use super::{FEWEST, METRICS, Metric};

/// Blocks of one comparison: a run with more of them holds several.
const BLOCKS: usize = 10;

/// Comparisons of transports with their twins in one metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alike {
    /// Name of the metric.
    pub metric: &'static str,
    /// How many comparisons there are.
    pub comparisons: u64,
    /// In how many of them the interval of the ratio does not contain 1.
    pub told_apart: u64,
}

/// Per metric, what the twins of runs say.
pub fn alike(runs: &[Run]) -> Vec<Alike> {
    let of = |metric: &'static Metric| {
        let verdicts: Vec<bool> = runs.iter().flat_map(|run| told_apart(run, metric)).collect();
        Alike {
            metric: metric.name,
            comparisons: verdicts.len() as u64,
            told_apart: verdicts.iter().filter(|apart| **apart).count() as u64,
        }
    };
    METRICS.iter().map(of).filter(|alike| alike.comparisons > 0).collect()
}

/// Of each comparison that a run holds, whether the twins are told apart.
fn told_apart(run: &Run, metric: &Metric) -> Vec<bool> {
    let pairs = noise_floor::pairs_by(&run.rows, metric.value);
    let is_long = run.scenario.measure.repeat as usize > BLOCKS;
    // What is left over of a longer run is no comparison of the usual length.
    let least = if is_long { BLOCKS } else { FEWEST };
    let mut verdicts = Vec::new();
    for transport in super::cell::transports(run) {
        let of_transport = pairs.iter().filter(|pair| pair.transport == transport);
        let ln_ratios: Vec<f64> = of_transport.map(|pair| pair.ln_ratio).collect();
        let comparisons = ln_ratios.chunks(BLOCKS).filter(|ratios| ratios.len() >= least);
        verdicts.extend(comparisons.filter_map(statistics::of_log_ratios).map(|difference| {
            let interval = difference.at_least(metric.rounding).interval(CONFIDENCE);
            !interval.contains(0.0)
        }));
    }
    verdicts
}

/// Most differences that chance alone calls in so many comparisons of equals, but for one time in
/// fifty: the binomial distribution at 1 − [`CONFIDENCE`]. Of 40 comparisons it is 5.
pub fn most_by_chance(comparisons: u64) -> u64 {
    const RARE: f64 = 0.02;
    let called = 1.0 - CONFIDENCE;
    let (mut chance, mut at_most, mut count) = (CONFIDENCE.powf(comparisons as f64), 0.0, 0);
    loop {
        at_most += chance;
        if 1.0 - at_most < RARE || count >= comparisons {
            return count;
        }
        chance *= (comparisons - count) as f64 / (count + 1) as f64 * called / CONFIDENCE;
        count += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::most_by_chance;

    #[test]
    fn chance_calls_at_most_five_of_forty() {
        // P(X > 5) of 40 at 5 % is 1.4 %, P(X > 4) is 4.8 %.
        assert_eq!(most_by_chance(40), 5);
        assert_eq!(most_by_chance(0), 0);
        assert_eq!(most_by_chance(1), 1);
        assert!((1..200).all(|n| most_by_chance(n) <= most_by_chance(n + 1)));
    }
}
