//! Whole runs through a link: every byte has a cause, captures can be read, and a link that dies
//! ends the run.
#![allow(clippy::unwrap_used)] // a test that unwraps fails with the line that is wrong

use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

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

#[test]
fn a_link_that_is_killed_makes_the_run_invalid_with_that_reason() {
    let Some(place) = Place::new() else { return };
    let child = place.command(&["--set", "measure.duration=60s"]).spawn().unwrap();
    let parent = child.id();
    // A server is there only behind a link that stands; before there is a run, one is only tried.
    // The calibration has links of its own, and any of them will do.
    let link = loop {
        let children = std::fs::read_to_string(format!("/proc/{parent}/task/{parent}/children"));
        let children = children.unwrap_or_default();
        let find = |word: &[u8]| {
            children.split_whitespace().find(|pid| {
                let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
                line.split(|byte| *byte == 0).nth(1) == Some(word)
            })
        };
        if let Some((link, _)) = find(b"link").zip(find(b"serve")) {
            break link.parse().unwrap();
        }
        std::thread::yield_now();
    };
    let link = nix::unistd::Pid::from_raw(link);
    nix::sys::signal::kill(link, nix::sys::signal::Signal::SIGKILL).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let run: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(run["verdict"], "INVALID");
    let text = run["warnings"].to_string();
    assert!(text.contains("the link died in mid-run"), "{text}");
}

#[test]
fn a_capture_that_cannot_be_written_or_has_nothing_to_write_is_refused_before_anything_starts() {
    let Some(place) = Place::new() else { return };
    let output = place.command(&["--pcap", "/nowhere/wire.pcap"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(errors.contains("--pcap /nowhere/wire.pcap: cannot be written"), "{errors}");
    assert!(!place.path().join("results").exists());
}
