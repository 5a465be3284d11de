//! What was seen: the record of a run, and nothing that measures or draws.
//!
//! `harness → results → reports`: the harness hands over one [`Measured`] per
//! transport and repetition, [`RunDirectory`] writes it down as soon as it is
//! there, and [`Run::read`] gives it all back to whoever renders it later.
//! The columns are documented twice, on [`Row`] and in `results/README.md`; a
//! test keeps the two in step.

// Every `expect` says why it cannot fail.
#![allow(clippy::missing_panics_doc)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod advise;
mod asked;
pub mod capacity;
pub mod compare;
mod directory;
mod environment;
mod error;
pub mod expect;
pub mod hlog;
mod lines;
mod measured;
pub mod metric;
pub mod noise;
pub mod noise_floor;
mod output;
mod paper;
pub mod percentile;
pub mod pool;
mod read;
mod row;
mod run;
mod slo;
pub mod statistics;
pub mod sweep;
pub mod validation;
pub mod verdict;
mod warning;
mod wire;

pub use asked::Asked;
pub use directory::RunDirectory;
pub use environment::Environment;
pub use error::Error;
pub use expect::{Expectation, Outcome};
pub use measured::{Causes, Direction, Measured, Position, Resource, Second};
pub use noise_floor::NoiseFloor;
pub use output::{Output, schema};
pub use paper::{Figure, Paper};
pub use read::{Loaded, TaggedHistogram};
pub use row::Row;
pub use run::{CausesOf, FORMAT_VERSION, Run};
pub use slo::Slo;
pub use validation::Validation;
pub use warning::{Verdict, Warning};
pub use wire::{Life, Wire, Wires};
