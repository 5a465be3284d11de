//! Predictions in the formats of stdout.

use scenarios::Prediction;
use serde_json::Value;

use super::Expected;
use crate::cmd::Format;

/// The members of a [`Prediction`] that are one value each.
const COLUMNS: [&str; 15] = [
    "transport",
    "repetition",
    "delay_mean_ns",
    "delay_p50_ns",
    "delay_p90_ns",
    "delay_p99_ns",
    "delay_max_ns",
    "age_mean_ns",
    "age_peak_ns",
    "in_sync",
    "requests",
    "empty_responses",
    "updates_per_answer",
    "bytes_up",
    "bytes_down",
];

/// For people and pull requests what is pooled, for spreadsheets the repetitions as in a run's
/// CSV, for programs everything.
pub fn shown(expected: &Expected, format: Format) -> String {
    match format {
        Format::Table => table(expected),
        // The columns are aligned with spaces.
        Format::Markdown => format!("```text\n{}```\n", table(expected)),
        Format::Json => json(expected),
        Format::Csv => csv(&expected.predictions),
    }
}

fn table(expected: &Expected) -> String {
    let pooled = expected.predictions.iter().filter(|prediction| prediction.repetition.is_none());
    ::reports::predictions(&pooled.cloned().collect::<Vec<_>>(), &expected.calibration)
}

fn json(expected: &Expected) -> String {
    let value = serde_json::json!({
        "format_version": results::FORMAT_VERSION,
        "calibration": expected.calibration,
        "sizes": expected.sizes,
        "predictions": expected.predictions,
    });
    format!("{value:#}\n")
}

fn csv(predictions: &[Prediction]) -> String {
    let mut text = COLUMNS.join(",") + "\n";
    for prediction in predictions.iter().filter(|prediction| prediction.repetition.is_some()) {
        let members = serde_json::json!(prediction);
        let cells = COLUMNS.map(|column| match &members[column] {
            Value::Null => String::new(),
            Value::String(name) => name.clone(),
            number => number.to_string(),
        });
        text += &(cells.join(",") + "\n");
    }
    text
}
