//! An axis as it is typed: `feed.rate=1..100`, `clients=10,100,1000`.

use std::ops::RangeInclusive;

use results::sweep::{Axis, Unit, Value};

use super::quantity;

/// More points than anyone waits for.
const POINTS_MAX: usize = 100;

/// Significant digits of a point of a range: the fewest that keep it apart from the others.
const DIGITS: RangeInclusive<usize> = 3..=15;

/// How a range is divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spacing {
    /// Each point is the same multiple of the one before.
    Log,
    /// Each point is the same step after the one before.
    Linear,
}

/// Reads an axis: a list as it stands, a range as `points` values. What has no unit takes that of
/// the last number, and for a rate `/s` if none has any.
///
/// # Errors
/// One sentence with what is allowed.
pub fn parse(text: &str, points: usize, spacing: Spacing) -> Result<Axis, String> {
    let (key, values) = text
        .split_once('=')
        .map(|(key, values)| (key.trim(), values.trim()))
        .filter(|(key, values)| !key.is_empty() && !values.is_empty())
        .ok_or("must be KEY=FROM..TO or KEY=A,B,C, such as feed.rate=1..100")?;
    let mut axis = match values.split_once("..") {
        Some((from, to)) => range(key, from.trim(), to.trim(), points, spacing)?,
        None => list(key, &values.split(',').map(str::trim).collect::<Vec<_>>())?,
    };
    axis.values.sort_by(|a, b| a.number.total_cmp(&b.number));
    if axis.values.len() < 2 {
        return Err("has one value: an axis needs two at least".into());
    }
    if axis.values.len() > POINTS_MAX {
        return Err(format!("has {} values: allowed are 2 to {POINTS_MAX}", axis.values.len()));
    }
    match axis.values.windows(2).find(|pair| pair[0].number >= pair[1].number) {
        Some(pair) => Err(format!("has the value {} twice", pair[1].text)),
        None => Ok(axis),
    }
}

fn list(key: &str, texts: &[&str]) -> Result<Axis, String> {
    let (numbers, unit, texts) = numbers(key, texts)?;
    let values = texts.into_iter().zip(numbers).map(|(text, number)| Value { text, number });
    Ok(Axis { key: key.to_owned(), unit, values: values.collect() })
}

fn range(key: &str, from: &str, to: &str, points: usize, spacing: Spacing) -> Result<Axis, String> {
    let (numbers, unit, ends) = numbers(key, &[from, to])?;
    let (low, high) = (numbers[0], numbers[1]);
    if low >= high {
        return Err(format!("must go from less to more, and {from} is not less than {to}"));
    }
    if spacing == Spacing::Log && low <= 0.0 {
        return Err(format!("cannot begin at {from} in equal multiples: add --linear"));
    }
    if !(2..=POINTS_MAX).contains(&points) {
        return Err(format!("cannot have {points} points: allowed are 2 to {POINTS_MAX}"));
    }
    // Clients and bytes come whole, so between whole numbers there are only whole ones.
    let whole = unit == Unit::Number && [from, to].iter().all(|text| text.parse::<i64>().is_ok());
    let between = |step: usize, digits: usize| {
        let share = step as f64 / (points - 1) as f64;
        let number = match spacing {
            Spacing::Log => low * (high / low).powf(share),
            Spacing::Linear => low + (high - low) * share,
        };
        let text =
            if whole { number.round().to_string() } else { quantity::write(unit, number, digits) };
        let (_, number) = quantity::read(&text).unwrap_or((unit, number));
        Value { text, number }
    };
    let [first, last] = [0, 1].map(|end| Value { text: ends[end].clone(), number: numbers[end] });
    // The ends are what was typed: a limit that a key has is not to be overstepped.
    let values = |digits: usize| -> Vec<Value> {
        let between = (1..points - 1).map(|step| between(step, digits));
        std::iter::once(first.clone()).chain(between).chain([last.clone()]).collect()
    };
    let are_rising = |values: &Vec<Value>| values.is_sorted_by(|a, b| a.number < b.number);
    let mut values = DIGITS.map(values).find(are_rising).unwrap_or_else(|| values(*DIGITS.end()));
    // Of a short range of whole numbers some fall together.
    values.dedup_by(|a, b| a.number <= b.number);
    Ok(Axis { key: key.to_owned(), unit, values })
}

