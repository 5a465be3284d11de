//! Tests against noise: a rule that fires must not be a coin that fell badly.
//!
//! A verdict that cries wolf is worse than none. A clean run may make each
//! rule fire at most once in a thousand runs, so counts are compared with what
//! chance alone would bring, never with a bare threshold.

/// Chance that a clean run may trip a rule.
pub const FALSE_ALARM: f64 = 0.001;

/// Whether `count` events are more than chance explains where at most
/// `expected` are allowed on average (upper tail of a Poisson distribution).
///
/// Also safe for counts out of a fixed number of trials: the binomial
/// distribution is narrower than the Poisson of the same mean.
pub fn exceeds(count: u64, expected: f64) -> bool {
    count as f64 > expected && upper_tail(count, expected) < FALSE_ALARM
}

/// P(X ≥ count) for a Poisson variable of mean `mean`.
fn upper_tail(count: u64, mean: f64) -> f64 {
    if count == 0 {
        return 1.0;
    }
    if mean <= 0.0 {
        return 0.0;
    }
    if mean > 1_000.0 {
        // The sum below would need too many terms, and the square root of a
        // Poisson variable is by then normal: 2(√X − √m) ~ N(0, 1).
        let z = 2.0 * ((count as f64).sqrt() - mean.sqrt());
        return if z > 3.09 { FALSE_ALARM / 2.0 } else { 0.5 };
    }
    // Sum of the terms from `count` on; they fall geometrically once k > mean.
    let mut term = (count as f64 * mean.ln() - mean - ln_factorial(count)).exp();
    let mut sum = 0.0;
    let mut k = count;
    while term > 1e-12 || (k as f64) < mean {
        sum += term;
        k += 1;
        term *= mean / k as f64;
    }
    sum
}

/// Chance that two transports which are alike may be put in an order.
pub const FALSE_ORDER: f64 = 0.05;

/// Quotient that puts two transports in an order where repetitions are too few to tell chance.
pub const CLEAR_FACTOR: f64 = 2.0;

/// Distance between two ranges, in the wider of them, that puts them in an order where there are
/// two or three repetitions. Of sources that are alike, chance brings it in less than
/// [`FALSE_ORDER`] of cases with two repetitions each, be they normal, exponential or uniform.
pub const CLEAR_SPREADS: f64 = 3.0;

/// What histograms round to: ranges are not narrower than this share of their values.
const ROUNDING: f64 = 0.001;

/// Whether all of `low` lie so far below all of `high` that chance does not explain it.
///
/// The ranges may not overlap. Of `m` and `n` values from the same source, chance keeps the
/// ranges apart in two of `(m + n choose m)` cases: one in three with two repetitions each, one in
/// ten with three, one in 35 with four. Where that is more than [`FALSE_ORDER`], the ranges must be
/// [`CLEAR_SPREADS`] or a factor of [`CLEAR_FACTOR`] apart; a single repetition has no spread, so
/// only the factor counts.
pub fn lies_below(low: &[f64], high: &[f64]) -> bool {
    let (top, bottom) = (highest(low), lowest(high));
    if !(top.is_finite() && bottom.is_finite() && top < bottom) {
        return false;
    }
    let (m, n) = (low.len() as u64, high.len() as u64);
    let ln_cases = ln_factorial(m + n) - ln_factorial(m) - ln_factorial(n);
    // A quotient means something only of what cannot be zero.
    let clear = top > 0.0 && bottom >= CLEAR_FACTOR * top;
    if 2.0 * (-ln_cases).exp() <= FALSE_ORDER || clear {
        return true;
    }
    let width = (top - lowest(low)).max(highest(high) - bottom).max(ROUNDING * top.abs());
    m.min(n) > 1 && bottom - top >= CLEAR_SPREADS * width
}

fn lowest(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::INFINITY, f64::min)
}

fn highest(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::NEG_INFINITY, f64::max)
}

