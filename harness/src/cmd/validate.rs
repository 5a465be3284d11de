//! `feedlab validate`: makes the runs that the checks need, and holds them against theory.

mod making;
mod stored;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use results::FORMAT_VERSION;
use results::compare::alike;
use results::validation::{Outcome, Validation};

use super::{FAILED, Interruption, Usage};
use crate::machine;
use crate::validate::{self, Check, Evidence, setup};
use making::Maker;

/// Arguments of `feedlab validate`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Only these checks, by number or name, e.g. --only 3,poll-uniform
    #[arg(long, value_name = "CHECK,…", value_delimiter = ',')]
    pub only: Vec<String>,
    /// Short runs, at most 2 min in all; checks that need longer ones are not run
    #[arg(long)]
    pub quick: bool,
    /// How the checks are printed on stdout
    #[arg(long, value_enum, default_value = "table")]
    pub format: Format,
    /// Where the directory with validate.json and the runs is made
    #[arg(long, value_name = "DIR", default_value = "results/local")]
    pub results: PathBuf,
    /// Where the report's directory is made
    #[arg(long, value_name = "DIR", default_value = "reports/local")]
    pub reports: PathBuf,
}

/// How checks are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people.
    Table,
    /// For programs: format_version, checks, runs.
    Json,
    /// For pull requests.
    Markdown,
}

/// Validates.
///
/// # Errors
/// When a check is not known, or what came out cannot be written.
pub fn run(args: &Args) -> Result<ExitCode> {
    let checks = validate::select(&args.only).map_err(Usage)?;
    let plan = validate::plan(&checks, args.quick);
    let directory = super::fresh_directory(&args.results, "validate");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let interruption = runtime.block_on(async { Interruption::listen() })?;
    std::fs::create_dir_all(&directory)
        .with_context(|| format!("while making {}", directory.display()))?;
    let mut records = Records::new(checks, plan, args.quick, directory);
    if records.checks.iter().any(|check| check.number == validate::TWINS.number) {
        records.evidence.twins = alike(&stored::with_twins(&args.results));
    }
    let outcome = runtime.block_on(records.make(interruption));
    let validation = records.write(outcome.is_err())?;
    let name = records.directory.file_name().context("a validation's directory has no name")?;
    let page = ::reports::validation::render(&validation, &args.reports.join(name))?;
    super::print(&match args.format {
        Format::Table => ::reports::validation::table(&validation),
        Format::Json => ::reports::validation::json(&validation),
        Format::Markdown => ::reports::validation::markdown(&validation),
    })?;
    eprintln!("validation: {}", records.directory.display());
    eprintln!("report:     {}", page.display());
    outcome?;
    let failed = validation.count(Outcome::Failed) > 0;
    Ok(if failed { ExitCode::from(FAILED) } else { ExitCode::SUCCESS })
}

/// A validation while it is being made.
struct Records {
    checks: Vec<&'static Check>,
    plan: Vec<&'static str>,
    evidence: Evidence,
    directory: PathBuf,
    started: String,
}

impl Records {
    fn new(
        checks: Vec<&'static Check>,
        plan: Vec<&'static str>,
        quick: bool,
        directory: PathBuf,
    ) -> Self {
        let (evidence, started) = (Evidence::new(quick), machine::started());
        Self { checks, plan, evidence, directory, started }
    }

    /// Makes all runs that this machine and this build can make; what came of each is written as
    /// soon as it is there.
    async fn make(&mut self, interruption: Interruption) -> Result<()> {
        let quick = self.evidence.quick;
        let mut maker = Maker { interruption, link: link_refusal(), quick };
        let mut orders = Vec::new();
        for name in &self.plan {
            let setup = setup::find(name).with_context(|| format!("there is no setup {name}"))?;
            match maker.possible(setup) {
                Ok(scenario) => orders.push((setup, setup::expected(&scenario))),
                Err(reason) => self.evidence.add(name, Err(reason)),
            }
        }
        let all: Duration = orders.iter().map(|(_, time)| *time).sum();
        let (checks, runs) = (self.checks.len(), orders.len());
        eprintln!("{checks} checks, {runs} runs: about {}", rounded(all));
        let mut left = all;
        for (at, (setup, time)) in (1..).zip(&orders) {
            eprintln!("run {at}/{runs}: {} ({} left)", setup.name, rounded(left));
            let run = maker.make(setup, &self.directory.join(setup.name)).await?;
            self.evidence.add(setup.name, run);
            self.write(true)?;
            left = left.saturating_sub(*time);
        }
        Ok(())
    }

    /// Judges what there is and writes it.
    fn write(&self, partial: bool) -> Result<Validation> {
        let validation = Validation {
            format_version: FORMAT_VERSION,
            started: self.started.clone(),
            quick: self.evidence.quick,
            partial,
            environment: machine::here(),
            checks: self.checks.iter().map(|check| check.checked(&self.evidence)).collect(),
            runs: self.evidence.looked(&self.plan),
        };
        write_whole(
            &self.directory.join("validate.json"),
            &::reports::validation::json(&validation),
        )?;
        Ok(validation)
    }
}

/// A reader never sees half a file.
fn write_whole(path: &Path, text: &str) -> Result<()> {
    let part = path.with_extension("part");
    let written = std::fs::write(&part, text).and_then(|()| std::fs::rename(&part, path));
    written.with_context(|| format!("while writing {}", path.display()))
}

/// Why this machine has no link.
fn link_refusal() -> Option<String> {
    let refusal = crate::link::check().err()?;
    Some(format!("this machine has no link (see feedlab doctor): {refusal:#}"))
}

fn rounded(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..=119 => format!("{seconds} s"),
        seconds => format!("{} min", seconds.div_ceil(60)),
    }
}
