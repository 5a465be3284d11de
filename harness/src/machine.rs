//! The machine: its cores and its conditions.

use std::fs;
use std::path::Path;

use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::unistd::Pid;
use results::Environment;

/// Which cores the processes use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cores {
    /// The server's.
    pub server: Vec<usize>,
    /// Everything else's.
    pub harness: Vec<usize>,
    /// The relay's of the link, where there is one.
    pub relay: Vec<usize>,
}

impl Cores {
    /// The server has a core per thread, the first that we may use (or those it asks for), as long
    /// as one is left; the rest is the harness's. With one core they share it.
    pub fn share(wanted: Option<&[u32]>, server_threads: u32) -> Self {
        Self::divide(own_cores(), wanted, server_threads)
    }

    fn divide(all: Vec<usize>, wanted: Option<&[u32]>, server_threads: u32) -> Self {
        let most = all.len().saturating_sub(1).max(1);
        let server: Vec<usize> = match wanted {
            Some(cpus) => cpus.iter().map(|cpu| *cpu as usize).collect(),
            None => all.iter().take((server_threads as usize).clamp(1, most)).copied().collect(),
        };
        let rest: Vec<usize> = all.iter().filter(|core| !server.contains(core)).copied().collect();
        let harness = if rest.is_empty() { all } else { rest };
        Self { server, harness, relay: Vec::new() }
    }

    /// With a relay that carries every packet: it has the first core that the server does not ask
    /// for, the others have the rest. On two cores server and harness share one, because a relay
    /// that waits for its turn would delay every packet.
    pub fn share_with_relay(wanted: Option<&[u32]>, server_threads: u32) -> Self {
        Self::divide_with_relay(own_cores(), wanted, server_threads)
    }

    fn divide_with_relay(all: Vec<usize>, wanted: Option<&[u32]>, server_threads: u32) -> Self {
        let asked = |core: &usize| wanted.is_some_and(|cpus| cpus.contains(&(*core as u32)));
        let relay = all.iter().copied().find(|core| !asked(core)).unwrap_or(all[0]);
        let rest: Vec<usize> = all.iter().copied().filter(|core| *core != relay).collect();
        let rest = if rest.is_empty() { all } else { rest };
        Self { relay: vec![relay], ..Self::divide(rest, wanted, server_threads) }
    }

    /// Whether the run uses this core.
    pub fn has(&self, core: usize) -> bool {
        [&self.server, &self.harness, &self.relay].into_iter().any(|cores| cores.contains(&core))
    }

    /// How many they are, both sides together.
    pub fn count(&self) -> u32 {
        self.all().len() as u32
    }

    /// All of them, each once.
    pub fn all(&self) -> Vec<usize> {
        let mut all = [&self.server[..], &self.harness, &self.relay].concat();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Who has which, in words.
    pub fn described(&self) -> String {
        let [server, harness, relay] = [&self.server, &self.harness, &self.relay].map(|c| list(c));
        match (self.relay.is_empty(), self.are_shared()) {
            (true, _) => format!("server on {server}, the rest on {harness}"),
            (false, false) => {
                format!("relay on {relay}, server on {server}, the rest on {harness}")
            }
            (false, true) if self.count() == 1 => {
                format!("relay, server and the rest share {relay}")
            }
            (false, true) => format!(
                "relay on {relay}, server and the rest share {harness}; with three cores each would \
                 have its own"
            ),
        }
    }

    /// Whether server and harness disturb each other.
    pub fn are_shared(&self) -> bool {
        self.server.iter().any(|core| self.harness.contains(core))
    }
}

/// The cores that this process may use.
pub fn own_cores() -> Vec<usize> {
    let set = sched_getaffinity(Pid::from_raw(0)).unwrap_or_default();
    (0..CpuSet::count()).filter(|core| set.is_set(*core).unwrap_or(false)).collect()
}

/// Pins the calling thread, and with it all processes and threads that it starts from now on.
///
/// # Errors
/// The kernel's, for a core that this machine does not have or that we may not use.
pub fn pin(cores: &[usize]) -> nix::Result<()> {
    let mut set = CpuSet::new();
    for core in cores {
        set.set(*core)?;
    }
    sched_setaffinity(Pid::from_raw(0), &set)
}

/// Raises the soft limit of descriptors to the hard one, for us and our children; returns both.
pub fn raise_descriptor_limit() -> (u64, u64) {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap_or((0, 0));
    if soft < hard && setrlimit(Resource::RLIMIT_NOFILE, hard, hard).is_ok() {
        return (hard, hard);
    }
    (soft, hard)
}

/// Local ports that connections to one address can use.
pub fn ephemeral_ports() -> u64 {
    let range = line("/proc/sys/net/ipv4/ip_local_port_range");
    let mut bounds = range.split_whitespace().filter_map(|bound| bound.parse::<u64>().ok());
    match (bounds.next(), bounds.next()) {
        (Some(low), Some(high)) => high.saturating_sub(low) + 1,
        _ => 28_232,
    }
}

/// The kernel's clock source.
pub fn clocksource() -> String {
    line("/sys/devices/system/clocksource/clocksource0/current_clocksource")
}

/// The governor of core 0, where frequencies can be governed.
pub fn governor() -> Option<String> {
    let governor = line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor");
    (!governor.is_empty()).then_some(governor)
}

/// What a socket really uses when asked for a congestion control.
///
/// # Errors
/// The kernel's, for one that it does not have or that an ordinary user may not choose.
pub fn congestion_in_use(wanted: &str) -> std::io::Result<String> {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None)?;
    socket.set_tcp_congestion(wanted.as_bytes())?;
    let name = socket.tcp_congestion()?;
    Ok(String::from_utf8_lossy(&name).trim_end_matches('\0').to_owned())
}

