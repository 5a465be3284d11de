//! Warnings as people read them: the same rule once, however many rows it fired in.

use results::{Run, Verdict, Warning};
use serde::Serialize;

/// One rule that fired.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Notice {
    /// `INVALID`, `SUSPECT`, or `note` for a remark.
    pub word: &'static str,
    /// What it makes of the run.
    pub severity: Verdict,
    /// Name of the rule.
    pub rule: String,
    /// Where it fired; empty for the whole run.
    pub place: String,
    /// What was seen and what to do; of several rows the first.
    pub message: String,
}

/// A run's notices, the worst first, each rule once.
pub fn notices(run: &Run) -> Vec<Notice> {
    let mut groups: Vec<Vec<&Warning>> = Vec::new();
    for warning in &run.warnings {
        let same = |group: &&mut Vec<&Warning>| {
            group[0].rule == warning.rule && group[0].severity == warning.severity
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.push(warning),
            None => groups.push(vec![warning]),
        }
    }
    groups.sort_by_key(|group| std::cmp::Reverse(group[0].severity));
    groups.iter().map(|group| notice(group)).collect()
}

fn notice(group: &[&Warning]) -> Notice {
    let first = group[0];
    let place = match group {
        [one] => one.place(),
        several => {
            let mut transports: Vec<&str> = Vec::new();
            for name in several.iter().filter_map(|warning| warning.transport.as_deref()) {
                if !transports.contains(&name) {
                    transports.push(name);
                }
            }
            let names = if transports.is_empty() {
                String::new()
            } else {
                format!(" ({})", transports.join(", "))
            };
            format!("{} times{names}, first in {}", several.len(), first.place())
        }
    };
    let word = match first.severity {
        Verdict::Valid => "note",
        other => other.word(),
    };
    Notice {
        word,
        severity: first.severity,
        rule: first.rule.clone(),
        place,
        message: first.message.clone(),
    }
}

impl Notice {
    /// Place and message.
    pub fn text(&self) -> String {
        let colon = if self.place.is_empty() { "" } else { ": " };
        format!("{}{colon}{}", self.place, self.message)
    }
}
