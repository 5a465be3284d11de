//! What the documents tell people to type is what the program understands.
#![allow(clippy::unwrap_used)] // a test that unwraps fails with the line that is wrong

use std::path::{Path, PathBuf};

use clap::Parser;
use harness::cmd::Cli;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The commands of the fenced `sh` blocks, without their comments.
fn commands(document: &str) -> Vec<String> {
    let text = std::fs::read_to_string(root().join(document)).unwrap();
    let mut commands = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        match line.trim() {
            "```sh" => inside = true,
            "```" => inside = false,
            line if inside => {
                let command = line.split(" #").next().unwrap_or_default().trim();
                commands.extend((!command.is_empty()).then(|| command.to_owned()));
            }
            _ => {}
        }
    }
    commands
}

/// The words of a command, of which quotes hold some together.
fn words(command: &str) -> Vec<String> {
    let (mut words, mut is_quoted) = (vec![String::new()], false);
    for character in command.chars() {
        match (character, words.last_mut()) {
            ('"', _) => is_quoted = !is_quoted,
            (' ', _) if !is_quoted => words.push(String::new()),
            (other, Some(word)) => word.push(other),
            (_, None) => {}
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[test]
fn every_feedlab_command_of_the_readme_is_understood() {
    let commands = commands("README.md");
    let ours: Vec<String> = commands
        .iter()
        .filter_map(|command| {
            let rest = command.strip_prefix("cargo run --release -- ");
            rest.or_else(|| command.strip_prefix("feedlab ")).map(str::to_owned)
        })
        .collect();
    assert!(ours.len() >= 7, "{commands:?}");
    for command in ours {
        let words = std::iter::once("feedlab".to_owned()).chain(words(&command));
        if let Err(error) = Cli::try_parse_from(words) {
            panic!("feedlab {command}: {error}");
        }
    }
}

#[test]
fn the_gate_runs_the_test_command_of_the_readme() {
    let gate = std::fs::read_to_string(root().join(".ci/run")).unwrap();
    assert!(commands("README.md").iter().any(|command| command == "cargo test --workspace"));
    assert!(gate.contains("cargo test --workspace"));
    assert!(gate.contains("-- run quick"));
}

#[test]
fn every_file_that_the_documents_point_to_is_there() {
    for document in ["README.md", "CONTRIBUTING.md"] {
        let text = std::fs::read_to_string(root().join(document)).unwrap();
        for word in text.split(['`', '(', ')', ' ', '\n']) {
            let inside = ["scenarios/", "servers/", "harness/", "results/", "reports/", "benches/"];
            let is_path = inside.iter().any(|folder| word.starts_with(folder))
                && !word.contains("local/")
                && !word.contains("pigeon");
            if is_path {
                let (path, heading) = word.split_once('#').unwrap_or((word, ""));
                let path = root().join(path);
                assert!(path.exists(), "{document} points to {word}");
                let is_there = heading.is_empty() || {
                    let text = std::fs::read_to_string(path).unwrap();
                    let of_line = |line: &str| line.trim_start_matches(['#', ' ']).to_lowercase();
                    text.lines().any(|line| of_line(line).replace(' ', "-") == heading)
                };
                assert!(is_there, "{document} points to {word}, a heading that is not there");
            }
        }
    }
}
