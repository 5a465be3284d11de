//! Bad input: one line that names file, line, key and what is allowed; exit 2; nothing started.
#![allow(clippy::unwrap_used)] // a test that unwraps fails with the line that is wrong

use std::path::Path;

use assert_cmd::Command;
use predicates::prelude::*;
use predicates::str::contains;

fn feedlab() -> Command {
    Command::new(env!("CARGO_BIN_EXE_feedlab"))
}

const GOOD: &str = r#"format = 1
about = "a test"
clients = 5

[feed]
kind = "poisson"
rate = "20/s"

[measure]
duration = "5s"

[transports.short-poll]
interval = "1s"

[transports.websocket]
"#;

/// Runs a scenario in which `from` is `to`; it must be refused with all of `words` in one line.
fn is_refused(from: &str, to: &str, words: &[&str]) {
    assert!(GOOD.contains(from), "{from} is not in the scenario");
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("bad.toml");
    std::fs::write(&path, GOOD.replace(from, to)).unwrap();
    let output = directory.path().join("results");
    let assert = feedlab()
        .args(["run", path.to_str().unwrap(), "--results", output.to_str().unwrap()])
        .assert()
        .code(2)
        .stdout("");
    let error = String::from_utf8(assert.get_output().stderr.clone()).unwrap();
    assert_eq!(error.trim_end().lines().count(), 1, "{error}");
    for word in words.iter().chain(&["bad.toml:"]) {
        assert!(error.contains(word), "{word} is not in: {error}");
    }
    assert!(!output.exists(), "something was started");
}

#[test]
fn a_bad_scenario_is_refused_in_one_line_that_says_where_and_what_is_allowed() {
    is_refused("rate = \"20/s\"", "rat = \"20/s\"", &[":7", "rat"]);
    is_refused("clients = 5", "clients = \"five\"", &[":3", "clients"]);
    is_refused("clients = 5", "clients = 0", &[":3", "clients", "1"]);
    is_refused("clients = 5", "clients = -1", &[":3", "clients"]);
    is_refused("clients = 5", "clients = 1000000", &[":3", "clients"]);
    is_refused("rate = \"20/s\"", "rate = \"20/s\"\npayload_bytes = 10", &[":8", "payload_bytes"]);
    is_refused("duration = \"5s\"", "duration = \"500ms\"", &["duration", "1s"]);
    is_refused("duration = \"5s\"", "duration = \"-5s\"", &[":10", "duration"]);
    is_refused(
        "kind = \"poisson\"\nrate = \"20/s\"",
        "kind = \"trace\"\ntrace = \"none.csv\"",
        &[":7", "none.csv"],
    );
    is_refused("[transports.websocket]", "[transports.pigeon]", &["pigeon", "websocket"]);
    is_refused("interval = \"1s\"", "interval = \"0s\"", &[":13", "interval", "1ms"]);
    is_refused("interval = \"1s\"", "intervall = \"1s\"", &[":13", "intervall", "interval"]);
    is_refused("format = 1", "format = 2", &[":1", "format"]);
    is_refused("about = \"a test\"", "about = \"unended", &[":2"]);
}

#[test]
fn an_expectation_that_cannot_be_checked_is_refused_before_anything_starts() {
    let expect = |line: &str| format!("[expect.websocket]\n{line}\n[transports.websocket]");
    let refused = |line: &str, words: &[&str]| {
        is_refused("[transports.websocket]", &expect(line), words);
    };
    refused("delay_p98 = \"< 1s\"", &["expect.websocket.delay_p98", "delay_p99"]);
    refused("delay_p99 = \"< 250\"", &["expect.websocket.delay_p99", "< 250ms"]);
    refused("verdict = \"< 1\"", &["expect.websocket.verdict", "pooled.csv"]);
    is_refused(
        "[transports.websocket]",
        "[expect.pigeon]\nmissing = \"<= 0\"\n[transports.websocket]",
        &["pigeon", "websocket"],
    );
    feedlab()
        .args(["run", "quick", "--set", "expect.websocket.delay_p99=< fast"])
        .assert()
        .code(2)
        .stderr(contains("--set expect.websocket.delay_p99=< fast").and(contains("< 250ms")));
}

#[test]
fn an_unsorted_trace_is_refused_with_its_line() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("t.csv"), "at_ms,x\n0,1\n20,2\n10,3\n").unwrap();
    let path = directory.path().join("bad.toml");
    std::fs::write(
        &path,
        GOOD.replace("\"poisson\"\nrate = \"20/s\"", "\"trace\"\ntrace = \"t.csv\""),
    )
    .unwrap();
    feedlab()
        .args(["run", path.to_str().unwrap()])
        .assert()
        .code(2)
        .stderr(contains("t.csv").and(contains("4")));
}

