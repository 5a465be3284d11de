//! All statistics in one place: functions of values, with their sources.
//!
//! What is replicated is the **repetition**: a fresh server process over a fresh window. Clients of
//! one repetition share each publish and each hiccup, so their number says nothing of how well a
//! number is known (pseudo-replication: Hurlbert, Ecological Monographs 54, 1984), and two runs
//! differ by more than two halves of one (hysteresis: Zhang et al., Treadmill, ISCA 2016).
//!
//! - Quotients are compared as logarithms: twice as much and half as much are then equally far from
//!   no difference, and their mean is that of ratios that may be averaged (Fleming and Wallace,
//!   CACM 29, 1986). See [`paired`] and [`unpaired`].
//! - Intervals over repetitions are Student's, of log ratios, because the bootstrap over repetitions
//!   is too narrow where they are few: [`bootstrap`] has how often each contains the truth.
//! - Within a run what is resampled is the publish, with all its deliveries: [`bootstrap::delay_within`].
//! - Many looks at a pair of runs find a difference somewhere by chance; [`holm`] allows for that.
//! - Whether a window was stationary: [`drift`].

pub mod bootstrap;
mod difference;
mod drift;
mod holm;
pub mod student;

pub use difference::{Difference, of_log_ratios, paired, unpaired};
pub use drift::drift;
pub use holm::holm;

/// How often intervals contain the truth, and 1 − how often differences are called by chance.
pub const CONFIDENCE: f64 = 0.95;

/// An estimate between its limits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// Lower limit.
    pub low: f64,
    /// Best guess.
    pub middle: f64,
    /// Upper limit.
    pub high: f64,
}

impl Interval {
    /// Whether the interval contains a value.
    pub fn contains(&self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }

    /// The interval of the exponentials: of ratios, from that of their logarithms.
    #[must_use]
    pub fn exp(self) -> Self {
        Self { low: self.low.exp(), middle: self.middle.exp(), high: self.high.exp() }
    }
}

/// Mean of values; not a number of none.
pub(crate) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Variance of values around their mean, with n − 1; not a number of fewer than two.
pub(crate) fn variance(values: &[f64]) -> f64 {
    let mean = mean(values);
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    squares / (values.len() as f64 - 1.0)
}

#[cfg(test)]
mod tests;
