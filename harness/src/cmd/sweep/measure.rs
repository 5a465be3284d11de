//! Makes the runs of a sweep, one after the other, and writes down each as it ends.

use std::path::Path;

use anyhow::{Context, Result};
use results::sweep::Sweep;
use tokio::runtime::Runtime;

use super::cells::{self, Planned};
use crate::calibrate::{self, Calibrated};
use crate::campaign::Campaign;
use crate::cmd::Interruption;
use crate::machine;
use crate::progress::Progress;
use crate::stage::Stage;
use crate::sweep::{pace, plan::Point};

/// A runtime that is told of interruptions, which end nothing by themselves any more.
pub(super) struct Ear {
    runtime: Runtime,
    interruption: Interruption,
}

impl Ear {
    /// Does what takes a while and waits for nothing, and listens meanwhile.
    ///
    /// # Errors
    /// The work's own, or the interruption.
    pub(super) fn during<T: Send + 'static>(
        mut self,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let working = self.runtime.spawn_blocking(work);
        let done = self.runtime.block_on(async {
            tokio::select! {
                done = working => done?,
                signal = self.interruption.heard() => Err(signal),
            }
        });
        // What goes on is ended with the process.
        self.runtime.shutdown_background();
        done
    }
}

/// What all cells have in common while they are made.
struct Bench<'a> {
    ear: Ear,
    progress: Progress,
    path: &'a Path,
    /// The cores of before any run: a stage pins this process to some of them.
    cores: &'a [usize],
    /// The last calibration. Cells that share one follow one another.
    calibrated: Option<(Point, Calibrated)>,
}

/// Makes the runs that are missing. Returns what still hears of an interruption: from here on it is
/// nobody else's.
///
/// # Errors
/// When one cannot be made, or at an interruption; what was made before is kept either way.
pub(super) fn measure(
    sweep: &mut Sweep,
    planned: &[Planned],
    path: &Path,
    cores: &[usize],
    quiet: bool,
) -> Result<Ear> {
    let missing = sweep.missing();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let interruption = runtime.block_on(async { Interruption::listen() })?;
    let progress = Progress::new(cells::time(planned, &missing).as_secs(), quiet);
    let ear = Ear { runtime, interruption };
    let mut bench = Bench { ear, progress, path, cores, calibrated: None };
    for (number, &at) in (1..).zip(&missing) {
        let name = format!("run {number}/{}", missing.len());
        let made = bench.cell(at, &planned[at], &name);
        if made.is_err() {
            bench.progress.finish();
        }
        sweep.cells[at].run = Some(made?);
        sweep.write(path)?;
    }
    bench.progress.finish();
    Ok(bench.ear)
}

impl Bench<'_> {
    /// One run, and before it a calibration unless the last one holds here. Returns the name of its
    /// directory.
    fn cell(&mut self, at: usize, planned: &Planned, name: &str) -> Result<String> {
        let calibrated = self.calibrated(planned, name)?;
        // One that was interrupted stays where it is, for whoever wants to look.
        let directory = fresh(self.path, &format!("{:03}", at + 1));
        let stage = self.stage(planned.scenario.clone(), name)?;
        let path = self.path.join(&directory);
        let mut campaign = Campaign::new(stage, Vec::new(), &path, None)?.with(calibrated);
        let outcome = self.ear.runtime.block_on(async {
            tokio::select! {
                made = campaign.make() => made,
                signal = self.ear.interruption.heard() => Err(signal),
            }
        });
        campaign.finish(outcome.as_ref().err())?;
        outcome?;
        self.progress.steps(pace::cell(&planned.scenario, planned.twins).as_secs());
        Ok(directory)
    }

    fn calibrated(&mut self, planned: &Planned, name: &str) -> Result<Calibrated> {
        if let Some((point, calibrated)) = &self.calibrated
            && *point == planned.point
        {
            return Ok(calibrated.clone());
        }
        let stage = self.stage(planned.calibration.clone(), name)?;
        let calibrated = self.ear.runtime.block_on(async {
            tokio::select! {
                made = Box::pin(calibrate::calibrate(&stage)) => made,
                signal = self.ear.interruption.heard() => Err(signal),
            }
        })?;
        self.progress.steps(pace::calibration(planned.calibration.transports.len()).as_secs());
        self.calibrated = Some((planned.point.clone(), calibrated.clone()));
        Ok(calibrated)
    }

    fn stage(&self, scenario: scenarios::Scenario, name: &str) -> Result<Stage> {
        machine::pin(self.cores).context("while taking back all cores between two runs")?;
        Stage::new(scenario, self.progress.part(name))
    }
}

/// A name that is not taken yet: `007`, `007-2`, ….
fn fresh(path: &Path, name: &str) -> String {
    let again = (2..).map(|number| format!("{name}-{number}"));
    let mut names = std::iter::once(name.to_owned()).chain(again);
    names.find(|name| !path.join(name).exists()).unwrap_or_else(|| name.to_owned())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use nix::sys::signal::{Signal, raise};

    use super::*;

    fn ear() -> Ear {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let interruption = runtime.block_on(async { Interruption::listen() }).unwrap();
        Ear { runtime, interruption }
    }

    #[test]
    fn an_interruption_ends_what_is_done_after_the_last_run() {
        assert_eq!(ear().during(|| Ok(7)).unwrap(), 7);
        let (end, ended) = std::sync::mpsc::channel::<()>();
        let ear = ear();
        raise(Signal::SIGTERM).unwrap();
        let error = ear.during(move || Ok(ended.recv()?)).unwrap_err();
        assert_eq!(error.to_string(), "interrupted by SIGTERM");
        drop(end);
    }
}
