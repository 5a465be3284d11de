//! `feedlab compare`: two runs side by side.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Result;
use results::compare::{Comparison, Word};
use results::{Loaded, Run};

use super::{REGRESSION, Usage};

/// Arguments of `feedlab compare`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The run directory of the baseline
    pub a: PathBuf,
    /// The run directory that is held against it
    pub b: PathBuf,
    /// How the comparison is printed on stdout
    #[arg(long, value_enum, default_value = "table")]
    pub format: Format,
    /// Compare although the runs differ in these: machines, scenarios, versions
    #[arg(long, value_enum, value_delimiter = ',', value_name = "KINDS")]
    pub across: Vec<Across>,
    /// Exit with 4 when any metric of any transport is worse in B
    #[arg(long, value_enum, value_name = "WORD")]
    pub fail_on: Option<FailOn>,
    /// Also write compare.svg, compare.png and compare.md there
    #[arg(long, short, value_name = "DIR")]
    pub output: Option<PathBuf>,
}

/// How a comparison is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people.
    Table,
    /// For pull requests.
    Markdown,
    /// For programs.
    Json,
}

/// What may differ between two runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Across {
    /// The machine, its kernel and its settings.
    Machines,
    /// The scenario.
    Scenarios,
    /// The version of feedlab, its compiler and its profile.
    Versions,
}

/// What is a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum FailOn {
    /// A metric that is worse in B.
    Worse,
}

/// Compares.
///
/// # Errors
/// When a directory holds no run, the two cannot be compared, or the output cannot be written.
pub fn run(args: &Args) -> Result<ExitCode> {
    let (a, b) = (read(&args.a)?, read(&args.b)?);
    let across: Vec<results::compare::Across> =
        args.across.iter().map(|&kind| kind.into()).collect();
    let comparison =
        results::compare::compare(&a, &b, &across).map_err(|refusal| Usage(refusal.to_string()))?;
    super::print(&shown(&comparison, args.format))?;
    if let Some(output) = &args.output {
        let picture = ::reports::compare::render(&comparison, output)?;
        eprintln!("chart: {}", picture.display());
    }
    let worse = comparison.count(Word::Worse) > 0;
    let failed = worse && args.fail_on == Some(FailOn::Worse);
    Ok(if failed { ExitCode::from(REGRESSION) } else { ExitCode::SUCCESS })
}

/// A run directory that cannot be read is the wrong argument.
fn read(path: &Path) -> Result<Loaded> {
    if !path.join("run.json").is_file() {
        let path = path.display();
        return Err(Usage(format!("{path} is no run directory: it has no run.json")).into());
    }
    Ok(Run::read(path).map_err(|error| Usage(error.to_string()))?)
}

fn shown(comparison: &Comparison, format: Format) -> String {
    let color = std::io::stdout().is_terminal()
        && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    match format {
        Format::Table => ::reports::compare::table(comparison, color),
        Format::Markdown => ::reports::compare::markdown(comparison),
        Format::Json => ::reports::compare::json(comparison),
    }
}

impl From<Across> for results::compare::Across {
    fn from(kind: Across) -> Self {
        match kind {
            Across::Machines => Self::Machines,
            Across::Scenarios => Self::Scenarios,
            Across::Versions => Self::Versions,
        }
    }
}
