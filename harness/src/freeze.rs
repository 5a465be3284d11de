//! Stalls of the server: stopped and continued by signal at times of the window, as a collector, a
//! page fault storm or a neighbour would do it. Who publishes and who listens goes on.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;

use anyhow::{Context, Result};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::clock;

/// A thread that freezes a process; dropped, it thaws it and ends.
pub struct Freezer {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<Vec<(u64, u64)>>>,
}

impl Freezer {
    /// Freezes process `pid` from each beginning to its end, ns of `CLOCK_MONOTONIC`, in order.
    ///
    /// # Errors
    /// When there is no thread to be had.
    pub fn start(pid: u32, times_ns: Vec<(u64, u64)>) -> Result<Self> {
        let pid = Pid::from_raw(i32::try_from(pid).context("a process number is an i32")?);
        let (stop, stopped) = channel::<()>();
        // Whether it may go on: a dropped sender ends the wait at once, also within a freeze.
        let wait = move |instant_ns: u64| {
            let ended = stopped.recv_timeout(clock::until(instant_ns));
            matches!(ended, Err(RecvTimeoutError::Timeout))
        };
        let work = move || {
            let mut frozen = Vec::with_capacity(times_ns.len());
            for (begin_ns, end_ns) in times_ns {
                if !wait(begin_ns) || kill(pid, Signal::SIGSTOP).is_err() {
                    break;
                }
                let began_ns = clock::now_ns();
                let go_on = wait(end_ns);
                let _ = kill(pid, Signal::SIGCONT);
                frozen.push((began_ns, clock::now_ns()));
                if !go_on {
                    break;
                }
            }
            frozen
        };
        let thread = std::thread::Builder::new().name("freezer".into()).spawn(work);
        let thread = thread.context("while starting the thread that freezes the server")?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }

    /// The times in which the process really stood still; call it after the last of them.
    pub fn finish(mut self) -> Vec<(u64, u64)> {
        let thread = self.thread.take();
        let frozen = thread.and_then(|thread| thread.join().ok()).unwrap_or_default();
        self.stop = None;
        frozen
    }
}

impl Drop for Freezer {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::process::{Child, Command};

    use super::*;

    /// R, S or T (stopped).
    fn state(child: &Child) -> String {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap();
        stat.rsplit_once(") ").unwrap().1.chars().take(1).collect()
    }

    fn wait_until(mut is_so: impl FnMut() -> bool) {
        let deadline_ns = clock::now_ns() + 60 * clock::SECOND_NS;
        while !is_so() {
            assert!(clock::now_ns() < deadline_ns, "it did not happen within a minute");
            std::thread::yield_now();
        }
    }

    #[test]
    fn a_process_stands_still_between_the_times_and_goes_on_after_them() {
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        let now_ns = clock::now_ns();
        let times = vec![(now_ns, now_ns + 50_000_000), (now_ns + 80_000_000, now_ns + 90_000_000)];
        let freezer = Freezer::start(child.id(), times.clone()).unwrap();
        let frozen = freezer.finish();
        assert_eq!(frozen.len(), 2);
        for ((began, ended), (begin, end)) in frozen.iter().zip(times) {
            assert!(*began >= begin && *ended >= end);
        }
        assert_ne!(state(&child), "T");
        child.kill().unwrap();
        child.wait().unwrap();
    }

    #[test]
    fn an_interrupted_freeze_leaves_nothing_frozen() {
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        let now_ns = clock::now_ns();
        let freezer = Freezer::start(child.id(), vec![(now_ns, now_ns + 3600 * clock::SECOND_NS)]);
        let freezer = freezer.unwrap();
        wait_until(|| state(&child) == "T");
        drop(freezer);
        wait_until(|| state(&child) != "T");
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
