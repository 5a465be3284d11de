//! The head of an answer without news. A short poll of the calibration has some of both kinds; a
//! long poll is not held long enough there.

use std::time::Duration;

use anyhow::Result;
use scenarios::{Calibration, Scenario, Sizes};

use super::{Bench, digits, per, periodic, quiet, sum};
use crate::clock::SECOND_NS;

/// The shortest hold that a scenario may ask for.
const HOLD: (&str, u64) = ("1s", SECOND_NS);

/// What makes an empty answer heavy or light.
const WEIGHTS: [&str; 3] = ["headers", "keep_alive", "conditional"];

impl Bench<'_> {
    /// Fills in what the long poll's trial has not seen: from a short poll of the same weight, as
    /// the same code writes both, or from a trial with a hold that ends.
    pub(super) async fn empty_heads(
        &mut self,
        sizes: &mut Sizes,
        calibration: &Calibration,
    ) -> Result<()> {
        let name = "long-poll";
        let Some(unknown) = sizes.0.get(name).filter(|sizes| sizes.empty_head_bytes == 0.0) else {
            return Ok(());
        };
        let mut sizes_of_long = unknown.clone();
        let short = sizes.0.get("short-poll").map_or(0.0, |sizes| sizes.empty_head_bytes);
        let scenario = &self.stage.scenario;
        sizes_of_long.empty_head_bytes = if short > 0.0 && are_as_heavy(scenario) {
            short
        } else {
            self.timed_out(name, calibration).await?
        };
        sizes.0.insert(name.to_owned(), sizes_of_long);
        Ok(())
    }

    /// Of a long poll whose hold ends between two updates.
    async fn timed_out(&mut self, name: &str, calibration: &Calibration) -> Result<f64> {
        let (hold, hold_ns) = HOLD;
        let mut trial = quiet(self.stage, name, 1, 2);
        trial.params.insert("hold".into(), hold.into());
        trial.schedule = periodic(2, hold_ns + hold_ns / 4);
        trial.warmup = Duration::from_millis(50);
        let seen = self.run(trial, "an empty answer").await?;
        let counters = sum(&seen).counters;
        let bytes = per(counters.empty_head_bytes, counters.empties);
        // As with the numbers of the other sizes: a 304 that is not padded names one.
        let setting =
            |key| self.stage.scenario.transports.get(name).and_then(|knobs| knobs.get(key));
        let is_padded = setting("headers").and_then(|value| value.as_str()) == Some("kaazing");
        let names = setting("conditional").and_then(serde_json::Value::as_bool) == Some(true);
        let known = calibration.sequence_digits.get(name);
        let more = known.filter(|_| names && !is_padded).map_or(0.0, |known| known - digits(&seen));
        Ok(if bytes > 0.0 { bytes + more } else { 0.0 })
    }
}

/// Whether both polls have the same heads.
fn are_as_heavy(scenario: &Scenario) -> bool {
    let knobs =
        |name: &str, key: &str| scenario.transports.get(name).and_then(|knobs| knobs.get(key));
    WEIGHTS.iter().all(|key| knobs("short-poll", key) == knobs("long-poll", key))
}
