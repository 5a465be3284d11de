//! `feedlab predict`: a calibration and the model, without the run.

mod borrowed;
mod shown;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use results::{Environment, Verdict};
use scenarios::{Calibration, Prediction, Scenario, Sizes};

use super::{Format, Interruption};
use crate::campaign;
use crate::progress::Progress;
use crate::stage::Stage;

/// Arguments of `feedlab predict`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// A built-in scenario or the path of a TOML file
    pub scenario: String,
    /// Override a key, e.g. --set feed.rate=10/s
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub sets: Vec<String>,
    /// Use the calibration of an earlier run instead of making one now
    #[arg(long, value_name = "RUN")]
    pub calibration: Option<PathBuf>,
    /// How the predictions are printed on stdout
    #[arg(long, value_enum, default_value = "table")]
    pub format: Format,
}

/// What theory expects, and on what grounds.
pub(super) struct Expected {
    pub(super) calibration: Calibration,
    pub(super) sizes: Sizes,
    predictions: Vec<Prediction>,
}

/// Predicts.
///
/// # Errors
/// When the calibration cannot be made or read, or is none of this scenario's.
pub fn run(args: &Args) -> Result<ExitCode> {
    let scenario = super::load(&args.scenario, &args.sets)?;
    let expected = match &args.calibration {
        Some(path) => borrowed::expected(&scenario, path)?,
        None => calibrated(scenario)?.0,
    };
    super::print(&shown::shown(&expected, args.format))?;
    Ok(ExitCode::SUCCESS)
}

/// Calibrates here and now. When it is interrupted, its processes end with the future that has them.
/// The conditions belong to it, and what the rules make of it.
pub(super) fn calibrated(scenario: Scenario) -> Result<(Expected, Environment, Verdict)> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    // Before the stage has a directory: whoever is ended by a signal does not remove it.
    let mut interruption = runtime.block_on(async { Interruption::listen() })?;
    let stage = Stage::new(scenario, Progress::new(1, false))?;
    let outcome = runtime.block_on(async {
        tokio::select! {
            made = campaign::predictions(&stage) => made,
            signal = interruption.heard() => Err(signal),
        }
    });
    stage.progress.finish();
    let (calibration, sizes, predictions, verdict) = outcome?;
    let expected = Expected { calibration, sizes, predictions };
    Ok((expected, stage.environment.clone(), verdict))
}
