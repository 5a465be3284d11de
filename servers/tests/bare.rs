//! The bare floors, started as the orchestrator starts them.

#![allow(clippy::unwrap_used)] // a test that unwraps fails with the line that is wrong

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

/// Its stdout ends with the last process that holds it: with the floor itself, once the parent has
/// gone.
#[test]
fn the_bare_floor_does_not_outlive_a_parent_that_is_killed() {
    let test = std::env::current_exe().unwrap();
    let bare = test.ancestors().nth(2).unwrap().join("examples/bare");
    assert!(bare.exists(), "cargo builds it with all tests of this crate, or with --example bare");
    let dir = tempfile::tempdir().unwrap();
    let mut parent = Command::new("sh")
        .args(["-c", "\"$0\" --transport tcp --control \"$1\" & wait"])
        .args([&bare, &dir.path().join("control")])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(parent.stdout.take().unwrap());
    let mut first = String::new();
    said.read_line(&mut first).unwrap();
    assert!(first.contains("\"epoch\":\"bare00\""), "{first}");
    parent.kill().unwrap();
    parent.wait().unwrap();
    let mut rest = String::new();
    said.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "");
}
