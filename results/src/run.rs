//! `run.json`: the question, the conditions, the expectations and the verdict of a run.

use scenarios::{Calibration, Prediction, Scenario, Sizes};
use serde::{Deserialize, Serialize};

use crate::{
    Asked, Causes, Direction, Environment, Expectation, Life, NoiseFloor, Paper, Row, Verdict,
    Warning, Wires,
};

/// Version of all files of a run directory. It grows when a name or a meaning
/// changes; a new column or key does not change it.
pub const FORMAT_VERSION: u32 = 1;

/// A run without its bulk: histograms and time lines stay in their files.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Run {
    /// Always [`FORMAT_VERSION`] in a run written by this feedlab.
    pub format_version: u32,
    /// The scenario as resolved: defaults and `--set` are in it.
    pub scenario: Scenario,
    /// Seed of schedules, phases and block order.
    pub seed: u64,
    /// What was typed to make it; `None` where it is a part of something larger.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<Asked>,
    /// When the run began, RFC 3339.
    pub started: String,
    /// The conditions that the scenario does not set.
    pub environment: Environment,
    /// What the calibration run measured; predictions use it.
    pub calibration: Calibration,
    /// Sizes of heads, envelopes and frames as the codecs write them.
    pub sizes: Sizes,
    /// What theory expects, written before the first window opens.
    pub predictions: Vec<Prediction>,
    /// Bytes by cause and direction.
    #[serde(default)]
    pub causes: Vec<CausesOf>,
    /// The worst of all warnings.
    pub verdict: Verdict,
    /// Why, and remarks.
    pub warnings: Vec<Warning>,
    /// By how much two measurements of the same differ here; empty without twins.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub noise_floor: Vec<NoiseFloor>,
    /// What the scenario expects, and whether it was so.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expectations: Vec<Expectation>,
    /// The published comparison that the scenario reproduces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paper: Option<Paper>,
    /// Whether measurements that the scenario asks for are not there.
    pub partial: bool,
    /// A row per transport and repetition; on disk in `summary.csv`.
    #[serde(skip)]
    pub rows: Vec<Row>,
    /// A row per transport over all repetitions; on disk in `pooled.csv`.
    #[serde(skip)]
    pub pooled: Vec<Row>,
}

/// Bytes by cause and direction of one transport in one repetition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CausesOf {
    /// Name of the transport.
    pub transport: String,
    /// Counted from 1.
    pub repetition: u32,
    /// Client to server.
    pub up: Causes,
    /// Server to client.
    pub down: Causes,
    /// What the link carried in the window; `None` on loopback.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<Wires>,
    /// Codecs and link over the whole life of the connections; `None` on loopback.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub life: Option<Life>,
}

impl Run {
    /// Adds warnings and lets the verdict follow them.
    pub fn warn(&mut self, warnings: impl IntoIterator<Item = Warning>) {
        self.warnings.extend(warnings);
        self.verdict = Verdict::of(&self.warnings);
    }

    /// The prediction of a transport: of one repetition, or, with `None`, of all of them pooled.
    pub fn prediction(&self, transport: &str, repetition: Option<u32>) -> Option<&Prediction> {
        self.predictions.iter().find(|p| p.transport == transport && p.repetition == repetition)
    }

    /// Bytes by cause of a transport over all its repetitions.
    pub fn causes(&self, transport: &str) -> Option<Direction> {
        let mut of = self.causes.iter().filter(|causes| causes.transport == transport).peekable();
        of.peek()?;
        Some(of.fold(Direction::default(), |sum, causes| Direction {
            up: sum.up.plus(causes.up),
            down: sum.down.plus(causes.down),
        }))
    }

    /// What the link carried of a transport over all its repetitions; `None` on loopback.
    pub fn wires(&self, transport: &str) -> Option<Wires> {
        let of = self.causes.iter().filter(|causes| causes.transport == transport);
        of.filter_map(|causes| causes.link).reduce(Wires::plus)
    }

    /// The rows of a transport, one per repetition.
    pub fn rows_of<'a>(&'a self, transport: &'a str) -> impl Iterator<Item = &'a Row> {
        self.rows.iter().filter(move |row| row.transport == transport)
    }
}
