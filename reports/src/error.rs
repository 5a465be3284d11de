//! What can go wrong between a run and its report.

use std::{io, path::PathBuf};

/// Why a report could not be made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The system refused a write; the text carries its error number (28 is a full disk).
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file or directory that was being written.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A picture could not be drawn; the data is not to blame.
    #[error("cannot draw the chart {chart}: {problem}")]
    Draw {
        /// Name of the chart.
        chart: &'static str,
        /// What the drawing library said.
        problem: String,
    },
    /// The page could not be put together.
    #[error("cannot write the page: {0}")]
    Page(String),
    /// There is nothing to report on.
    #[error("no run was given: name a directory of results, for example results/local/quick-…")]
    NoRun,
}
