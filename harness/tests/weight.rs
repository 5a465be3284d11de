//! Requests light and heavy, from the command line: what is counted, and what is refused.
#![allow(clippy::unwrap_used)] // a test that unwraps fails with the line that is wrong

use std::process::Command;

use serde_json::Value;

const POLLS: &str = r#"format = 1
about = "polls, briefly"
clients = 4

[feed]
kind = "periodic"
rate = "25/s"

[measure]
ramp = "20ms"
warmup = "50ms"
duration = "1s"

[transports.short-poll]
interval = "30ms"
[transports.long-poll]
"#;

/// `feedlab run` of the polls with these keys set.
fn run(sets: &[&str]) -> (Option<i32>, Value, String) {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("polls.toml"), POLLS).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_feedlab"));
    command.current_dir(directory.path()).args(["run", "polls.toml", "--no-report"]);
    command.args(["--format", "json"]);
    for set in sets {
        command.args(["--set", set]);
    }
    let output = command.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    let run = serde_json::from_slice(&output.stdout).unwrap_or_default();
    (output.status.code(), run, errors)
}

fn number(row: &Value, name: &str) -> u64 {
    row[name].as_u64().unwrap_or_else(|| panic!("{name} in {row}"))
}

/// All is delivered once and in order, and the codec's bytes are the kernel's.
fn rows(sets: &[&str]) -> Vec<Value> {
    let (code, run, errors) = run(sets);
    assert_eq!(code, Some(0), "{errors}");
    let rows = run["rows"].as_array().unwrap().clone();
    assert!(!rows.is_empty());
    for row in &rows {
        assert_eq!(number(row, "connected"), 4, "{row}");
        assert_eq!(number(row, "delivered"), number(row, "expected"), "{row}");
        for fault in ["lost", "missing", "duplicated", "reordered"] {
            assert_eq!(number(row, fault), 0, "{fault} in {row}");
        }
        for direction in ["up", "down"] {
            let codec = number(row, &format!("bytes_{direction}"));
            assert_eq!(codec, number(row, &format!("tcp_bytes_{direction}")), "{row}");
        }
    }
    rows
}

fn of<'a>(rows: &'a [Value], transport: &str) -> &'a Value {
    rows.iter().find(|row| row["transport"] == transport).unwrap()
}

#[test]
fn connections_that_end_are_counted_to_the_byte() {
    let rows = rows(&[
        "transports.short-poll.keep_alive=false",
        "transports.short-poll.conditional=true",
        "transports.long-poll.keep_alive=false",
        "transports.long-poll.cookie_bytes=8000",
    ]);
    let long = of(&rows, "long-poll");
    assert!(number(long, "bytes_up") > 8000 * number(long, "requests"));
    assert!(number(of(&rows, "short-poll"), "empty_responses") > 0);
}

#[test]
fn connections_that_end_are_counted_to_the_byte_with_tls_as_well() {
    let knobs =
        ["short-poll", "long-poll"].map(|name| format!("transports.{name}.keep_alive=false"));
    let rows = rows(&["tls=true", &knobs[0], &knobs[1]]);
    for row in &rows {
        // A handshake for each; what crosses the window's ends may be one more or less per client.
        assert!(number(row, "tls_handshakes") + 4 >= number(row, "requests"), "{row}");
    }
}

#[test]
fn kaazing_heads_are_multiples_of_716_and_193_in_a_run_and_in_its_prediction() {
    let rows = rows(&[
        "transports.short-poll.headers=kaazing",
        "transports.short-poll.cookie_bytes=99",
        "transports.short-poll.conditional=true",
        "transports.long-poll.headers=kaazing",
        "transports.long-poll.outstanding=2",
    ]);
    for row in &rows {
        let exchanges = number(row, "bytes_up") / 716;
        assert_eq!(number(row, "bytes_up"), exchanges * 716, "{row}");
        assert_eq!(number(row, "head_bytes"), exchanges * (716 + 193), "{row}");
    }
    // An update finds a parked request whatever else the machine does.
    let long = of(&rows, "long-poll");
    let predicted = number(long, "predicted_bytes_up");
    assert_eq!(predicted, number(long, "predicted_requests") * 716, "{long}");
}

#[test]
fn a_browsers_heads_weigh_on_each_poll_and_once_on_a_stream() {
    let sets = ["sse", "websocket"].map(|name| format!("transports.{name}.headers=browser"));
    let mut sets: Vec<&str> = sets.iter().map(String::as_str).collect();
    sets.extend([
        "transports.sse.cookie_bytes=1000",
        "transports.websocket.cookie_bytes=1000",
        "transports.short-poll.headers=browser",
        "transports.long-poll.headers=browser",
    ]);
    let rows = rows(&sets);
    assert_eq!(rows.len(), 4);
    for transport in ["short-poll", "long-poll"] {
        let row = of(&rows, transport);
        assert!(number(row, "bytes_up") > 300 * number(row, "requests"), "{row}");
    }
    for transport in ["sse", "websocket"] {
        let row = of(&rows, transport);
        assert!(number(row, "connect_bytes_up") > 4 * 1300, "{row}");
        assert_eq!(number(row, "bytes_up"), 0, "{row}");
    }
}

#[test]
fn what_a_knob_may_not_be_is_said_before_anything_runs() {
    for (sets, sentence) in [
        (
            &["transports.short-poll.headers=firefox"][..],
            "transports.short-poll.headers: must be one of \"bare\", \"browser\", \"kaazing\"",
        ),
        (
            &["transports.sse.headers=kaazing"],
            "transports.sse.headers: must be one of \"bare\", \"browser\", not",
        ),
        (
            &["transports.long-poll.cookie_bytes=8001"],
            "transports.long-poll.cookie_bytes: must be a whole number between 0 and 8000",
        ),
        (
            &["transports.short-poll.keep_alive=no"],
            "transports.short-poll.keep_alive: must be true or false",
        ),
        (
            &["transports.long-poll.conditional=1"],
            "transports.long-poll.conditional: must be true or false",
        ),
        (
            &["transports.long-poll.outstanding=9"],
            "transports.long-poll.outstanding: must be a whole number between 1 and 8",
        ),
        (
            &["transports.short-poll.outstanding=2"],
            "transports.short-poll.outstanding: unknown key",
        ),
        (&["transports.long-poll.pacing=fixed-rate"], "transports.long-poll.pacing: unknown key"),
        (
            &["transports.long-poll.outstanding=2", "transports.long-poll.keep_alive=false"],
            "transports.long-poll.outstanding: must be 1 where keep_alive is false",
        ),
        (
            &["transports.long-poll.outstanding=2", "transports.long-poll.conditional=true"],
            "transports.long-poll.outstanding: must be 1 where conditional is true",
        ),
        (
            &["transports.short-poll.headers=kaazing", "transports.short-poll.cookie_bytes=700"],
            "transports.short-poll.cookie_bytes: with headers = \"kaazing\" a request has 716 bytes",
        ),
    ] {
        let (code, _, errors) = run(sets);
        assert_eq!(code, Some(2), "{sets:?}: {errors}");
        assert!(errors.contains(sentence), "{sets:?}: {errors}");
    }
}
