//! `feedlab doctor`: what this machine can measure, and what to do about the rest.

use std::process::ExitCode;

use anyhow::Result;

use crate::machine::{self, Cores};

/// Arguments of `feedlab doctor`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Exit with 1 when something is not as it should be
    #[arg(long)]
    pub strict: bool,
}

/// One finding.
struct Finding {
    /// What was looked at.
    what: &'static str,
    /// What it is.
    found: String,
    /// What will be unavailable or doubtful, and what to do; `None`: nothing.
    advice: Option<String>,
}

/// Descriptors that the largest built-in scenario needs.
const DESCRIPTORS_WANTED: u64 = 10_064;
/// Ports that it needs.
const PORTS_WANTED: u64 = 10_000;
/// Accept queue of our servers.
const BACKLOG_WANTED: u64 = 4_096;

/// Looks and says.
///
/// # Errors
/// When stdout cannot be written.
pub fn run(args: &Args) -> Result<ExitCode> {
    let findings = findings();
    let width = findings.iter().map(|finding| finding.what.len()).max().unwrap_or(0);
    let mut text = String::new();
    for Finding { what, found, advice } in &findings {
        let mark = if advice.is_none() { "ok  " } else { "look" };
        text += &format!("{mark}  {what:width$}  {found}\n");
        if let Some(advice) = advice {
            text += &format!("      {:width$}  → {advice}\n", "");
        }
    }
    super::print(&text)?;
    let troubled = findings.iter().any(|finding| finding.advice.is_some());
    Ok(if troubled && args.strict { ExitCode::from(super::FAILED) } else { ExitCode::SUCCESS })
}

fn findings() -> Vec<Finding> {
    let cores = Cores::share(None, 1);
    let on_link = Cores::share_with_relay(None, 1);
    let environment = machine::environment(&cores, 1, "");
    let (descriptors, hard) = machine::raise_descriptor_limit();
    let lateness_ns = timer_lateness_ns();
    let ports = machine::ephemeral_ports();
    let congestion = machine::congestion_in_use("reno").unwrap_or_else(|error| error.to_string());
    let check = |what, found: String, fine: bool, advice: &str| Finding {
        what,
        found,
        advice: (!fine).then(|| advice.to_owned()),
    };
    let mut findings = vec![
        check(
            "cores",
            format!("{} ({})", environment.cores, cores.described()),
            !cores.are_shared(),
            "server and harness share a core, so every run is SUSPECT: use a machine with two or more",
        ),
        // What is shared on two cores is a remark of each run on a link, and does not doubt it.
        check("cores on a link", on_link.described(), true, ""),
        check(
            "descriptors",
            format!("{descriptors} per process (hard limit {hard})"),
            descriptors >= DESCRIPTORS_WANTED,
            "scenario ten-thousand will be refused: raise it with `ulimit -Hn 20000`, or set `clients` lower",
        ),
        check(
            "local ports",
            format!("{ports} ({})", environment.port_range),
            ports >= PORTS_WANTED,
            "scenario ten-thousand will be refused: widen net.ipv4.ip_local_port_range",
        ),
        check(
            "accept queue",
            format!("net.core.somaxconn {}", environment.somaxconn),
            environment.somaxconn >= BACKLOG_WANTED,
            "fast ramps may overflow it, and the run is then SUSPECT: raise net.core.somaxconn to 4096, or measure.ramp",
        ),
        check(
            "clock source",
            environment.clocksource.clone(),
            !environment.has_slow_clock(),
            "every run is SUSPECT: the clock is slow or coarse to read, so delays and CPU are higher than elsewhere; boot with clocksource=tsc if the machine has a stable one",
        ),
        check(
            "governor",
            environment
                .governor
                .clone()
                .unwrap_or_else(|| "none (the frequency is not ours to govern)".into()),
            environment.governor.as_deref().is_none_or(|governor| governor == "performance"),
            "CPU figures vary with the frequency: set the governor to performance while measuring",
        ),
        check(
            "congestion control",
            congestion.clone(),
            congestion == "reno",
            "set server.congestion to what net.ipv4.tcp_allowed_congestion_control allows; BBR paces and probes",
        ),
        check(
            "pinning",
            pinning(&cores),
            machine::pin(&cores.harness).is_ok(),
            "processes cannot be pinned, so they disturb each other: allow sched_setaffinity",
        ),
        check(
            "PSS",
            if crate::probe::pss_bytes(std::process::id()).is_some() {
                "readable".into()
            } else {
                "not readable".into()
            },
            crate::probe::pss_bytes(std::process::id()).is_some(),
            "memory columns will be empty: the kernel needs /proc/PID/smaps_rollup",
        ),
        check(
            "exact timers",
            format!("{lateness_ns} ns late in the median of 50 sleeps"),
            lateness_ns < 1_000_000,
            "the publisher will be late and runs SUSPECT: close other programs, or use a machine with less to do",
        ),
        check(
            "build",
            environment.profile.clone(),
            environment.profile == "release",
            "an unoptimised build measures the compiler: use `cargo run --release`",
        ),
    ];
    findings.push(link());
    if let Some(machine) = environment.virtualisation {
        findings.push(check("hardware", machine, true, ""));
    }
    findings
}

/// Makes a link and takes it down again: nothing else tells what this machine allows.
fn link() -> Finding {
    let refusal = crate::link::check().err().map(|error| format!("{error:#}"));
    let found = if refusal.is_some() { "cannot be made" } else { "can be made" };
    Finding { what: "packet link", found: found.into(), advice: refusal }
}

fn pinning(cores: &Cores) -> String {
    format!("cores {:?} and {:?}", cores.server, cores.harness)
}

/// How late a sleep on absolute time wakes up.
fn timer_lateness_ns() -> u64 {
    let mut lateness: Vec<u64> = (0..50)
        .map(|_| {
            let due_ns = crate::clock::now_ns() + 1_000_000;
            crate::clock::sleep_until(due_ns);
            crate::clock::now_ns() - due_ns
        })
        .collect();
    lateness.sort_unstable();
    lateness[lateness.len() / 2]
}
