//! Numbers with their units, as scenarios write them.

use std::time::Duration;

use results::sweep::Unit;
use scenarios::{Bandwidth, Rate};

/// A text as a number of its unit; `None` if it is no number at all.
pub(super) fn read(text: &str) -> Option<(Unit, f64)> {
    let number = || text.parse().ok().filter(|number: &f64| number.is_finite());
    let bits = |width: Bandwidth| (Unit::Bandwidth, width.bits_per_second() as f64);
    let time = |time: Duration| (Unit::Time, time.as_nanos() as f64);
    None.or_else(|| Some((Unit::Number, number()?)))
        .or_else(|| Some((Unit::Rate, text.parse::<Rate>().ok()?.per_second())))
        .or_else(|| text.parse().ok().map(bits))
        .or_else(|| humantime::parse_duration(text).ok().map(time))
}

/// The unit at the end of a text: `ms` of `50ms`, `/s` of `10/s`, nothing of `10`.
pub(super) fn suffix(text: &str) -> &str {
    text.trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | '-' | '+'))
}

/// A number of a unit as scenarios write it, with three significant digits.
pub(super) fn write(unit: Unit, number: f64) -> String {
    match unit {
        Unit::Number => rounded(number).to_string(),
        Unit::Rate => format!("{}/s", rounded(number)),
        Unit::Bandwidth => format!("{}bit/s", rounded(number)),
        Unit::Time => time(rounded(number) as u64),
    }
}

/// In the largest unit that needs no fraction, which durations do not have.
fn time(ns: u64) -> String {
    let units = [(1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "us")];
    let fits = units.into_iter().find(|(size, _)| ns >= *size && ns.is_multiple_of(*size));
    fits.map_or_else(|| format!("{ns}ns"), |(size, unit)| format!("{}{unit}", ns / size))
}

/// Three significant digits, and no more in decimal either: 0.1 and not 0.10000000000000002.
fn rounded(number: f64) -> f64 {
    format!("{number:.2e}").parse().unwrap_or(number)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back_in_the_same_unit() {
        for (unit, number, text) in [
            (Unit::Number, 2_511.886, "2510"),
            (Unit::Number, 0.1, "0.1"),
            (Unit::Rate, 2.511_886, "2.51/s"),
            (Unit::Time, 125_594_321.0, "126ms"),
            (Unit::Time, 1_260_000_000.0, "1260ms"),
            (Unit::Time, 5e9, "5s"),
            (Unit::Time, 12.0, "12ns"),
            (Unit::Bandwidth, 1e6, "1000000bit/s"),
        ] {
            assert_eq!(write(unit, number), text);
            assert_eq!(read(text).unwrap().0, unit, "{text}");
        }
    }

    #[test]
    fn a_word_is_no_number() {
        for text in ["poisson", "", "NaN", "inf", "ms", "true", "4g"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