/// What a socket says of `TCP_NODELAY` after it was set to this.
///
/// # Errors
/// The kernel's.
pub fn nodelay_in_use(wanted: bool) -> std::io::Result<bool> {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None)?;
    socket.set_tcp_nodelay(wanted)?;
    socket.tcp_nodelay()
}

/// The congestion controls that any user may choose.
pub fn allowed_congestion() -> String {
    line("/proc/sys/net/ipv4/tcp_allowed_congestion_control")
}

/// The conditions that a scenario does not set.
pub fn environment(cores: &Cores, workers: u32, congestion: &str) -> Environment {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap_or((0, 0));
    Environment {
        null_arrivals_per_s: None,
        feedlab: env!("CARGO_PKG_VERSION").to_owned(),
        git_commit: option_env!("FEEDLAB_COMMIT").map(str::to_owned),
        rustc: option_env!("FEEDLAB_RUSTC").unwrap_or_default().to_owned(),
        profile: if cfg!(debug_assertions) { "debug" } else { "release" }.to_owned(),
        date: date(),
        cpu: field("/proc/cpuinfo", "model name"),
        cores: cores.count(),
        memory_bytes: memory_bytes(),
        kernel: line("/proc/sys/kernel/osrelease"),
        os: field("/etc/os-release", "PRETTY_NAME").trim_matches('"').to_owned(),
        virtualisation: virtualisation(),
        clocksource: clocksource(),
        governor: governor(),
        congestion: congestion.to_owned(),
        nodelay: None,
        open_files: soft,
        open_files_hard: hard,
        somaxconn: line("/proc/sys/net/core/somaxconn").parse().unwrap_or(0),
        port_range: words("/proc/sys/net/ipv4/ip_local_port_range"),
        tcp_rmem: words("/proc/sys/net/ipv4/tcp_rmem"),
        tcp_wmem: words("/proc/sys/net/ipv4/tcp_wmem"),
        server_cpus: list(&cores.server),
        harness_cpus: list(&cores.harness),
        relay_cpus: list(&cores.relay),
        workers,
        link: "loopback".to_owned(),
    }
}

/// This machine, as far as no scenario has a say in it.
pub fn here() -> Environment {
    environment(&Cores::share(None, 1), 1, "")
}

/// How many processes the kernel has killed for their memory since it started.
pub fn killed_for_memory() -> u64 {
    let counters = fs::read_to_string("/proc/vmstat").unwrap_or_default();
    let killed = counters.lines().find_map(|line| line.strip_prefix("oom_kill "));
    killed.and_then(|count| count.trim().parse().ok()).unwrap_or(0)
}

fn memory_bytes() -> u64 {
    let text = field("/proc/meminfo", "MemTotal");
    text.split_whitespace().next().and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) * 1024
}

fn virtualisation() -> Option<String> {
    let vendor = line("/sys/class/dmi/id/sys_vendor");
    if Path::new("/.dockerenv").exists() {
        return Some("container".to_owned());
    }
    let flags = field("/proc/cpuinfo", "flags");
    flags.split_whitespace().any(|flag| flag == "hypervisor").then(|| {
        if vendor.is_empty() {
            "virtual machine".to_owned()
        } else {
            format!("virtual machine ({vendor})")
        }
    })
}

/// Today, UTC.
fn date() -> String {
    started().chars().take(10).collect()
}

/// Now, as RFC 3339 in UTC.
pub fn started() -> String {
    humantime::format_rfc3339_seconds(std::time::SystemTime::now()).to_string()
}

fn list(cores: &[usize]) -> String {
    cores.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

fn words(path: &str) -> String {
    line(path).split_whitespace().collect::<Vec<_>>().join(" ")
}

fn line(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default().trim().to_owned()
}

/// The value behind `name:` or `name=`, of the first such line.
fn field(path: &str, name: &str) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default();
    line.split_once([':', '=']).map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::Cores;

    #[test]
    fn who_has_which_core_is_said_for_each_number_of_them() {
        let alone = |cores: usize| Cores::divide((0..cores).collect(), None, 1).described();
        assert_eq!(alone(2), "server on 0, the rest on 1");
        let relayed = |cores: usize, wanted: Option<&[u32]>| {
            Cores::divide_with_relay((0..cores).collect(), wanted, 1).described()
        };
        assert_eq!(relayed(1, None), "relay, server and the rest share 0");
        let two =
            "relay on 0, server and the rest share 1; with three cores each would have its own";
        assert_eq!(relayed(2, None), two);
        assert_eq!(relayed(3, None), "relay on 0, server on 1, the rest on 2");
        assert_eq!(relayed(4, Some(&[0])), "relay on 1, server on 0, the rest on 2,3");
    }
}
