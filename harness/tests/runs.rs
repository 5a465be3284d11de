//! Small runs from the command line, to their end or to their interruption.
#![allow(clippy::unwrap_used)] // a test that unwraps fails with the line that is wrong

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// Long enough for any of these runs on a machine that does other things as well.
const PATIENCE: Duration = Duration::from_secs(120);

const TINY: &str = r#"format = 1
about = "every transport, briefly"
clients = 6

[feed]
kind = "poisson"
rate = "50/s"

[measure]
ramp = "50ms"
warmup = "100ms"
duration = "1s"

[transports.short-poll]
interval = "110ms"
[transports.long-poll]
[transports.sse]
[transports.websocket]
[transports.tcp]
"#;

struct Place {
    directory: tempfile::TempDir,
}

impl Place {
    fn new(scenario: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("tiny.toml"), scenario).unwrap();
        Self { directory }
    }

    fn run(&self, more: &[&str]) -> Child {
        Command::new(env!("CARGO_BIN_EXE_feedlab"))
            .current_dir(self.directory.path())
            .args(["run", "tiny.toml", "--format", "json"])
            .args(more)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    /// The only run directory.
    fn results(&self) -> PathBuf {
        let parent = self.directory.path().join("results/local");
        let mut entries: Vec<_> = std::fs::read_dir(parent).unwrap().flatten().collect();
        assert_eq!(entries.len(), 1);
        entries.remove(0).path()
    }
}

/// Waits until `find` finds something: no fixed sleep, only a limit.
fn wait_for<T>(mut find: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = find() {
            return found;
        }
        assert!(began.elapsed() < PATIENCE, "it did not happen");
        std::thread::yield_now();
    }
}

/// The child of `parent` that runs as `role`.
fn child(parent: u32, role: &str) -> Option<u32> {
    let all = std::fs::read_dir("/proc").ok()?.flatten();
    let pids = all.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.into_iter().find(|pid| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let command = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let ppid =
            stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(1)?.parse().ok());
        ppid == Some(parent) && command.split(|byte| *byte == 0).nth(1) == Some(role.as_bytes())
    })
}

#[test]
fn every_transport_delivers_all_and_the_instruments_agree_to_the_byte() {
    for row in instruments_agree(TINY) {
        assert_eq!(row["tls_bytes"], 0);
        assert_eq!(row["tls_handshakes"], 0);
        assert!(row["tls_handshake_p50_ns"].is_null());
        assert!(row["tcp_connect_p50_ns"].is_u64());
    }
}

#[test]
fn the_instruments_agree_to_the_byte_under_tls_too() {
    for row in instruments_agree(&TINY.replace("clients = 6", "clients = 6\ntls = true")) {
        let number = |name: &str| row[name].as_u64().unwrap_or_else(|| panic!("{name} in {row}"));
        assert_eq!((number("tls_handshakes"), number("tls_resumed")), (6, 0));
        assert!(number("tls_handshake_p50_ns") <= number("tls_handshake_p99_ns"));
        assert!(number("tcp_connect_p50_ns") > 0);
        // Only records with content: what a handshake and its ticket took is not in the window.
        let records = number("tls_bytes") / 22;
        assert_eq!(records * 22, number("tls_bytes"), "{row}");
        // A push has a record per update, or fewer where one write had several.
        if number("requests") == 0 {
            assert!(records > 0 && records <= number("delivered"), "{row}");
        } else {
            assert!(records >= 2 * number("requests"), "{row}");
        }
    }
}

