//! `sweep.json`: what a sweep asks, cell by cell, and which cells are done.
//!
//! A sweep's directory holds one run directory per cell. The file is replaced in one step after
//! each of them, so whatever ends a sweep, what is done is known and the rest can be made later.

use std::{fs, path::Path};

use serde::{Deserialize, Serialize};

use crate::{Error, FORMAT_VERSION, Loaded, Run, directory};

/// The file's name.
pub const FILE: &str = "sweep.json";

/// A sweep: a scenario over the points of one or two axes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sweep {
    /// Always [`FORMAT_VERSION`] in a sweep written by this feedlab.
    pub format_version: u32,
    /// The scenario's name, or the path of its file, as it was given.
    pub scenario: String,
    /// The overrides that hold in every cell.
    pub sets: Vec<String>,
    /// When the sweep began, RFC 3339.
    pub started: String,
    /// One or two.
    pub axes: Vec<Axis>,
    /// The runs, in the order in which they are made.
    pub cells: Vec<Cell>,
}

/// What is varied.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Axis {
    /// The scenario's key.
    pub key: String,
    /// What its numbers count.
    pub unit: Unit,
    /// In rising order, two at least.
    pub values: Vec<Value>,
}

/// A value of an axis.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Value {
    /// As `--set` takes it.
    pub text: String,
    /// The same as a number of the axis' unit.
    pub number: f64,
}

/// What the numbers of an axis count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    /// Whatever the key counts.
    Number,
    /// Nanoseconds.
    Time,
    /// Times per second.
    Rate,
    /// Bits per second.
    Bandwidth,
    /// Parts of one, written as a percentage.
    Share,
    /// Bytes.
    Bytes,
}

/// One run of a sweep.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cell {
    /// Its place on each axis, counted from 0; `None` where its transports do not depend on it.
    pub at: Vec<Option<usize>>,
    /// What it measures: each transport once per point of the axes that it depends on.
    pub transports: Vec<String>,
    /// Length of its window.
    pub window_ns: u64,
    /// Its run directory, below that of the sweep; `None` until it is done.
    pub run: Option<String>,
}

impl Sweep {
    /// Reads the sweep of a directory.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let file = path.join(FILE);
        let text = fs::read(&file).map_err(Error::read(&file))?;
        let value: serde_json::Value =
            serde_json::from_slice(&text).map_err(|error| Error::malformed(&file, &error))?;
        let found = value.get("format_version").and_then(serde_json::Value::as_u64);
        match found {
            None => return Err(Error::malformed(&file, &"no format_version")),
            Some(found) if found != u64::from(FORMAT_VERSION) => {
                return Err(Error::Version { path: file, found });
            }
            Some(_) => {}
        }
        let sweep: Self =
            serde_json::from_value(value).map_err(|error| Error::malformed(&file, &error))?;
        sweep.check().map_err(|problem| Error::malformed(&file, &problem))?;
        Ok(sweep)
    }

    /// Writes `sweep.json` in one step.
    pub fn write(&self, path: &Path) -> Result<(), Error> {
        let file = path.join(FILE);
        let mut text =
            serde_json::to_vec_pretty(self).map_err(|error| Error::malformed(&file, &error))?;
        text.push(b'\n');
        directory::replace(path, FILE, &text)
    }

    /// Places in [`Sweep::cells`] that are not done.
    pub fn missing(&self) -> Vec<usize> {
        (0..self.cells.len()).filter(|&cell| self.cells[cell].run.is_none()).collect()
    }

    /// The runs of the cells that are done.
    pub fn runs(&self, path: &Path) -> Result<Vec<(Cell, Loaded)>, Error> {
        let done = self.cells.iter().filter_map(|cell| Some((cell, cell.run.as_ref()?)));
        done.map(|(cell, run)| Ok((cell.clone(), Run::read(&path.join(run))?))).collect()
    }

    /// What no sweep of ours has: everything else relies on it.
    fn check(&self) -> Result<(), String> {
        if !(1..=2).contains(&self.axes.len()) {
            return Err(format!("{} axes, and a sweep has one or two", self.axes.len()));
        }
        if let Some(axis) = self.axes.iter().find(|axis| !axis.is_rising()) {
            return Err(format!("the values of the axis {} do not rise", axis.key));
        }
        for (number, cell) in (1..).zip(&self.cells) {
            let on_axes = cell.at.len() == self.axes.len()
                && cell
                    .at
                    .iter()
                    .zip(&self.axes)
                    .all(|(at, axis)| at.is_none_or(|at| at < axis.values.len()));
            if !on_axes {
                return Err(format!("cell {number} lies on no point of the axes"));
            }
            let name = cell.run.as_deref().unwrap_or("-");
            if name.is_empty() || name.contains('/') || name.starts_with('.') {
                return Err(format!("cell {number} has no run directory of this sweep: {name:?}"));
            }
        }
        Ok(())
    }
}

impl Axis {
    fn is_rising(&self) -> bool {
        let finite = self.values.iter().all(|value| value.number.is_finite());
        finite && self.values.len() > 1 && self.values.is_sorted_by(|a, b| a.number < b.number)
    }
}
