//! The rules that say whether a row can be believed. Rules are values: each
//! has a name, a threshold, a reason and a severity, and the table is the place
//! to argue about them.
//!
//! Whatever is a matter of chance is tested against noise ([`crate::noise`]):
//! a clean run may trip a rule once in a thousand times.

mod drift;
mod link;
mod machine;
mod measurement;

use scenarios::Scenario;

use crate::{Environment, Row, Second, Verdict, Warning};

/// What a rule looks at.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    /// One transport in one repetition.
    pub row: &'a Row,
    /// Its seconds; none where they are not known.
    pub timeline: &'a [Second],
    /// What was asked for.
    pub scenario: &'a Scenario,
    /// The conditions.
    pub environment: &'a Environment,
}

/// One reason to doubt a number, or to know something about it.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Stored with the warning; scripts may rely on it.
    pub name: &'static str,
    /// What it makes of the row; [`Verdict::Valid`] for a remark.
    pub severity: Verdict,
    /// The number it compares with: a count, or a share of time.
    pub threshold: f64,
    /// Why that matters, and why that threshold.
    pub reason: &'static str,
    /// Whether repeating the block may help.
    pub blames: Blame,
    /// The message if the rule fires. The second argument is the threshold.
    pub fires: fn(&Evidence, f64) -> Option<String>,
}

/// Who is at fault where a rule fires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    /// What was asked for, the servers or the harness: it will be so again.
    Run,
    /// The machine, which may be quiet the next time.
    Machine,
    /// The machine where the harness has cores of its own. Where it shares them with the server,
    /// each waits for the other, and will again.
    MachineUnlessShared,
}

/// All rules about a row.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    measurement::RULES.iter().chain(drift::RULES).chain(machine::RULES).chain(link::RULES)
}

/// Applies all rules to a row, sets its verdict and returns the warnings. Those that look at its
/// seconds see none.
pub fn judge(row: &mut Row, scenario: &Scenario, environment: &Environment) -> Vec<Warning> {
    judge_over(row, &[], scenario, environment)
}

/// The same of a row with its seconds.
pub fn judge_over(
    row: &mut Row,
    timeline: &[Second],
    scenario: &Scenario,
    environment: &Environment,
) -> Vec<Warning> {
    let evidence = Evidence { row, timeline, scenario, environment };
    let warnings: Vec<Warning> = rules()
        .filter_map(|rule| {
            let message = (rule.fires)(&evidence, rule.threshold)?;
            Some(
                Warning::new(rule.name, rule.severity, message)
                    .about(&evidence.row.transport, evidence.row.repetition),
            )
        })
        .collect();
    row.verdict = Verdict::of(&warnings);
    warnings
}

/// Doubts and remarks about the machine that no row can show.
pub fn judge_environment(environment: &Environment) -> Vec<Warning> {
    machine::environment(environment)
}

/// Whether a block should be repeated: the machine disturbed it, and a second
/// try may find it quiet.
pub fn spoiled_by_machine(warnings: &[Warning], environment: &Environment) -> bool {
    rules()
        .filter(|rule| match rule.blames {
            Blame::Run => false,
            Blame::Machine => true,
            Blame::MachineUnlessShared => !environment.shares_cores(),
        })
        .any(|rule| warnings.iter().any(|warning| warning.rule == rule.name))
}

#[cfg(test)]
mod tests;
