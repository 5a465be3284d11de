//! `feedlab advise`: which transport for what is required, by what was measured on this machine.

mod grounds;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use results::advise::{Advice, Needs, advise};
use scenarios::Rate;

use super::Usage;
use super::capacity::Form;
use crate::resolve;

/// Arguments of `feedlab advise`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Clients that follow, 1 to 1000000
    #[arg(long)]
    pub clients: String,
    /// Updates that each of them is to have, e.g. 0.2/s, 2/min
    #[arg(long)]
    pub rate: String,
    /// What 99 of 100 deliveries may take at most, 1ms to 1day
    #[arg(long, value_name = "TIME")]
    pub max_delay: String,
    /// Round trip between clients and servers, 0s to 10s
    #[arg(long, value_name = "TIME", default_value = "0s")]
    pub rtt: String,
    /// Bytes of an update, 64 to 1048576
    #[arg(long, value_name = "BYTES", default_value = "256")]
    pub payload: String,
    /// Clients are web pages
    #[arg(long)]
    pub browser: bool,
    /// Only the newest value matters
    #[arg(long)]
    pub latest_value: bool,
    /// Poll with this interval instead of the largest that meets the delay
    #[arg(long, value_name = "TIME", conflicts_with = "min_interval")]
    pub poll_interval: Option<String>,
    /// Never poll more often than this
    #[arg(long, value_name = "TIME")]
    pub min_interval: Option<String>,
    /// Cores of a server, 1 to 1024
    #[arg(long, value_name = "CORES", default_value = "1")]
    pub server_cores: String,
    /// Memory of a server that clients may fill, in MiB, 16 to 16777216
    #[arg(long, value_name = "MIB", default_value = "4096")]
    pub server_memory: String,
    /// The run whose costs are taken; default: the newest `baseline` or `quick` run under --results
    /// with the link, TLS, server and transports that are built in, else a short calibration
    #[arg(long, value_name = "RUNDIR")]
    pub from: Option<PathBuf>,
    /// Where runs are looked for
    #[arg(long, value_name = "DIR", default_value = "results/local")]
    pub results: PathBuf,
    /// How the answer is printed on stdout
    #[arg(long, value_enum, default_value = "table")]
    pub format: Form,
}

/// Answers.
///
/// # Errors
/// When the question is out of range, the run cannot be used, or a calibration cannot be made.
pub fn run(args: &Args) -> Result<ExitCode> {
    let needs = needs(args).map_err(Usage)?;
    let grounds = grounds::find(args.from.as_deref(), &args.results)?;
    eprintln!("costs: {}", grounds.costs.source);
    let (room, _) = resolve::most_clients(&grounds.scenario);
    super::print(&shown(&advise(&needs, &grounds.costs, room), args.format)?)?;
    Ok(ExitCode::SUCCESS)
}

fn shown(advice: &Advice, form: Form) -> Result<String> {
    Ok(match form {
        Form::Table => ::reports::advice::table(advice),
        Form::Markdown => ::reports::advice::markdown(advice),
        Form::Json => serde_json::to_string_pretty(advice)? + "\n",
    })
}

const DAY: Duration = Duration::from_secs(86_400);

fn needs(args: &Args) -> Result<Needs, String> {
    let rate: Rate =
        args.rate.parse().map_err(|must| format!("--rate {}: must be {must}", args.rate))?;
    let ms = Duration::from_millis;
    let interval = |flag, text: &Option<String>| {
        text.as_ref().map(|text| time(flag, text, (ms(1), DAY))).transpose()
    };
    Ok(Needs {
        clients: number("--clients", &args.clients, (1, 1_000_000))?,
        rate,
        max_delay: time("--max-delay", &args.max_delay, (ms(1), DAY))?,
        rtt: time("--rtt", &args.rtt, (Duration::ZERO, Duration::from_secs(10)))?,
        payload_bytes: number("--payload", &args.payload, (64, 1_048_576))? as u32,
        browser: args.browser,
        latest_value: args.latest_value,
        poll_interval: interval("--poll-interval", &args.poll_interval)?,
        min_interval: interval("--min-interval", &args.min_interval)?,
        server_cores: number("--server-cores", &args.server_cores, (1, 1_024))? as u32,
        server_memory_bytes: number("--server-memory", &args.server_memory, (16, 1 << 24))? << 20,
    })
}

fn number(flag: &str, text: &str, (least, most): (u64, u64)) -> Result<u64, String> {
    let number = text.parse().ok().filter(|number| (least..=most).contains(number));
    number.ok_or_else(|| format!("{flag} {text}: must be a whole number from {least} to {most}"))
}

fn time(flag: &str, text: &str, (least, most): (Duration, Duration)) -> Result<Duration, String> {
    let time = humantime::parse_duration(text).ok().filter(|time| (least..=most).contains(time));
    time.ok_or_else(|| {
        let [least, most] = [least, most].map(humantime::format_duration);
        format!("{flag} {text}: must be a time such as \"250ms\", from {least} to {most}")
    })
}
