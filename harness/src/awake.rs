//! Keeps the cores of a run from falling asleep while there is a link.
//!
//! A core that has nothing to do halts, and the core of a virtual machine then waits for its host to
//! let it run again. Here a process spins on each core and gives it up as soon as anybody wants it. On
//! a Firecracker machine of two cores, the relay's lateness in two runs of
//! `feedlab run quick --set link.rtt=10ms --set link.keep_awake=true` had a p99 of 0.2 to 1.0 ms over
//! the five transports, and of 0.4 to 6.6 ms with `false`.
//!
//! It has to belong to the session of the run: the scheduler is fair to sessions first where it groups
//! by them (autogroup, sched(7)), and a spinner of another one keeps its core for a turn.
//! The kernel's own remedies (`idle=poll`, `/dev/cpu_dma_latency`) are the super-user's.

use std::process::Stdio;

use anyhow::{Context, Result};
use tokio::process::Child;

use crate::machine::{self, Cores};
use crate::{kernel, process};

/// The process, which ends when this is dropped.
pub struct Awake(Child);

impl Awake {
    /// Starts it for all cores of a run.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(cores: &Cores) -> Result<Self> {
        let own = process::own_path()?;
        let mut command = process::with_parent_by(&own, &own, None);
        command.arg("awake").stdin(Stdio::null()).stderr(Stdio::inherit());
        let child = process::spawn(command, &cores.all(), &cores.harness);
        Ok(Self(child.context("while starting what keeps the cores awake")?))
    }

    /// Its process, whose CPU time is idling.
    pub fn pid(&self) -> Option<u32> {
        self.0.id()
    }
}

/// The process: a thread for each core that it may use, of the class that runs only where nothing
/// else wants to (`SCHED_IDLE`, sched(7)).
///
/// # Errors
/// When the kernel refuses; without that class it would take the cores from the run.
pub fn run() -> Result<()> {
    let threads: Vec<_> = machine::own_cores()
        .into_iter()
        .map(|core| std::thread::spawn(move || spin(core)))
        .collect();
    for thread in threads {
        if let Ok(refused) = thread.join() {
            return refused;
        }
    }
    Ok(())
}

/// Comes back only when the kernel refuses.
fn spin(core: usize) -> Result<()> {
    kernel::run_only_when_idle().context("while asking to run only on idle cores")?;
    machine::pin(&[core]).with_context(|| format!("while pinning to core {core}"))?;
    loop {
        // Tells the core that it may leave its pipeline to a sibling thread.
        std::hint::spin_loop();
    }
}
