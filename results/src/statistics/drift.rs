//! Whether a window was stationary: its first half against its second.

use super::{Difference, mean};
use crate::Second;

/// Fewest blocks of either half: fewer cannot tell a drift from a bad second.
const FEWEST: usize = 4;

/// The mean delay of the window's second half against that of its first, from one measurement's
/// seconds.
///
/// Seconds share publishes and the phases of polls, so they are joined to blocks that are longer
/// than what they have in common (batch means: Law, Simulation Modeling and Analysis, 2007, 9.5).
/// The first block is left out: what arrives in it was published in it, while later ones also have
/// what waited for longer. So is what arrives after the window.
///
/// The noise is that of successive blocks, which a delay that rises all the time does not raise (von
/// Neumann, Kent, Bellinson and Hart, Annals of Mathematical Statistics 12, 1941).
///
/// `None` if either half has fewer than four blocks with an arrival.
pub fn drift(seconds: &[Second], window_seconds: u32, block_seconds: u32) -> Option<Difference> {
    let block = block_seconds.max(1);
    let blocks = (window_seconds / block).checked_sub(1)?;
    // An odd one in the middle belongs to neither half.
    let half = blocks / 2;
    let ln_mean = |number: u32| {
        let from = number * block;
        let of = seconds.iter().filter(|second| (from..from + block).contains(&second.second));
        let (mut sum, mut count) = (0.0, 0.0);
        for second in of {
            if let Some(delay) = second.delay_mean_ns {
                sum += delay as f64 * second.delivered as f64;
                count += second.delivered as f64;
            }
        }
        (sum > 0.0).then(|| (sum / count).ln())
    };
    let first: Vec<f64> = (1..=half).filter_map(ln_mean).collect();
    let second: Vec<f64> = (blocks - half + 1..=blocks).filter_map(ln_mean).collect();
    if first.len().min(second.len()) < FEWEST {
        return None;
    }
    let halves = [first, second];
    let squares: f64 = halves.iter().flat_map(|half| half.windows(2)).map(square).sum();
    let steps: f64 = halves.iter().map(|half| half.len() as f64 - 1.0).sum();
    let variance = squares / 2.0 / steps;
    Some(Difference {
        log_ratio: mean(&halves[1]) - mean(&halves[0]),
        standard_error: halves.iter().map(|half| variance / half.len() as f64).sum::<f64>().sqrt(),
        freedom: halves.iter().map(|half| freedom(half.len() as f64)).sum(),
        deviation: variance.sqrt(),
    })
}

fn square(pair: &[f64]) -> f64 {
    (pair[1] - pair[0]).powi(2)
}

/// Degrees of freedom of a chi-squared variable with the variance of the mean square successive
/// difference of so many values.
fn freedom(count: f64) -> f64 {
    2.0 * (count - 1.0).powi(2) / (3.0 * count - 4.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(delay: impl Fn(u32) -> u64) -> Vec<Second> {
        let one = |second| Second {
            second,
            delivered: 10,
            delay_mean_ns: Some(delay(second)),
            ..Second::default()
        };
        (0..30).map(one).collect()
    }

    #[test]
    fn a_step_or_a_ramp_is_found_with_its_size() {
        let wobble = |second: u32| u64::from(second % 3) * 1_000;
        let step = seconds(|second| if second < 11 { 100_000 } else { 150_000 } + wobble(second));
        let found = drift(&step, 21, 1).unwrap();
        assert!((found.log_ratio - 1.5_f64.ln()).abs() < 0.01, "{found:?}");
        assert!(found.chance() < 1e-9);
        let ramp = seconds(|second| 100_000 + u64::from(second) * 10_000 + wobble(second));
        assert!(drift(&ramp, 21, 1).unwrap().chance() < 1e-6);
    }

    #[test]
    fn what_arrives_first_and_after_the_window_does_not_count() {
        let edges = seconds(|second| if second == 0 || second >= 21 { 1 } else { 100_000 });
        assert!(drift(&edges, 21, 1).unwrap().log_ratio.abs() < 1e-12);
    }

    #[test]
    fn a_short_window_tells_nothing() {
        let even = seconds(|_| 100_000);
        assert_eq!(drift(&even, 8, 1), None);
        assert_eq!(drift(&even, 21, 3), None);
        assert_eq!(drift(&even, 0, 1), None);
        assert_eq!(drift(&[], 30, 1), None);
        assert!(drift(&even, 9, 1).is_some());
    }
}
