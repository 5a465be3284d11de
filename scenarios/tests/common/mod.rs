//! A scenario from text, as a user would have it on disk.
#![allow(dead_code)] // not every test file uses all of it

pub mod predicting;

use std::{fmt::Write as _, path::Path};

use scenarios::{Error, Scenario};

/// A small scenario that is right; tests change it.
pub const RIGHT: &str = r#"format = 1
about = "a test"
clients = 10

[feed]
kind = "poisson"
rate = "20/s"
payload_bytes = 128

[measure]
duration = "5s"
repeat = 2
seed = 7

[server]
threads = 1

[transports.short-poll]
interval = "1s"

[transports.tcp]
"#;

/// Writes `text` as `test.toml` into a folder of its own and loads it. Errors name the file without
/// its folder.
pub fn load(text: &str, sets: &[&str]) -> Result<Scenario, String> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    load_in(folder.path(), text, sets)
}

pub fn load_in(folder: &Path, text: &str, sets: &[&str]) -> Result<Scenario, String> {
    let path = folder.join("test.toml");
    std::fs::write(&path, text).expect("a file in a temporary folder");
    let sets: Vec<_> = sets.iter().map(ToString::to_string).collect();
    let folder = format!("{}/", folder.display());
    Scenario::load(&path.display().to_string(), &sets)
        .map_err(|e: Error| e.to_string().replace(&folder, ""))
}

/// [`RIGHT`] with each first text replaced by the second.
pub fn changed(changes: &[(&str, &str)]) -> String {
    changes.iter().fold(RIGHT.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from:?} is not in the scenario");
        text.replacen(from, to, 1)
    })
}

/// (what is wrong, [(right, wrong)])
pub type Mistake = (&'static str, &'static [(&'static str, &'static str)]);

/// Every mistake and what is said of it: one line that names the file.
pub fn sentences(folder: &Path, mistakes: &[Mistake]) -> String {
    let mut sentences = String::new();
    for (mistake, changes) in mistakes {
        let error = load_in(folder, &changed(changes), &[]).expect_err(mistake);
        assert!(!error.contains('\n'), "{mistake} takes more than one line: {error}");
        assert!(error.starts_with("test.toml"), "{mistake} does not name the file: {error}");
        writeln!(sentences, "{mistake}\n    {error}").expect("a text takes any other");
    }
    sentences
}
