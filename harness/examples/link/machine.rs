//! What the machine itself does to a measurement: time that it takes from a core that nobody else
//! uses, and how much of the link's CPU time is the kernel's.

use anyhow::{Context, Result};
use harness::clock::{self, SECOND_NS};
use harness::link::Link;
use procfs::process::Process;

use crate::measure::Setting;

/// How long each core is watched.
const WATCH_NS: u64 = 10 * SECOND_NS;

/// Longer than an interrupt or a look at the clock takes.
const NOTABLE_NS: u64 = 20_000;

/// What a delay may be late by, in the band of the 99th percentile.
const LATE_NS: u64 = 1_000_000;

/// Times in which a thread that does nothing but watch the clock could not. A packet that is due
/// then is late, whatever the link does: each round trip needs a core four times or more.
pub fn watch(setting: &Setting) -> Result<()> {
    println!("\nTime that a core of its own takes from a thread that only watches the clock");
    println!("  core  gaps > 20 µs  % of the time  gaps > 1 ms  % of the time  longest ms");
    for core in setting.cores() {
        harness::machine::pin(&[core])?;
        let gaps = gaps();
        let over = |least_ns: u64| {
            let over = gaps.iter().filter(|gap_ns| **gap_ns > least_ns);
            (over.clone().count(), over.sum::<u64>() as f64 * 100.0 / WATCH_NS as f64)
        };
        let ((notable, notable_share), (late, late_share)) = (over(NOTABLE_NS), over(LATE_NS));
        println!(
            "  {core:4}  {notable:12}  {notable_share:13.2}  {late:11}  {late_share:13.2}  {:10.2}",
            gaps.iter().max().copied().unwrap_or(0) as f64 / 1e6
        );
    }
    setting.pin_rest()
}

fn gaps() -> Vec<u64> {
    let (mut last_ns, mut gaps) = (clock::now_ns(), Vec::new());
    let end_ns = last_ns + WATCH_NS;
    while last_ns < end_ns {
        let now_ns = clock::now_ns();
        if now_ns - last_ns > NOTABLE_NS {
            gaps.push(now_ns - last_ns);
        }
        last_ns = now_ns;
    }
    gaps
}

/// Ticks of the link's process in user mode and in the kernel.
#[derive(Clone, Copy)]
pub struct Ticks {
    user: u64,
    kernel: u64,
}

impl Ticks {
    /// Up to now.
    pub fn of(link: &Link) -> Result<Self> {
        let stat = Process::new(link.pid() as i32).and_then(|process| process.stat());
        let stat = stat.context("while reading the CPU time of the link")?;
        Ok(Self { user: stat.utime, kernel: stat.stime })
    }

    /// The kernel's share of the time since, in percent; sampled by the kernel in its tick.
    pub fn kernel_share_since(self, before: Self) -> f64 {
        let (user, kernel) = (self.user - before.user, self.kernel - before.kernel);
        kernel as f64 * 100.0 / (user + kernel).max(1) as f64
    }
}
