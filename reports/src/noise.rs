//! The noise floor in words: by how much two measurements of the same differ here.

use results::{NoiseFloor, Run, metric};

use crate::units::percent;

/// `server CPU ±7.00 %, …`; `None` of a run without twins.
pub fn sentence(run: &Run) -> Option<String> {
    let each: Vec<String> = run
        .noise_floor
        .iter()
        .map(|floor| format!("{} ±{}", words(floor), percent(floor.ratio_95 - 1.0)))
        .collect();
    let fewest = run.noise_floor.iter().map(|floor| floor.pairs).min()?;
    let pairs = if fewest == 1 { "pair" } else { "pairs" };
    Some(format!(
        "Noise floor of this machine, in this run (95 % of what a transport and its twin differ by, \
         from {fewest} {pairs} or more): {}. What is nearer is indistinguishable.",
        each.join(", ")
    ))
}

/// What people call a floor's metric.
pub fn words(floor: &NoiseFloor) -> &str {
    metric::find(&floor.metric).map_or(floor.metric.as_str(), |metric| metric.words)
}
