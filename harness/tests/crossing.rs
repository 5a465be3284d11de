//! Whole runs through a link: every byte has a cause, captures can be read, and a link that dies
//! ends the run.
#![allow(clippy::unwrap_used)] // a test that unwraps fails with the line that is wrong

use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

/// Longer than a link, a server and its clients take to start on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

const TRANSPORTS: [&str; 5] = ["short-poll", "long-poll", "sse", "websocket", "tcp"];

const SCENARIO: &str = r#"format = 1
about = "every transport through a link, briefly"
clients = 4

[feed]
kind = "poisson"
rate = "30/s"

[link]
rtt = "20ms"

[measure]
ramp = "50ms"
warmup = "200ms"
duration = "1500ms"

[transports.short-poll]
interval = "110ms"
[transports.long-poll]
[transports.sse]
[transports.websocket]
[transports.tcp]
"#;

struct Place(tempfile::TempDir);

impl Place {
    /// `None`, with the reason printed, where this machine cannot have a link.
    fn new() -> Option<Self> {
        if let Err(error) = Self::try_link() {
            assert!(
                std::env::var_os("CI").is_none(),
                "this test may not be skipped in CI: {error}"
            );
            eprintln!("skipped: {error}");
            return None;
        }
        let place = Self(tempfile::tempdir().unwrap());
        std::fs::write(place.path().join("cross.toml"), SCENARIO).unwrap();
        Some(place)
    }

