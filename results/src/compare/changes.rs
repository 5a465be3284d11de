//! What is no longer as it was when a run was made: its like may not be made any more.

use std::collections::{BTreeMap, BTreeSet};

use scenarios::Scenario;

use super::{
    Across, Contrast,
    conditions::{FACTS, keys, within},
};
use crate::{Environment, Run};

/// Keys that no number depends on. Unlike for a comparison of two runs the seed is not among them:
/// the cells of a sweep are one measurement.
const WORDS: [&str; 4] = ["format", "name", "about", "expect"];

/// All that differs between a run (a) and the run that this scenario would be here and now (b).
/// For a sweep the commit counts, too: nobody compares two of them by its cells.
pub fn changes(run: &Run, scenario: &Scenario, now: &Environment) -> Vec<Contrast> {
    let contrast = |kind, key: &str, a: String, b: String| {
        (a != b).then(|| Contrast { kind, key: key.to_owned(), a, b })
    };
    let (was, is) = (keys(&run.scenario), keys(scenario));
    let all: BTreeSet<&String> = was.keys().chain(is.keys()).collect();
    let text = |keys: &BTreeMap<String, String>, key: &str| {
        keys.get(key).cloned().unwrap_or_else(|| "not set".into())
    };
    let counts = |key: &&&String| !WORDS.iter().any(|word| within(key, word));
    let of_scenario = all
        .iter()
        .filter(counts)
        .filter_map(|key| contrast(Across::Scenarios, key, text(&was, key), text(&is, key)));
    let of_machine = FACTS
        .iter()
        .filter_map(|(kind, key, fact)| contrast(*kind, key, fact(&run.environment), fact(now)));
    let commit = |environment: &Environment| {
        environment.git_commit.clone().unwrap_or_else(|| "unknown".into())
    };
    let commit = contrast(Across::Versions, "git_commit", commit(&run.environment), commit(now));
    of_scenario.chain(of_machine).chain(commit).collect()
}
