//! The conditions of a run that the scenario does not set.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where the numbers come from: flat, so that any tool can put two runs side by side.
///
/// An unknown fact is an empty string or `None`, never a guess.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Environment {
    /// Version of feedlab.
    pub feedlab: String,
    /// Commit that feedlab was built from.
    pub git_commit: Option<String>,
    /// Compiler that built feedlab.
    pub rustc: String,
    /// Build profile: an unoptimised build measures the compiler.
    pub profile: String,
    /// Day of the run, `2026-11-21`.
    pub date: String,
    /// Model name of the CPU.
    pub cpu: String,
    /// Cores this process may use.
    pub cores: u32,
    /// Memory of the machine.
    pub memory_bytes: u64,
    /// Kernel release.
    pub kernel: String,
    /// Distribution, from os-release.
    pub os: String,
    /// Hypervisor or container, where one is recognised.
    pub virtualisation: Option<String>,
    /// Clock source of the kernel; anything but a counter in the CPU makes reading the time slow.
    pub clocksource: String,
    /// CPU frequency governor, where there is one.
    pub governor: Option<String>,
    /// Congestion control as read back from a socket.
    pub congestion: String,
    /// `TCP_NODELAY` as read back from a socket; the clients read it back from each of theirs.
    pub nodelay: Option<bool>,
    /// Soft limit of open descriptors per process, as used.
    pub open_files: u64,
    /// Hard limit of open descriptors per process.
    pub open_files_hard: u64,
    /// `net.core.somaxconn`: longest accept queue.
    pub somaxconn: u64,
    /// `net.ipv4.ip_local_port_range`.
    pub port_range: String,
    /// `net.ipv4.tcp_rmem`.
    pub tcp_rmem: String,
    /// `net.ipv4.tcp_wmem`.
    pub tcp_wmem: String,
    /// Cores of the server process.
    pub server_cpus: String,
    /// Cores of the publisher, the workers and the orchestrator.
    pub harness_cpus: String,
    /// Cores of the link's relay; empty on loopback.
    pub relay_cpus: String,
    /// Load workers per transport.
    pub workers: u32,
    /// What lies between client and server.
    pub link: String,
    /// Arrivals that one core of the harness decodes and records per second where no socket and no
    /// server takes its time; `None` before it was measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub null_arrivals_per_s: Option<u64>,
}

impl Environment {
    /// Arrivals per second that all load workers together can record at all: a worker is one
    /// thread, and several on a core share it.
    pub fn null_arrivals_per_s_of_all(&self) -> Option<u64> {
        let cores = self.harness_cpus.split(',').filter(|cpu| !cpu.is_empty()).count() as u64;
        let busy = u64::from(self.workers).min(cores).max(1);
        Some(self.null_arrivals_per_s? * busy)
    }

    /// Whether there is a core that both server and harness use.
    pub fn shares_cores(&self) -> bool {
        let harness: Vec<&str> = self.harness_cpus.split(',').collect();
        !self.server_cpus.is_empty()
            && self.server_cpus.split(',').any(|cpu| harness.contains(&cpu))
    }
}
