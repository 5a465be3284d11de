//! `feedlab sweep`: a scenario over one or two axes, a run per cell, and who wins where.

mod cells;
mod measure;
mod resume;
mod window;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use reports::sweep::Swept;
use results::Verdict;
use results::sweep::{Axis, Sweep};

use super::{FAILED, Format, Usage};
use crate::machine;
use crate::sweep::axis::{self, Spacing};
use cells::Planned;

/// Arguments of `feedlab sweep`.
#[derive(clap::Args, Debug)]
#[expect(clippy::struct_excessive_bools)] // each is a flag of its own
pub struct Args {
    /// A built-in scenario or the path of a TOML file
    #[arg(required_unless_present = "resume", conflicts_with = "resume")]
    pub scenario: Option<String>,
    /// An axis, twice for a map: --over feed.rate=1..100 --over clients=10,100,1000
    #[arg(long, value_name = "KEY=FROM..TO", conflicts_with = "resume")]
    pub over: Vec<String>,
    /// Points of a range
    #[arg(long, default_value_t = 6, conflicts_with = "resume")]
    pub points: usize,
    /// Divide ranges in equal steps instead of equal multiples
    #[arg(long, conflicts_with = "resume")]
    pub linear: bool,
    /// Override a key in every cell, e.g. --set clients=20. Without measure.duration a window has
    /// 4 polls of the slowest and 50 updates, at least 4 s; without measure.repeat there is one block
    #[arg(long = "set", value_name = "KEY=VALUE", conflicts_with = "resume")]
    pub sets: Vec<String>,
    /// Go on with a sweep that was interrupted
    #[arg(long, value_name = "DIR")]
    pub resume: Option<PathBuf>,
    /// How the winners are printed on stdout
    #[arg(long, value_enum, default_value = "table")]
    pub format: Format,
    /// Where the sweep's directory is made
    #[arg(long, value_name = "DIR", default_value = "results/local", conflicts_with = "resume")]
    pub results: PathBuf,
    /// Where report directories are made
    #[arg(long, value_name = "DIR", default_value = "reports/local")]
    pub reports: PathBuf,
    /// Do not render a report
    #[arg(long)]
    pub no_report: bool,
    /// Exit with 1 when a verdict is SUSPECT, too
    #[arg(long)]
    pub strict: bool,
    /// No progress on stderr
    #[arg(long, short)]
    pub quiet: bool,
}

/// Makes a sweep, or what is missing of one.
///
/// # Errors
/// When an axis or the scenario is refused, a run cannot be made, or it is interrupted.
pub fn run(args: &Args) -> Result<ExitCode> {
    let (path, mut sweep, planned) = match &args.resume {
        Some(path) => resume::resumed(path)?,
        None => fresh(args)?,
    };
    let missing = sweep.missing();
    let telling = Telling {
        path: path.clone(),
        format: args.format,
        reports: (!args.no_report).then(|| args.reports.clone()),
    };
    let verdict = if missing.is_empty() {
        telling.tell()?
    } else {
        if !args.quiet {
            let time = rough(cells::time(&planned, &missing));
            eprintln!("{} of {} runs, about {time}", missing.len(), planned.len());
        }
        std::fs::create_dir_all(&path)
            .with_context(|| format!("while making {}", path.display()))?;
        sweep.write(&path)?;
        let cores = machine::own_cores();
        let made = measure::measure(&mut sweep, &planned, &path, &cores, args.quiet);
        let ear = made.inspect_err(|_| {
            let (done, all) = (sweep.cells.len() - sweep.missing().len(), sweep.cells.len());
            eprintln!("{done} of {all} runs are kept; the others are made by");
            eprintln!("  feedlab sweep --resume {}", path.display());
        })?;
        let told = ear.during(move || {
            // What is drawn now is nobody's measurement.
            machine::pin(&cores)?;
            telling.tell()
        });
        let path = path.display();
        told.with_context(|| format!("what was measured is kept: feedlab sweep --resume {path}"))?
    };
    let failed = verdict == Verdict::Invalid || (args.strict && verdict != Verdict::Valid);
    Ok(if failed { ExitCode::from(FAILED) } else { ExitCode::SUCCESS })
}

/// What is said of a sweep when its runs are made.
struct Telling {
    path: PathBuf,
    format: Format,
    /// Where its report goes; `None` if it is to have none.
    reports: Option<PathBuf>,
}

impl Telling {
    /// Prints and draws; returns what the sweep is worth.
    fn tell(&self) -> Result<Verdict> {
        let swept = Swept::read(&self.path)?;
        super::print(&shown(&swept, self.format))?;
        eprintln!("sweep:  {}", self.path.display());
        if let Some(reports) = &self.reports {
            let name = std::path::absolute(&self.path)?;
            let name = name.file_name().unwrap_or(self.path.as_os_str()).to_owned();
            let page = ::reports::sweep::render(&swept, &reports.join(name))?;
            eprintln!("report: {}", page.display());
        }
        Ok(swept.verdict().0)
    }
}

fn shown(swept: &Swept, format: Format) -> String {
    match format {
        Format::Table => ::reports::sweep::table(swept),
        Format::Json => ::reports::sweep::json(swept),
        Format::Csv => ::reports::sweep::csv(swept),
        Format::Markdown => ::reports::sweep::markdown(swept),
    }
}

/// A new sweep: every cell's scenario holds before the directory is made.
fn fresh(args: &Args) -> Result<(PathBuf, Sweep, Vec<Planned>)> {
    let name = args.scenario.clone().unwrap_or_default();
    let axes = axes(args)?;
    let planned = cells::plan(&name, &args.sets, &axes)?;
    let sweep = Sweep {
        format_version: results::FORMAT_VERSION,
        scenario: name,
        sets: args.sets.clone(),
        started: machine::started(),
        axes,
        cells: planned.iter().map(|planned| planned.cell.clone()).collect(),
    };
    let stem = &planned[0].scenario.name;
    Ok((super::fresh_directory(&args.results, &format!("{stem}-sweep")), sweep, planned))
}

fn axes(args: &Args) -> Result<Vec<Axis>> {
    if !(1..=2).contains(&args.over.len()) {
        let problem = "a sweep has one or two axes: --over feed.rate=1..100 is one";
        return Err(Usage(problem.into()).into());
    }
    let spacing = if args.linear { Spacing::Linear } else { Spacing::Log };
    let mut made: Vec<Axis> = Vec::new();
    for text in &args.over {
        let refused = |problem: &str| Usage(format!("--over {text}: {problem}"));
        let one = axis::parse(text, args.points, spacing).map_err(|problem| refused(&problem))?;
        if made.iter().any(|other| other.key == one.key) {
            return Err(refused("is an axis already: the second must be another key").into());
        }
        let key = |set: &String| set.split_once('=').map(|(key, _)| key.trim().to_owned());
        if args.sets.iter().any(|set| key(set).as_ref() == Some(&one.key)) {
            return Err(refused("is set with --set, too: it can only be one of the two").into());
        }
        made.push(one);
    }
    Ok(made)
}

/// A time to plan a coffee by.
fn rough(time: Duration) -> String {
    let minutes = time.as_secs().div_ceil(60);
    if minutes > 1 { format!("{minutes} min") } else { format!("{} s", time.as_secs()) }
}
