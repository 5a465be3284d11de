//! `validate.json`: what became of the checks that a correct lab must pass.
//!
//! A tolerance is a property of the check: it comes from theory, never from what came out.

use serde::{Deserialize, Serialize};

use crate::Environment;

/// All checks of one validation.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Validation {
    /// Always [`FORMAT_VERSION`](crate::FORMAT_VERSION) in what this feedlab writes.
    pub format_version: u32,
    /// When it began (UTC, RFC 3339).
    pub started: String,
    /// Whether the runs were the short ones.
    pub quick: bool,
    /// Whether it was ended before its time.
    pub partial: bool,
    /// The conditions.
    pub environment: Environment,
    /// In the order of the table.
    pub checks: Vec<Checked>,
    /// The runs that the checks looked at.
    pub runs: Vec<Looked>,
}

/// A run that was looked at.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Looked {
    /// What the checks call it.
    pub name: String,
    /// Its directory.
    pub directory: String,
    /// VALID, SUSPECT or INVALID; empty if it could not be made.
    pub verdict: String,
    /// Why, or why it could not be made.
    pub reasons: Vec<String>,
}

/// One check.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Checked {
    /// Its number in the table.
    pub number: u8,
    /// Its name.
    pub name: String,
    /// Under which conditions it is held.
    pub condition: String,
    /// What came of it.
    pub outcome: Outcome,
    /// Why it was not run; empty otherwise.
    pub reason: String,
    /// What would be broken if it failed.
    pub broken: String,
    /// What was compared.
    pub figures: Vec<Held>,
    /// The runs that it looked at.
    pub runs: Vec<String>,
    /// What the reader has to know: doubts about the runs, what is reported without being judged.
    pub notes: Vec<String>,
}

/// What came of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Every figure is within its tolerance.
    Passed,
    /// At least one is not.
    Failed,
    /// Nothing is known: never the same as passed.
    NotRun,
}

impl Outcome {
    /// For people.
    pub fn word(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "FAILED",
            Self::NotRun => "not run",
        }
    }
}

/// A measured figure held against a predicted one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Held {
    /// What it is.
    pub what: String,
    /// What theory says.
    pub predicted: f64,
    /// What was seen.
    pub measured: f64,
    /// How far they may be apart.
    pub tolerance: Tolerance,
    /// Of both numbers.
    pub unit: Unit,
    /// Whether `measured` is within the tolerance.
    pub holds: bool,
}

/// How far a measurement may be from its prediction.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tolerance {
    /// Not at all.
    Exact,
    /// So much to either side, in the figure's unit.
    Within(f64),
    /// This part of the prediction to either side.
    Relative(f64),
    /// At most the prediction, and so much more.
    AtMost(f64),
    /// At least the prediction.
    AtLeast,
}

/// What a figure counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    /// Nanoseconds.
    Ns,
    /// Bytes.
    Bytes,
    /// Events a second.
    PerSecond,
    /// A part of 1.
    Share,
    /// A count or a quotient.
    Number,
}

/// Two numbers that were worked out in different ways are the same up to this part of them.
const ROUNDING: f64 = 1e-9;

impl Held {
    /// Compares; whatever is not a number does not hold.
    pub fn new(
        what: impl Into<String>,
        predicted: f64,
        measured: f64,
        tolerance: Tolerance,
        unit: Unit,
    ) -> Self {
        let holds = tolerance.holds(predicted, measured);
        Self { what: what.into(), predicted, measured, tolerance, unit, holds }
    }
}

impl Tolerance {
    /// Whether a measurement is within it; exactly at its edge it is.
    pub fn holds(self, predicted: f64, measured: f64) -> bool {
        let rounding = ROUNDING * predicted.abs().max(measured.abs());
        let apart = (measured - predicted).abs();
        match self {
            #[allow(clippy::float_cmp)] // that is what exact means
            Self::Exact => measured == predicted,
            Self::Within(most) => apart <= most + rounding,
            Self::Relative(part) => apart <= part * predicted.abs() + rounding,
            Self::AtMost(more) => measured <= predicted + more + rounding,
            Self::AtLeast => measured >= predicted - rounding,
        }
    }
}

impl Checked {
    /// The outcome that the figures make; a check without any has shown nothing.
    pub fn outcome_of(figures: &[Held]) -> Outcome {
        match figures {
            [] => Outcome::NotRun,
            figures if figures.iter().all(|figure| figure.holds) => Outcome::Passed,
            _ => Outcome::Failed,
        }
    }
}

impl Validation {
    /// How many checks came out like this.
    pub fn count(&self, outcome: Outcome) -> usize {
        self.checks.iter().filter(|check| check.outcome == outcome).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_measurement_at_the_edge_of_its_tolerance_holds_and_one_beyond_it_does_not() {
        for (tolerance, edge, beyond) in [
            (Tolerance::Exact, 100.0, 100.000_001),
            (Tolerance::Within(5.0), 105.0, 105.1),
            (Tolerance::Within(5.0), 95.0, 94.9),
            (Tolerance::Relative(0.015), 101.5, 101.6),
            (Tolerance::Relative(0.015), 98.5, 98.4),
            (Tolerance::AtMost(2.0), 102.0, 102.1),
            (Tolerance::AtLeast, 100.0, 99.9),
        ] {
            assert!(tolerance.holds(100.0, edge), "{tolerance:?} {edge}");
            assert!(!tolerance.holds(100.0, beyond), "{tolerance:?} {beyond}");
            assert!(!tolerance.holds(100.0, f64::NAN), "{tolerance:?}");
        }
    }

    #[test]
    fn one_figure_that_does_not_hold_fails_the_check_and_none_is_not_passed() {
        let held = |measured| Held::new("x", 1.0, measured, Tolerance::Exact, Unit::Number);
        assert_eq!(Checked::outcome_of(&[held(1.0)]), Outcome::Passed);
        assert_eq!(Checked::outcome_of(&[held(1.0), held(2.0)]), Outcome::Failed);
        assert_eq!(Checked::outcome_of(&[]), Outcome::NotRun);
    }
}
