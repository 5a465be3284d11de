//! Human units. On disk everything is an integer of nanoseconds or bytes; here
//! it gets three significant digits and the unit a person would say it in.

/// A time: `850 ns`, `85.3 µs`, `503 ms`, `1.20 s`, `12.5 min`.
pub fn time(ns: f64) -> String {
    let (value, unit) = time_unit(ns);
    format!("{} {unit}", three(value))
}

/// A tick of a time axis: like [`time`], without zeros after the point.
pub fn time_tick(ns: f64) -> String {
    if ns == 0.0 {
        return "0".into(); // zero is the same in any unit
    }
    let (value, unit) = time_unit(ns);
    format!("{} {unit}", trimmed(value))
}

fn time_unit(ns: f64) -> (f64, &'static str) {
    // Rounded before the unit is chosen, or 999.9 µs would read `1,000 µs`.
    match rounded(ns.abs()) {
        size if size < 1e3 => (ns, "ns"),
        size if size < 1e6 => (ns / 1e3, "µs"),
        size if size < 1e9 => (ns / 1e6, "ms"),
        size if size < 120e9 => (ns / 1e9, "s"),
        _ => (ns / 60e9, "min"),
    }
}

/// A size: `298 B`, `1.21 KiB`, `4.00 MiB`.
pub fn bytes(bytes: f64) -> String {
    let (value, unit) = match bytes.abs() {
        size if size < 1024.0 => (bytes, "B"),
        size if size < 1024.0 * 1024.0 => (bytes / 1024.0, "KiB"),
        size if size < 1024.0 * 1024.0 * 1024.0 => (bytes / 1024.0 / 1024.0, "MiB"),
        _ => (bytes / 1024.0 / 1024.0 / 1024.0, "GiB"),
    };
    format!("{} {unit}", three(value))
}

/// A share: `12.3 %`.
pub fn percent(share: f64) -> String {
    format!("{} %", three(share * 100.0))
}

/// A quotient: `1.08`, `4,560`.
pub fn ratio(ratio: f64) -> String {
    three(ratio)
}

/// A number with three significant digits and grouped thousands; `–` for what is not a number.
pub fn three(value: f64) -> String {
    if !value.is_finite() {
        return "–".into();
    }
    let value = rounded(value);
    if value == 0.0 {
        return "0".into();
    }
    let decimals = (2 - magnitude(value)).max(0) as usize;
    grouped(&format!("{value:.decimals$}"))
}

/// A tick of an axis without a unit.
pub fn trimmed(value: f64) -> String {
    let text = three(value);
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').into() } else { text }
}

/// An exact count with grouped thousands: `2,625,000`.
pub fn count(count: u64) -> String {
    grouped(&count.to_string())
}

/// A duration of a scenario as it would be written there: `25s`, `500ms`.
pub fn duration(duration: std::time::Duration) -> String {
    time_tick(duration.as_nanos() as f64)
}

/// Three significant digits.
fn rounded(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return 0.0;
    }
    let step = 10_f64.powi(magnitude(value) - 2);
    (value / step).round() * step
}

/// Exponent of the leading digit. The logarithm of a power of ten may fall just short of it.
fn magnitude(value: f64) -> i32 {
    (value.abs().log10() + 1e-9).floor() as i32
}

fn grouped(number: &str) -> String {
    let (whole, rest) = match number.split_once('.') {
        Some((whole, _)) => (whole, &number[whole.len()..]),
        None => (number, ""),
    };
    let (sign, digits) = whole.strip_prefix('-').map_or(("", whole), |d| ("−", d));
    let mut text = String::from(sign);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_three_digits_and_the_unit_a_person_would_choose() {
        let cases = [
            (0.0, "0 ns"),
            (850.0, "850 ns"),
            (85_300.0, "85.3 µs"),
            (999_949.0, "1.00 ms"),
            (503_400_000.0, "503 ms"),
            (999_700_000.0, "1.00 s"),
            (25e9, "25.0 s"),
            (90e9, "90.0 s"),
            (600e9, "10.0 min"),
            (-1_500.0, "−1.50 µs"),
        ];
        for (ns, text) in cases {
            assert_eq!(time(ns), text);
        }
    }

    #[test]
    fn ticks_have_no_zeros_after_the_point() {
        assert_eq!(time_tick(1e9), "1 s");
        assert_eq!(time_tick(2_500_000.0), "2.5 ms");
        assert_eq!(trimmed(1_000.0), "1,000");
        assert_eq!(trimmed(100.0), "100");
        assert_eq!(trimmed(0.0), "0");
        assert_eq!(time_tick(0.0), "0");
    }

    #[test]
    fn sizes_and_shares_are_rounded_alike() {
        assert_eq!(bytes(298.0), "298 B");
        assert_eq!(bytes(1_239.0), "1.21 KiB");
        assert_eq!(bytes(4.0 * 1024.0 * 1024.0), "4.00 MiB");
        assert_eq!(percent(0.1234), "12.3 %");
        assert_eq!(ratio(4_563.0), "4,560");
        assert_eq!(count(2_625_000), "2,625,000");
    }

    #[test]
    fn what_is_not_a_number_is_a_dash() {
        assert_eq!(three(f64::NAN), "–");
        assert_eq!(ratio(f64::INFINITY), "–");
    }
}
