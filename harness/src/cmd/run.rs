//! `feedlab run`: calibrate, predict, measure, report.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use results::{Asked, Outcome, Run, Verdict, noise_floor};
use scenarios::Scenario;

use super::{EXPECTATION_MISSED, FAILED, Format, Interruption};
use crate::campaign::{Campaign, Rival};
use crate::link::capture;
use crate::progress::Progress;
use crate::stage::Stage;

/// Arguments of `feedlab run`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// A built-in scenario (see `feedlab scenarios`) or the path of a TOML file
    pub scenario: String,
    /// Override a key, e.g. --set feed.rate=10/s --set transports.short-poll.interval=500ms
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub sets: Vec<String>,
    /// How the result is printed on stdout
    #[arg(long, value_enum, default_value = "table")]
    pub format: Format,
    /// Where run directories are made
    #[arg(long, value_name = "DIR", default_value = "results/local")]
    pub results: PathBuf,
    /// Where report directories are made
    #[arg(long, value_name = "DIR", default_value = "reports/local")]
    pub reports: PathBuf,
    /// Do not render a report
    #[arg(long)]
    pub no_report: bool,
    /// Exit with 1 when the verdict is SUSPECT, and with 3 when an expectation is unknown, too
    #[arg(long)]
    pub strict: bool,
    /// No progress on stderr
    #[arg(long, short)]
    pub quiet: bool,
    /// Also measure another server in every block, in rows NAME-TRANSPORT; it is started like
    /// `feedlab serve` and prints the same first line
    #[arg(long, value_name = "NAME=PROGRAM:TRANSPORT,…")]
    pub rival: Vec<String>,
    /// Write what crosses the link, a file per transport and repetition: wire.pcap becomes
    /// wire-sse-1.pcap and so on, for tshark and Wireshark
    #[arg(long, value_name = "FILE")]
    pub pcap: Option<PathBuf>,
}

/// Makes a run.
///
/// # Errors
/// When it cannot be started, or what it saw cannot be written.
pub fn run(args: &Args) -> Result<ExitCode> {
    let scenario = super::load(&args.scenario, &args.sets)?;
    let rivals = args.rival.iter().map(|text| rival(text)).collect::<Result<Vec<_>>>()?;
    if let Some(path) = &args.pcap {
        check_captures(path, &scenario, &rivals)?;
    }
    let progress = Progress::new(Campaign::steps(&scenario, &rivals), args.quiet);
    let path = super::fresh_directory(&args.results, &scenario.name);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    // Before the stage has a directory: whoever is ended by a signal does not remove it.
    let mut interruption = runtime.block_on(async { Interruption::listen() })?;
    let stage = Stage::new(scenario, progress)?;
    let asked = Asked {
        scenario: args.scenario.clone(),
        sets: args.sets.clone(),
        rivals: args.rival.clone(),
    };
    let mut campaign = Campaign::new(stage, rivals, &path, args.pcap.clone())?.asked(asked);
    let outcome = runtime.block_on(async {
        tokio::select! {
            made = campaign.make() => made,
            signal = interruption.heard() => Err(signal),
        }
    });
    let run = campaign.finish(outcome.as_ref().err())?;
    super::print(&shown(&run, args.format))?;
    eprintln!("run:    {}", path.display());
    if !args.no_report && !run.rows.is_empty() {
        let (run, reports) = (path.clone(), args.reports.clone());
        let rendering = runtime.spawn_blocking(move || render(&run, &reports));
        let page = runtime.block_on(async {
            tokio::select! {
                page = rendering => page?,
                signal = interruption.heard() => {
                    let path = path.display();
                    Err(signal.context(format!("what was measured is kept: feedlab report {path}")))
                }
            }
        });
        runtime.shutdown_background();
        eprintln!("report: {}", page?.display());
    }
    outcome?;
    Ok(exit_code(&run, args.strict))
}

/// Numbers of a run that is INVALID are not those of the feed, so what was expected of it is
/// neither met nor missed.
fn exit_code(run: &Run, strict: bool) -> ExitCode {
    if run.verdict == Verdict::Invalid || (strict && run.verdict != Verdict::Valid) {
        return ExitCode::from(FAILED);
    }
    let fails = |outcome| match outcome {
        Outcome::Met => false,
        Outcome::Missed => true,
        Outcome::Unknown => strict,
    };
    if run.expectations.iter().any(|expectation| fails(expectation.outcome)) {
        return ExitCode::from(EXPECTATION_MISSED);
    }
    ExitCode::SUCCESS
}

/// Renders a run directory into the directory of the same name under `reports`.
fn render(run: &Path, reports: &Path) -> Result<PathBuf> {
    let loaded = Run::read(run)?;
    let name = run.file_name().context("a run directory has no name")?;
    Ok(::reports::render(&[loaded], &reports.join(name))?)
}

/// The run in one of the formats of stdout.
pub fn shown(run: &Run, format: Format) -> String {
    let terminal = std::io::stdout().is_terminal();
    let color = terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    match format {
        Format::Table => ::reports::table(run, width(terminal), color),
        Format::Json => ::reports::json(run),
        Format::Csv => ::reports::csv(run),
        Format::Markdown => ::reports::markdown(run),
    }
}

/// Columns of the terminal; without one the table takes what it needs.
fn width(terminal: bool) -> Option<u16> {
    terminal.then(|| console::Term::stdout().size().1)
}

/// Finds out before anything starts whether all captures can be written there.
fn check_captures(path: &Path, scenario: &Scenario, rivals: &[Rival]) -> Result<()> {
    let refuse = |why: &str| {
        let text = format!("--pcap {}: {why}", path.display());
        Err(super::Usage(text).into())
    };
    if scenario.link.is_none() {
        return refuse("there is nothing to capture without a link: add --set link.preset=lan");
    }
    if path.file_name().is_none() || path.is_dir() {
        return refuse("must be the path of a file");
    }
    let own = scenario.transports.keys().cloned();
    let twins = scenario.transports.keys().filter(|_| scenario.measure.twins);
    let twins = twins.map(|transport| noise_floor::label(transport));
    let others = rivals
        .iter()
        .flat_map(|rival| rival.transports.iter().map(|transport| rival.label(transport)));
    for label in own.chain(twins).chain(others) {
        for repetition in 1..=scenario.measure.repeat {
            let path = capture::path_of(path, &label, repetition);
            if let Err(error) = capture::check(&path) {
                return refuse(&format!(
                    "{} cannot be written: {error}; the directory must be there and writable",
                    path.display()
                ));
            }
        }
    }
    Ok(())
}

/// `floor=target/release/examples/bare:tcp,short-poll`
fn rival(text: &str) -> Result<Rival> {
    let usage = || {
        super::Usage(format!(
            "--rival {text}: expected NAME=PROGRAM:TRANSPORT,…, e.g. bare=./bare:tcp,short-poll"
        ))
    };
    let (prefix, rest) = text.split_once('=').ok_or_else(usage)?;
    let (path, transports) = rest.rsplit_once(':').ok_or_else(usage)?;
    let transports: Vec<String> = transports.split(',').map(str::to_owned).collect();
    for name in &transports {
        crate::resolve::Pair::find(name).ok_or_else(usage)?;
    }
    let path = std::path::absolute(path)?;
    if !path.exists() {
        return Err(super::Usage(format!("--rival {text}: {} is not there", path.display())).into());
    }
    Ok(Rival { path, prefix: prefix.to_owned(), transports })
}