/// Runs a scenario of six clients and all transports, in which nothing may go wrong; the rows.
fn instruments_agree(scenario: &str) -> Vec<serde_json::Value> {
    let place = Place::new(scenario);
    let output = place.run(&[]).wait_with_output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{errors}");
    let run: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(run["format_version"], 1);
    assert_ne!(run["verdict"], "INVALID", "{}", run["warnings"]);
    let rows = run["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 5);
    for row in rows {
        let number = |name: &str| row[name].as_u64().unwrap_or_else(|| panic!("{name} in {row}"));
        assert_eq!(number("connected"), 6);
        assert_eq!(number("delivered"), number("published") * 6, "{row}");
        for fault in ["lost", "missing", "duplicated", "reordered", "retransmits"] {
            assert_eq!(number(fault), 0, "{fault} in {row}");
        }
        assert_eq!(number("bytes_up"), number("tcp_bytes_up"), "{row}");
        assert_eq!(number("bytes_down"), number("tcp_bytes_down"), "{row}");
        let causes =
            ["payload_bytes", "envelope_bytes", "framing_bytes", "head_bytes", "tls_bytes"];
        let sum: u64 = causes.iter().map(|cause| number(cause)).sum();
        assert_eq!(sum, number("bytes_up") + number("bytes_down"));
        assert_eq!(number("payload_bytes") % number("delivered"), 0, "one size for all");
        assert!(row["delay_p99_ns"].is_null(), "too few publishes for a p99");
        assert!(number("server_cpu_ns") > 0 && number("client_cpu_ns") > 0);
    }
    let page =
        place.directory.path().join("reports/local").join(place.results().file_name().unwrap());
    assert!(page.join("index.html").is_file(), "{errors}");
    is_whole(&place.results(), false);
    rows.clone()
}

#[test]
fn all_transports_of_a_block_replay_the_same_publish_times() {
    let place = Place::new(&TINY.replace("duration = \"1s\"", "duration = \"1s\"\nrepeat = 2"));
    let output = place.run(&["--no-report"]).wait_with_output().unwrap();
    let run: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let rows = run["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 10);
    for repetition in [1, 2] {
        let of: Vec<_> = rows.iter().filter(|row| row["repetition"] == repetition).collect();
        for row in &of {
            assert_eq!(row["published"], of[0]["published"]);
            assert_eq!(row["window_ns"], of[0]["window_ns"]);
        }
    }
    let order = |repetition: i32| -> Vec<String> {
        let of = rows.iter().filter(|row| row["repetition"] == repetition);
        of.map(|row| row["transport"].to_string()).collect()
    };
    assert_eq!(order(1).len(), order(2).len());
    assert_eq!(run["pooled"].as_array().unwrap().len(), 5);
}

fn is_whole(results: &Path, partial: bool) {
    let text = std::fs::read(results.join("run.json")).unwrap();
    let run: serde_json::Value = serde_json::from_slice(&text).unwrap();
    assert_eq!(run["partial"], partial);
    let header = std::fs::read_to_string(results.join("summary.csv")).unwrap();
    assert!(header.starts_with("transport,repetition,clients,connected,window_ns,published,"));
}

#[test]
fn ctrl_c_keeps_what_was_measured_and_says_that_it_is_partial() {
    let place = Place::new(&TINY.replace("duration = \"1s\"", "duration = \"1s\"\nrepeat = 100"));
    let run = place.run(&["--no-report"]);
    let measured = wait_for(|| {
        let results = place.directory.path().join("results/local");
        let path = std::fs::read_dir(results).ok()?.flatten().next()?.path();
        let rows = std::fs::read_to_string(path.join("summary.csv")).ok()?;
        (rows.lines().count() > 5 && run_json_has_rows(&path)).then_some(path)
    });
    kill(Pid::from_raw(run.id() as i32), Signal::SIGINT).unwrap();
    let output = run.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(errors.contains("interrupted by Ctrl-C"), "{errors}");
    is_whole(&measured, true);
    let run: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(run["rows"].as_array().unwrap().len() >= 5, "{run}");
}

/// A block is part of a run when it is whole.
fn run_json_has_rows(path: &Path) -> bool {
    let text = std::fs::read(path.join("run.json")).unwrap_or_default();
    let run: serde_json::Value = serde_json::from_slice(&text).unwrap_or_default();
    run["causes"].as_array().is_some_and(|causes| causes.len() >= 5)
}

#[test]
fn a_server_that_dies_in_mid_run_fails_the_run_with_a_sentence() {
    let place = Place::new(&TINY.replace("duration = \"1s\"", "duration = \"60s\""));
    let run = place.run(&["--no-report"]);
    let server = wait_for(|| child(run.id(), "serve"));
    wait_for(|| child(run.id(), "worker"));
    kill(Pid::from_raw(server as i32), Signal::SIGKILL).unwrap();
    let output = run.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(errors.contains("died") || errors.contains("publish"), "{errors}");
    is_whole(&place.results(), true);
}

#[test]
fn nothing_is_left_behind_when_the_orchestrator_is_killed() {
    let place = Place::new(&TINY.replace("duration = \"1s\"", "duration = \"60s\""));
    let mut run = place.run(&["--no-report"]);
    let server = wait_for(|| child(run.id(), "serve"));
    let worker = wait_for(|| child(run.id(), "worker"));
    run.kill().unwrap();
    run.wait().unwrap();
    for pid in [server, worker] {
        wait_for(|| {
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            (stat.is_empty() || stat.contains(") Z ")).then_some(())
        });
    }
}

/// Any program: a server in another language does not know that it should end.
#[test]
fn what_a_run_starts_dies_with_it_whatever_it_is() {
    let script =
        format!("{} with-parent $$ sleep 1000 & echo $!; wait", env!("CARGO_BIN_EXE_feedlab"));
    let mut parent =
        Command::new("sh").args(["-c", &script]).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(parent.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let pid: u32 = line.trim().parse().unwrap();
    let command = || std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    wait_for(|| (command().trim() == "sleep").then_some(()));
    parent.kill().unwrap();
    parent.wait().unwrap();
    wait_for(|| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        (stat.is_empty() || stat.contains(") Z ")).then_some(())
    });
}

#[test]
fn a_process_whose_parent_is_gone_already_does_not_start() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_feedlab"));
    let output = command.args(["with-parent", "1", "sleep", "1000"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(errors.contains("is gone"), "{errors}");
}

#[test]
fn a_port_in_use_is_a_sentence_and_exit_code_1() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = Command::new(env!("CARGO_BIN_EXE_feedlab"))
        .args(["serve", "--listen", &address, "--tcp", "127.0.0.1:0", "--control", "127.0.0.1:0"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(errors.contains(&address), "{errors}");
}

#[test]
fn results_that_cannot_be_written_fail_before_anything_is_measured() {
    let place = Place::new(TINY);
    let output = place.run(&["--results", "/proc/nowhere"]).wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(errors.contains("/proc/nowhere"), "{errors}");
}

/// A file system of 64 KiB, in namespaces of our own so that no privilege is needed.
#[test]
fn a_full_disk_is_named_and_the_run_fails() {
    let allowed = Command::new("unshare").args(["-rm", "true"]).status();
    if !allowed.is_ok_and(|status| status.success()) {
        assert!(std::env::var_os("CI").is_none(), "this test may not be skipped in CI");
        eprintln!("skipped: this machine allows no user namespaces");
        return;
    }
    let place = Place::new(TINY);
    let program = env!("CARGO_BIN_EXE_feedlab");
    let script = format!(
        "mkdir full && mount -t tmpfs -o size=64k none full && \
         {program} run tiny.toml --no-report --results full --quiet"
    );
    let output = Command::new("unshare")
        .args(["-rm", "sh", "-c", &script])
        .current_dir(place.directory.path())
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{errors}");
    assert!(errors.contains("full/") && errors.contains("No space"), "{errors}");
}

const TWINS: &str = r#"format = 1
about = "two transports and their twins, briefly"
clients = 3

[feed]
kind = "poisson"
rate = "100/s"

[measure]
ramp = "20ms"
warmup = "100ms"
duration = "500ms"
repeat = 2
twins = true

[expect.tcp]
missing = "<= 0"
delay_p99 = "< 1min"

[transports.websocket]
[transports.tcp]
"#;

#[test]
fn each_transport_and_its_twin_replay_the_same_updates_and_their_ratios_are_the_noise_floor() {
    let place = Place::new(TWINS);
    let output = place.run(&["--no-report"]).wait_with_output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{errors}");
    let run: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let rows = run["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 2 * 2 * 2);
    for row in rows {
        let label = row["transport"].as_str().unwrap();
        let twin = |other: &&serde_json::Value| {
            other["transport"] == format!("{label}-twin").as_str()
                && other["repetition"] == row["repetition"]
        };
        if label.ends_with("-twin") {
            continue;
        }
        let twin = rows.iter().find(twin).unwrap_or_else(|| panic!("{label} has no twin"));
        for column in ["published", "window_ns", "predicted_delay_mean_ns", "payload_bytes"] {
            assert_eq!(row[column], twin[column], "{column} of {label}");
        }
    }
    let pooled = run["pooled"].as_array().unwrap();
    assert!(pooled.iter().all(|row| !row["transport"].as_str().unwrap().ends_with("-twin")));
    assert_eq!(pooled.len(), 2);
    let floors = run["noise_floor"].as_array().unwrap();
    let floor = |name: &str| floors.iter().find(|floor| floor["metric"] == name);
    for name in ["delay_mean", "age_mean", "bytes_per_update", "server_cpu_per_update"] {
        let floor = floor(name).unwrap_or_else(|| panic!("{name} has no floor"));
        assert_eq!(floor["pairs"], 4, "{name}");
        assert!(floor["ratio_95"].as_f64().unwrap() >= 1.0, "{name}");
    }
    assert_eq!(floor("delay_p99"), None, "too few publishes carry it");
    let outcomes: Vec<_> = run["expectations"].as_array().unwrap().iter().collect();
    assert_eq!(
        (&outcomes[0]["column"], &outcomes[0]["outcome"]),
        (&"delay_p99".into(), &"unknown".into())
    );
    assert_eq!(outcomes[1]["outcome"], "met");
    assert!(run["environment"]["null_arrivals_per_s"].as_u64().unwrap() > 0);
}

#[test]
fn an_expectation_that_is_missed_is_written_down_and_ends_with_3() {
    let place = Place::new(&TWINS.replace("repeat = 2\ntwins = true", "repeat = 1"));
    let set = "expect.tcp.delay_mean=< 1ns";
    let output = place.run(&["--no-report", "--set", set]).wait_with_output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{errors}");
    let run: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_ne!(run["verdict"], "INVALID");
    let missed = run["expectations"].as_array().unwrap().iter().find(|e| e["outcome"] == "missed");
    assert_eq!(missed.unwrap()["column"], "delay_mean");
    let text = std::fs::read_to_string(place.results().join("run.json")).unwrap();
    assert!(text.contains("\"missed\""));
}

#[test]
fn what_was_typed_to_make_a_run_is_kept_with_it() {
    let place = Place::new(TINY);
    let sets = ["clients=2", "transports={ tcp = {} }"];
    let output = place.run(&["--set", sets[0], "--set", sets[1]]).wait_with_output().unwrap();
    let run: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let asked = serde_json::json!({ "scenario": "tiny.toml", "sets": sets });
    assert_eq!(run["asked"], asked);
    let stored = std::fs::read(place.results().join("run.json")).unwrap();
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&stored).unwrap()["asked"], asked);
    let reports = place.results().strip_prefix(place.directory.path()).unwrap().to_owned();
    let summary = reports.to_string_lossy().replacen("results", "reports", 1) + "/summary.md";
    let summary = std::fs::read_to_string(place.directory.path().join(summary)).unwrap();
    let line = "feedlab run tiny.toml --set clients=2 --set 'transports={ tcp = {} }'";
    assert!(summary.ends_with(&format!("```sh\n{line}\n```\n")), "{summary}");
}
