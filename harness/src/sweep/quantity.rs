//! Numbers with their units, as scenarios write them.

use std::time::Duration;

use results::sweep::Unit;
use scenarios::{Bandwidth, Queue, Rate, from_percent};

/// A text as a number of its unit; `None` if it is no number at all.
pub(super) fn read(text: &str) -> Option<(Unit, f64)> {
    let number = || text.parse().ok().filter(|number: &f64| number.is_finite());
    let bits = |width: Bandwidth| (Unit::Bandwidth, width.bits_per_second() as f64);
    let time = |time: Duration| (Unit::Time, time.as_nanos() as f64);
    let bytes = |queue| match queue {
        Queue::Bytes(bytes) => Some((Unit::Bytes, bytes as f64)),
        Queue::Time(_) => None,
    };
    None.or_else(|| Some((Unit::Number, number()?)))
        .or_else(|| Some((Unit::Share, from_percent(text)?)))
        .or_else(|| Some((Unit::Rate, text.parse::<Rate>().ok()?.per_second())))
        .or_else(|| text.parse().ok().map(bits))
        .or_else(|| humantime::parse_duration(text).ok().map(time))
        .or_else(|| text.parse().ok().and_then(bytes))
}

/// The unit at the end of a text: `ms` of `50ms`, `/s` of `1e1/s`, nothing of `10` and of `1e-1`.
pub(super) fn suffix(text: &str) -> &str {
    // Digits at the end, because `inf` is a number, too.
    let is_number =
        |end: &usize| text[..*end].ends_with(NUMERIC) && text[..*end].parse::<f64>().is_ok();
    let ends = text.char_indices().map(|(at, last)| at + last.len_utf8());
    text.get(ends.filter(is_number).max().unwrap_or(0)..).unwrap_or_default()
}

const NUMERIC: fn(char) -> bool = |c| c.is_ascii_digit() || c == '.';

/// A number of a unit as scenarios write it, with so many significant digits.
pub(super) fn write(unit: Unit, number: f64, digits: usize) -> String {
    let short = rounded(number, digits);
    match unit {
        Unit::Number => short.to_string(),
        Unit::Rate => format!("{short}/s"),
        Unit::Bandwidth => format!("{short}bit/s"),
        Unit::Time => time(short as u64),
        Unit::Share => format!("{}%", rounded(number * 100.0, digits)),
        Unit::Bytes => format!("{}B", short as u64),
    }
}

/// In the largest unit that needs no fraction, which durations do not have.
fn time(ns: u64) -> String {
    let units = [(1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "us")];
    let fits = units.into_iter().find(|(size, _)| ns >= *size && ns.is_multiple_of(*size));
    fits.map_or_else(|| format!("{ns}ns"), |(size, unit)| format!("{}{unit}", ns / size))
}

/// So many significant digits, and no more in decimal either: 0.1 and not 0.10000000000000002.
fn rounded(number: f64, digits: usize) -> f64 {
    let after_the_first = digits - 1;
    format!("{number:.after_the_first$e}").parse().unwrap_or(number)
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
            (Unit::Share, 0.017_099, "1.71%"),
            (Unit::Bytes, 65_536.0, "65500B"),
        ] {
            assert_eq!(write(unit, number, 3), text);
            assert_eq!(read(text).unwrap().0, unit, "{text}");
        }
    }

    #[test]
    fn an_exponent_is_a_part_of_the_number_and_no_unit() {
        for (text, unit) in [
            ("10", ""),
            ("-1.5", ""),
            ("1e-1", ""),
            ("1E3", ""),
            ("50ms", "ms"),
            ("1e1/s", "/s"),
            ("1/10s", "/10s"),
            ("5%", "%"),
            ("64KiB", "KiB"),
            ("2\u{a0}ms", "\u{a0}ms"),
            ("inf", "inf"),
            ("", ""),
        ] {
            assert_eq!(suffix(text), unit, "{text}");
        }
    }

    #[test]
    fn shares_and_sizes_read_as_scenarios_take_them() {
        for (text, unit, number) in [
            ("1%", Unit::Share, 0.01),
            ("0%", Unit::Share, 0.0),
            ("64KiB", Unit::Bytes, 65_536.0),
            ("1500B", Unit::Bytes, 1500.0),
        ] {
            assert_eq!(read(text), Some((unit, number)), "{text}");
        }
    }

    #[test]
    fn a_word_is_no_number() {
        for text in ["poisson", "", "NaN", "inf", "ms", "true", "4g"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
