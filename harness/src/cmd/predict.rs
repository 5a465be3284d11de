//! `feedlab predict`: a calibration and the model, without the run.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use results::Run;
use scenarios::{Prediction, predict::predict};

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
    /// Predictions as JSON, those of single repetitions too
    #[arg(long)]
    pub json: bool,
}

/// Predicts.
///
/// # Errors
/// When the calibration cannot be made or read.
pub fn run(args: &Args) -> Result<ExitCode> {
    let scenario = super::load(&args.scenario, &args.sets)?;
    let (calibration, sizes, predictions) = if let Some(path) = &args.calibration {
        let run = Run::read(path)?.run;
        let predictions = predict(&scenario, &run.sizes, &run.calibration);
        (run.calibration, run.sizes, predictions)
    } else {
        let stage = Stage::new(scenario, Progress::new(1, false))?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let predicted = runtime.block_on(campaign::predictions(&stage))?;
        stage.progress.finish();
        predicted
    };
    let text = if args.json {
        let value = serde_json::json!({
            "format_version": results::FORMAT_VERSION,
            "calibration": calibration,
            "sizes": sizes,
            "predictions": predictions,
        });
        format!("{value:#}\n")
    } else {
        ::reports::predictions(&pooled(&predictions), &calibration)
    };
    super::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn pooled(predictions: &[Prediction]) -> Vec<Prediction> {
    predictions.iter().filter(|prediction| prediction.repetition.is_none()).cloned().collect()
}
