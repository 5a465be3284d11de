//! `feedlab capacity` and `feedlab advise`: what is wrong with a question is said in a sentence, with
//! exit 2 and nothing started; and what a recorded run answers.
#![allow(clippy::unwrap_used)] // a test that unwraps fails with the line that is wrong

use std::path::Path;

use assert_cmd::Command;
use assert_cmd::assert::Assert;
use predicates::str::contains;
use results::{Environment, Row, Run, RunDirectory, Verdict};
use scenarios::{Calibration, Scenario, Sizes, TransportSizes};

fn feedlab(place: &Path, arguments: &[&str]) -> Assert {
    Command::new(env!("CARGO_BIN_EXE_feedlab")).current_dir(place).args(arguments).assert()
}

/// It is refused with all of `words` in one line, and leaves nothing behind.
fn is_refused(arguments: &[&str], words: &[&str]) {
    let place = tempfile::tempdir().unwrap();
    let assert = feedlab(place.path(), arguments).code(2).stdout("");
    let error = String::from_utf8(assert.get_output().stderr.clone()).unwrap();
    for word in words {
        assert!(error.contains(word), "{word} is not in: {error}");
    }
    assert_eq!(error.trim_end().lines().count(), 1, "{error}");
    assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 0, "something was started");
}

#[test]
fn a_bad_question_about_capacity_is_refused_before_anything_starts() {
    let ask = |more: &[&str], words: &[&str]| {
        is_refused(&[&["capacity", "quick"], more].concat(), words);
    };
    ask(&["--slo", "delay_p42 < 1s"], &["--slo", "delay_p42", "delay_p95", "10min"]);
    ask(&["--slo", "delay_p95 < soon"], &["--slo", "soon"]);
    ask(&["--slo", "delay_mean < 1s", "--most", "0"], &["--most 0", "1 to 1000000"]);
    ask(&["--slo", "delay_mean < 1s", "--transports", "pigeon"], &["pigeon", "short-poll"]);
    ask(&["--slo", "delay_mean < 1s", "--set", "clients=5"], &["clients=5", "--most"]);
    ask(&["--slo", "delay_mean < 1s", "--set", "clients = 5"], &["clients = 5", "--most"]);
    ask(&["--slo", "delay_mean < 1s", "--set", "feed.rat=5/s"], &["feed.rat"]);
    let short = ["--slo", "delay_p99 < 1s", "--set", "measure.duration=2s"];
    ask(&short, &["2000 publishes", "measure.duration="]);
}

#[test]
fn a_bad_question_for_advice_is_refused_with_the_flag_and_what_is_allowed() {
    let good = [("--clients", "10"), ("--rate", "1/s"), ("--max-delay", "2s")];
    let ask = |flag: &str, value: &str, words: &[&str]| {
        let others = good.iter().filter(|(name, _)| *name != flag);
        let mut arguments = vec!["advise"];
        arguments.extend(others.flat_map(|(name, value)| [*name, *value]));
        arguments.extend([flag, value]);
        is_refused(&arguments, &[&[flag, value], words].concat());
    };
    ask("--clients", "0", &["1 to 1000000"]);
    ask("--clients", "many", &["1 to 1000000"]);
    ask("--clients", "1000001", &["1 to 1000000"]);
    ask("--rate", "often", &["1/day", "1000000/s"]);
    ask("--rate", "0/s", &["1/day"]);
    ask("--max-delay", "0s", &["1ms", "1day"]);
    ask("--max-delay", "soon", &["250ms"]);
    ask("--rtt", "11s", &["10s"]);
    ask("--payload", "10", &["64 to 1048576"]);
    ask("--server-cores", "0", &["1 to 1024"]);
    ask("--server-memory", "1", &["16 to 16777216"]);
    ask("--poll-interval", "never", &["1ms"]);
    ask("--from", "nowhere", &["run.json"]);
}

