//! What the scenario expected of the run, in words.

use results::{
    Expectation, Outcome, Run,
    metric::{self, Unit},
};
use serde::Serialize;

use crate::units::{bytes, three, time};

/// One expectation, ready to be shown.
#[derive(Debug, Serialize)]
pub struct Line {
    /// `met`, `missed`, `unknown`.
    pub word: String,
    /// How it is painted: the verdict that it is like.
    pub class: &'static str,
    /// `websocket delay_p99 < 250ms: 210 ms`.
    pub text: String,
}

/// All expectations of a run.
pub fn of(run: &Run) -> Vec<Line> {
    run.expectations.iter().map(line).collect()
}

fn line(expectation: &Expectation) -> Line {
    let Expectation { transport, column, wanted, measured, outcome, why } = expectation;
    let unit = match metric::unit(column) {
        Some(Unit::Time) => time,
        Some(Unit::Bytes) => bytes,
        _ => three,
    };
    let seen = match (measured, why) {
        (Some(value), _) => unit(*value),
        (None, Some(why)) => why.clone(),
        (None, None) => "–".into(),
    };
    Line {
        word: outcome.to_string(),
        class: match outcome {
            Outcome::Met => "VALID",
            Outcome::Missed => "INVALID",
            Outcome::Unknown => "SUSPECT",
        },
        text: format!("{transport} {column} {wanted}: {seen}"),
    }
}
