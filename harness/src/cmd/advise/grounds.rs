//! Where the costs come from: a run that was named, the newest that will do, or a calibration.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;
use results::advise::{Costs, elsewhere, unlike};
use results::{Run, Verdict};
use scenarios::Scenario;

use crate::cmd::{Usage, load, predict};
use crate::machine;

/// Scenarios whose runs are taken without being asked for, and that a calibration is made of.
const SCENARIOS: [&str; 2] = ["baseline", "quick"];

/// Costs, and of what.
pub struct Grounds {
    pub costs: Costs,
    pub scenario: Scenario,
}

/// The costs of the run `from`, or of the newest that will do under `results`, or of a calibration.
pub fn find(from: Option<&Path>, results: &Path) -> Result<Grounds> {
    if let Some(path) = from {
        let run = usable(path)
            .map_err(|problem| Usage(format!("--from {}: {problem}", path.display())))?;
        let unlike = unlike(&run.scenario, &plain(&run)?);
        return Ok(of_run(run, path, unlike));
    }
    for path in newest(results) {
        let Ok(run) = usable(&path) else { continue };
        let unlike = unlike(&run.scenario, &plain(&run)?);
        if unlike.is_empty() {
            return Ok(of_run(run, &path, unlike));
        }
        let why = &unlike[0];
        eprintln!("{}: passed over unless --from names it, as {why}", path.display());
    }
    eprintln!(
        "no run of {} under {} as they are built in: calibrating",
        SCENARIOS.join(" or "),
        results.display()
    );
    let scenario = load(SCENARIOS[1], &[])?;
    let (expected, environment, verdict) = predict::calibrated(scenario.clone())?;
    let source = "a calibration made now".to_owned();
    let (calibration, sizes) = (&expected.calibration, &expected.sizes);
    let costs = Costs::of_calibration(&scenario, &environment, calibration, sizes, source);
    let costs = Costs { verdict, ..costs };
    Ok(Grounds { costs, scenario })
}

/// What a run's scenario is held against: the built-in of its name, else the first of them.
fn plain(run: &Run) -> Result<Scenario> {
    let name = SCENARIOS.into_iter().find(|name| *name == run.scenario.name);
    load(name.unwrap_or(SCENARIOS[0]), &[])
}

/// Their directories, the newest first: names end with the time.
fn newest(results: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(results).into_iter().flatten().flatten();
    let mut runs: Vec<(String, PathBuf)> = entries
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let (scenario, time) = name.split_once('-')?;
            // A search for a capacity is no run.
            let is_run =
                SCENARIOS.contains(&scenario) && time.starts_with(|c: char| c.is_ascii_digit());
            is_run.then(|| (time.to_owned(), entry.path()))
        })
        .collect();
    runs.sort();
    runs.into_iter().rev().map(|(_, path)| path).collect()
}

fn usable(path: &Path) -> Result<Run, String> {
    if !path.join("run.json").is_file() {
        return Err("is no run directory: it has no run.json".into());
    }
    let run = Run::read(path).map_err(|error| error.to_string())?.run;
    if run.pooled.is_empty() || run.calibration.floor_p50_ns <= 0.0 {
        return Err("the run ended before anything was measured: name another".into());
    }
    if run.verdict == Verdict::Invalid {
        return Err(
            "the run is INVALID, so its costs are not those of its feed: name another".into()
        );
    }
    Ok(run)
}

fn of_run(run: Run, path: &Path, unlike: Vec<String>) -> Grounds {
    let mut costs = Costs::of_run(&run, path.display().to_string());
    costs.conditions = unlike;
    costs.conditions.extend(elsewhere(&run.environment, &machine::here()));
    for condition in &costs.conditions {
        eprintln!("warning: {condition}");
    }
    Grounds { costs, scenario: run.scenario }
}
