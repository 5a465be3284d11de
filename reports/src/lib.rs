//! What it means: charts, tables and one self-contained page.
//!
//! `results → reports → people`: a run is turned into an answer, a table of
//! transports, and into charts, each a sentence, a data table and a picture;
//! text, Markdown and HTML only render these. Nothing here measures, and
//! nothing here needs more than a run directory.

// Every `expect` says why it cannot fail.
#![allow(clippy::missing_panics_doc)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod advice;
mod agreement;
mod answer;
pub mod capacity;
pub mod chart;
pub mod compare;
mod conditions;
mod draw;
mod error;
mod expectations;
mod grid;
mod markdown;
mod noise;
mod notices;
mod output;
mod page;
mod palette;
mod paper;
mod phrase;
mod picture;
mod predictions;
mod ranking;
pub mod sweep;
mod table;
mod units;
pub mod validation;
mod view;

use std::{
    fs,
    path::{Path, PathBuf},
};

use results::Loaded;

pub use chart::{ALL, Chart, ChartKind, DataTable};
pub use error::Error;
pub use markdown::markdown;
pub use output::{csv, json};
pub use predictions::predictions;
pub use table::table;

/// The page alone: `index.html` as text.
pub fn html(runs: &[Loaded]) -> Result<String, Error> {
    let charts = runs.iter().map(chart::charts).collect::<Result<Vec<_>, _>>()?;
    let sections: Vec<_> =
        runs.iter().zip(charts).map(|(loaded, charts)| page::section(loaded, charts)).collect();
    page::page(&sections)
}

/// Writes `index.html`, `summary.md` and every chart as SVG and PNG into `out`,
/// and returns the path of the page.
pub fn render(runs: &[Loaded], out: &Path) -> Result<PathBuf, Error> {
    if runs.is_empty() {
        return Err(Error::NoRun);
    }
    let folder = Folder::create(out)?;
    let mut sections = Vec::new();
    for (number, loaded) in (1..).zip(runs) {
        let charts = chart::charts(loaded)?;
        // Several runs share a folder, so their files carry their number.
        let prefix = if runs.len() > 1 { format!("{number}-") } else { String::new() };
        for chart in &charts {
            folder.write_chart(&prefix, chart)?;
        }
        sections.push(page::section(loaded, charts));
    }
    let summaries: Vec<String> = runs.iter().map(|loaded| markdown(&loaded.run)).collect();
    folder.write("summary.md", summaries.join("\n").as_bytes())?;
    folder.write("index.html", page::page(&sections)?.as_bytes())
}

/// Where a report goes.
struct Folder<'a>(&'a Path);

impl<'a> Folder<'a> {
    fn create(path: &'a Path) -> Result<Self, Error> {
        match fs::create_dir_all(path) {
            Ok(()) => Ok(Self(path)),
            Err(source) => Err(Error::Write { path: path.to_owned(), source }),
        }
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<PathBuf, Error> {
        let path = self.0.join(name);
        match fs::write(&path, bytes) {
            Ok(()) => Ok(path),
            Err(source) => Err(Error::Write { path, source }),
        }
    }

    fn write_chart(&self, prefix: &str, chart: &Chart) -> Result<(), Error> {
        let picture = picture::png(&chart.svg)
            .map_err(|problem| Error::Draw { chart: chart.name, problem })?;
        self.write(&format!("{prefix}{}.svg", chart.name), chart.svg.as_bytes())?;
        self.write(&format!("{prefix}{}.png", chart.name), &picture)?;
        Ok(())
    }
}
