//! Errors as one sentence for the person who can fix the file.

/// Why a scenario cannot be used. Every message is one line.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Neither a built-in name nor a file.
    #[error(
        "there is no scenario {name:?}{nearest}: give the path of a .toml file or one of {known}"
    )]
    NoSuchScenario {
        /// What was asked for.
        name: String,
        /// ", did you mean …", if one of them is near.
        nearest: String,
        /// The built-in names.
        known: String,
    },
    /// The file is there and cannot be read.
    #[error("{path}: cannot read the scenario: {problem}")]
    Unreadable {
        /// The path as given.
        path: String,
        /// What the system said.
        problem: String,
    },
    /// A key (or the text around it) is wrong, and this is where it was set.
    #[error("{place}: {problem}")]
    At {
        /// `file:line` or `--set key=value`.
        place: String,
        /// Which key, and what it must be.
        problem: String,
    },
}

impl Error {
    pub(crate) fn at(place: &str, problem: &str) -> Self {
        Self::At { place: one_line(place), problem: one_line(problem) }
    }
}

/// What came out of a file or off the command line may hold line ends; an error must not.
pub(crate) fn one_line(text: &str) -> String {
    text.chars()
        .flat_map(|c| if c.is_control() { c.escape_default().collect() } else { vec![c] })
        .collect()
}