/// A run of `quick` as a machine without noise would leave it behind.
fn record(place: &Path, change: impl FnOnce(&mut Run)) {
    let scenario = Scenario::load("quick", &[]).unwrap();
    let sizes = |name: &str| {
        let polls = name.ends_with("poll");
        let head = |bytes: f64| if polls { bytes } else { 0.0 };
        TransportSizes {
            request_head_bytes: head(120.0),
            answer_head_bytes: head(150.0),
            empty_head_bytes: head(90.0),
            answer_envelope_bytes: head(30.0),
            update_envelope_bytes: 21.0,
            update_framing_bytes: 4.0,
            ..TransportSizes::default()
        }
    };
    let names: Vec<String> = scenario.transports.keys().cloned().collect();
    let row = |name: &String| Row {
        transport: name.clone(),
        clients: 50,
        connected: 50,
        window_ns: 10_000_000_000,
        published: 500,
        delivered: 25_000,
        requests: if name.ends_with("poll") { 5_000 } else { 0 },
        server_cpu_ns: 110_000_000,
        server_ingest_cpu_ns: Some(10_000_000),
        server_pss_bytes: Some(6_000_000),
        server_pss_empty_bytes: Some(5_500_000),
        ..Row::default()
    };
    let mut run = Run {
        format_version: results::FORMAT_VERSION,
        seed: 1,
        asked: None,
        started: "2026-11-28T03:00:00Z".into(),
        environment: Environment { cpu: "a test".into(), ..Environment::default() },
        calibration: Calibration {
            floor_mean_ns: 60e3,
            floor_p50_ns: 55e3,
            floor_p99_ns: 120e3,
            rearm_gap_ns: 90e3,
            ..Calibration::default()
        },
        sizes: Sizes(names.iter().map(|name| (name.clone(), sizes(name))).collect()),
        predictions: Vec::new(),
        causes: Vec::new(),
        verdict: Verdict::Valid,
        warnings: Vec::new(),
        noise_floor: Vec::new(),
        expectations: Vec::new(),
        paper: None,
        partial: false,
        rows: Vec::new(),
        pooled: names.iter().map(row).collect(),
        scenario,
    };
    change(&mut run);
    let path = place.join("results/local/quick-20261128T030000");
    let pooled = run.pooled.clone();
    RunDirectory::create(path).unwrap().finish(&run, &pooled).unwrap();
}

const SLOW: [&str; 7] = ["advise", "--clients", "500", "--rate", "1/min", "--max-delay", "1min"];

#[test]
fn the_newest_run_here_answers_and_is_named() {
    let place = tempfile::tempdir().unwrap();
    record(place.path(), |_| ());
    feedlab(place.path(), &SLOW)
        .success()
        .stderr(contains("quick-20261128T030000"))
        .stdout(contains("polling is fine"))
        .stdout(contains("EXTRAPOLATED"))
        .stdout(contains("feedlab run baseline"));
    let fast = ["advise", "--clients", "50", "--rate", "50/s", "--max-delay", "100ms"];
    let assert = feedlab(place.path(), &[&fast[..], &["--format", "json"]].concat()).success();
    let json: serde_json::Value = serde_json::from_slice(&assert.get_output().stdout).unwrap();
    let first = json["choices"][0]["transport"].as_str().unwrap().to_owned();
    assert!(["sse", "websocket"].contains(&first.as_str()), "{first}");
    assert_eq!(json["costs"]["machine"], "a test");
}

#[test]
fn a_run_that_is_invalid_or_never_measured_is_no_ground() {
    for (change, word) in [
        ((|run: &mut Run| run.verdict = Verdict::Invalid) as fn(&mut Run), "INVALID"),
        (|run| run.pooled.clear(), "before anything was measured"),
    ] {
        let place = tempfile::tempdir().unwrap();
        record(place.path(), change);
        let from = ["--from", "results/local/quick-20261128T030000"];
        feedlab(place.path(), &[&SLOW[..], &from].concat()).code(2).stderr(contains(word));
    }
}

#[test]
fn a_run_over_a_link_is_taken_only_if_it_is_named_and_says_so() {
    let place = tempfile::tempdir().unwrap();
    record(place.path(), |run| {
        run.scenario = Scenario::load("quick", &["link.rtt=20ms".into()]).unwrap();
    });
    let from = ["--from", "results/local/quick-20261128T030000"];
    feedlab(place.path(), &[&SLOW[..], &from].concat())
        .success()
        .stderr(contains("link.rtt was 20ms"))
        .stderr(contains("another machine (a test"))
        .stdout(contains("link.rtt was 20ms in the measurement, and is not set in quick"))
        .stdout(contains("another machine (a test"));
}
