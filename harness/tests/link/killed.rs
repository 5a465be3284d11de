//! Whole runs over a link whose orchestrator is ended from outside.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use harness::link::order::Settings;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::life::{Space, is_gone};
use crate::stage::{FEEDLAB, link, until};

const SCENARIO: &str = r#"format = 1
about = "a run that does not come to its end"
clients = 2
tls = true

[feed]
kind = "periodic"
rate = "20/s"

[link]
rtt = "10ms"

[measure]
duration = "60s"

[transports.sse]
"#;

/// A run with a place of its own for its private directory.
struct Place(tempfile::TempDir);

impl Place {
    /// `None`, with the reason printed, where this machine cannot have a link.
    async fn new() -> Option<Self> {
        link(Settings::default()).await?;
        let place = Self(tempfile::tempdir().unwrap());
        fs::create_dir(place.temporary()).unwrap();
        fs::write(place.0.path().join("run.toml"), SCENARIO).unwrap();
        Some(place)
    }

    fn temporary(&self) -> PathBuf {
        self.0.path().join("temporary")
    }

    /// What runs have in the place of `/tmp`.
    fn left(&self) -> Vec<PathBuf> {
        fs::read_dir(self.temporary()).unwrap().map(|entry| entry.unwrap().path()).collect()
    }

    fn start(&self, program: &str, arguments: &[&str]) -> Child {
        Command::new(program)
            .args(arguments)
            .args(["run", "run.toml", "--quiet", "--no-report"])
            .current_dir(self.0.path())
            .env("TMPDIR", self.temporary())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }
}

/// The link, the server and a load worker of a run, with the namespaces in which they live.
async fn parts(run: &mut Child) -> Vec<(u32, Space)> {
    let mut parts = Vec::new();
    until("a link, a server and a load worker are there", async || {
        assert!(run.try_wait().unwrap().is_none(), "the run has ended");
        let find = |verb| child(run.id(), verb).and_then(|pid| Some((pid, Space::of(pid).ok()?)));
        parts = ["link", "serve", "worker"].into_iter().filter_map(find).collect();
        parts.len() == 3
    })
    .await;
    parts
}

/// A child of a process that plays the role of a verb.
fn child(parent: u32, verb: &str) -> Option<u32> {
    let children = fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).ok()?;
    children.split_whitespace().filter_map(|pid| pid.parse().ok()).find(|pid: &u32| {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        line.split(|byte| *byte == 0).nth(1) == Some(verb.as_bytes())
    })
}

fn send(run: &Child, signal: Signal) {
    kill(Pid::from_raw(run.id() as i32), signal).unwrap();
}

async fn until_nothing_is_left(parts: Vec<(u32, Space)>) {
    until("all processes end", async || parts.iter().all(|(pid, _)| is_gone(*pid))).await;
    until("the namespaces go", async || !parts.iter().any(|(_, space)| space.is_used())).await;
}

#[tokio::test]
async fn a_run_that_is_killed_leaves_no_process_and_no_namespace_and_the_next_removes_its_directory()
 {
    let Some(place) = Place::new().await else { return };
    let mut run = place.start(FEEDLAB, &[]);
    let parts = parts(&mut run).await;
    send(&run, Signal::SIGKILL);
    run.wait().unwrap();
    until_nothing_is_left(parts).await;
    let left = place.left();
    assert!(left.len() == 1 && left[0].join("key.pem").exists(), "{left:?}");
    // The next one need not come far.
    let output = Command::new(FEEDLAB)
        .args(["run", "run.toml", "--results", "/proc/nowhere"])
        .current_dir(place.0.path())
        .env("TMPDIR", place.temporary())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(place.left().is_empty(), "{:?}", place.left());
}

#[tokio::test]
async fn a_run_whose_server_or_load_worker_is_killed_leaves_no_process_no_namespace_and_no_directory()
 {
    let Some(place) = Place::new().await else { return };
    for (index, victim) in [(1, "serve"), (2, "worker")] {
        let mut run = place.start(FEEDLAB, &[]);
        let parts = parts(&mut run).await;
        kill(Pid::from_raw(parts[index].0 as i32), Signal::SIGKILL).unwrap();
        let Output { status, stderr, .. } = run.wait_with_output().unwrap();
        let errors = String::from_utf8_lossy(&stderr);
        assert_eq!(status.code(), Some(1), "{victim}: {errors}");
        // The devices are in the namespaces, and go with them.
        until_nothing_is_left(parts).await;
        assert!(place.left().is_empty(), "{victim}: {:?}", place.left());
    }
}

#[tokio::test]
async fn a_run_whose_terminal_closes_ends_in_order() {
    let Some(place) = Place::new().await else { return };
    // The tests themselves may have been started under nohup.
    let mut run = place.start("env", &["--default-signal=HUP", FEEDLAB]);
    let parts = parts(&mut run).await;
    send(&run, Signal::SIGHUP);
    let Output { status, stderr, .. } = run.wait_with_output().unwrap();
    let errors = String::from_utf8_lossy(&stderr);
    assert_eq!(status.code(), Some(1), "{errors}");
    assert!(errors.contains("interrupted by SIGHUP"), "{errors}");
    assert!(place.left().is_empty(), "{:?}", place.left());
    until_nothing_is_left(parts).await;
}

#[tokio::test]
async fn a_run_that_is_to_outlive_its_terminal_goes_on_ignoring_it() {
    let Some(place) = Place::new().await else { return };
    let mut run = place.start("sh", &["-c", r#"trap "" HUP; exec "$0" "$@""#, FEEDLAB]);
    parts(&mut run).await;
    let status = fs::read_to_string(format!("/proc/{}/status", run.id())).unwrap();
    let mask = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        u64::from_str_radix(line.trim(), 16).unwrap()
    };
    let bit = |signal: Signal| 1 << (signal as u64 - 1);
    assert_ne!(mask("SigIgn:") & bit(Signal::SIGHUP), 0);
    assert_ne!(mask("SigCgt:") & bit(Signal::SIGTERM), 0);
    send(&run, Signal::SIGTERM);
    let Output { stderr, .. } = run.wait_with_output().unwrap();
    assert!(String::from_utf8_lossy(&stderr).contains("interrupted by SIGTERM"));
    assert!(place.left().is_empty(), "{:?}", place.left());
}
