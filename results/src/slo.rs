//! What a feed is to keep: `delay_p95 < 500ms`.

use std::{fmt, str::FromStr, time::Duration};

use hdrhistogram::Histogram;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{Row, percentile};

/// The columns that may be asked for, and the quantile of those that are percentiles.
const COLUMNS: [(&str, Option<f64>); 7] = [
    ("delay_p50", Some(0.5)),
    ("delay_p90", Some(0.9)),
    ("delay_p95", Some(0.95)),
    ("delay_p99", Some(0.99)),
    ("delay_mean", None),
    ("delay_max", None),
    ("age_mean", None),
];

/// The histogram's range, 1 µs to 10 min: beyond it nothing can be told.
const RANGE: (Duration, Duration) = (Duration::from_micros(1), Duration::from_secs(600));

/// A column and the time that it has to stay below.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slo {
    column: &'static str,
    below: Duration,
}

impl Slo {
    /// The column's name, without its unit.
    pub fn column(&self) -> &'static str {
        self.column
    }

    /// What the column has to stay below, ns.
    pub fn below_ns(&self) -> u64 {
        self.below.as_nanos() as u64
    }

    /// Publishes that a window needs before the column says anything.
    pub fn publishes_needed(&self) -> u64 {
        self.quantile().map_or(1, percentile::needed)
    }

    /// The column's value, ns; nothing where too few publishes carry it.
    pub fn value_ns(&self, row: &Row, delay: &Histogram<u64>) -> Option<u64> {
        match (self.quantile(), self.column) {
            // Not from the row, which has no p95.
            (Some(p), _) => percentile::of(delay, p, row.published),
            (None, "delay_mean") => row.delay_mean_ns,
            (None, "delay_max") => row.delay_max_ns,
            (None, _) => row.age_mean_ns,
        }
    }

    fn quantile(&self) -> Option<f64> {
        COLUMNS.iter().find(|(name, _)| *name == self.column).and_then(|(_, p)| *p)
    }
}

impl FromStr for Slo {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let must = |what: &str| {
            let columns = COLUMNS.map(|(name, _)| name).join(", ");
            format!(
                "{text:?}: {what}: expected COLUMN < TIME, such as \"delay_p95 < 500ms\", with a \
                 column of {columns} and a time from 1us to 10min"
            )
        };
        let (column, below) = text.split_once('<').ok_or_else(|| must("there is no '<'"))?;
        let column = column.trim();
        let known = COLUMNS.iter().find(|(name, _)| *name == column);
        let (column, _) = known.ok_or_else(|| must(&format!("no column {column:?}")))?;
        let below = below.trim();
        let time = humantime::parse_duration(below);
        let time = time.map_err(|_| must(&format!("{below:?} is not a time")))?;
        if !(RANGE.0..=RANGE.1).contains(&time) {
            return Err(must(&format!("{below} is out of range")));
        }
        Ok(Self { column, below: time })
    }
}

impl fmt::Display for Slo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} < {}", self.column, humantime::format_duration(self.below))
    }
}

impl Serialize for Slo {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Slo {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back_as_the_same() {
        for text in ["delay_p95 < 500ms", "age_mean < 1m 30s", "delay_max < 2s"] {
            assert_eq!(text.parse::<Slo>().unwrap().to_string(), text);
        }
        assert_eq!("delay_p50<1ms".parse::<Slo>().unwrap().below_ns(), 1_000_000);
    }

    #[test]
    fn what_is_no_objective_is_refused_with_what_is_allowed() {
        for (text, word) in [
            ("delay_p95 = 1s", "'<'"),
            ("delay_p42 < 1s", "delay_p42"),
            ("delay_p95 < fast", "fast"),
            ("delay_p95 < -1s", "-1s"),
            ("delay_p95 < 0s", "out of range"),
            ("delay_p95 < 11min", "out of range"),
        ] {
            let problem = text.parse::<Slo>().unwrap_err();
            assert!(problem.contains(word), "{problem}");
            assert!(problem.contains("age_mean") && problem.contains("10min"), "{problem}");
        }
    }

    #[test]
    fn p95_comes_from_the_histogram_and_needs_four_hundred_publishes() {
        let slo: Slo = "delay_p95 < 500ms".parse().unwrap();
        assert_eq!(slo.publishes_needed(), 400);
        let mut delay = crate::hlog::histogram();
        (1..=100).for_each(|ms| delay.record(ms * 1_000_000).unwrap());
        let row = |published| Row { published, ..Row::default() };
        assert_eq!(slo.value_ns(&row(399), &delay), None);
        let value = slo.value_ns(&row(400), &delay).unwrap() as f64;
        assert!((value / 95e6 - 1.0).abs() < 0.002, "{value}");
    }
}
