//! `feedlab validate`: what a correct lab must reproduce, held against what this one does.
//!
//! A check is a value: a condition, the runs that it needs, and a function from what these runs saw
//! to figures, each with its prediction and its tolerance. Predictions are made of a run's own seeded
//! publish times, its calibration and its sizes; tolerances are the table's. Nothing here starts or
//! measures anything: `cmd::validate` does.

mod bytes;
mod cost;
mod evidence;
mod framing;
mod freshness;
mod ledger;
mod long_poll;
mod poll;
mod push;
pub mod setup;
mod stall;
mod statistics;
mod tripwire;

use results::validation::{Checked, Held, Outcome, Tolerance, Unit};

pub use evidence::Evidence;
pub use ledger::TWINS;

/// One line of the table.
#[derive(Clone, Copy, Debug)]
pub struct Check {
    /// Its number.
    pub number: u8,
    /// Its name, for `--only` and scripts.
    pub name: &'static str,
    /// Under which conditions it is held.
    pub condition: &'static str,
    /// What would be broken if it failed.
    pub broken: &'static str,
    /// The setups whose runs it looks at, in the full and in the quick validation.
    pub needs: Needs,
    /// Holds what was seen against theory; the error is the reason for "not run".
    pub judge: fn(&Evidence) -> Result<Judged, String>,
}

/// The runs of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// None: codecs and arithmetic.
    Nothing,
    /// Those of these setups, in both validations.
    Runs(&'static [&'static str]),
    /// Those of these setups, in the full validation alone.
    FullRuns(&'static [&'static str]),
    /// Whatever the other checks have run, and at least these.
    Every(&'static [&'static str]),
}

impl Needs {
    /// The names of the setups; `None` for a check that this validation leaves out.
    pub fn setups(self, quick: bool) -> Option<&'static [&'static str]> {
        match self {
            Self::Nothing => Some(&[]),
            Self::Runs(names) | Self::Every(names) => Some(names),
            Self::FullRuns(names) => (!quick).then_some(names),
        }
    }
}

/// The table.
pub static ALL: [Check; 28] = [
    push::FLOOR,
    poll::UNIFORM,
    poll::FIXED_DELAY,
    poll::ZERO,
    poll::PHASE_LOCK,
    long_poll::LOW_RATE,
    long_poll::SATURATED,
    long_poll::KNEE,
    long_poll::EMPTIES,
    poll::LOAD,
    poll::EMPTY_AND_SEEN,
    framing::WEBSOCKET,
    framing::HTTP,
    bytes::ACCOUNTING,
    bytes::PACKETS,
    framing::KAAZING,
    stall::OMISSION,
    freshness::AGE,
    freshness::COHERENCE,
    push::FAN_OUT,
    bytes::BREAK_EVEN,
    cost::CUT_OFF,
    ledger::CONSERVATION,
    TWINS,
    tripwire::NAGLE,
    tripwire::TIMER,
    cost::CLOSURE,
    cost::MEMORY,
];

/// What a check found.
#[derive(Clone, Debug, Default)]
pub struct Judged {
    /// What was compared.
    pub figures: Vec<Held>,
    /// What is reported and not judged.
    pub notes: Vec<String>,
}

impl Judged {
    fn hold(
        &mut self,
        what: impl Into<String>,
        predicted: f64,
        measured: f64,
        tolerance: Tolerance,
        unit: Unit,
    ) {
        self.figures.push(Held::new(what, predicted, measured, tolerance, unit));
    }

    /// Times in ns.
    fn time(&mut self, what: impl Into<String>, predicted: f64, measured: f64, within: Tolerance) {
        self.hold(what, predicted, measured, within, Unit::Ns);
    }

    fn note(&mut self, text: impl Into<String>) {
        self.notes.push(text.into());
    }
}

/// The checks that `--only` names, by number or name, in the table's order; all without any.
///
/// # Errors
/// A sentence with the names that there are.
pub fn select(wanted: &[String]) -> Result<Vec<&'static Check>, String> {
    let is = |check: &Check, text: &str| check.name == text || check.number.to_string() == text;
    for text in wanted {
        if !ALL.iter().any(|check| is(check, text)) {
            let known: Vec<String> =
                ALL.iter().map(|check| format!("{} {}", check.number, check.name)).collect();
            let known = known.join(", ");
            return Err(format!("--only {text}: no such check; there are {known}"));
        }
    }
    let chosen = |check: &&Check| wanted.is_empty() || wanted.iter().any(|text| is(check, text));
    Ok(ALL.iter().filter(chosen).collect())
}

