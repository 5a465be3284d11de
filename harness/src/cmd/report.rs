//! `feedlab report`: render run directories again, offline.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use results::Run;

use super::Usage;

/// Arguments of `feedlab report`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Run directories
    #[arg(required = true)]
    pub runs: Vec<PathBuf>,
    /// Where to write; default: reports/local/ and the first run's name
    #[arg(long, short, value_name = "DIR")]
    pub output: Option<PathBuf>,
}

/// Renders.
///
/// # Errors
/// When a directory holds no run, or the report cannot be written.
pub fn run(args: &Args) -> Result<ExitCode> {
    let mut loaded = Vec::new();
    for path in &args.runs {
        if !path.join("run.json").is_file() {
            let path = path.display();
            return Err(Usage(format!("{path} is no run directory: it has no run.json")).into());
        }
        loaded.push(Run::read(path)?);
    }
    let output = if let Some(output) = &args.output {
        output.clone()
    } else {
        let first = std::path::absolute(&args.runs[0])?;
        let name = first.file_name().context("a run directory has no name")?;
        PathBuf::from("reports/local").join(name)
    };
    let page = ::reports::render(&loaded, &output)?;
    super::print(&format!("{}\n", page.display()))?;
    Ok(ExitCode::SUCCESS)
}
