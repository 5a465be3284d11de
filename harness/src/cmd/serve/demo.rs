//! Something to look at: `curl -N http://…/sse` shows earthquakes.

use std::time::Duration;

use scenarios::{Scenario, Schedule};
use servers::Feed;
use servers::feed::Payload;

use crate::{clock, publish};

/// A week in fourteen minutes is two earthquakes a second.
const SETTINGS: [&str; 2] = ["feed.speed=720", "measure.duration=14m"];

/// Nothing to look at for longer than this would look broken.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// The built-in scenario `earthquakes`, compressed in time.
pub fn schedule() -> Result<Schedule, scenarios::Error> {
    let scenario = Scenario::load("earthquakes", &SETTINGS.map(str::to_owned))?;
    Ok(scenario.schedule(1))
}

/// Publishes it over and over.
pub async fn replay(feed: Feed, schedule: Schedule) {
    let mut n = 0;
    loop {
        let mut before_ns = 0;
        for (offset_ns, fields) in schedule.offsets_ns.iter().zip(&schedule.fields) {
            let pause = Duration::from_nanos(offset_ns - before_ns);
            before_ns = *offset_ns;
            tokio::time::sleep(pause.min(LONGEST_PAUSE)).await;
            n += 1;
            let mut payload = Vec::new();
            // Without padding: this is to be read.
            publish::payload(&mut payload, n, clock::now_ns(), fields, 0);
            let payload =
                Payload::parse(&payload).expect("the harness's payloads are JSON on one line");
            feed.publish([payload]);
        }
        // Also between two rounds, and with an empty schedule.
        tokio::time::sleep(LONGEST_PAUSE).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_about_two_updates_a_second_with_something_to_read() {
        let schedule = schedule().expect("it is built in");
        let seconds = schedule.offsets_ns.last().copied().unwrap_or(0) as f64 / 1e9;
        let rate = schedule.offsets_ns.len() as f64 / seconds;
        assert!((1.5..3.0).contains(&rate), "{rate} updates a second");
        assert!(schedule.fields.iter().all(|fields| fields.contains("\"magnitude\":")));
    }
}
