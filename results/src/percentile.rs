//! When a percentile may be printed.
//!
//! The clients of one publish share its fate, so what counts is the number of
//! publishes, not of deliveries. A percentile wants about twenty publishes
//! beyond it: fewer, and it is the value of a handful of accidents.

use hdrhistogram::Histogram;

/// Publishes that should lie beyond a percentile before it is printed.
const BEYOND: f64 = 20.0;

/// How many publishes the percentile `p` (0.99 for p99) needs: p50 40, p90 200, p99 2,000.
pub fn needed(p: f64) -> u64 {
    // Rounded, because 1 − 0.9 is a little less than 0.1 in floating point.
    (BEYOND / (1.0 - p)).round() as u64
}

/// Whether `publishes` carry the percentile `p`.
pub fn enough(p: f64, publishes: u64) -> bool {
    publishes >= needed(p)
}

/// The percentile, or nothing where too few publishes carry it.
pub fn of(histogram: &Histogram<u64>, p: f64, publishes: u64) -> Option<u64> {
    (enough(p, publishes) && !histogram.is_empty()).then(|| histogram.value_at_quantile(p))
}

/// The reason of an empty cell of a delay column, as a sentence; `None` if the
/// column is not a percentile or the percentile is well supported.
///
/// ```
/// let reason = results::percentile::why_empty("delay_p99_ns", 500).unwrap();
/// assert_eq!(reason, "p99 needs 2,000 publishes and this row has 500");
/// ```
pub fn why_empty(column: &str, publishes: u64) -> Option<String> {
    let digits = column.strip_prefix("delay_p")?.strip_suffix("_ns")?;
    let p = format!("0.{digits}").parse().ok()?;
    (!enough(p, publishes)).then(|| {
        format!(
            "p{digits} needs {} publishes and this row has {}",
            grouped(needed(p)),
            grouped(publishes)
        )
    })
}

/// `2,000`: thousands are easier to compare when they are grouped.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_needs_twenty_publishes_beyond_it() {
        assert_eq!(needed(0.5), 40);
        assert_eq!(needed(0.9), 200);
        assert_eq!(needed(0.99), 2_000);
        assert!(enough(0.99, 2_000));
        assert!(!enough(0.99, 1_999));
        assert!(enough(0.9, 200) && enough(0.5, 40));
    }

    #[test]
    fn an_empty_cell_has_a_reason_and_a_full_one_has_none() {
        assert_eq!(
            why_empty("delay_p90_ns", 12).as_deref(),
            Some("p90 needs 200 publishes and this row has 12")
        );
        assert_eq!(why_empty("delay_p90_ns", 200), None);
        assert_eq!(why_empty("delay_max_ns", 0), None);
        assert_eq!(why_empty("publisher_late_p99_ns", 0), None);
    }

    #[test]
    fn an_empty_histogram_has_no_percentile() {
        let mut histogram = crate::hlog::histogram();
        assert_eq!(of(&histogram, 0.5, 1_000), None);
        histogram.record(2_000_000).unwrap();
        assert!(of(&histogram, 0.5, 1_000).is_some());
        assert_eq!(of(&histogram, 0.99, 1_000), None);
    }
}
