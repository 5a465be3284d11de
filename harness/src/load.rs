//! What else the machine did while we measured.

use std::fs;

use crate::clock::{self, SECOND_NS};
use crate::machine::Cores;

/// What the run's cores have done since boot, summed: what happens on others does not concern it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// How many of the cores are online.
    cores: u64,
    /// Time of all of them together, ns.
    all_ns: u64,
    /// Time without work or waiting for a disk, ns, told in ticks of 10 ms.
    idle_ns: u64,
    /// Time taken by the hypervisor.
    pub steal_ns: u64,
}

impl Load {
    /// Reads /proc; zeros for what this kernel does not say.
    pub fn read(cores: &Cores) -> Self {
        let now_ns = clock::now_ns();
        let stat = fs::read_to_string("/proc/stat").unwrap_or_default();
        let (count, idle, steal) = ticks(&stat, cores);
        let tick_ns = SECOND_NS / procfs::ticks_per_second().max(1);
        Self {
            cores: count,
            all_ns: count * now_ns,
            idle_ns: idle * tick_ns,
            steal_ns: steal * tick_ns,
        }
    }

    /// What came since an earlier look; nothing if a core came or went, since nobody can say then.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        if self.cores != earlier.cores {
            return Self { cores: self.cores, ..Self::default() };
        }
        Self {
            cores: self.cores,
            all_ns: self.all_ns.saturating_sub(earlier.all_ns),
            idle_ns: self.idle_ns.saturating_sub(earlier.idle_ns),
            steal_ns: self.steal_ns.saturating_sub(earlier.steal_ns),
        }
    }

    /// The same load with so much of it told as idling: that of who runs only on idle cores.
    #[must_use]
    pub fn idle_too(self, idle_ns: u64) -> Self {
        Self { idle_ns: self.idle_ns + idle_ns, ..self }
    }

    /// Time spent at work, as what is left of all time. A kernel whose tick stops while a core is
    /// idle (`CONFIG_NO_HZ_IDLE`) measures the idling, but mostly samples in the tick who is at work
    /// (`CONFIG_TICK_CPU_ACCOUNTING`): a feed whose period is a multiple of the tick then seems to
    /// work all the time or never. Interrupts that find a core idle are work of nobody.
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
        // A kernel that only pretends to know has zeros.
        if fields.iter().all(|field| *field == 0) {
            continue;
        }
        let field = |place: usize| fields.get(place).copied().unwrap_or(0);
        count += 1;
        // idle, iowait
        idle += field(3) + field(4);
        steal += field(7);
    }
    (count, idle, steal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_other_cores_do_is_no_foreign_load() {
        let stat = "cpu  111 222 333 444 5 6 7 8 0 0\n\
                    cpu0 1 2 3 999 50 4 5 6 0 0\n\
                    cpu1 10 20 30 999 50 40 50 60 0 0\n\
                    cpu10 100 100 100 999 50 100 100 100 0 0\ncpu11 0 0 0 0\nintr 77 8\n";
        let cores = |server: &[usize], harness: &[usize]| Cores {
            server: server.to_vec(),
            harness: harness.to_vec(),
            relay: Vec::new(),
        };
        assert_eq!(ticks(stat, &cores(&[0], &[1])), (2, 1998 + 100, 66));
        assert_eq!(ticks(stat, &cores(&[0], &[0])), (1, 999 + 50, 6));
        assert_eq!(ticks(stat, &cores(&[10], &[1])), (2, 1998 + 100, 160));
        assert_eq!(ticks(stat, &cores(&[11], &[11])), (0, 0, 0), "it does not say");
    }

    #[test]
    fn what_is_neither_idle_nor_stolen_is_work() {
        let look = |cores, all_ns, idle_ns, steal_ns| Load { cores, all_ns, idle_ns, steal_ns };
        let before = look(2, 1_000, 400, 50);
        assert_eq!(look(2, 3_000, 1_400, 150).since(&before).busy_ns(), 900);
        let kept_awake = look(2, 3_000, 400, 150).since(&before).idle_too(1_000);
        assert_eq!(kept_awake.busy_ns(), 900, "who keeps a core awake leaves it idle");
        assert_eq!(look(3, 9_000, 1_400, 150).since(&before).busy_ns(), 0, "a core came");
    }
}
