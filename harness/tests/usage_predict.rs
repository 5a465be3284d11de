//! `feedlab predict`: with a borrowed calibration, which starts nothing, and interrupted in its own.
#![allow(clippy::unwrap_used)] // a test that unwraps fails with the line that is wrong

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use assert_cmd::Command;
use assert_cmd::assert::Assert;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use predicates::prelude::*;
use predicates::str::{contains, is_empty};
use results::{Environment, Run, RunDirectory, Verdict};
use scenarios::{Calibration, Scenario, Sizes, TransportSizes};

const SCENARIO: &str = r#"format = 1
about = "a test"
clients = 5

[feed]
kind = "periodic"
rate = "20/s"

[measure]
duration = "5s"
repeat = 2

[transports.long-poll]
[transports.tcp]
"#;

/// A scenario and a run of it that got as far as its calibration.
struct Place(tempfile::TempDir);

impl Place {
    fn new(change: impl FnOnce(&mut Run)) -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        let path = place.path("test.toml");
        std::fs::write(&path, SCENARIO).unwrap();
        let scenario = Scenario::load(path.to_str().unwrap(), &[]).unwrap();
        let names = scenario.transports.keys().cloned();
        let size = TransportSizes { update_envelope_bytes: 20.0, ..TransportSizes::default() };
        let calibration = Calibration {
            floor_mean_ns: 60e3,
            floor_p50_ns: 55e3,
            floor_p99_ns: 120e3,
            ..Calibration::default()
        };
        let mut run = Run {
            format_version: results::FORMAT_VERSION,
            seed: 1,
            asked: None,
            started: "2026-11-21T10:00:00Z".into(),
            environment: Environment::default(),
            calibration,
            sizes: Sizes(names.map(|name| (name, size.clone())).collect()),
            predictions: Vec::new(),
            causes: Vec::new(),
            verdict: Verdict::Valid,
            warnings: Vec::new(),
            noise_floor: Vec::new(),
            expectations: Vec::new(),
            paper: None,
            partial: true,
            rows: Vec::new(),
            pooled: Vec::new(),
            scenario,
        };
        change(&mut run);
        RunDirectory::create(place.path("run")).unwrap().write_run(&run).unwrap();
        place
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    fn predict(&self, calibration: &str, more: &[&str]) -> Assert {
        Command::new(env!("CARGO_BIN_EXE_feedlab"))
            .current_dir(self.0.path())
            .args(["predict", "test.toml", "--calibration", calibration])
            .args(more)
            .assert()
    }
}

fn text(assert: &Assert) -> String {
    String::from_utf8(assert.get_output().stdout.clone()).unwrap()
}

#[test]
fn each_format_has_what_it_is_for() {
    let place = Place::new(|_| {});
    let table = place.predict("run", &[]).success().stderr(is_empty());
    assert!(text(&table).contains("floor: p50 55"), "{}", text(&table));
    let markdown = place.predict("run", &["--format", "markdown"]).success();
    assert_eq!(text(&markdown), format!("```text\n{}```\n", text(&table)));

    let json = place.predict("run", &["--format", "json"]).success();
    let value: serde_json::Value = serde_json::from_str(&text(&json)).unwrap();
    assert_eq!(value["format_version"], results::FORMAT_VERSION);
    let predictions = value["predictions"].as_array().unwrap();
    assert_eq!(predictions.len(), 2 * 3, "two repetitions and the pool");

    let csv = text(&place.predict("run", &["--format", "csv"]).success());
    let lines: Vec<Vec<&str>> = csv.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!(lines.len(), 1 + 2 * 2, "{csv}");
    for line in &lines[1..] {
        let repetition: u64 = line[1].parse().unwrap();
        let same =
            |p: &&serde_json::Value| p["transport"] == line[0] && p["repetition"] == repetition;
        let prediction = predictions.iter().find(same).unwrap();
        for (name, cell) in lines[0].iter().zip(line).skip(2) {
            let member = prediction.get(name).unwrap_or_else(|| panic!("there is no {name}"));
            // JSON is read to within the last digit of a double.
            let close = |cell: f64, member: f64| (cell - member).abs() <= 1e-12 * member.abs();
            let same = match member.as_f64() {
                Some(member) => close(cell.parse().unwrap(), member),
                None => cell.is_empty() && member.is_null(),
            };
            assert!(same, "{name} is {cell} and {member}");
        }
    }
}