#[test]
fn an_override_is_named_when_it_is_the_culprit() {
    feedlab()
        .args(["run", "quick", "--set", "feed.rate=never"])
        .assert()
        .code(2)
        .stderr(contains("--set feed.rate"));
    feedlab()
        .args(["run", "quick", "--set", "transports.sse.nothing=1"])
        .assert()
        .code(2)
        .stderr(contains("transports.sse.nothing"));
}

#[test]
fn a_certificate_or_key_that_cannot_be_used_is_refused_by_its_files_name() {
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = directory.path().join(name).display().to_string();
        std::fs::write(&path, text).unwrap();
        path
    };
    let make = || harness::certificate::Certificate::make(std::time::SystemTime::now()).unwrap();
    let (one, other) = (make(), make());
    let (certificate, key) = (file("one.pem", one.pem().0), file("one.key", one.pem().1));
    let other = file("other.key", other.pem().1);
    let text = file("text", "no PEM at all");
    let absent = directory.path().join("absent").display().to_string();
    for (certificate, key, words) in [
        (&absent, &key, [&absent, "cannot be read"]),
        (&certificate, &absent, [&absent, "cannot be read"]),
        (&text, &key, [&text, "is not PEM"]),
        (&certificate, &text, [&text, "is not PEM"]),
        (&key, &key, [&key, "holds no certificate"]),
        (&certificate, &certificate, [&certificate, "holds no private key"]),
        (&certificate, &other, [&other, "is not the key that belongs to the certificate"]),
    ] {
        // The address is not one of ours: whoever gets as far as listening has another error.
        let assert = feedlab()
            .args(["serve", "--listen", "192.0.2.1:1", "--tls-cert", certificate])
            .args(["--tls-key", key])
            .assert()
            .code(2)
            .stdout("");
        let error = String::from_utf8(assert.get_output().stderr.clone()).unwrap();
        assert_eq!(error.trim_end().lines().count(), 1, "{error}");
        assert!(words.iter().all(|word| error.contains(*word)), "{words:?}: {error}");
    }
    for (flag, path, missing) in
        [("--tls-cert", &certificate, "--tls-key"), ("--tls-key", &key, "--tls-cert")]
    {
        feedlab().args(["serve", flag, path]).assert().code(2).stderr(contains(missing));
    }
    // Without TLS there is no session, so this would silently do nothing.
    let alone = ["serve", "--listen", "192.0.2.1:1", "--tls-resumption", "false"];
    feedlab().args(alone).assert().code(2).stderr(contains("--tls-cert"));
}

#[test]
fn an_unknown_scenario_names_the_known_ones() {
    feedlab().args(["run", "qick"]).assert().code(2).stderr(contains("quick"));
}

#[test]
fn an_unknown_verb_or_flag_is_a_usage_error() {
    feedlab().arg("rnu").assert().code(2);
    feedlab().args(["run", "quick", "--frobnicate"]).assert().code(2);
}

#[test]
fn a_directory_that_is_no_run_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    feedlab()
        .args(["report", directory.path().to_str().unwrap()])
        .assert()
        .code(2)
        .stderr(contains("run.json"));
}

#[test]
fn scenarios_are_listed_with_one_line_each() {
    let assert = feedlab().arg("scenarios").assert().success();
    let text = String::from_utf8(assert.get_output().stdout.clone()).unwrap();
    assert_eq!(text.lines().count(), scenarios::builtin().len());
    feedlab().args(["scenarios", "quick"]).assert().success().stdout(contains("[transports.sse]"));
}

#[test]
fn completions_man_page_and_schema_are_generated() {
    feedlab()
        .args(["generate", "completions", "bash"])
        .assert()
        .success()
        .stdout(contains("feedlab"));
    feedlab().args(["generate", "man"]).assert().success().stdout(contains(".TH feedlab"));
    let schema = feedlab().args(["generate", "schema"]).assert().success();
    let on_disk = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios/scenario.schema.json");
    let on_disk: serde_json::Value =
        serde_json::from_slice(&std::fs::read(on_disk).unwrap()).unwrap();
    let generated: serde_json::Value = serde_json::from_slice(&schema.get_output().stdout).unwrap();
    assert_eq!(generated, on_disk);
}

#[test]
fn the_doctor_looks_at_everything_that_a_run_depends_on() {
    let mut all = feedlab().arg("doctor").assert().success();
    for what in [
        "cores",
        "cores on a link",
        "descriptors",
        "ports",
        "accept queue",
        "clock source",
        "governor",
        "congestion",
        "pinning",
        "packet link",
    ] {
        all = all.stdout(contains(what));
    }
}

#[test]
fn a_closed_pipe_is_no_error() {
    let program = env!("CARGO_BIN_EXE_feedlab");
    let script = format!("{program} generate completions zsh | head -n 1; exit ${{PIPESTATUS[0]}}");
    Command::new("bash").args(["-c", &script]).assert().success().stderr("");
}
