//! What scripts read from stdout.

use results::{Output, Row, Run};

/// The run as one JSON object, see `results/run.schema.json`.
pub fn json(run: &Run) -> String {
    let text = serde_json::to_string_pretty(&Output::of(run));
    text.expect("all keys are strings, and writing to memory cannot fail") + "\n"
}

/// The rows as CSV, with the columns of `results/README.md`.
pub fn csv(run: &Run) -> String {
    Row::csv(&run.rows)
}
