//! Two runs side by side: better, same, worse, or can't tell.
//!
//! What is replicated is the repetition. Where both runs had the same publish times, repetition k of
//! A and of B are a pair; otherwise they are two groups. Each cell is a ratio B/A with its 95 %
//! interval ([`crate::statistics`]).
//!
//! - **better**, **worse**: chance does not explain the difference, and it is larger than the band.
//!   Chance is allowed for over all cells of the comparison at once, by Holm's method: of two runs
//!   that are alike, a whole comparison calls any difference at most one time in twenty. Cell by cell
//!   it would be one *cell* in twenty, two or three of every comparison, and whoever lets a build
//!   fail by it would soon look away.
//! - **same**: the interval lies inside the band. Being the same is shown and not assumed, as by two
//!   one-sided tests (Schuirmann, Journal of Pharmacokinetics and Biopharmaceutics 15, 1987).
//! - **can't tell**: everything else, with the reason.
//!
//! The band of a metric is the noise floor where a run has one ([`crate::noise_floor`]), the wider of
//! both: what measurements of one and the same thing differ by. Otherwise it is [`DEFAULT_BAND`]. What no number here knows is a machine
//! that was slower as a whole on the other day: run A and B within one hour, and A again.

mod cell;
mod changes;
pub(crate) mod conditions;
mod metric;
mod twins;

use serde::Serialize;

use crate::{Environment, FORMAT_VERSION, Loaded, Verdict};
pub use cell::{Cell, Word};
pub use changes::changes;
pub use conditions::{Across, Contrast};
pub use metric::{Better, METRICS, Metric};
pub use twins::{Alike, alike, most_by_chance};

/// Ratio up to which two runs are called the same where no noise floor was measured: a difference
/// of 5 % is about what a two-core machine makes of one and the same run, and nobody chooses a
/// transport by it.
pub const DEFAULT_BAND: f64 = 1.05;

/// Fewest repetitions of either run: two have a spread that is itself mostly chance.
pub const FEWEST: usize = 3;

/// Two runs, compared.
#[derive(Clone, Debug, Serialize)]
pub struct Comparison {
    /// Version of names and meanings.
    pub format_version: u32,
    /// The baseline.
    pub a: Side,
    /// What is held against it.
    pub b: Side,
    /// Whether repetition k of either run had the same publish times.
    pub paired: bool,
    /// How often intervals contain the truth.
    pub confidence: f64,
    /// What the conditions of the two runs differ in.
    pub contrasts: Vec<Contrast>,
    /// What has to be known before the cells are read.
    pub warnings: Vec<String>,
    /// A cell per transport and metric.
    pub cells: Vec<Cell>,
}

/// One of two runs.
#[derive(Clone, Debug, Serialize)]
pub struct Side {
    /// Where it was read from.
    pub path: String,
    /// Name of the scenario.
    pub scenario: String,
    /// When the run began.
    pub started: String,
    /// What it is worth.
    pub verdict: Verdict,
    /// Repetitions that the scenario asked for.
    pub repetitions: u32,
    /// The conditions that the scenario does not set.
    pub environment: Environment,
}

/// Why two runs are not compared, said to the person who asked for it.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// One holds nothing.
    #[error("{0} holds no measurements: there is nothing to compare")]
    Empty(String),
    /// One's ledger does not balance.
    #[error(
        "{path} is INVALID ({reason}): its numbers are not those of its feed, so nothing follows from them"
    )]
    Invalid {
        /// Where it was read from.
        path: String,
        /// The first reason.
        reason: String,
    },
    /// They have no transport in common.
    #[error("no transport was measured in both runs: A has {a}, B has {b}")]
    NothingInCommon {
        /// Transports of A.
        a: String,
        /// Transports of B.
        b: String,
    },
    /// Their conditions differ in what was not allowed for.
    #[error(
        "A and B were measured under different conditions ({what}): a difference could be that of \
         the conditions; add --across {kinds} to compare them nevertheless"
    )]
    Conditions {
        /// The differences.
        what: String,
        /// What would allow for them.
        kinds: String,
    },
}

/// Holds run B against run A. `across` allows for differences of the conditions.
pub fn compare(a: &Loaded, b: &Loaded, across: &[Across]) -> Result<Comparison, Refusal> {
    for loaded in [a, b] {
        presentable(loaded)?;
    }
    let contrasts = conditions::contrasts(a, b);
    conditions::allowed(&contrasts, across)?;
    let paired = conditions::replays(a, b);
    let cells = cell::cells(a, b, paired);
    if cells.is_empty() {
        let names = |loaded: &Loaded| cell::transports(&loaded.run).join(", ");
        return Err(Refusal::NothingInCommon { a: names(a), b: names(b) });
    }
    Ok(Comparison {
        format_version: FORMAT_VERSION,
        warnings: conditions::warnings(a, b, &contrasts, paired),
        a: Side::of(a),
        b: Side::of(b),
        paired,
        confidence: crate::statistics::CONFIDENCE,
        contrasts,
        cells,
    })
}

fn presentable(loaded: &Loaded) -> Result<(), Refusal> {
    let (run, path) = (&loaded.run, loaded.path.display().to_string());
    if run.rows.is_empty() {
        return Err(Refusal::Empty(path));
    }
    if run.verdict == Verdict::Invalid {
        let worst = run.warnings.iter().find(|warning| warning.severity == Verdict::Invalid);
        let reason = worst.map_or("without a reason".into(), ToString::to_string);
        return Err(Refusal::Invalid { path, reason });
    }
    Ok(())
}

impl Side {
    fn of(loaded: &Loaded) -> Self {
        let run = &loaded.run;
        Self {
            path: loaded.path.display().to_string(),
            scenario: run.scenario.name.clone(),
            started: run.started.clone(),
            verdict: run.verdict,
            repetitions: run.scenario.measure.repeat,
            environment: run.environment.clone(),
        }
    }
}

impl Comparison {
    /// How many cells have this word.
    pub fn count(&self, word: Word) -> usize {
        self.cells.iter().filter(|cell| cell.word == word).count()
    }
}
