//! Sentences from numbers.

use crate::units::{ratio, three};

/// `between 55 µs (tcp) and 251 ms (short-poll), a factor of 4,560`; of one value `55 µs (tcp)`.
pub fn extremes(values: &[(&str, f64)], unit: fn(f64) -> String) -> String {
    let by = |a: &&(&str, f64), b: &&(&str, f64)| a.1.total_cmp(&b.1);
    let (Some(low), Some(high)) = (values.iter().min_by(by), values.iter().max_by(by)) else {
        return "unknown".into();
    };
    if low.0 == high.0 {
        return format!("{} ({})", unit(low.1), low.0);
    }
    let factor = if low.1 > 0.0 && high.1 / low.1 >= 1.005 {
        format!(", a factor of {}", ratio(high.1 / low.1))
    } else {
        String::new()
    };
    let (from, to) = (unit(low.1), unit(high.1));
    format!("between {from} ({}) and {to} ({}){factor}", low.0, high.0)
}

/// `3.21 % above`, `exactly at`.
pub fn off(difference: f64) -> String {
    let percent = (difference * 100.0).abs();
    if percent < 0.005 {
        return "exactly at".into();
    }
    let side = if difference > 0.0 { "above" } else { "below" };
    format!("{} % {side}", three(percent))
}

/// `a`, `a and b`, `a, b and c`.
pub fn list(items: &[&str]) -> String {
    match items {
        [] => String::new(),
        [one] => (*one).into(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::time;

    #[test]
    fn extremes_name_both_ends_and_their_quotient() {
        assert_eq!(
            extremes(&[("tcp", 55e3), ("sse", 60e3), ("short-poll", 251e6)], time),
            "between 55.0 µs (tcp) and 251 ms (short-poll), a factor of 4,560"
        );
        assert_eq!(extremes(&[("tcp", 55e3)], time), "55.0 µs (tcp)");
        assert_eq!(extremes(&[], time), "unknown");
        assert_eq!(
            extremes(&[("tcp", 0.0), ("sse", 1.0)], time),
            "between 0 ns (tcp) and 1.00 ns (sse)"
        );
    }

    #[test]
    fn a_difference_says_its_side() {
        assert_eq!(off(0.0321), "3.21 % above");
        assert_eq!(off(-0.5), "50.0 % below");
        assert_eq!(off(0.0), "exactly at");
    }

    #[test]
    fn a_list_ends_with_and() {
        assert_eq!(list(&["a", "b", "c"]), "a, b and c");
        assert_eq!(list(&["a"]), "a");
        assert_eq!(list(&[]), "");
    }
}
