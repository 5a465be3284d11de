//! `feedlab validate` as a user meets it, without a run: the checks of the codecs.
#![allow(clippy::unwrap_used)] // a test that unwraps fails with the line that is wrong

use std::path::Path;

use assert_cmd::Command;
use assert_cmd::assert::Assert;
use predicates::str::contains;
use results::validation::{Outcome, Validation};

fn validate(place: &Path, arguments: &[&str]) -> Assert {
    let mut command = Command::cargo_bin("feedlab").unwrap();
    command.current_dir(place).arg("validate").args(arguments).assert()
}

/// The only file of that name two levels below.
fn written(place: &Path, folder: &str, name: &str) -> String {
    let mut entries = std::fs::read_dir(place.join(folder).join("local")).unwrap();
    let directory = entries.next().unwrap().unwrap().path();
    assert!(entries.next().is_none());
    std::fs::read_to_string(directory.join(name)).unwrap()
}

#[test]
fn an_unknown_check_is_a_usage_error_that_names_the_known_ones_and_writes_nothing() {
    let place = tempfile::tempdir().unwrap();
    validate(place.path(), &["--only", "12,poll-uniforn"])
        .code(2)
        .stderr(contains("poll-uniforn"))
        .stderr(contains("2 poll-uniform"))
        .stderr(contains("28 memory-slope"));
    assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 0);
}

#[test]
fn the_checks_of_the_codecs_pass_and_leave_json_a_page_and_a_summary() {
    let place = tempfile::tempdir().unwrap();
    let only = ["--only", "12,http-framing,16,22", "--format", "json"];
    let output = validate(place.path(), &only).code(0).get_output().stdout.clone();
    let said: Validation = serde_json::from_slice(&output).unwrap();
    assert_eq!((said.format_version, said.partial), (1, false));
    let numbers: Vec<u8> = said.checks.iter().map(|check| check.number).collect();
    assert_eq!(numbers, [12, 13, 16, 22]);
    assert_eq!(said.count(Outcome::Passed), 4);
    let stored: Validation =
        serde_json::from_str(&written(place.path(), "results", "validate.json")).unwrap();
    assert_eq!(stored.count(Outcome::Passed), 4);
    assert!(written(place.path(), "reports", "index.html").contains("4 passed"));
    assert!(written(place.path(), "reports", "summary.md").contains("| 12 | websocket-framing |"));
}

#[test]
fn what_cannot_be_held_is_not_run_and_says_why() {
    let place = tempfile::tempdir().unwrap();
    // The stall takes too long for --quick, so nothing is started.
    validate(place.path(), &["--only", "omission", "--quick"])
        .code(0)
        .stdout(contains("17 omission: not run: left out of --quick"))
        .stdout(contains("0 passed, 0 failed, 1 not run"));
}