/// The numbers, their one unit, and the texts with it.
fn numbers(key: &str, texts: &[&str]) -> Result<(Vec<f64>, Unit, Vec<String>), String> {
    let last = texts.last().map_or("", |text| quantity::suffix(text));
    // The one key whose plain number is not a value of its own.
    let unit = if last.is_empty() && key == "feed.rate" { "/s" } else { last };
    let mut numbers = Vec::new();
    let mut units = Vec::new();
    let mut whole = Vec::new();
    for text in texts {
        let plain = text.parse::<f64>().is_ok_and(f64::is_finite);
        let text = if plain { format!("{text}{unit}") } else { (*text).to_owned() };
        let (unit, number) = quantity::read(&text).ok_or_else(|| {
            format!(
                "{text:?} is not a number, rate, duration, bandwidth, share or size, and those alone \
                 have an order to draw: run each of the others with --set"
            )
        })?;
        numbers.push(number);
        units.push(unit);
        whole.push(text);
    }
    match units.iter().position(|unit| *unit != units[0]) {
        Some(at) => Err(format!("mixes units: {} and {}", whole[0], whole[at])),
        None => Ok((numbers, units[0], whole)),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn texts(text: &str, points: usize, spacing: Spacing) -> Vec<String> {
        let axis = parse(text, points, spacing).unwrap();
        axis.values.into_iter().map(|value| value.text).collect()
    }

    #[test]
    fn a_range_is_divided_in_equal_multiples_and_on_request_in_equal_steps() {
        assert_eq!(
            texts("feed.rate=1..100", 6, Spacing::Log),
            ["1/s", "2.51/s", "6.31/s", "15.8/s", "39.8/s", "100/s"]
        );
        assert_eq!(
            texts("transports.short-poll.interval=50ms..5s", 3, Spacing::Log),
            ["50ms", "500ms", "5s"]
        );
        assert_eq!(texts("clients=10..30", 3, Spacing::Linear), ["10", "20", "30"]);
        assert_eq!(texts("link.loss=0.0..0.1", 3, Spacing::Linear), ["0.0", "0.05", "0.1"]);
        assert_eq!(
            texts("link.down=1Mbit/s..100Mbit/s", 2, Spacing::Log),
            ["1Mbit/s", "100Mbit/s"]
        );
    }

    #[test]
    fn between_whole_numbers_are_whole_numbers_and_each_once() {
        assert_eq!(texts("clients=1..100", 6, Spacing::Log), ["1", "3", "6", "16", "40", "100"]);
        assert_eq!(texts("clients=1..3", 6, Spacing::Linear), ["1", "2", "3"]);
    }

    #[test]
    fn a_range_ends_at_what_was_typed_and_never_beyond_it() {
        assert_eq!(
            texts("feed.payload_bytes=64..1048576", 3, Spacing::Log),
            ["64", "8192", "1048576"]
        );
        assert_eq!(texts("clients=1..1999", 2, Spacing::Log), ["1", "1999"]);
        assert_eq!(
            texts("clients=1000..1003", 6, Spacing::Linear),
            ["1000", "1001", "1002", "1003"]
        );
        assert_eq!(
            texts("link.rtt=1001ms..1003ms", 3, Spacing::Log),
            ["1001ms", "1002ms", "1003ms"],
        );
    }

    #[test]
    fn a_number_with_an_exponent_is_that_number() {
        let numbers = |text: &str| -> Vec<f64> {
            parse(text, 6, Spacing::Log).unwrap().values.iter().map(|v| v.number).collect()
        };
        assert_eq!(numbers("link.loss=0.01,1e-1"), [0.01, 0.1]);
        assert_eq!(numbers("feed.speed=2,1e1"), [2.0, 10.0]);
        assert_eq!(numbers("feed.rate=2,1e1"), [2.0, 10.0]);
        assert_eq!(numbers("feed.rate=2,1e1/s"), [2.0, 10.0]);
    }

    #[test]
    fn shares_and_sizes_are_axes_too() {
        assert_eq!(texts("link.loss=0%,1%,5%", 6, Spacing::Log), ["0%", "1%", "5%"]);
        assert_eq!(texts("link.loss=1,5%", 6, Spacing::Log), ["1%", "5%"]);
        assert_eq!(texts("link.loss=0%..5%", 3, Spacing::Linear), ["0%", "2.5%", "5%"]);
        assert_eq!(texts("link.queue=64KiB,1MiB", 6, Spacing::Log), ["64KiB", "1MiB"]);
        assert_eq!(texts("link.queue=64..256KiB", 3, Spacing::Log), ["64KiB", "131000B", "256KiB"]);
    }

    #[test]
    fn a_list_stays_as_it_is_and_its_last_unit_carries_through() {
        assert_eq!(texts("clients=1000,10,100", 6, Spacing::Log), ["10", "100", "1000"]);
        assert_eq!(texts("link.rtt=5,50,500ms", 6, Spacing::Log), ["5ms", "50ms", "500ms"]);
        assert_eq!(texts("link.rtt=5..500ms", 3, Spacing::Log), ["5ms", "50ms", "500ms"]);
        assert_eq!(texts("feed.rate=1,2/s,4", 6, Spacing::Log), ["1/s", "2/s", "4/s"]);
    }

    #[test]
    fn what_is_no_axis_is_refused_with_what_is_allowed() {
        for (text, words) in [
            ("feed.rate", "KEY=FROM..TO"),
            ("feed.rate=", "KEY=FROM..TO"),
            ("feed.kind=poisson,periodic", "\"poisson\" is not a number"),
            ("feed.rate=1,,2", "\"\" is not a number"),
            ("feed.rate=1", "two at least"),
            ("feed.rate=1,1", "twice"),
            ("feed.rate=100..1", "from less to more"),
            ("link.rtt=0ms..10ms", "--linear"),
            ("link.rtt=5ms,5/s", "mixes units"),
        ] {
            let error = parse(text, 6, Spacing::Log).unwrap_err();
            assert!(error.contains(words), "{words} is not in: {error}");
        }
        for points in [0, 1, 101] {
            assert!(parse("feed.rate=1..10", points, Spacing::Log).is_err(), "{points}");
        }
    }
}
