//! A sweep that goes on: what is done is there, and what is missing would be measured alike.

use std::path::{Path, PathBuf};

use anyhow::Result;
use results::compare::{Contrast, changes};
use results::sweep::{FILE, Sweep};
use results::{Environment, Run};
use scenarios::Scenario;

use super::cells::{self, Planned};
use crate::cmd::Usage;
use crate::machine::{self, Cores};
use crate::resolve;

/// Differences that are named; the others are counted.
const SHOWN: usize = 4;

/// The sweep of a directory and its cells.
///
/// # Errors
/// When it is none, a run of it cannot be read, or what is missing could not be put beside what is
/// done.
pub(super) fn resumed(path: &Path) -> Result<(PathBuf, Sweep, Vec<Planned>)> {
    let refuse = |problem: String| Usage(format!("--resume {}: {problem}", path.display()));
    if !path.join(FILE).is_file() {
        return Err(refuse(format!("is no sweep: it has no {FILE}")).into());
    }
    let sweep = Sweep::read(path).map_err(|error| refuse(error.to_string()))?;
    let planned = cells::plan(&sweep.scenario, &sweep.sets, &sweep.axes)?;
    let anew = "cells of before and after are not comparable: sweep it anew";
    if !are_the_same(&planned, &sweep) {
        let name = &sweep.scenario;
        let problem = format!("the scenario {name} has changed since the sweep began, and {anew}");
        return Err(refuse(problem).into());
    }
    let is_complete = sweep.missing().is_empty();
    for (planned, cell) in planned.iter().zip(&sweep.cells) {
        let Some(name) = &cell.run else { continue };
        let run = done(&path.join(name)).map_err(|problem| {
            let mend = format!("to make it again, set its \"run\" to null in {FILE}");
            refuse(format!("its run {name} is said to be done, and {problem}; {mend}"))
        })?;
        // A sweep that is done is only shown again, on whatever machine.
        let here = if is_complete { None } else { Some(here(&run)?) };
        let changes = changed(&run, &planned.scenario, here.as_ref());
        if !changes.is_empty() {
            let problem =
                format!("{} since its run {name} was made, and {anew}", sentence(&changes));
            return Err(refuse(problem).into());
        }
    }
    Ok((path.to_owned(), sweep, planned))
}

/// Whether the scenario still makes the cells of the sweep.
fn are_the_same(planned: &[Planned], sweep: &Sweep) -> bool {
    let same = |(planned, cell): (&Planned, &results::sweep::Cell)| {
        let new = &planned.cell;
        (&new.at, &new.transports, new.window_ns) == (&cell.at, &cell.transports, cell.window_ns)
    };
    planned.len() == sweep.cells.len() && planned.iter().zip(&sweep.cells).all(same)
}

/// A run that is complete, or what is wrong with it: better now than when all others are made.
fn done(path: &Path) -> Result<Run, String> {
    let run = Run::read(path).map_err(|error| error.to_string())?.run;
    if run.partial || run.rows.is_empty() {
        return Err("measurements of it are missing".into());
    }
    Ok(run)
}

fn changed(run: &Run, planned: &Scenario, here: Option<&Environment>) -> Vec<Contrast> {
    let mut scenario = planned.clone();
    if scenario.target.is_some() {
        // What a target does not speak is left out when it is reached.
        scenario.transports.retain(|name, _| run.scenario.transports.contains_key(name));
    }
    changes(run, &scenario, here.unwrap_or(&run.environment))
}

/// The conditions that the run would have here and now, before anything is started.
fn here(run: &Run) -> Result<Environment> {
    let scenario = &run.scenario;
    let share = if scenario.link.is_some() { Cores::share_with_relay } else { Cores::share };
    let cores = share(scenario.server.cpus.as_deref(), scenario.server.threads);
    let congestion = machine::congestion_in_use(&scenario.server.congestion)?;
    let workers = resolve::workers(scenario, &cores);
    // What lies between clients and server is the scenario's, which is compared key by key.
    let link = run.environment.link.clone();
    Ok(Environment { link, ..machine::environment(&cores, workers, &congestion) })
}

/// `feed.payload_bytes has changed from 64 to 128, kernel from 6.1 to 6.2`, the first few.
fn sentence(changes: &[Contrast]) -> String {
    let (mut parts, mut has) = (Vec::new(), " has changed");
    for Contrast { key, a, b, .. } in changes.iter().take(SHOWN) {
        parts.push(format!("{key}{has} from {a:?} to {b:?}"));
        has = "";
    }
    if changes.len() > SHOWN {
        parts.push(format!("{} more", changes.len() - SHOWN));
    }
    parts.join(", ")
}
