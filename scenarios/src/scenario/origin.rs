//! Where a scenario's keys were set, so that an error found much later can still name the line.

use std::{collections::BTreeMap, sync::Arc};

use crate::{Error, trace::Trace};

/// Where one key got its value.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    Line(usize),
    /// The `--set` as it was typed.
    Set(String),
}

/// The file, the place of each key, and the trace that was read with it. Neither is part of what
/// the scenario says, so it is not serialised and two scenarios are equal whatever their origins.
#[derive(Clone, Debug, Default)]
pub(crate) struct Origin {
    pub file: String,
    pub keys: BTreeMap<String, Source>,
    pub trace: Option<Arc<Trace>>,
}

impl PartialEq for Origin {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Origin {
    pub fn error_at(&self, key: &str, problem: &str) -> Error {
        Error::at(&self.place(key), &format!("{key}: {problem}"))
    }

    /// The innermost key on a line of the file.
    pub fn key_on(&self, line: usize) -> Option<&str> {
        let here = |source: &Source| matches!(source, Source::Line(at) if *at == line);
        let keys = self.keys.iter().filter(|(_, source)| here(source));
        keys.map(|(key, _)| key.as_str()).max_by_key(|key| key.len())
    }

    /// Whether the key was set on the command line.
    pub fn is_set(&self, key: &str) -> bool {
        matches!(self.source(key), Some(Source::Set(_)))
    }

    /// A key that is not there has the place of the table it belongs to.
    fn source(&self, key: &str) -> Option<&Source> {
        let mut key = key;
        loop {
            if let Some(source) = self.keys.get(key) {
                return Some(source);
            }
            // `link.cut[1].at` belongs to `link.cut[1]`, and that to `link.cut`.
            key = &key[..key.rfind(['.', '['])?];
        }
    }

    fn place(&self, key: &str) -> String {
        match self.source(key) {
            Some(Source::Set(set)) => format!("--set {set}"),
            Some(Source::Line(line)) => format!("{}:{line}", self.file),
            None if self.file.is_empty() => "scenario".to_owned(),
            // A key that is missing altogether could stand at the top.
            None => format!("{}:1", self.file),
        }
    }
}
