//! The runs of a validation: each is `feedlab run`, as a user would make it, in a process of its
//! own.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use results::{Loaded, Run};
use scenarios::Scenario;

use crate::cmd::Interruption;
use crate::machine;
use crate::process::{self, Tail};
use crate::validate::setup::Setup;

/// What an interrupted run may take to write down what it has.
const ENDING: Duration = Duration::from_secs(20);

/// Who makes them.
pub struct Maker {
    pub interruption: Interruption,
    /// Why there is no link, where there is none.
    pub link: Option<String>,
    pub quick: bool,
}

impl Maker {
    /// The scenario of a setup that can be run here.
    ///
    /// # Errors
    /// Why it cannot: the reason for "not run".
    pub fn possible(&self, setup: &Setup) -> Result<Scenario, String> {
        let scenario = setup.scenario(self.quick)?;
        if let (Some(_), Some(reason)) = (&scenario.link, &self.link) {
            return Err(reason.clone());
        }
        if machine::own_cores().len() < 2 {
            return Err("server and harness need a core each, and this machine has one".to_owned());
        }
        Ok(scenario)
    }

    /// Makes a run and reads it back; what it was refused for is a value.
    ///
    /// # Errors
    /// When we are interrupted; the run is then ended first, and keeps what it has.
    pub async fn make(&mut self, setup: &Setup, results: &Path) -> Result<Result<Loaded, String>> {
        let (base, sets) = setup.arguments(self.quick);
        let mut command =
            process::with_parent_by(&process::own_path()?, &process::own_path()?, None);
        command.args(["run", base, "--quiet", "--no-report", "--format", "csv", "--results"]);
        command.arg(results);
        command.args(sets.iter().flat_map(|set| ["--set", set]));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        // Ctrl-C reaches us alone, and we pass it on.
        let child = command.process_group(0).kill_on_drop(true).spawn();
        let mut child = child.context("while starting feedlab run")?;
        let mut words = Tail::follow(child.stderr.take());
        tokio::select! {
            status = child.wait() => { status?; }
            signal = self.interruption.heard() => {
                if let Some(pid) = child.id() {
                    let _ = kill(Pid::from_raw(pid as i32), Signal::SIGTERM);
                }
                let _ = tokio::time::timeout(ENDING, child.wait()).await;
                return Err(signal);
            }
        }
        let Some(directory) = only_folder(results) else {
            let said = words.last().await;
            return Ok(Err(format!("run {} was refused: {said}", setup.name)));
        };
        Ok(Run::read(&directory).map_err(|error| format!("run {} is damaged: {error}", setup.name)))
    }
}

/// The run directory in the folder that was made for it.
fn only_folder(path: &Path) -> Option<PathBuf> {
    let mut entries = std::fs::read_dir(path).ok()?.filter_map(Result::ok);
    entries.next().map(|entry| entry.path())
}
