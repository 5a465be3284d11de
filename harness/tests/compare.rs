//! `feedlab compare` as its users call it, on the published run and changed copies of it.
#![allow(clippy::unwrap_used)] // a test that unwraps fails with the line that is wrong

use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::{Command, assert::Assert};
use predicates::prelude::*;
use predicates::str::contains;

const PUBLISHED: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../results/published/2026-11-21-epyc-2-core-baseline");

fn compare(a: impl AsRef<Path>, b: impl AsRef<Path>, flags: &[&str]) -> Assert {
    let mut feedlab = Command::new(env!("CARGO_BIN_EXE_feedlab"));
    feedlab.arg("compare").arg(a.as_ref()).arg(b.as_ref()).args(flags).assert()
}

/// A copy of the published run in which one file is changed.
fn copy(parent: &Path, file: &str, change: impl FnOnce(String) -> String) -> PathBuf {
    let to = parent.join("copy");
    fs::create_dir(&to).unwrap();
    for entry in fs::read_dir(PUBLISHED).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
    let text = fs::read_to_string(to.join(file)).unwrap();
    fs::write(to.join(file), change(text)).unwrap();
    to
}

/// The rows of a CSV file that are kept, with one column multiplied in those of a transport.
fn changed(csv: &str, transport: &str, column: &str, factor: u64, most: u64) -> String {
    let header: Vec<&str> = csv.lines().next().unwrap().split(',').collect();
    let place = header.iter().position(|name| *name == column).unwrap();
    let rows = csv.lines().skip(1).filter_map(|line| {
        let mut cells: Vec<String> = line.split(',').map(str::to_owned).collect();
        if cells[0] == transport {
            cells[place] = (cells[place].parse::<u64>().unwrap() * factor).to_string();
        }
        (cells[1].parse::<u64>().unwrap() <= most).then(|| cells.join(","))
    });
    std::iter::once(header.join(",")).chain(rows).map(|line| line + "\n").collect()
}

/// Refused in one line with these words: nothing on stdout, nothing written.
fn is_refused(b: &Path, words: &[&str]) {
    let output = b.with_file_name("output");
    let flags = ["--output", output.to_str().unwrap()];
    for (a, b) in [(Path::new(PUBLISHED), b), (b, Path::new(PUBLISHED))] {
        let assert = compare(a, b, &flags).code(2).stdout("");
        let error = String::from_utf8(assert.get_output().stderr.clone()).unwrap();
        assert_eq!(error.trim_end().lines().count(), 1, "{error}");
        assert!(words.iter().all(|word| error.contains(word)), "{words:?}: {error}");
        assert!(!output.exists());
    }
}

#[test]
fn a_run_is_not_worse_than_itself() {
    compare(PUBLISHED, PUBLISHED, &["--fail-on", "worse"])
        .success()
        .stdout(contains("AMD EPYC").count(2).and(contains("worse\n").not()));
}

#[test]
fn a_server_that_needs_twice_the_cpu_fails_where_that_was_asked_for() {
    let directory = tempfile::tempdir().unwrap();
    let twice = |csv: String| changed(&csv, "sse", "server_cpu_ns", 2, 9);
    let slow = copy(directory.path(), "summary.csv", twice);
    compare(PUBLISHED, &slow, &[]).success().stdout(contains("1 worse"));
    compare(PUBLISHED, &slow, &["--fail-on", "worse"]).code(4).stdout(contains("1 worse"));
    compare(&slow, PUBLISHED, &["--fail-on", "worse"]).success().stdout(contains("1 better"));
    compare(PUBLISHED, &slow, &["--format", "markdown"]).success().stdout(contains("**worse**"));
    let json = compare(PUBLISHED, &slow, &["--format", "json"]).success();
    let value: serde_json::Value = serde_json::from_slice(&json.get_output().stdout).unwrap();
    assert_eq!(value["format_version"], 1);
    assert_eq!(value["a"]["environment"]["cpu"], "AMD EPYC");
    let output = directory.path().join("output");
    compare(PUBLISHED, &slow, &["--output", output.to_str().unwrap()]).success();
    assert!(fs::read(output.join("compare.png")).unwrap().starts_with(b"\x89PNG"));
}

#[test]
fn two_repetitions_tell_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let few = copy(directory.path(), "summary.csv", |csv| changed(&csv, "sse", "published", 1, 2));
    compare(PUBLISHED, &few, &["--fail-on", "worse"])
        .success()
        .stdout(contains("3 or more").and(contains("can't tell\n").count(1)));
}

#[test]
fn another_machine_is_refused_or_said() {
    let directory = tempfile::tempdir().unwrap();
    let other = copy(directory.path(), "run.json", |json| json.replace("AMD EPYC", "M68000"));
    is_refused(&other, &["AMD EPYC", "M68000", "--across machines"]);
    compare(PUBLISHED, &other, &["--across", "scenarios"]).code(2);
    compare(PUBLISHED, &other, &["--across", "scenarios,machines"])
        .success()
        .stdout(contains("ACROSS MACHINES"));
}

#[test]
fn an_invalid_run_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let invalid = copy(directory.path(), "run.json", |json| {
        json.replace("\"verdict\": \"VALID\"", "\"verdict\": \"INVALID\"")
    });
    is_refused(&invalid, &["INVALID"]);
}

#[test]
fn what_is_no_run_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let empty = directory.path().join("empty");
    fs::create_dir(&empty).unwrap();
    is_refused(&empty, &["no run.json"]);
    is_refused(&directory.path().join("absent"), &["absent", "no run.json"]);
}

#[test]
fn a_damaged_run_is_refused_by_the_files_name() {
    for (file, damage, words) in [
        ("run.json", "{\"format_version\": 1", "run.json"),
        ("run.json", "{\"format_version\": 99}", "format_version 99"),
        ("summary.csv", "transport,repetition\nsse,many\n", "summary.csv"),
        ("summary.csv", "", "no measurements"),
        ("delay.hlog", "Tag=sse,0.0,1.0,1.0,nonsense\n", "delay.hlog"),
    ] {
        let directory = tempfile::tempdir().unwrap();
        is_refused(&copy(directory.path(), file, |_| damage.into()), &[words]);
    }
}

#[test]
fn an_unknown_word_is_a_usage_error() {
    compare(PUBLISHED, PUBLISHED, &["--fail-on", "better"]).code(2);
    compare(PUBLISHED, PUBLISHED, &["--across", "towns"]).code(2);
    compare(PUBLISHED, PUBLISHED, &["--format", "csv"]).code(2);
}
