//! Whether a delay drifts: a queue that grows shows as a second half that is slower.
//!
//! Some transport always changes most. It is named only if its change is large enough to matter
//! and too large for the ups and downs from second to second; five transports are looked at, so
//! two or three standard errors would name one of them in too many runs.

/// A change by less than this factor, up or down, is not worth a word.
const LEAST: f64 = 1.25;
/// Standard errors of the seconds that a change must exceed.
const SURE: f64 = 4.0;
/// Seconds that a half needs, to know how far its seconds are apart.
const SECONDS: usize = 4;

/// The rule in words.
pub(super) const RULE: &str = "by more than a quarter and four standard errors of its seconds";

/// What the halves of a curve say.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Drift {
    /// Too few seconds to speak of one.
    Unknown,
    /// Nothing that stands out.
    None,
    /// Mean of the second half over that of the first.
    By(f64),
}

/// The drift of a value per second over a window of this length.
pub(super) fn drift(points: &[(f64, f64)], length: f64) -> Drift {
    let (first, second): (Vec<_>, Vec<_>) =
        points.iter().copied().partition(|&(at, _)| at < length / 2.0);
    let (Some(first), Some(second)) = (Half::of(&first), Half::of(&second)) else {
        return Drift::Unknown;
    };
    let quotient = second.mean / first.mean;
    let error = (first.error_squared + second.error_squared).sqrt();
    let sure = (second.mean - first.mean).abs() > SURE * error;
    let large = quotient >= LEAST || quotient <= 1.0 / LEAST;
    if sure && large && quotient.is_finite() { Drift::By(quotient) } else { Drift::None }
}

struct Half {
    mean: f64,
    /// Square of the mean's standard error.
    error_squared: f64,
}

impl Half {
    fn of(points: &[(f64, f64)]) -> Option<Self> {
        if points.len() < SECONDS {
            return None;
        }
        let count = points.len() as f64;
        let mean = points.iter().map(|&(_, y)| y).sum::<f64>() / count;
        let squares: f64 = points.iter().map(|&(_, y)| (y - mean).powi(2)).sum();
        Some(Self { mean, error_squared: squares / (count - 1.0) / count })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn over(seconds: usize, value: impl Fn(usize) -> f64) -> Drift {
        let points: Vec<_> = (0..seconds).map(|at| (at as f64 + 0.5, value(at))).collect();
        drift(&points, seconds as f64)
    }

    #[test]
    fn a_delay_that_is_twice_as_long_in_the_second_half_drifts() {
        let Drift::By(quotient) = over(20, |at| if at < 10 { 1.0 } else { 2.0 }) else {
            panic!("nothing was seen");
        };
        assert!((quotient - 2.0).abs() < 1e-9);
        assert!(matches!(over(20, |at| 20.0 - at as f64), Drift::By(quotient) if quotient < 0.5));
    }

    #[test]
    fn ups_and_downs_are_no_drift() {
        assert_eq!(over(20, |at| if at % 2 == 0 { 1.0 } else { 9.0 }), Drift::None);
        // One slow second makes the mean of its half nearly twice as long.
        assert_eq!(over(20, |at| if at == 15 { 10.0 } else { 1.0 }), Drift::None);
    }

    #[test]
    fn a_small_change_is_not_worth_a_word_however_sure_it_is() {
        assert_eq!(over(20, |at| if at < 10 { 1.0 } else { 1.2 }), Drift::None);
    }

    #[test]
    fn few_seconds_tell_nothing() {
        assert_eq!(over(7, |at| at as f64 + 1.0), Drift::Unknown);
        assert_eq!(over(0, |_| 1.0), Drift::Unknown);
    }

    #[test]
    fn nothing_at_all_is_no_drift() {
        assert_eq!(over(20, |_| 0.0), Drift::None);
    }
}
