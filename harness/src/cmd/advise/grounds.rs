//! Where the costs come from: a run that was named, the newest that will do, or a calibration.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;
use results::advise::Costs;
use results::{Run, Verdict};
use scenarios::Scenario;

use crate::cmd::{Usage, load, predict};

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
        return Ok(of_run(path)
            .map_err(|problem| Usage(format!("--from {}: {problem}", path.display())))?);
    }
    if let Some(grounds) = newest(results).iter().find_map(|path| of_run(path).ok()) {
        return Ok(grounds);
    }
    eprintln!("no run of {} under {}: calibrating", SCENARIOS.join(" or "), results.display());
    let scenario = load(SCENARIOS[1], &[])?;
    let (expected, environment, verdict) = predict::calibrated(scenario.clone())?;
    let source = "a calibration made now".to_owned();
    let (calibration, sizes) = (&expected.calibration, &expected.sizes);
    let costs = Costs::of_calibration(&scenario, &environment, calibration, sizes, source);
    let costs = Costs { verdict, ..costs };
    Ok(Grounds { costs, scenario })
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

fn of_run(path: &Path) -> Result<Grounds, String> {
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
    let costs = Costs::of_run(&run, path.display().to_string());
    Ok(Grounds { costs, scenario: run.scenario })
}
