//! How much larger one of two things is than another, as the logarithm of their ratio.

use super::{Interval, mean, student, variance};

/// A mean log ratio and what it is known from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference {
    /// Mean of ln(B/A).
    pub log_ratio: f64,
    /// Standard error of that mean; zero where nothing varied.
    pub standard_error: f64,
    /// Degrees of freedom of the standard error.
    pub freedom: f64,
    /// Standard deviation of what is called one difference: between the two of a pair, or within
    /// either group.
    pub deviation: f64,
}

/// Log ratios of pairs that had the same publish times: what both had in common drops out.
///
/// Student's interval of ln(B/A) per pair. `None` of fewer than two pairs, or if a value has no
/// logarithm.
pub fn paired(a: &[f64], b: &[f64]) -> Option<Difference> {
    let ratios = a.iter().zip(b).map(|(a, b)| Some(ln(*b)? - ln(*a)?));
    of_log_ratios(&ratios.collect::<Option<Vec<_>>>()?)
}

/// The same of the log ratios themselves.
pub fn of_log_ratios(ratios: &[f64]) -> Option<Difference> {
    if ratios.len() < 2 {
        return None;
    }
    let variance = variance(ratios);
    Some(Difference {
        log_ratio: mean(ratios),
        standard_error: (variance / ratios.len() as f64).sqrt(),
        freedom: ratios.len() as f64 - 1.0,
        deviation: variance.sqrt(),
    })
}

/// The difference of mean logarithms of two groups that have nothing in common.
///
/// Welch's interval (Biometrika 34, 1947), which does not ask for equal variances. `None` of fewer
/// than two values on either side, or if a value has no logarithm.
pub fn unpaired(a: &[f64], b: &[f64]) -> Option<Difference> {
    let logarithms = |values: &[f64]| values.iter().map(|value| ln(*value)).collect::<Option<_>>();
    let (a, b): (Vec<f64>, Vec<f64>) = (logarithms(a)?, logarithms(b)?);
    if a.len().min(b.len()) < 2 {
        return None;
    }
    let (of_a, of_b) = (variance(&a), variance(&b));
    let (m, n) = (a.len() as f64, b.len() as f64);
    let (share_a, share_b) = (of_a / m, of_b / n);
    let sum = share_a + share_b;
    let freedom = sum.powi(2) / (share_a.powi(2) / (m - 1.0) + share_b.powi(2) / (n - 1.0));
    Some(Difference {
        log_ratio: mean(&b) - mean(&a),
        standard_error: sum.sqrt(),
        freedom: if freedom.is_finite() { freedom } else { m + n - 2.0 },
        deviation: (((m - 1.0) * of_a + (n - 1.0) * of_b) / (m + n - 2.0)).sqrt(),
    })
}

fn ln(value: f64) -> Option<f64> {
    (value.is_finite() && value > 0.0).then(|| value.ln())
}

impl Difference {
    /// The interval of the mean log ratio that contains the truth in a share of `confidence`.
    pub fn interval(&self, confidence: f64) -> Interval {
        let half = student::quantile(confidence, self.freedom) * self.standard_error;
        Interval { low: self.log_ratio - half, middle: self.log_ratio, high: self.log_ratio + half }
    }

    /// Chance of a log ratio at least as far from zero where there is no difference.
    pub fn chance(&self) -> f64 {
        if self.log_ratio == 0.0 {
            return 1.0;
        }
        student::two_sided(self.log_ratio / self.standard_error, self.freedom)
    }

    /// The difference in standard deviations of a single one: 0.2 is small, 0.8 large (Cohen, 1988),
    /// with Hedges' correction for few values (Journal of Educational Statistics 6, 1981). `None`
    /// where nothing varied.
    pub fn effect_size(&self) -> Option<f64> {
        let correction = 1.0 - 3.0 / (4.0 * self.freedom - 1.0);
        let size = self.log_ratio / self.deviation * correction;
        size.is_finite().then_some(size)
    }

    /// The same with a standard error of at least `least`: of what an instrument rounds, equal
    /// readings are no proof.
    #[must_use]
    pub fn at_least(mut self, least: f64) -> Self {
        self.standard_error = self.standard_error.max(least);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_forget_what_they_have_in_common() {
        let a = [100.0, 400.0, 900.0];
        let b = a.map(|value| value * 1.2);
        let together = paired(&a, &b).unwrap();
        assert!((together.log_ratio - 1.2_f64.ln()).abs() < 1e-12);
        assert!(together.standard_error < 1e-12 && together.chance() < 1e-6);
        let apart = unpaired(&a, &b).unwrap();
        assert!((apart.log_ratio - 1.2_f64.ln()).abs() < 1e-12);
        assert!(apart.chance() > 0.5 && apart.interval(0.95).contains(0.0));
    }

    #[test]
    fn the_same_is_no_difference_even_where_nothing_varies() {
        let same = paired(&[5.0; 4], &[5.0; 4]).unwrap();
        assert!((same.chance() - 1.0).abs() < f64::EPSILON);
        assert_eq!(same.effect_size(), None);
        let constant = unpaired(&[5.0; 4], &[6.0; 4]).unwrap();
        assert!(constant.chance() < 1e-9 && constant.freedom > 5.0);
    }

    #[test]
    fn what_has_no_logarithm_or_no_second_value_has_no_difference() {
        assert_eq!(paired(&[0.0, 1.0], &[1.0, 1.0]), None);
        assert_eq!(unpaired(&[1.0, -1.0], &[1.0, 1.0]), None);
        assert_eq!(paired(&[1.0], &[2.0]), None);
        assert_eq!(unpaired(&[1.0], &[2.0, 3.0]), None);
    }

    #[test]
    fn welch_agrees_with_a_worked_example() {
        // Logarithms 1, 2, 3, 4 and 3, 5, 7: t = 2.5 / √(1.6667/4 + 4/3), ν by Welch's formula.
        let a = [1.0_f64, 2.0, 3.0, 4.0].map(f64::exp);
        let b = [3.0_f64, 5.0, 7.0].map(f64::exp);
        let found = unpaired(&a, &b).unwrap();
        assert!((found.log_ratio - 2.5).abs() < 1e-9);
        assert!((found.standard_error - 1.322_88).abs() < 1e-4);
        assert!((found.freedom - 3.234_7).abs() < 1e-3, "{}", found.freedom);
    }
}
