//! Runs that were made before the validation.

use std::fs;
use std::path::Path;

use results::Run;

/// The runs of a folder in which each transport had a twin and that can be believed; what cannot be
/// read is no run.
pub fn with_twins(folder: &Path) -> Vec<Run> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<_> =
        entries.map(|entry| entry.path()).filter(|path| has_twins(path)).collect();
    paths.sort();
    let runs = paths.iter().filter_map(|path| Run::read(path).ok());
    runs.map(|loaded| loaded.run).filter(|run| run.verdict != results::Verdict::Invalid).collect()
}

/// Looked up before the rest is read: a folder may hold hundreds of runs.
fn has_twins(directory: &Path) -> bool {
    let read = || -> Option<bool> {
        let text = fs::read_to_string(directory.join("run.json")).ok()?;
        let run: serde_json::Value = serde_json::from_str(&text).ok()?;
        run.pointer("/scenario/measure/twins")?.as_bool()
    };
    read().unwrap_or(false)
}
