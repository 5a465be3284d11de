//! `feedlab capacity`: how many clients each transport holds while an objective is met.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use results::capacity::{Capacity, Ceiling, Limit};
use results::{Environment, FORMAT_VERSION, Slo};
use scenarios::Scenario;

use super::{Interruption, Usage};
use crate::capacity::Search;
use crate::{machine, resolve};

/// Arguments of `feedlab capacity`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// A built-in scenario or the path of a TOML file
    pub scenario: String,
    /// What has to be met, e.g. --slo "delay_p95 < 500ms"; columns: delay_p50, delay_p90,
    /// delay_p95, delay_p99, delay_mean, delay_max, age_mean
    #[arg(long, value_name = "COLUMN < TIME")]
    pub slo: String,
    /// Override a key, e.g. --set feed.rate=10/s
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub sets: Vec<String>,
    /// Only these of the scenario's transports, e.g. --transports sse,websocket
    #[arg(long, value_delimiter = ',', value_name = "NAMES")]
    pub transports: Vec<String>,
    /// No more clients than this
    #[arg(long, value_name = "CLIENTS", default_value = "10000")]
    pub most: u32,
    /// How the result is printed on stdout
    #[arg(long, value_enum, default_value = "table")]
    pub format: Form,
    /// Where the directory with all probes is made
    #[arg(long, value_name = "DIR", default_value = "results/local")]
    pub results: PathBuf,
    /// Where the chart is drawn
    #[arg(long, value_name = "DIR", default_value = "reports/local")]
    pub reports: PathBuf,
    /// No progress on stderr
    #[arg(long, short)]
    pub quiet: bool,
}

/// How an answer is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Form {
    /// For people.
    Table,
    /// For programs.
    Json,
    /// For pull requests.
    Markdown,
}

/// Searches.
///
/// # Errors
/// When it cannot be started, or a probe cannot be run or written.
pub fn run(args: &Args) -> Result<ExitCode> {
    let asked = asked(args)?;
    let name = format!("{}-capacity", asked.scenario.name);
    let path = super::fresh_directory(&args.results, &name);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut interruption = runtime.block_on(async { Interruption::listen() })?;
    let mut search = Search::new(asked, &path, args.quiet)?;
    let outcome = runtime.block_on(async {
        tokio::select! {
            made = search.make() => made,
            signal = interruption.heard() => Err(signal),
        }
    });
    let capacity = search.capacity;
    capacity.write(&path)?;
    super::print(&shown(&capacity, args.format)?)?;
    eprintln!("probes: {}", path.display());
    if capacity.found.iter().any(|found| !found.probes.is_empty()) {
        let name = path.file_name().unwrap_or_default();
        let chart = ::reports::capacity::render(&capacity, &args.reports.join(name))?;
        eprintln!("chart:  {}", chart.display());
    }
    outcome?;
    let broken = capacity.found.iter().any(|found| found.broken.is_some());
    Ok(if broken { ExitCode::from(super::FAILED) } else { ExitCode::SUCCESS })
}

fn shown(capacity: &Capacity, form: Form) -> Result<String> {
    Ok(match form {
        Form::Table => ::reports::capacity::table(capacity),
        Form::Markdown => ::reports::capacity::markdown(capacity),
        Form::Json => serde_json::to_string_pretty(capacity)? + "\n",
    })
}

/// What is to be found, with all that can be wrong with the question found before it is asked.
fn asked(args: &Args) -> Result<Capacity> {
    let slo: Slo = args.slo.parse().map_err(|problem| Usage(format!("--slo {problem}")))?;
    if !(1..=1_000_000).contains(&args.most) {
        let most = args.most;
        return Err(Usage(format!("--most {most}: must be from 1 to 1000000 clients")).into());
    }
    // The number of clients is the answer and no part of the question.
    let mut sets = args.sets.clone();
    let key = |set: &str| set.split('=').next().unwrap_or_default().trim().to_owned();
    if let Some(set) = sets.iter().find(|set| key(set) == "clients") {
        let problem = "the number of clients is what is sought: leave it out, or bound it with \
                       --most";
        return Err(Usage(format!("--set {set}: {problem}")).into());
    }
    sets.push("clients=1".into());
    let mut scenario = super::load(&args.scenario, &sets)?;
    only(&mut scenario, &args.transports)?;
    enough(&scenario, &slo)?;
    let (room, limit) = resolve::most_clients(&scenario);
    let most = if room < u64::from(args.most) {
        Ceiling { clients: room as u32, limit }
    } else {
        Ceiling { clients: args.most, limit: Limit::Most }
    };
    Ok(Capacity {
        format_version: FORMAT_VERSION,
        scenario,
        slo,
        most,
        started: machine::started(),
        environment: Environment::default(),
        found: Vec::new(),
        partial: true,
    })
}

/// Leaves the transports that were named.
fn only(scenario: &mut Scenario, names: &[String]) -> Result<()> {
    let known: Vec<&str> = scenario.transports.keys().map(String::as_str).collect();
    if let Some(unknown) = names.iter().find(|name| !known.contains(&name.as_str())) {
        let known = known.join(", ");
        let problem =
            format!("--transports {unknown}: the scenario does not have it; it has {known}");
        return Err(Usage(problem).into());
    }
    scenario.transports.retain(|name, _| names.is_empty() || names.contains(name));
    Ok(())
}

/// A window with too few publishes would give no answer, at the end of an hour.
fn enough(scenario: &Scenario, slo: &Slo) -> Result<()> {
    let published = scenario.schedule(1).offsets_ns.len() as u64;
    let needed = slo.publishes_needed();
    if published >= needed {
        return Ok(());
    }
    // A tenth more, as a feed of chance may have fewer.
    let share = needed as f64 * 1.1 / published.max(1) as f64;
    let seconds = (scenario.measure.duration.as_secs_f64() * share).ceil();
    Err(Usage(format!(
        "--slo {slo}: {} needs {needed} publishes and the window has {published}: give it --set \
         measure.duration={seconds}s at least, or a faster feed",
        slo.column()
    ))
    .into())
}
