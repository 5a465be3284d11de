//! A published comparison beside ours.

use serde::{Deserialize, Serialize};

/// What a publication says, what our codecs make of its conditions, and what a run under conditions
/// of its own has seen.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Paper {
    /// Authors, title and year.
    pub title: String,
    /// In what the run differs from it.
    pub differs: String,
    /// Its figures, and those that it left out.
    pub figures: Vec<Figure>,
}

/// One figure.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// What it counts, with its unit.
    pub what: String,
    /// As published; `None` where the publication is silent.
    pub published: Option<f64>,
    /// From our codecs under the publication's conditions, or from theory under the run's; `None`
    /// where neither has it.
    pub computed: Option<f64>,
    /// Of this run; `None` where it has nothing to say.
    pub measured: Option<f64>,
}
