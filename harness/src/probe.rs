//! What a process costs, read from outside: CPU, memory, descriptors, waits.

use std::fs;

use procfs::process::Process;

use crate::clock;

/// One look at a process. The sums are over its threads that live now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// CPU time of all threads, ended ones too.
    pub cpu_ns: u64,
    /// Time runnable without a core.
    pub run_queue_wait_ns: u64,
    /// Times it gave up its core to wait.
    pub voluntary_switches: u64,
    /// Times its core was taken.
    pub involuntary_switches: u64,
}

impl Cost {
    /// Reads a process; zeros for what is gone.
    pub fn read(pid: u32) -> Self {
        let mut cost = Self { cpu_ns: clock::process_cpu_ns(pid).unwrap_or(0), ..Self::default() };
        let tasks = Process::new(pid as i32).and_then(|process| process.tasks());
        for task in tasks.into_iter().flatten().flatten() {
            let path = format!("/proc/{pid}/task/{}", task.tid);
            // Field 2 of schedstat is the wait; the file of the process has the main thread only.
            cost.run_queue_wait_ns += number(&format!("{path}/schedstat"), 1);
            if let Ok(status) = task.status() {
                cost.voluntary_switches += status.voluntary_ctxt_switches.unwrap_or(0);
                cost.involuntary_switches += status.nonvoluntary_ctxt_switches.unwrap_or(0);
            }
        }
        cost
    }

    /// Reads a process that may not be known; then zeros, which no process that works has.
    pub fn of(pid: Option<u32>) -> Self {
        pid.map_or_else(Self::default, Self::read)
    }

    /// What came since an earlier look.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        Self {
            cpu_ns: self.cpu_ns.saturating_sub(earlier.cpu_ns),
            run_queue_wait_ns: self.run_queue_wait_ns.saturating_sub(earlier.run_queue_wait_ns),
            voluntary_switches: self.voluntary_switches.saturating_sub(earlier.voluntary_switches),
            involuntary_switches: self
                .involuntary_switches
                .saturating_sub(earlier.involuntary_switches),
        }
    }
}

/// Proportional set size: shared pages count in part. Slow for a large process: in pauses only.
pub fn pss_bytes(pid: u32) -> Option<u64> {
    let rollup = Process::new(pid as i32).and_then(|process| process.smaps_rollup()).ok()?;
    let map = rollup.memory_map_rollup.iter().next()?;
    map.extension.map.get("Pss").copied()
}

/// Resident memory, cheap enough for every second.
pub fn resident_bytes(pid: u32) -> u64 {
    number(&format!("/proc/{pid}/statm"), 1) * procfs::page_size()
}

/// Open descriptors.
pub fn descriptors(pid: u32) -> u64 {
    fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, |entries| entries.count() as u64)
}

/// Memory of all TCP sockets of the host, which is in no process's RSS: the kernel keeps one sum for
/// all network namespaces (`proto_memory_allocated` in `sockstat_seq_show`), so that each side of a
/// link would say the same again.
pub fn socket_memory_bytes() -> Option<u64> {
    let text = fs::read_to_string("/proc/net/sockstat").ok()?;
    let line = text.lines().find(|line| line.starts_with("TCP:"))?;
    let pages: u64 = line.split("mem ").nth(1)?.split_whitespace().next()?.parse().ok()?;
    Some(pages * procfs::page_size())
}

/// Connections that a process's network namespace has dropped because an accept queue was full, or
/// refused in a SYN flood.
pub fn accept_overflows(pid: u32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/net/netstat")).unwrap_or_default();
    netstat(&text, "ListenOverflows") + netstat(&text, "ListenDrops")
}

/// A counter of /proc/net/netstat, whose lines come in pairs of names and values.
fn netstat(text: &str, name: &str) -> u64 {
    let lines: Vec<&str> = text.lines().collect();
    for pair in lines.chunks_exact(2) {
        let place = pair[0].split_whitespace().position(|field| field == name);
        if let Some(value) = place.and_then(|place| pair[1].split_whitespace().nth(place)) {
            return value.parse().unwrap_or(0);
        }
    }
    0
}

fn number(path: &str, field: usize) -> u64 {
    fs::read_to_string(path)
        .ok()
        .and_then(|text| text.split_whitespace().nth(field)?.parse().ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_works_costs_cpu() {
        let me = std::process::id();
        let before = Cost::read(me);
        let mut sum = 0_u64;
        while Cost::read(me).since(&before).cpu_ns < 5_000_000 {
            sum = std::hint::black_box(sum + 1);
        }
        assert!(pss_bytes(me).unwrap() > 0);
        assert!(resident_bytes(me) > 0 && descriptors(me) >= 3);
        assert!(socket_memory_bytes().is_some());
    }
}
