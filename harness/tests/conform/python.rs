//! The example server.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::feedlab;
use super::server::Server;

/// The example, if this machine has Python; where it may not be missing, that is a failure.
fn example() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/server.py");
    let has = Command::new("python3").arg("--version").output();
    if has.is_ok_and(|output| output.status.success()) {
        return Some(path);
    }
    assert!(std::env::var_os("CI").is_none(), "this test may not be skipped in CI");
    eprintln!("skipped: there is no python3 here");
    None
}

#[test]
fn the_python_example_conforms_over_its_transports() {
    let Some(path) = example() else { return };
    let mut command = Command::new(path);
    command.args(["--listen", "127.0.0.1:0", "--history", "1005"]);
    let server = Server::start(command);
    let only = "short-poll,long-poll,sse";
    let assert = feedlab().args(["conform", &server.url, "--only", only]).assert();
    let output = assert.get_output().clone();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(!text.contains("not asked"), "{text}");
}

#[test]
fn the_python_example_is_measured_beside_ours() {
    let Some(path) = example() else { return };
    let directory = tempfile::tempdir().unwrap();
    let rival = format!("python={}:short-poll,long-poll,sse", path.display());
    let output = feedlab()
        .args(["run", "quick", "--rival", &rival, "--quiet", "--no-report", "--format", "json"])
        .args(["--set", "clients=3", "--set", "measure.duration=1s", "--set", "measure.repeat=1"])
        .current_dir(directory.path())
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    let run: serde_json::Value = serde_json::from_slice(&output.stdout).expect(&errors);
    for label in ["python-short-poll", "python-long-poll", "python-sse"] {
        let row = run["rows"].as_array().unwrap().iter().find(|row| row["transport"] == label);
        let row = row.unwrap_or_else(|| panic!("no {label}: {errors}"));
        assert_eq!(row["delivered"], row["expected"], "{row}");
        assert_ne!(row["verdict"], "INVALID", "{}", run["warnings"]);
    }
}