/// The setups that these checks need, each once, in the order in which they are first needed.
pub fn plan(checks: &[&Check], quick: bool) -> Vec<&'static str> {
    let mut plan = Vec::new();
    for name in checks.iter().filter_map(|check| check.needs.setups(quick)).flatten() {
        if !plan.contains(name) {
            plan.push(*name);
        }
    }
    plan
}

impl Check {
    /// What is to be said of it, given the runs.
    pub fn checked(&self, evidence: &Evidence) -> Checked {
        let setups = self.needs.setups(evidence.quick);
        let judged = match setups {
            Some(_) => (self.judge)(evidence),
            None => Err("left out of --quick, which it would make longer than 2 min".to_owned()),
        };
        let (judged, reason) = match judged {
            Ok(judged) => (judged, String::new()),
            Err(reason) => (Judged::default(), reason),
        };
        let outcome = Checked::outcome_of(&judged.figures);
        let reason = if outcome == Outcome::NotRun && reason.is_empty() {
            "nothing could be compared".to_owned()
        } else {
            reason
        };
        let mut notes = judged.notes;
        let runs = setups.unwrap_or_default();
        if outcome != Outcome::NotRun {
            notes.extend(runs.iter().filter_map(|name| evidence.doubt(name)));
        }
        Checked {
            number: self.number,
            name: self.name.to_owned(),
            condition: self.condition.to_owned(),
            outcome,
            reason,
            broken: self.broken.to_owned(),
            figures: judged.figures,
            runs: runs.iter().map(|name| (*name).to_owned()).collect(),
            notes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_28_checks_in_order_with_unique_names_and_a_sentence_each() {
        let numbers: Vec<u8> = ALL.iter().map(|check| check.number).collect();
        assert_eq!(numbers, (1..=28).collect::<Vec<u8>>());
        let mut names: Vec<&str> = ALL.iter().map(|check| check.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), 28);
        for check in &ALL {
            assert!(!check.condition.is_empty(), "{}", check.name);
            assert!(check.broken.len() > 30, "{} has no sentence", check.name);
            assert!(!check.broken.ends_with('.'), "{}: the renderer ends it", check.name);
        }
    }

    #[test]
    fn a_plan_has_each_setup_once_and_those_of_the_table() {
        let all: Vec<&Check> = ALL.iter().collect();
        for quick in [false, true] {
            let plan = plan(&all, quick);
            for (at, name) in plan.iter().enumerate() {
                assert!(setup::find(name).is_some(), "{name} is in no table");
                assert!(!plan[..at].contains(name), "{name} twice");
            }
        }
        let full = plan(&all, false);
        for setup in setup::ALL {
            let used = full.contains(&setup.name) || plan(&all, true).contains(&setup.name);
            assert!(used, "{} is run for nothing", setup.name);
        }
    }

    #[test]
    fn checks_are_chosen_by_number_and_name_and_a_stranger_is_told_who_there_is() {
        let only = |texts: &[&str]| {
            select(&texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>())
        };
        let names = |checks: Vec<&Check>| checks.iter().map(|check| check.name).collect::<Vec<_>>();
        assert_eq!(
            names(only(&["poll-uniform", "1", "2"]).unwrap()),
            ["push-floor", "poll-uniform"]
        );
        assert_eq!(only(&[]).unwrap().len(), 28);
        let refused = only(&["poll-uniforn"]).unwrap_err();
        assert!(
            refused.contains("poll-uniforn") && refused.contains("2 poll-uniform"),
            "{refused}"
        );
    }

    #[test]
    fn without_its_run_a_check_is_not_run_and_never_passed() {
        for quick in [false, true] {
            let nothing = Evidence::new(quick);
            for check in &ALL {
                let checked = check.checked(&nothing);
                if check.needs == Needs::Nothing {
                    continue;
                }
                assert_eq!(checked.outcome, Outcome::NotRun, "{}", check.name);
                assert!(!checked.reason.is_empty(), "{}", check.name);
            }
        }
    }

    #[test]
    fn the_checks_without_a_run_pass_on_our_own_codecs() {
        let nothing = Evidence::new(true);
        for check in ALL.iter().filter(|check| check.needs == Needs::Nothing) {
            let checked = check.checked(&nothing);
            assert_eq!(checked.outcome, Outcome::Passed, "{}: {:?}", check.name, checked.figures);
        }
    }
}
