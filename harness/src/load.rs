//! What else the machine did while we measured.

use std::fs;

use crate::clock::{self, SECOND_NS};
use crate::machine::Cores;

/// What the run's cores have done since boot, summed: what happens on others does not concern it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// Time of all these cores together, ns.
    all_ns: u64,
    /// Time without work or waiting for a disk, ns, in the kernel's ticks of 10 ms.
    idle_ns: u64,
    /// Time taken by the hypervisor.
    pub steal_ns: u64,
    /// Of the whole network namespace: connections dropped because an accept queue was full, or
    /// refused in a SYN flood.
    pub accept_overflows: u64,
}

impl Load {
    /// Reads /proc; zeros for what this kernel does not say.
    pub fn read(cores: &Cores) -> Self {
        let now_ns = clock::now_ns();
        let stat = fs::read_to_string("/proc/stat").unwrap_or_default();
        let (count, idle, steal) = ticks(&stat, cores);
        let tick_ns = SECOND_NS / procfs::ticks_per_second().max(1);
        Self {
            all_ns: count * now_ns,
            idle_ns: idle * tick_ns,
            steal_ns: steal * tick_ns,
            accept_overflows: netstat("ListenOverflows") + netstat("ListenDrops"),
        }
    }

    /// What came since an earlier look.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        Self {
            all_ns: self.all_ns.saturating_sub(earlier.all_ns),
            idle_ns: self.idle_ns.saturating_sub(earlier.idle_ns),
            steal_ns: self.steal_ns.saturating_sub(earlier.steal_ns),
            accept_overflows: self.accept_overflows.saturating_sub(earlier.accept_overflows),
        }
    }

    /// Time spent at work, as what is left of all time. The kernel measures a core's idling, but
    /// mostly samples who is at work in its timer tick (`CONFIG_TICK_CPU_ACCOUNTING`): a feed whose
    /// period is a multiple of the tick then seems to work all the time or never.
    pub fn busy_ns(&self) -> u64 {
        self.all_ns.saturating_sub(self.idle_ns + self.steal_ns)
    }
}

/// How many of these cores the text of /proc/stat has, with their idle and stolen ticks
/// (proc_stat(5)).
fn ticks(stat: &str, cores: &Cores) -> (u64, u64, u64) {
    let (mut count, mut idle, mut steal) = (0, 0, 0);
    for line in stat.lines() {
        let Some((name, fields)) = line.split_once(' ') else { continue };
        let core = name.strip_prefix("cpu").and_then(|number| number.parse().ok());
        if !core.is_some_and(|core| cores.has(core)) {
            continue;
        }
        let fields: Vec<u64> =
            fields.split_whitespace().map(|field| field.parse().unwrap_or(0)).collect();
        let field = |place: usize| fields.get(place).copied().unwrap_or(0);
        count += 1;
        // idle, iowait
        idle += field(3) + field(4);
        steal += field(7);
    }
    (count, idle, steal)
}

/// A counter of /proc/net/netstat, whose lines come in pairs of names and values.
fn netstat(name: &str) -> u64 {
    let text = fs::read_to_string("/proc/self/net/netstat").unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    for pair in lines.chunks_exact(2) {
        let place = pair[0].split_whitespace().position(|field| field == name);
        if let Some(value) = place.and_then(|place| pair[1].split_whitespace().nth(place)) {
            return value.parse().unwrap_or(0);
        }
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_other_cores_do_is_no_foreign_load() {
        let stat = "cpu  111 222 333 444 5 6 7 8 0 0\n\
                    cpu0 1 2 3 999 50 4 5 6 0 0\n\
                    cpu1 10 20 30 999 50 40 50 60 0 0\n\
                    cpu10 100 100 100 999 50 100 100 100 0 0\nintr 77 8\n";
        let cores = |server: &[usize], harness: &[usize]| Cores {
            server: server.to_vec(),
            harness: harness.to_vec(),
        };
        assert_eq!(ticks(stat, &cores(&[0], &[1])), (2, 1998 + 100, 66));
        assert_eq!(ticks(stat, &cores(&[0], &[0])), (1, 999 + 50, 6));
        assert_eq!(ticks(stat, &cores(&[10], &[1])), (2, 1998 + 100, 160));
    }

    #[test]
    fn what_is_neither_idle_nor_stolen_is_work() {
        let before = Load { all_ns: 1_000, idle_ns: 400, steal_ns: 50, accept_overflows: 1 };
        let after = Load { all_ns: 3_000, idle_ns: 1_400, steal_ns: 150, accept_overflows: 1 };
        assert_eq!(after.since(&before).busy_ns(), 900);
    }
}
