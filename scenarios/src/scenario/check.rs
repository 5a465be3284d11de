//! What no key can say alone: keys that need or exclude each other.

use std::time::Duration;

use super::{FeedKind, Scenario};
use crate::{Error, near::nearest, schedule::MAX_PUBLISHES};

/// Below this many expected publishes it is worth drawing the schedules to see whether one is
/// empty.
const WORTH_DRAWING: f64 = 200_000.0;

impl Scenario {
    /// Checks what no key can say alone. [`Scenario::load`] has done so; do it again after filling
    /// in the transports' defaults, because the window must not be shorter than a poll interval.
    pub fn validate(&self) -> Result<(), Error> {
        self.check_expected_transports()?;
        self.check_intervals()?;
        self.check_network()?;
        self.check_target()?;
        self.check_amount()?;
        self.check_window()
    }

    /// Keys that this kind of feed needs, and keys that would silently do nothing.
    pub(super) fn check_feed_keys(&self) -> Result<(), Error> {
        use FeedKind::{Bursts, Periodic, Poisson, Trace};
        let kind = self.feed.kind;
        let kinds: [(&str, &[FeedKind], &[FeedKind], &str); 5] = [
            (
                "rate",
                &[Periodic, Poisson, Bursts],
                &[Periodic, Poisson, Bursts],
                "a trace has its own rate: use speed",
            ),
            ("trace", &[Trace], &[Trace], "only kind \"trace\" replays a file"),
            ("speed", &[], &[Trace], "only kind \"trace\" has a speed: use rate"),
            ("on", &[Bursts], &[Bursts], "only kind \"bursts\" goes on and off"),
            ("off", &[Bursts], &[Bursts], "only kind \"bursts\" goes on and off"),
        ];
        for (name, needed, used, otherwise) in kinds {
            let key = format!("feed.{name}");
            let given = self.origin.keys.contains_key(&key);
            if !given && needed.contains(&kind) {
                let must = super::keys::Key::find(&key)
                    .map_or_else(String::new, |key| key.kind.to_string());
                return Err(self.error_at(&key, &format!("is missing: it must be {must}")));
            }
            // After `--set feed.kind=…` the file's keys for its own kind are left over, and that is
            // nobody's mistake.
            let left_over = self.origin.is_set("feed.kind") && !self.origin.is_set(&key);
            if given && !used.contains(&kind) && !left_over {
                return Err(self.error_at(&key, &format!("must not be there: {otherwise}")));
            }
        }
        Ok(())
    }

    /// Of a transport that does not run nothing can be expected.
    fn check_expected_transports(&self) -> Result<(), Error> {
        let unknown = self.expect.keys().find(|name| !self.transports.contains_key(*name));
        let Some(name) = unknown else { return Ok(()) };
        let known: Vec<&str> = self.transports.keys().map(String::as_str).collect();
        let near = nearest(name, &known)
            .map_or_else(String::new, |near| format!("did you mean {near:?}? "));
        let runs = known.join(", ");
        let problem = format!("does not run: {near}This scenario runs {runs}");
        Err(self.error_at(&format!("expect.{name}"), &problem))
    }

    /// In a window shorter than the interval some clients would never poll.
    fn check_intervals(&self) -> Result<(), Error> {
        for (name, settings) in &self.transports {
            let interval = settings.get("interval").and_then(|value| value.as_str());
            let Some(interval) = interval.and_then(|text| humantime::parse_duration(text).ok())
            else {
                continue;
            };
            let window = self.measure.duration;
            if window < interval {
                let [window, interval] = [window, interval].map(humantime::format_duration);
                let key = format!("transports.{name}.interval");
                if self.origin.is_set(&key) {
                    return Err(
                        self.error_at(&key, &format!("must be at most measure.duration, {window}"))
                    );
                }
                let problem = format!(
                    "must be at least the poll interval of {name}, {interval}, not {window}"
                );
                return Err(self.error_at("measure.duration", &problem));
            }
        }
        Ok(())
    }

    /// Something is published in every repetition, and not more than fits.
    fn check_amount(&self) -> Result<(), Error> {
        let expected = self.expected_publishes() * f64::from(self.measure.repeat);
        let key = if self.feed.kind == FeedKind::Trace { "feed.speed" } else { "feed.rate" };
        if expected > MAX_PUBLISHES as f64 {
            let problem = format!(
                "publishes about {expected:.0} updates in {} repetitions of {}, \
                 and {MAX_PUBLISHES} is the most",
                self.measure.repeat,
                humantime::format_duration(self.measure.duration)
            );
            return Err(self.error_at(key, &problem));
        }
        if expected > WORTH_DRAWING {
            return Ok(());
        }
        let empty = (1..=self.measure.repeat)
            .find(|repetition| self.schedule(*repetition).offsets_ns.is_empty());
        if let Some(repetition) = empty {
            let window = humantime::format_duration(self.measure.duration);
            let problem = format!(
                "publishes nothing in the {window} of repetition {repetition}: \
                 lengthen measure.duration or publish more often"
            );
            return Err(self.error_at(key, &problem));
        }
        Ok(())
    }

    /// The mean number of publishes of a repetition.
    fn expected_publishes(&self) -> f64 {
        let all = self.feed.rate.per_second() * self.measure.duration.as_secs_f64();
        match self.feed.kind {
            FeedKind::Periodic | FeedKind::Poisson => all,
            FeedKind::Bursts => all * share(self.feed.on, self.feed.off),
            FeedKind::Trace => self.schedule(1).offsets_ns.len() as f64,
        }
    }
}

/// The part of the time that is on.
fn share(on: Duration, off: Duration) -> f64 {
    on.as_secs_f64() / (on + off).as_secs_f64()
}