fn ln_factorial(n: u64) -> f64 {
    (2..=n).map(|k| (k as f64).ln()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_agrees_with_textbook_values() {
        assert!((upper_tail(1, 1.0) - 0.632_120_558).abs() < 1e-8);
        assert!((upper_tail(5, 2.0) - 0.052_653_017).abs() < 1e-8);
        assert!((upper_tail(0, 2.0) - 1.0).abs() < f64::EPSILON);
    }

    #[test]
    fn what_chance_brings_once_in_a_hundred_runs_does_not_fire() {
        // Mean 20: P(X >= 31) is 1.35 %, P(X >= 36) is 0.08 %.
        assert!(!exceeds(20, 20.0));
        assert!(!exceeds(31, 20.0));
        assert!(exceeds(36, 20.0));
    }

    #[test]
    fn nothing_expected_means_that_one_is_too_many() {
        assert!(!exceeds(0, 0.0));
        assert!(exceeds(1, 0.0));
    }

    #[test]
    fn large_means_are_tested_too() {
        assert!(!exceeds(10_200, 10_000.0));
        assert!(exceeds(10_400, 10_000.0));
    }

    #[test]
    fn a_clean_run_trips_the_test_at_most_once_in_a_thousand() {
        // Exact: the smallest count that fires has a tail below one in a thousand.
        for mean in [0.5, 1.0, 3.0, 10.0, 40.0, 200.0, 900.0] {
            let first = (0..2_000).find(|&count| exceeds(count, mean)).unwrap();
            assert!(upper_tail(first, mean) < FALSE_ALARM, "mean {mean}");
            assert!(upper_tail(first - 1, mean) >= FALSE_ALARM, "mean {mean}");
        }
    }
    #[test]
    fn ranges_that_overlap_tell_no_order() {
        assert!(!lies_below(&[1.0, 2.0, 3.0, 4.0, 5.0], &[4.5, 6.0, 7.0, 8.0, 9.0]));
        assert!(lies_below(&[1.0, 2.0, 3.0, 4.0], &[4.1, 6.0, 7.0, 8.0]));
        assert!(!lies_below(&[4.1, 6.0, 7.0, 8.0], &[1.0, 2.0, 3.0, 4.0]));
        assert!(!lies_below(&[1.0; 5], &[1.0; 5]));
    }

    #[test]
    fn few_repetitions_tell_an_order_by_a_factor_of_two() {
        assert!(!lies_below(&[1.0], &[1.9]));
        assert!(lies_below(&[1.0], &[2.0]));
        assert!(!lies_below(&[1.0, 1.1, 1.2], &[1.3, 1.4, 1.5]));
        assert!(lies_below(&[1.0, 1.1, 1.2], &[2.4, 2.5, 2.6]));
    }

    #[test]
    fn few_repetitions_tell_an_order_where_ranges_are_far_apart_for_their_width() {
        assert!(lies_below(&[279.0, 279.0], &[305.0, 305.0]));
        assert!(lies_below(&[10.0, 11.0], &[14.0, 14.5]));
        assert!(!lies_below(&[10.0, 11.0], &[13.9, 14.5]));
        // What a histogram rounds to the same number is not the same number.
        assert!(!lies_below(&[1_000.0, 1_000.0], &[1_002.0, 1_002.0]));
        assert!(!lies_below(&[279.0], &[305.0]));
    }

    #[test]
    fn a_quotient_of_what_is_nothing_or_less_tells_no_order() {
        assert!(!lies_below(&[-1.0], &[2.0]));
        assert!(!lies_below(&[0.0], &[2.0]));
        assert!(!lies_below(&[-1.0, 0.0], &[0.5, 1.5]));
    }

    #[test]
    fn nothing_is_below_what_was_not_measured() {
        assert!(!lies_below(&[], &[1.0]));
        assert!(!lies_below(&[1.0], &[]));
        assert!(!lies_below(&[1.0], &[f64::NAN]));
    }

    #[test]
    fn sources_that_are_alike_are_put_in_an_order_at_most_one_time_in_twenty() {
        let mut state = 11_u64;
        let mut random = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) as f64 + 1e10 // far from zero: the factor never helps
        };
        for repetitions in 1..6 {
            let mut draw = || (0..repetitions).map(|_| random()).collect::<Vec<_>>();
            let ordered = (0..4_000)
                .filter(|_| {
                    let (one, other) = (draw(), draw());
                    lies_below(&one, &other) || lies_below(&other, &one)
                })
                .count();
            assert!((ordered as f64) < 4_000.0 * FALSE_ORDER, "{repetitions}: {ordered}");
        }
    }
}
