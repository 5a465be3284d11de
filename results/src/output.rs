//! A run as scripts get it on stdout, and the schema of it.

use scenarios::Scenario;
use schemars::JsonSchema;
use serde::Serialize;

use crate::{Asked, Environment, Expectation, NoiseFloor, Row, Run, Verdict, Warning};

/// One JSON object per run. Keys are added, never renamed.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output<'a> {
    /// Version of names and meanings.
    pub format_version: u32,
    /// The scenario as resolved.
    pub scenario: &'a Scenario,
    /// The conditions that the scenario does not set.
    pub environment: &'a Environment,
    /// The worst of all warnings.
    pub verdict: Verdict,
    /// Why, and remarks.
    pub warnings: &'a [Warning],
    /// A row per transport and repetition.
    pub rows: &'a [Row],
    /// A row per transport over all repetitions.
    pub pooled: &'a [Row],
    /// Whether the run was interrupted.
    pub partial: bool,
    /// By how much two measurements of the same differ here; without twins it is not there.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    #[schemars(default)]
    pub noise_floor: &'a [NoiseFloor],
    /// What the scenario expects, and whether it was so; where it expects nothing it is not there.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    #[schemars(default)]
    pub expectations: &'a [Expectation],
    /// What was typed to make it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asked: Option<&'a Asked>,
}

impl<'a> Output<'a> {
    /// What scripts get of a run.
    pub fn of(run: &'a Run) -> Self {
        Self {
            format_version: run.format_version,
            scenario: &run.scenario,
            environment: &run.environment,
            verdict: run.verdict,
            warnings: &run.warnings,
            rows: &run.rows,
            pooled: &run.pooled,
            partial: run.partial,
            noise_floor: &run.noise_floor,
            expectations: &run.expectations,
            asked: run.asked.as_ref(),
        }
    }
}

/// JSON Schema of [`Output`]; on disk it is `results/run.schema.json`.
pub fn schema() -> serde_json::Value {
    let mut schema = schemars::schema_for!(Output<'static>);
    schema.insert("title".into(), "A run of feedlab, as --format json prints it".into());
    let mut schema = schema.to_value();
    // The name is no key of a scenario's file, so the schema of the file leaves it out.
    schema["$defs"]["Scenario"]["properties"]["name"] =
        serde_json::json!({ "type": "string", "description": "Stem of the scenario's file." });
    schema
}