#[test]
fn a_directory_without_a_run_is_refused_in_one_line() {
    let place = Place::new(|_| {});
    std::fs::create_dir(place.path("empty")).unwrap();
    std::fs::create_dir(place.path("broken")).unwrap();
    std::fs::write(place.path("broken/run.json"), "{").unwrap();
    for path in ["nowhere", "empty", "broken", "test.toml"] {
        let refused = place.predict(path, &[]).code(2).stdout("");
        let error = String::from_utf8(refused.get_output().stderr.clone()).unwrap();
        assert_eq!(error.lines().count(), 1, "{error}");
        assert!(error.contains(path) && error.contains("--calibration"), "{error}");
    }
}

#[test]
fn a_run_without_the_calibration_that_is_needed_is_refused() {
    let unfinished = Place::new(|run| {
        run.calibration = Calibration::default();
        run.sizes = Sizes::default();
    });
    unfinished.predict("run", &[]).code(2).stdout("").stderr(contains("before its calibration"));
    let other = Place::new(|run| run.sizes.0.retain(|name, _| name != "long-poll"));
    other.predict("run", &[]).code(2).stdout("").stderr(contains("long-poll").and(contains("tcp")));
}

#[test]
fn a_calibration_of_other_conditions_is_used_and_said_to_be_one() {
    let place = Place::new(|run| run.environment.cpu = "an abacus".into());
    let more = ["--format", "json", "--set", "clients=50", "--set", "server.threads=2"];
    let told = contains("clients was 5 there and is 50 here")
        .and(contains("server.threads was 1 there and is 2 here"))
        .and(contains("the CPU was an abacus there"))
        .and(contains("payload_bytes").not());
    let assert = place.predict("run", &more).success().stderr(told);
    let value: serde_json::Value = serde_json::from_str(&text(&assert)).unwrap();
    for prediction in value["predictions"].as_array().unwrap() {
        assert!(prediction["assumptions"].to_string().contains("clients was 5 there"));
    }
}

/// Processes whose parent is `parent`.
fn children(parent: u32) -> Vec<u32> {
    let all = std::fs::read_dir("/proc").unwrap().flatten();
    let pids = all.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let stat = |pid: &u32| std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    pids.filter(|pid| {
        let stat = stat(pid);
        let after_name = stat.rsplit(')').next().unwrap_or_default();
        after_name.split_whitespace().nth(1) == Some(&parent.to_string())
    })
    .collect()
}

/// Waits until `is` holds: no fixed sleep, only a limit.
fn wait_until(mut is: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is() {
        assert!(began.elapsed() < Duration::from_secs(60), "it did not happen");
        std::thread::yield_now();
    }
}

#[test]
fn ctrl_c_ends_the_calibration_its_processes_and_its_directory_with_a_sentence() {
    let place = Place::new(|_| {});
    let temporary = place.path("temporary");
    std::fs::create_dir(&temporary).unwrap();
    let predict = std::process::Command::new(env!("CARGO_BIN_EXE_feedlab"))
        .current_dir(place.0.path())
        .env("TMPDIR", &temporary)
        .args(["predict", "test.toml"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut started = Vec::new();
    wait_until(|| {
        started = children(predict.id());
        started.len() > 1
    });
    kill(Pid::from_raw(predict.id() as i32), Signal::SIGINT).unwrap();
    let output = predict.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "Error: interrupted by Ctrl-C\n");
    assert!(output.stdout.is_empty());
    for pid in started {
        wait_until(|| is_gone(pid));
    }
    assert_eq!(std::fs::read_dir(&temporary).unwrap().count(), 0, "its directory is still there");
}

fn is_gone(pid: u32) -> bool {
    let path = format!("/proc/{pid}/stat");
    !Path::new(&path).exists()
        || std::fs::read_to_string(path).is_ok_and(|stat| stat.contains(") Z "))
}
