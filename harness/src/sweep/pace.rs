//! How long the window of a cell is, and how long all of it will take.

use std::time::Duration;

use scenarios::{FeedKind, Rate, Scenario};

/// Publishes behind a cell's mean delay; of a Poisson feed the number itself is random, and as few
/// as 40 are enough for its median, too.
const PUBLISHES: u64 = 50;
/// Cycles of the slowest poll: the mean over half a cycle is that of a phase.
pub const CYCLES: u32 = 4;
/// The longest window that `measure.duration` allows.
pub const LONGEST: Duration = Duration::from_secs(24 * 3600);
/// What a quick feed needs all the same: seconds in which the machine does other things as well.
const LEAST: Duration = Duration::from_secs(4);
/// Starting and stopping the processes of a trial.
const TRIAL: Duration = Duration::from_millis(1_500);
/// A trial of the calibration; there is one for each transport, and these besides: the floor, its
/// tail, publishing, re-arming.
const CALIBRATION_TRIAL: Duration = Duration::from_secs(3);
const CALIBRATION_TRIALS: u32 = 4;

/// The window of a cell: `CYCLES` polls of the slowest of its transports, `PUBLISHES` updates,
/// and 4 s, whichever is longest.
pub fn window(scenario: &Scenario) -> Duration {
    if scenario.feed.kind == FeedKind::Trace {
        return scenario.measure.duration; // a trace has its own length
    }
    let window = publishes(scenario).max(least(scenario)).max(LEAST);
    // Whole tenths, so that it can be read.
    Duration::from_millis((window.as_millis() as u64).div_ceil(100) * 100)
}

/// How long `PUBLISHES` updates of a rate take.
pub fn updates(rate: Rate) -> Duration {
    Duration::from_nanos(rate.period_ns().saturating_mul(PUBLISHES))
}

/// How long it takes to publish `PUBLISHES` updates; nothing of a trace, which has its own length.
pub fn publishes(scenario: &Scenario) -> Duration {
    if scenario.feed.kind == FeedKind::Trace {
        return Duration::ZERO;
    }
    Duration::from_nanos(scenario.schedule(1).mean_period_ns.saturating_mul(PUBLISHES))
}

/// The shortest window of a cell that means anything.
pub fn least(scenario: &Scenario) -> Duration {
    cycle(scenario) * CYCLES
}

/// The longest time between two looks of a transport.
fn cycle(scenario: &Scenario) -> Duration {
    let knobs = scenario.transports.values().flat_map(|table| {
        ["interval", "rearm_delay"].into_iter().filter_map(|knob| table.get(knob)?.as_str())
    });
    knobs.filter_map(|text| humantime::parse_duration(text).ok()).max().unwrap_or_default()
}

/// What a cell takes, without its calibration. A drain waits for a last look.
pub fn cell(scenario: &Scenario, twins: bool) -> Duration {
    let measure = &scenario.measure;
    let trial = measure.ramp + measure.warmup + measure.duration + cycle(scenario) + TRIAL;
    let twice = if twins { 2 } else { 1 };
    trial * measure.repeat * scenario.transports.len() as u32 * twice
}

/// What a calibration of so many transports takes.
pub fn calibration(transports: usize) -> Duration {
    CALIBRATION_TRIAL * (CALIBRATION_TRIALS + transports as u32)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn quick(sets: &[&str]) -> Scenario {
        let sets: Vec<String> = sets.iter().map(|set| (*set).to_owned()).collect();
        Scenario::load("quick", &sets).unwrap()
    }

    #[test]
    fn a_window_has_four_cycles_and_enough_publishes() {
        let poll = "transports.short-poll.interval=5s";
        assert_eq!(window(&quick(&["feed.rate=100/s", poll])), Duration::from_secs(20));
        assert_eq!(window(&quick(&["feed.rate=1/s"])), Duration::from_secs(50));
        assert_eq!(window(&quick(&["feed.rate=100/s"])), LEAST);
    }

    #[test]
    fn the_longest_window_is_that_of_a_scenario() {
        let load = |duration: Duration| {
            let set = format!("measure.duration={}ns", duration.as_nanos());
            Scenario::load("quick", &["feed.rate=1/min".into(), set])
        };
        assert!(load(LONGEST).is_ok());
        assert!(load(LONGEST + Duration::from_nanos(1)).is_err());
    }

    #[test]
    fn the_winner_map_of_the_handbook_takes_less_than_45_minutes() {
        use crate::sweep::{axis, plan};
        let axes = ["feed.rate=1..100", "transports.short-poll.interval=50ms..5s"]
            .map(|text| axis::parse(text, 6, axis::Spacing::Log).unwrap());
        let names: Vec<String> = quick(&[]).transports.into_keys().collect();
        let mut total = calibration(names.len()) * 6;
        for cell in plan::cells(&axes, &names) {
            let mut scenario = Scenario::load("quick", &plan::sets(&axes, &cell.at)).unwrap();
            scenario.transports.retain(|name, _| cell.transports.contains(name));
            scenario.measure.duration = window(&scenario);
            let twins = plan::is_corner(&axes, &cell.at);
            total += self::cell(&scenario, twins);
        }
        assert!(total < Duration::from_secs(45 * 60), "{total:?}");
    }
}
