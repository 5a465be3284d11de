//! Bad input of a sweep: one line that says what is allowed; exit 2; nothing on the disk.
#![allow(clippy::unwrap_used)] // a test that unwraps fails with the line that is wrong

use assert_cmd::Command;

fn is_refused(arguments: &[&str], words: &[&str]) {
    let directory = tempfile::tempdir().unwrap();
    let results = directory.path().join("results");
    let mut command = Command::new(env!("CARGO_BIN_EXE_feedlab"));
    command.arg("sweep").args(arguments);
    if !arguments.contains(&"--resume") {
        command.args(["--results", results.to_str().unwrap()]);
    }
    let assert = command.current_dir(directory.path()).assert().code(2).stdout("");
    let error = String::from_utf8(assert.get_output().stderr.clone()).unwrap();
    for word in words {
        assert!(error.contains(word), "{word} is not in: {error}");
    }
    assert!(!results.exists(), "something was started");
}

#[test]
fn a_bad_axis_is_refused_before_anything_starts() {
    let over = |axis: &str, words: &[&str]| is_refused(&["quick", "--over", axis], words);
    over("feed.rat=1..10", &["feed.rat", "did you mean \"rate\""]);
    over("nothing=1,2", &["nothing"]);
    over("transports.sse.interval=1s,2s", &["transports.sse.interval", "unknown key"]);
    over("transports.pigeon.speed=1,2", &["pigeon"]);
    over("feed.kind=poisson,periodic", &["feed.kind", "not a number"]);
    over("feed.rate=ten..20", &["\"ten\"", "not a number"]);
    over("clients=0,10", &["clients"]);
    over("feed.rate=10", &["two at least"]);
    over("feed.rate=10..1", &["from less to more"]);
    over("feed.rate", &["KEY=FROM..TO"]);
    over("feed.payload_bytes=64..1048577", &["1048577"]);
    over("link.loss=1%,95%", &["link.loss", "95%"]);
}

#[test]
fn a_sweep_has_one_or_two_axes_and_no_key_twice() {
    is_refused(&["quick"], &["one or two axes"]);
    let one = ["--over", "feed.rate=1,2"];
    let two = ["--over", "clients=1,2"];
    let three = ["--over", "link.rtt=1ms,2ms"];
    is_refused(&[&["quick"][..], &one, &two, &three].concat(), &["one or two axes"]);
    is_refused(&[&["quick"][..], &one, &one].concat(), &["is an axis already"]);
    is_refused(&[&["quick"][..], &one, &["--set", "feed.rate=5/s"]].concat(), &["--set, too"]);
    let range = ["quick", "--over", "feed.rate=1..2", "--points", "1000"];
    is_refused(&range, &["allowed are 2 to 100"]);
    is_refused(&[&["nowhere"][..], &one].concat(), &["nowhere"]);
    is_refused(&[&["quick"][..], &one, &["--set", "clients=none"]].concat(), &["--set clients"]);
}

#[test]
fn a_window_of_less_than_four_polls_is_refused_with_what_is_allowed() {
    is_refused(
        &[
            "quick",
            "--over",
            "transports.short-poll.interval=100ms,1s",
            "--set",
            "measure.duration=2s",
        ],
        &["measure.duration", "4s"],
    );
}

#[test]
fn what_is_too_slow_to_be_measured_is_refused_by_its_name() {
    let over = |axis: &str, words: &[&str]| is_refused(&["quick", "--over", axis], words);
    over("feed.rate=1/day,1/s", &["feed.rate=1/day", "1200 h", "measure.duration", "24 h"]);
    over("transports.short-poll.interval=1s,500years", &["interval=500years"]);
    let set = ["quick", "--over", "clients=1,2", "--set", "feed.rate=1/day"];
    is_refused(&set, &["feed.rate=1/day", "measure.duration"]);
}

#[test]
fn what_would_be_ignored_by_a_sweep_that_goes_on_is_refused() {
    for more in [&["--points", "3"][..], &["--linear"], &["--results", "elsewhere"]] {
        is_refused(&[&["--resume", "nowhere"][..], more].concat(), &["--resume", more[0]]);
    }
}

#[test]
fn what_cannot_be_resumed_is_refused_in_a_sentence() {
    is_refused(&["--resume", "nowhere"], &["nowhere", "sweep.json"]);
    is_refused(&["--resume", "nowhere", "--over", "feed.rate=1,2"], &["--resume"]);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().to_str().unwrap();
    let damage = |text: &str| std::fs::write(directory.path().join("sweep.json"), text).unwrap();
    damage("{\"format_version\":1,\"scenario\":\"qu");
    is_refused(&["--resume", path], &["sweep.json"]);
    damage("{\"format_version\":7}");
    is_refused(&["--resume", path], &["format_version 7"]);
    damage(
        r#"{"format_version":1,"scenario":"quick","sets":[],"started":"",
            "axes":[{"key":"feed.rate","unit":"rate","values":[
                {"text":"1/s","number":1.0},{"text":"2/s","number":2.0}]}],
            "cells":[{"at":[0],"transports":["sse"],"window_ns":1,"run":null}]}"#,
    );
    is_refused(&["--resume", path], &["has changed since"]);
}
