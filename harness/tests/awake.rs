//! What keeps the cores of a run awake takes nothing from it.
#![allow(clippy::unwrap_used)] // a test that unwraps fails with the line that is wrong

use std::process::{Child, Command};

use harness::machine;
use procfs::process::{Process, Task};

/// `SCHED_IDLE` (linux/sched.h).
const ONLY_WHEN_IDLE: u32 = 5;

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn every_core_has_a_thread_that_runs_only_where_nothing_else_wants_to() {
    let child = Command::new(env!("CARGO_BIN_EXE_feedlab")).arg("awake").spawn().unwrap();
    let running = Running(child);
    let spins = |task: &Task| task.stat().is_ok_and(|stat| stat.policy == Some(ONLY_WHEN_IDLE));
    let cores = machine::own_cores();
    // They need some time to start; the test ends when they are there.
    loop {
        let process = Process::new(running.0.id() as i32).unwrap();
        let tasks: Vec<Task> = process.tasks().unwrap().filter_map(Result::ok).collect();
        let mut found: Vec<String> = tasks
            .iter()
            .filter(|task| spins(task))
            .filter_map(|task| task.status().ok()?.cpus_allowed_list)
            .filter_map(|cores| cores.first().map(|(first, last)| format!("{first}-{last}")))
            .collect();
        found.sort();
        let mut wanted: Vec<String> = cores.iter().map(|core| format!("{core}-{core}")).collect();
        wanted.sort();
        if found == wanted {
            break;
        }
        std::thread::yield_now();
    }
}
