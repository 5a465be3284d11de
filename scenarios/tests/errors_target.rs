//! Bad input about a target: one line that names file, line, key and what is allowed.
#![allow(clippy::unwrap_used)] // a panic is how a test fails

mod common;

use common::{changed, load};

const TARGET: &str = "target = \"http://127.0.0.1:8080\"";

/// The scenario with these lines below `clients` must be refused with all of `words`.
fn is_refused(lines: &str, changes: &[(&str, &str)], words: &[&str]) {
    let text = changed(changes).replace("clients = 10", &format!("clients = 10\n{lines}"));
    let error = load(&text, &[]).unwrap_err();
    assert_eq!(error.lines().count(), 1, "{error}");
    for word in words.iter().chain(&["test.toml:"]) {
        assert!(error.contains(word), "{word} is not in: {error}");
    }
}

#[test]
fn a_target_is_an_address_of_plain_http_without_a_path() {
    is_refused("target = 8080", &[], &[":4", "target", "http://127.0.0.1:8080", "8080"]);
    is_refused("target = \"127.0.0.1:8080\"", &[], &[":4", "must be", "http://"]);
    is_refused("target = \"https://a.example\"", &[], &[":4", "must be"]);
    is_refused("target = \"http://a:8080/sse\"", &[], &[":4", "without a path"]);
    is_refused(&format!("{TARGET}\ntarget_tcp = \"8081\""), &[], &[":5", "host and port"]);
    is_refused(&format!("{TARGET}\ntarget_publish = \"ftp:x\""), &[], &[":5", "unix:"]);
    is_refused(&format!("{TARGET}\ntarget_pid = 0"), &[], &[":5", "4194304", "0"]);
}

#[test]
fn what_is_about_a_target_is_refused_without_one() {
    for line in ["target_tcp = \"a:1\"", "target_publish = \"http://a/b\"", "target_pid = 1"] {
        is_refused(line, &[], &[":4", line.split(' ').next().unwrap(), "there is none"]);
    }
}

#[test]
fn what_cannot_be_done_to_a_server_that_runs_already_is_refused_with_the_reason() {
    is_refused(&format!("{TARGET}\ntls = true"), &[], &[":5", "tls", "certificate"]);
    for (table, words) in [
        ("[link]\nrtt = \"10ms\"\n", ["link", "far side"]),
        ("[[server.freeze]]\nat = \"1s\"\nfor = \"1s\"\n", ["server.freeze", "has started"]),
    ] {
        let changes = ("[transports.tcp]", format!("{table}[transports.tcp]"));
        is_refused(TARGET, &[(changes.0, &changes.1)], &words);
    }
    is_refused(TARGET, &[("threads = 1", "cpus = [0]")], &["server.cpus", "taskset"]);
}

#[test]
fn a_target_is_read_with_all_that_is_about_it() {
    let sets = [
        "target=http://[::1]:8080",
        "target_tcp=localhost:8081",
        "target_publish=unix:/run/feed",
        "target_pid=17",
    ];
    let target = load(common::RIGHT, &sets).unwrap().target().unwrap();
    assert_eq!(target.http.authority(), "[::1]:8080");
    assert_eq!(target.tcp, Some(("localhost".into(), 8081)));
    assert_eq!(target.publish.to_string(), "unix:/run/feed");
    assert_eq!(target.pid, Some(17));
    assert!(load(common::RIGHT, &[]).unwrap().target().is_none());
}
