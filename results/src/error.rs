//! What can go wrong with a run directory, said to the person who can fix it.

use std::{
    io,
    path::{Path, PathBuf},
};

/// Why a run directory could not be written or read.
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
    /// The system refused a read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file that was being read.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file is there but does not hold what it should.
    #[error("{} is not a file of a feedlab run: {problem}", path.display())]
    Malformed {
        /// The file that was being read.
        path: PathBuf,
        /// What is wrong with it, with its line where there is one.
        problem: String,
    },
    /// The directory already holds a run, and measurements are never overwritten.
    #[error("{} already holds a run: name another directory, or move it away", .0.display())]
    Exists(PathBuf),
    /// The run was written by a feedlab whose files mean something else.
    #[error(
        "{} has format_version {found}, and this feedlab reads {}: render it with the feedlab that wrote it",
        path.display(),
        crate::FORMAT_VERSION
    )]
    Version {
        /// The `run.json` in question.
        path: PathBuf,
        /// The version it carries.
        found: u64,
    },
}

impl Error {
    pub(crate) fn write(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Write { path, source }
    }

    pub(crate) fn read(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Read { path, source }
    }

    pub(crate) fn malformed(path: &Path, problem: &impl ToString) -> Self {
        Self::Malformed { path: path.to_owned(), problem: problem.to_string() }
    }
}
