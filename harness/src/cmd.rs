//! The verbs, one file each.

pub mod advise;
pub mod capacity;
pub mod compare;
pub mod conform;
pub mod doctor;
pub mod generate;
pub mod predict;
pub mod report;
pub mod run;
pub mod scenarios;
pub mod serve;
pub mod sweep;
pub mod validate;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use clap::{Parser, Subcommand};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Exit codes: 1 failed to run, INVALID, interrupted, or SUSPECT under --strict.
pub const FAILED: u8 = 1;
/// Exit code: usage or configuration.
pub const USAGE: u8 = 2;
/// Exit code: worse than a baseline.
pub const REGRESSION: u8 = 4;
/// Exit code: an expectation of the scenario was missed.
pub const EXPECTATION_MISSED: u8 = 3;

const AFTER_HELP: &str = "\
Exit codes: 0 ok (VALID or SUSPECT) · 1 failed to run, INVALID, interrupted, or SUSPECT under
--strict · 2 usage or configuration · 3 expectation missed · 4 regression against a baseline

Start with: feedlab run quick";

/// What does it cost to carry a live-update feed by short polling, long polling, server-sent
/// events, WebSocket or raw TCP: in delay, bytes and server resources? Measured, and compared
/// with theory.
#[derive(Parser, Debug)]
#[command(name = "feedlab", version, after_help = AFTER_HELP)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// What to do.
#[derive(Subcommand, Debug)]
pub enum Verb {
    /// Measure a scenario over its transports and write a report
    Run(run::Args),
    /// Measure a scenario over one or two axes and say who wins where
    Sweep(sweep::Args),
    /// Find how many clients each transport holds, and what stops it
    Capacity(capacity::Args),
    /// Say which transport to choose for what is required, and where the answer changes
    Advise(advise::Args),
    /// Render reports of runs again, offline
    Report(report::Args),
    /// Say whether one run is better than another, the same, worse, or nobody can tell
    Compare(compare::Args),
    /// Say what theory expects of a scenario on this machine
    Predict(predict::Args),
    /// Hold this lab against what a correct one must reproduce, on this machine
    Validate(validate::Args),
    /// Serve a feed over the transports
    Serve(serve::Args),
    /// Check a server, in any language, against the wire protocol
    Conform(conform::Args),
    /// List the built-in scenarios
    Scenarios(scenarios::Args),
    /// Say what this machine can measure, and what to do about the rest
    Doctor(doctor::Args),
    /// Write completions, the man page or the scenario schema to stdout
    Generate(generate::Args),
    /// A load worker; started by `run`
    #[command(hide = true)]
    Worker,
    /// A link between clients and server; started by `run`
    #[command(hide = true)]
    Link,
    /// Keep cores from falling asleep; started by `run`
    #[command(hide = true)]
    Awake,
    /// Become a program that dies with its parent; every process of a run is started by it
    #[command(hide = true)]
    WithParent {
        /// The user namespace of the link to live behind
        #[arg(long, requires = "net")]
        user: Option<PathBuf>,
        /// The network namespace of the side to live on
        #[arg(long, requires = "user")]
        net: Option<PathBuf>,
        /// The parent's process
        parent: u32,
        /// The program and its arguments
        #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
        program: Vec<std::ffi::OsString>,
    },
}

/// A usage error: exit code 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Usage(pub String);

/// Loads and resolves a scenario; its errors are usage errors.
///
/// # Errors
/// One sentence with file, line, key and what is allowed.
pub fn load(name_or_path: &str, sets: &[String]) -> Result<::scenarios::Scenario> {
    let usage = |error: ::scenarios::Error| Usage(error.to_string());
    let scenario = ::scenarios::Scenario::load(name_or_path, sets).map_err(usage)?;
    Ok(crate::resolve::resolve(scenario).map_err(usage)?)
}

/// Writes to stdout; a reader that has enough is no error.
///
/// # Errors
/// When stdout cannot be written for another reason.
pub fn print(text: &str) -> Result<()> {
    use std::io::Write;
    let mut stdout = std::io::stdout().lock();
    let written = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    match written {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => other.context("while writing to stdout"),
    }
}

/// Ctrl-C, SIGTERM and a terminal that closes, which from now on end nothing by themselves.
struct Interruption {
    interrupt: Signal,
    terminate: Signal,
    /// `None` for one that is to outlive its terminal, as under nohup.
    hangup: Option<Signal>,
}

impl Interruption {
    /// Listens; call it within a runtime.
    fn listen() -> Result<Self> {
        let listen = || {
            Ok::<_, std::io::Error>(Self {
                interrupt: signal(SignalKind::interrupt())?,
                terminate: signal(SignalKind::terminate())?,
                hangup: (!is_ignored(libc::SIGHUP))
                    .then(|| signal(SignalKind::hangup()))
                    .transpose()?,
            })
        };
        listen().context("while asking to be told of Ctrl-C")
    }

    /// Waits for the next, also if it has come since the last; the error to end with.
    async fn heard(&mut self) -> anyhow::Error {
        let hung_up = async {
            match &mut self.hangup {
                Some(signal) => signal.recv().await,
                None => std::future::pending().await,
            }
        };
        let name = tokio::select! {
            _ = self.interrupt.recv() => "Ctrl-C",
            _ = self.terminate.recv() => "SIGTERM",
            _ = hung_up => "SIGHUP",
        };
        anyhow!("interrupted by {name}")
    }
}

/// Whether whoever started this process has set a signal to be ignored (proc_pid_status(5), SigIgn).
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}

/// A directory for a run's output that does not exist yet: `<parent>/<scenario>-<time>`.
fn fresh_directory(parent: &Path, scenario: &str) -> PathBuf {
    let time: String = crate::machine::started()
        .chars()
        .filter(|character| character.is_ascii_digit() || *character == 'T')
        .collect();
    let base = parent.join(format!("{scenario}-{time}"));
    let numbered = (2..).map(|number| parent.join(format!("{scenario}-{time}-{number}")));
    let fresh = std::iter::once(base.clone()).chain(numbered).find(|path| !path.exists());
    fresh.unwrap_or(base)
}

/// How rows are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people.
    Table,
    /// For programs: format_version, scenario, environment, verdict, warnings, rows, pooled.
    Json,
    /// For spreadsheets: a row per transport and repetition.
    Csv,
    /// For pull requests.
    Markdown,
}
