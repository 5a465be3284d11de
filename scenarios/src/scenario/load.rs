//! From a name or a path to a checked scenario.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    FeedKind, Scenario,
    document::{Document, sentence},
};
use crate::{
    Error, Rate, builtin,
    error::one_line,
    near::nearest,
    trace::{self, Trace},
};

/// A scenario is a page of text; this keeps a mistyped path from being read into memory whole.
const MAX_FILE_BYTES: u64 = 1 << 20;

pub(super) fn load(name_or_path: &str, sets: &[String]) -> Result<Scenario, Error> {
    let found = find(name_or_path)?;
    let mut document = Document::parse(found.label, &found.text)?;
    for set in sets {
        document.set(set)?;
    }
    document.check()?;
    document.apply_preset();
    let Document { table, origin } = document;
    let mut scenario: Scenario = table.try_into().map_err(|e: toml::de::Error| {
        // The table of keys has refused everything that the types refuse; this is for a key that it
        // forgot.
        Error::at(&origin.file, &sentence(&e))
    })?;
    scenario.name = found.stem;
    scenario.origin = origin;
    scenario.check_feed_keys()?;
    if scenario.feed.kind == FeedKind::Trace {
        scenario.load_trace(found.folder.as_deref())?;
    }
    scenario.validate()?;
    Ok(scenario)
}

struct Found {
    label: String,
    stem: String,
    /// Where a trace is looked for; built-in scenarios have none.
    folder: Option<PathBuf>,
    text: String,
}

fn find(name_or_path: &str) -> Result<Found, Error> {
    if let Some(builtin) = builtin().iter().find(|builtin| builtin.name == name_or_path) {
        return Ok(Found {
            label: format!("built-in {}.toml", builtin.name),
            stem: builtin.name.to_owned(),
            folder: None,
            text: builtin.toml.to_owned(),
        });
    }
    let path = Path::new(name_or_path);
    let unreadable = |problem: String| Error::Unreadable { path: one_line(name_or_path), problem };
    let size = match fs::metadata(path) {
        Ok(about) if about.is_file() => about.len(),
        Ok(_) => return Err(unreadable("it is not a file".to_owned())),
        Err(_) if !looks_like_a_path(name_or_path) => {
            let known: Vec<_> = builtin().iter().map(|builtin| builtin.name).collect();
            let nearest = nearest(name_or_path, &known)
                .map_or_else(String::new, |near| format!(", did you mean {near:?}"));
            return Err(Error::NoSuchScenario {
                name: name_or_path.to_owned(),
                nearest,
                known: known.join(", "),
            });
        }
        Err(e) => return Err(unreadable(e.to_string())),
    };
    if size > MAX_FILE_BYTES {
        return Err(unreadable(format!(
            "it has {size} bytes and a scenario has at most {MAX_FILE_BYTES}"
        )));
    }
    let text = fs::read_to_string(path).map_err(|e| unreadable(e.to_string()))?;
    Ok(Found {
        label: one_line(name_or_path),
        stem: path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned()),
        folder: Some(path.parent().map_or_else(PathBuf::new, Path::to_owned)),
        text,
    })
}

fn looks_like_a_path(text: &str) -> bool {
    text.contains('/') || Path::new(text).extension().is_some()
}

impl Scenario {
    /// A path in a file is relative to the file, one on the command line to where one stands; a
    /// trace that ships with feedlab is found from everywhere by the name that the shipped
    /// scenarios use.
    fn load_trace(&mut self, folder: Option<&Path>) -> Result<(), Error> {
        let name = self.feed.trace.clone().unwrap_or_default();
        let path = match folder {
            Some(folder) if !self.origin.is_set("feed.trace") => folder.join(&name),
            _ => PathBuf::from(&name),
        };
        let trace = if path.is_file() {
            Trace::read(&path).map_err(|problem| self.error_at("feed.trace", &problem))?
        } else if let Some(text) = trace::embedded(&name) {
            Trace::parse(&name, text).map_err(|problem| self.error_at("feed.trace", &problem))?
        } else {
            let problem = format!("there is no file {}", path.display());
            return Err(self.error_at("feed.trace", &problem));
        };
        self.origin.trace = Some(Arc::new(trace));
        // What is replayed has a rate of its own, which the reports print.
        let schedule = self.schedule(1);
        let per_second = schedule.offsets_ns.len() as f64 / self.measure.duration.as_secs_f64();
        if let Some(rate) = Rate::new(per_second) {
            self.feed.rate = rate;
        }
        Ok(())
    }
}