    fn try_link() -> Result<(), String> {
        let doctor = Command::new(env!("CARGO_BIN_EXE_feedlab")).arg("doctor").output().unwrap();
        let said = String::from_utf8_lossy(&doctor.stdout).into_owned();
        let link = said.lines().find(|line| line.contains("packet link")).unwrap_or_default();
        if link.contains("can be made") { Ok(()) } else { Err(link.to_owned()) }
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn command(&self, more: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_feedlab"));
        command.current_dir(self.path()).args(["run", "cross.toml", "--format", "json"]);
        command.args(["--no-report", "--quiet"]).args(more);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn run(&self, more: &[&str]) -> Value {
        let Output { status, stdout, stderr } = self.command(more).output().unwrap();
        let errors = String::from_utf8_lossy(&stderr);
        assert!(status.success(), "{errors}");
        serde_json::from_slice(&stdout).unwrap()
    }
}

fn rows(run: &Value) -> Vec<&Value> {
    let rows: Vec<&Value> = run["rows"].as_array().unwrap().iter().collect();
    assert_eq!(rows.len(), TRANSPORTS.len());
    rows
}

fn check_account(run: &Value) {
    for row in rows(run) {
        let transport = &row["transport"];
        assert_eq!(row["missing"], 0, "{transport}");
        assert_eq!(row["life_cause_bytes"], row["life_link_bytes"], "{transport}");
        assert!(row["life_link_bytes"].as_u64().unwrap() > 10_000, "{transport}");
        assert_eq!(row["link_unasked_drops"], 0, "{transport}");
        assert_eq!(row["bytes_up"], row["tcp_bytes_up"], "{transport}");
        assert_eq!(row["bytes_down"], row["tcp_bytes_down"], "{transport}");
        // No update crosses in less than the one-way delay.
        assert!(row["delay_p50_ns"].as_u64().unwrap() >= 10_000_000, "{transport}");
    }
}

#[test]
fn every_byte_of_every_transport_has_a_cause() {
    let Some(place) = Place::new() else { return };
    check_account(&place.run(&[]));
}

#[test]
fn every_byte_has_a_cause_under_tls_where_packets_are_lost() {
    let Some(place) = Place::new() else { return };
    let run = place.run(&["--set", "tls=true", "--set", "link.loss=0.03"]);
    check_account(&run);
    let sum =
        |column: &str| rows(&run).iter().map(|row| row[column].as_u64().unwrap()).sum::<u64>();
    assert!(sum("link_lost_packets") > 0 && sum("retransmitted_bytes") > 0);
    assert!(sum("tls_bytes") > 0 && sum("tls_handshakes") == 4 * 5);
}

/// A connection per request: what closes and opens them is part of the account.
#[test]
fn every_byte_has_a_cause_where_each_request_has_its_own_connection() {
    let Some(place) = Place::new() else { return };
    let run = place.run(&[
        "--set",
        "transports.short-poll.keep_alive=false",
        "--set",
        "transports.long-poll.keep_alive=false",
        "--set",
        "tls=true",
    ]);
    check_account(&run);
    let polls = rows(&run).into_iter().filter(|row| row["requests"].as_u64().unwrap() > 0);
    for poll in polls {
        assert!(poll["handshake_bytes"].as_u64().unwrap() > 0);
    }
}

/// A SYN of the first seconds of the cut is sent again 15 s after it, and that is no reason to give
/// up.
#[test]
fn a_client_that_connects_for_each_request_outlasts_a_cut_in_mid_run() {
    let Some(place) = Place::new() else { return };
    let run = place.run(&[
        "--set",
        "transports={ short-poll = { interval = '200ms', keep_alive = false } }",
        "--set",
        "measure.duration=12s",
        "--set",
        "link.cut=[{at='1s', for='8s'}]",
    ]);
    let row = &run["rows"][0];
    assert!(row["link_cut_packets"].as_u64().unwrap() > 0);
    assert!(row["delay_max_ns"].as_u64().unwrap() > 8_000_000_000, "{row}");
    assert_eq!((row["missing"].as_u64(), row["connected"].as_u64()), (Some(0), Some(4)), "{row}");
    let warnings = run["warnings"].to_string();
    assert!(!warnings.contains("no answer"), "{warnings}");
}

#[test]
fn tshark_counts_the_same_bytes_and_dissects_http_and_websocket() {
    let Some(place) = Place::new() else { return };
    if Command::new("tshark").arg("--version").output().is_err() {
        assert!(std::env::var_os("CI").is_none(), "this test may not be skipped in CI");
        eprintln!("skipped: tshark is not installed");
        return;
    }
    let run = place.run(&["--pcap", "wire.pcap"]);
    let read = |transport: &str, more: &[&str]| {
        let file = place.path().join(format!("wire-{transport}-1.pcap"));
        let mut tshark = Command::new("tshark");
        tshark.arg("-r").arg(file).args(["-T", "fields", "-e", "frame.len"]).args(more);
        let output = tshark.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().map(|line| line.parse().unwrap()).collect::<Vec<u64>>()
    };
    for row in rows(&run) {
        let transport = row["transport"].as_str().unwrap();
        let bytes: u64 = read(transport, &[]).iter().sum();
        assert_eq!(bytes, row["life_link_bytes"].as_u64().unwrap(), "{transport}");
    }
    // Ports that no table knows: it is told what is spoken there.
    assert!(!read("short-poll", &["-Y", "http.request"]).is_empty());
    assert!(!read("websocket", &["-Y", "websocket"]).is_empty());
}

/// The child of the run that plays the role of the first verb, as soon as there is one for each. A
/// server is there only behind a link that stands; before there is a run, one is only tried. The
/// calibration has links of its own, and any of them will do.
fn child(run: &mut Child, verbs: &[&str]) -> Pid {
    let parent = run.id();
    let began = Instant::now();
    loop {
        let children = std::fs::read_to_string(format!("/proc/{parent}/task/{parent}/children"));
        let children = children.unwrap_or_default();
        let find = |verb: &str| {
            children.split_whitespace().find(|pid| {
                let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
                line.split(|byte| *byte == 0).nth(1) == Some(verb.as_bytes())
            })
        };
        let found: Vec<_> = verbs.iter().filter_map(|verb| find(verb)).collect();
        if found.len() == verbs.len() {
            return Pid::from_raw(found[0].parse().unwrap());
        }
        assert!(run.try_wait().unwrap().is_none(), "the run has ended without {verbs:?}");
        assert!(began.elapsed() < PATIENCE, "there are not {verbs:?}");
        std::thread::yield_now();
    }
}

#[test]
fn a_link_that_is_killed_makes_the_run_invalid_with_that_reason() {
    let Some(place) = Place::new() else { return };
    let mut run = place.command(&["--set", "measure.duration=60s"]).spawn().unwrap();
    kill(child(&mut run, &["link", "serve"]), Signal::SIGKILL).unwrap();
    let output = run.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let run: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(run["verdict"], "INVALID");
    let text = run["warnings"].to_string();
    assert!(text.contains("the link died in mid-run"), "{text}");
}

/// Waits until the run's server stands still, which it does in the window only: the calibration
/// has servers of its own.
fn wait_for_the_freeze(run: &mut Child) {
    let began = Instant::now();
    loop {
        let server = child(run, &["serve", "link"]);
        let stat = std::fs::read_to_string(format!("/proc/{server}/stat")).unwrap_or_default();
        if stat.rsplit_once(") ").is_some_and(|(_, state)| state.starts_with('T')) {
            return;
        }
        assert!(began.elapsed() < PATIENCE, "no server stands still");
        std::thread::yield_now();
    }
}

#[test]
fn a_link_that_is_killed_while_the_window_is_open_makes_the_run_invalid_with_that_reason() {
    let Some(place) = Place::new() else { return };
    let scenario = SCENARIO.split("[transports").next().unwrap();
    let freeze = "[[server.freeze]]\nat = \"100ms\"\nfor = \"20s\"\n[transports.sse]\n";
    std::fs::write(place.path().join("cross.toml"), format!("{scenario}{freeze}")).unwrap();
    let mut run = place.command(&["--set", "measure.duration=60s"]).spawn().unwrap();
    wait_for_the_freeze(&mut run);
    kill(child(&mut run, &["link", "serve"]), Signal::SIGKILL).unwrap();
    let output = run.wait_with_output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{errors}");
    let run: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(run["verdict"], "INVALID");
    let text = run["warnings"].to_string();
    assert!(text.contains("the link died in mid-run"), "{text}");
}

#[test]
fn a_server_or_a_load_worker_that_is_killed_behind_a_link_fails_the_run_with_a_sentence() {
    let Some(place) = Place::new() else { return };
    // Who publishes may notice it before the server's death is seen.
    let cases = [
        (["serve", "link", "worker"], ["the server died", "publish"]),
        (["worker", "link", "serve"], ["a load worker died", "a load worker is gone"]),
    ];
    for (verbs, words) in cases {
        let mut run = place.command(&["--set", "measure.duration=60s"]).spawn().unwrap();
        kill(child(&mut run, &verbs), Signal::SIGKILL).unwrap();
        let output = run.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{verbs:?}");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(words.iter().any(|word| errors.contains(word)), "{verbs:?}: {errors}");
        assert!(!errors.contains("the link died"), "{verbs:?}: {errors}");
    }
}

#[test]
fn a_capture_that_cannot_be_written_or_has_nothing_to_write_is_refused_before_anything_starts() {
    let Some(place) = Place::new() else { return };
    let output = place.command(&["--pcap", "/nowhere/wire.pcap"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    let sentence = "--pcap /nowhere/wire.pcap: /nowhere/wire-long-poll-1.pcap cannot be written";
    assert!(errors.contains(sentence), "{errors}");
    assert!(!place.path().join("results").exists());
    // The very files are tried: one of these names is taken.
    std::fs::create_dir(place.path().join("wire-sse-2.pcap")).unwrap();
    let more = ["--pcap", "wire.pcap", "--set", "measure.repeat=2"];
    let output = place.command(&more).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(errors.contains("wire-sse-2.pcap cannot be written"), "{errors}");
    let names = std::fs::read_dir(place.path()).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<_> = names.collect();
    names.sort();
    assert_eq!(names, ["cross.toml", "wire-sse-2.pcap"]);
}
