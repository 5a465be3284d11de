//! Warnings are values: they are stored with the run, printed at its end and shown in its report.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a run, a row or a warning is worth, from good to bad.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(rename_all = "UPPERCASE")]
pub enum Verdict {
    /// Nothing speaks against the numbers. As a warning's severity: a remark.
    #[default]
    Valid,
    /// The numbers may be those of a disturbed machine or of the harness itself.
    Suspect,
    /// The ledger does not balance: the numbers are not those of the feed that was published.
    Invalid,
}

impl Verdict {
    /// The word used on disk, on stdout and on charts.
    pub fn word(self) -> &'static str {
        match self {
            Self::Valid => "VALID",
            Self::Suspect => "SUSPECT",
            Self::Invalid => "INVALID",
        }
    }

    /// The worst of several warnings; without any, valid.
    pub fn of<'a>(warnings: impl IntoIterator<Item = &'a Warning>) -> Self {
        warnings.into_iter().map(|warning| warning.severity).max().unwrap_or_default()
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// One thing the reader of a number has to know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Warning {
    /// Name of the rule that fired, for scripts: `ledger`, `steal`, …
    pub rule: String,
    /// What it makes of the row and of the run.
    pub severity: Verdict,
    /// The transport it is about; `None` for the whole run.
    pub transport: Option<String>,
    /// The repetition it is about; `None` for all of them.
    pub repetition: Option<u32>,
    /// What was seen, and what to do about it.
    pub message: String,
}

impl Warning {
    /// A warning about the whole run.
    pub fn new(rule: &str, severity: Verdict, message: impl Into<String>) -> Self {
        Self {
            rule: rule.to_owned(),
            severity,
            transport: None,
            repetition: None,
            message: message.into(),
        }
    }

    /// The same about one transport, and one repetition of it.
    #[must_use]
    pub fn about(mut self, transport: &str, repetition: Option<u32>) -> Self {
        self.transport = Some(transport.to_owned());
        self.repetition = repetition;
        self
    }

    /// `sse, repetition 2`, `sse` or nothing: where the warning belongs.
    pub fn place(&self) -> String {
        match (&self.transport, self.repetition) {
            (Some(transport), Some(repetition)) => format!("{transport}, repetition {repetition}"),
            (Some(transport), None) => transport.clone(),
            (None, Some(repetition)) => format!("repetition {repetition}"),
            (None, None) => String::new(),
        }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = self.place();
        let separator = if place.is_empty() { "" } else { ": " };
        write!(f, "{place}{separator}{}", self.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn warning(severity: Verdict) -> Warning {
        Warning::new("steal", severity, "something").about("sse", Some(2))
    }

    #[test]
    fn the_worst_warning_is_the_verdict() {
        assert_eq!(Verdict::of([]), Verdict::Valid);
        let both = [warning(Verdict::Invalid), warning(Verdict::Suspect)];
        assert_eq!(Verdict::of(&both), Verdict::Invalid);
        assert_eq!(Verdict::of(&both[1..]), Verdict::Suspect);
    }

    #[test]
    fn a_verdict_is_the_same_word_everywhere() {
        for verdict in [Verdict::Valid, Verdict::Suspect, Verdict::Invalid] {
            let json = serde_json::to_string(&verdict).unwrap();
            assert_eq!(json, format!("\"{verdict}\""));
        }
    }

    #[test]
    fn a_warning_says_where_it_belongs() {
        assert_eq!(warning(Verdict::Suspect).to_string(), "sse, repetition 2: something");
    }
}
