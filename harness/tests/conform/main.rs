//! Servers against the protocol: ours, an example in Python, and some that are broken on purpose.
#![allow(clippy::unwrap_used)] // a test that unwraps fails with the line that is wrong

mod broken;
mod python;
mod refused;
mod server;
mod target;

use assert_cmd::Command;

fn feedlab() -> Command {
    Command::new(env!("CARGO_BIN_EXE_feedlab"))
}

#[test]
fn our_servers_conform_over_all_five_transports() {
    // Short enough that the oldest are evicted while it is checked.
    let server = server::Server::ours(&["--allow-publish", "--history", "1005"]);
    let output = feedlab()
        .args(["conform", &server.url, "--tcp", &server.tcp, "--format", "json"])
        .output()
        .unwrap();
    let said: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{said:#}");
    assert_eq!(said["conforms"], true);
    let parts = said["parts"].as_array().unwrap();
    assert_eq!(parts.len(), harness::conform::PARTS.len());
    for part in parts {
        assert_eq!(part["standing"], "conforms");
        for rule in part["rules"].as_array().unwrap() {
            assert_eq!(rule["outcome"], "kept", "{part:#}");
        }
    }
}

#[test]
fn updates_may_be_published_over_the_control_socket() {
    let directory = tempfile::tempdir().unwrap();
    let control = directory.path().join("control");
    let server = server::Server::ours(&["--control", control.to_str().unwrap()]);
    let publish = format!("unix:{}", control.display());
    let arguments = ["conform", &server.url, "--publish", &publish, "--only", "sse,websocket"];
    let assert = feedlab().args(arguments).assert().success();
    let text = String::from_utf8(assert.get_output().stdout.clone()).unwrap();
    assert!(text.contains("websocket   conforms") && !text.contains("short-poll"), "{text}");
}

#[test]
fn every_rule_has_a_name_of_its_own_in_its_part_and_a_sentence() {
    for part in harness::conform::PARTS {
        let rules: Vec<_> = harness::conform::rules_of(part).collect();
        assert!(!rules.is_empty(), "{part}");
        for rule in &rules {
            assert!(rule.says.ends_with('.'), "{}", rule.name);
            let same = rules.iter().filter(|other| other.name == rule.name).count();
            assert_eq!(same, 1, "{part}: {}", rule.name);
        }
    }
}
