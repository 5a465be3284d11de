//! What a scenario expects of a run, and whether it was so.

use std::fmt;

use scenarios::Scenario;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Row,
    metric::{self, Unit},
};

/// One expectation after the run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Expectation {
    /// Of which transport.
    pub transport: String,
    /// A column, or the short name of a metric.
    pub column: String,
    /// Operator and number as written.
    pub wanted: String,
    /// The pooled row's value, in ns, bytes or as the column has it; `None` where it is empty.
    pub measured: Option<f64>,
    /// Whether it was so.
    pub outcome: Outcome,
    /// Why it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// Whether something was as expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It was.
    Met,
    /// It was not.
    Missed,
    /// The run does not say.
    Unknown,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Met => "met",
            Self::Missed => "missed",
            Self::Unknown => "unknown",
        })
    }
}

/// An operator and a number in the column's unit: ns, bytes or plain.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bound {
    operator: Operator,
    limit: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Below,
    AtMost,
    Above,
    AtLeast,
}

/// The longer first: `<` begins `<=`.
const OPERATORS: [(&str, Operator); 4] = [
    ("<=", Operator::AtMost),
    (">=", Operator::AtLeast),
    ("<", Operator::Below),
    (">", Operator::Above),
];

const TIMES: [(&str, f64); 6] =
    [("ns", 1.0), ("us", 1e3), ("µs", 1e3), ("ms", 1e6), ("s", 1e9), ("min", 60e9)];

const SIZES: [(&str, f64); 4] =
    [("B", 1.0), ("KiB", 1024.0), ("MiB", 1_048_576.0), ("GiB", 1_073_741_824.0)];

impl Bound {
    /// Reads `< 250ms` for a column.
    ///
    /// # Errors
    /// What the column must be, or what its text must be.
    pub fn parse(column: &str, text: &str) -> Result<Self, String> {
        let unit = metric::unit(column).ok_or_else(|| {
            format!(
                "no such column with numbers; there are {}, and all of pooled.csv",
                metric::names().join(", ")
            )
        })?;
        let read = || {
            let text = text.trim();
            let (operator, number) = OPERATORS
                .iter()
                .find_map(|(sign, operator)| Some((*operator, text.strip_prefix(sign)?.trim())))?;
            let limit = match unit {
                Unit::Time => with_unit(number, &TIMES),
                Unit::Bytes => with_unit(number, &SIZES),
                Unit::Plain => plain(number),
            };
            Some(Self { operator, limit: limit? })
        };
        read().ok_or_else(|| {
            let example = match unit {
                Unit::Time => "a time with its unit (ns, us, ms, s, min), such as \"< 250ms\"",
                Unit::Bytes => "a size with its unit (B, KiB, MiB, GiB), such as \"< 300B\"",
                Unit::Plain => "a number without a unit, such as \"<= 0\"",
            };
            format!("must be <, <=, > or >= and {example}, not {text:?}")
        })
    }

    /// Whether a value is within it.
    pub fn holds(self, value: f64) -> bool {
        match self.operator {
            Operator::Below => value < self.limit,
            Operator::AtMost => value <= self.limit,
            Operator::Above => value > self.limit,
            Operator::AtLeast => value >= self.limit,
        }
    }
}

fn with_unit(text: &str, units: &[(&str, f64)]) -> Option<f64> {
    let at = text.find(|c: char| !(c.is_ascii_digit() || c == '.'))?;
    let (number, unit) = text.split_at(at);
    let (_, size) = units.iter().find(|(name, _)| *name == unit.trim())?;
    Some(plain(number)? * size)
}

/// Digits and a point, and nothing else that a number may look like: `inf` is no limit.
fn plain(text: &str) -> Option<f64> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    text.parse().ok().filter(|_| digits)
}

/// Every expectation of the scenario against the pooled rows.
pub fn check(scenario: &Scenario, pooled: &[Row]) -> Vec<Expectation> {
    let mut all = Vec::new();
    for (transport, columns) in &scenario.expect {
        let row = pooled.iter().find(|row| row.transport == *transport);
        all.extend(columns.iter().map(|(column, wanted)| one(transport, column, wanted, row)));
    }
    all
}

fn one(transport: &str, column: &str, wanted: &str, row: Option<&Row>) -> Expectation {
    let value = match row {
        Some(row) => metric::value(row, column),
        None => Err("the run has no row of it".to_owned()),
    };
    let judged = value.and_then(|value| {
        let holds = Bound::parse(column, wanted)?.holds(value);
        Ok((value, if holds { Outcome::Met } else { Outcome::Missed }))
    });
    let (measured, outcome, why) = match judged {
        Ok((value, outcome)) => (Some(value), outcome, None),
        Err(why) => (None, Outcome::Unknown, Some(why)),
    };
    let (transport, column) = (transport.to_owned(), column.to_owned());
    Expectation { transport, column, wanted: wanted.to_owned(), measured, outcome, why }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_is_an_operator_and_a_number_in_the_columns_unit() {
        let holds = |column, text, value| Bound::parse(column, text).unwrap().holds(value);
        assert!(holds("delay_p99", "< 250ms", 249e6) && !holds("delay_p99", "< 250ms", 250e6));
        assert!(holds("delay_p99_ns", "<=1.5s", 1.5e9));
        assert!(holds("bytes_per_update", "> 1 KiB", 1025.0));
        assert!(holds("missing", "<= 0", 0.0) && !holds("missing", "<= 0", 1.0));
        assert!(holds("in_sync", ">= 0.5", 0.5));
    }

    #[test]
    fn what_cannot_be_read_is_answered_with_what_can() {
        let wrong = |column, text| Bound::parse(column, text).unwrap_err();
        for text in ["250ms", "< 250", "< ms", "< -1ms", "= 3ms", "< 3 B", "< inf", "", "<"] {
            assert!(wrong("delay_p99", text).contains("such as \"< 250ms\""), "{text}");
        }
        assert!(wrong("requests", "< 3ms").contains("without a unit"));
        assert!(wrong("requests", "< NaN").contains("without a unit"));
        assert!(
            wrong("verdict", "< 3").starts_with("no such column with numbers; there are delay")
        );
    }

    #[test]
    fn an_expectation_is_met_missed_or_unknown() {
        let sets = ["delay_mean=< 2ms", "missing=<= 0", "delay_p99=< 2ms"]
            .map(|set| format!("expect.sse.{set}"));
        let scenario = Scenario::load("baseline", &sets).unwrap();
        let row = Row {
            transport: "sse".into(),
            published: 10,
            delivered: 10,
            delay_mean_ns: Some(1_000_000),
            missing: 1,
            ..Row::default()
        };
        let outcomes = |rows: &[Row]| {
            let all = check(&scenario, rows).into_iter();
            all.map(|one| (one.column, one.outcome, one.measured)).collect::<Vec<_>>()
        };
        assert_eq!(
            outcomes(&[row]),
            [
                ("delay_mean".into(), Outcome::Met, Some(1e6)),
                ("delay_p99".into(), Outcome::Unknown, None),
                ("missing".into(), Outcome::Missed, Some(1.0)),
            ]
        );
        assert!(outcomes(&[]).iter().all(|(_, outcome, _)| *outcome == Outcome::Unknown));
    }
}
