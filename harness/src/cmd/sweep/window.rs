//! The window of a cell: feedlab's choice, unless `measure.duration` is set or swept.

use std::time::Duration;

use anyhow::Result;
use results::sweep::{Axis, Unit};
use scenarios::{Rate, Scenario};

use crate::cmd::Usage;
use crate::sweep::{pace, plan};

/// The window that is chosen at a point.
pub(super) fn chosen(scenario: &Scenario, axes: &[Axis], at: &[Option<usize>]) -> Result<Duration> {
    let window = pace::window(scenario);
    check_longest(window, &plan::sets(axes, at).join(" "))?;
    Ok(window)
}

/// An override for a window that holds the polls and updates of a point, if the scenario's own does
/// not: a scenario is checked as it is loaded, before its window is chosen.
pub(super) fn wide(base: &Scenario, axes: &[Axis], at: &[Option<usize>]) -> Result<Option<String>> {
    let least = waits(axes, at).max(pace::publishes(&publishing(base, axes, at)));
    check_longest(least, &plan::sets(axes, at).join(" "))?;
    Ok((least > base.measure.duration).then(|| set(least)))
}

/// The same for a feed that `--set` makes slow.
pub(super) fn of_slow(sets: &[String]) -> Result<Option<String>> {
    let mut rates = sets.iter().filter_map(|set| set.split_once('='));
    let rate = rates.rfind(|(key, _)| key.trim() == "feed.rate");
    let Some((_, text)) = rate else { return Ok(None) };
    let text = text.trim();
    let Ok(rate) = text.trim_matches('"').parse::<Rate>() else { return Ok(None) };
    let window = pace::updates(rate);
    check_longest(window, &format!("feed.rate={text}"))?;
    Ok(Some(set(window)))
}

fn set(window: Duration) -> String {
    format!("measure.duration={}ns", window.as_nanos())
}

/// Four of the longest waits that the axes ask of a transport; nothing if they ask for none.
fn waits(axes: &[Axis], at: &[Option<usize>]) -> Duration {
    let times = values(axes, at).filter(|(axis, _)| axis.unit == Unit::Time);
    let waits = times.filter(|(axis, _)| axis.key.starts_with("transports."));
    let longest = waits.map(|(_, ns)| ns as u64).max().unwrap_or(0);
    Duration::from_nanos(longest.saturating_mul(u64::from(pace::CYCLES)))
}

/// The scenario with the feed of a point.
fn publishing(base: &Scenario, axes: &[Axis], at: &[Option<usize>]) -> Scenario {
    let mut scenario = base.clone();
    // Only its mean period is of interest, and that is drawn together with the publishes.
    scenario.measure.duration = Duration::from_millis(1);
    let feed = &mut scenario.feed;
    for (axis, number) in values(axes, at) {
        match axis.key.as_str() {
            "feed.rate" => feed.rate = Rate::new(number).unwrap_or(feed.rate),
            "feed.on" => feed.on = Duration::from_nanos(number as u64),
            "feed.off" => feed.off = Duration::from_nanos(number as u64),
            _ => {}
        }
    }
    scenario
}

/// Each axis with its number at a point.
fn values<'a>(axes: &'a [Axis], at: &'a [Option<usize>]) -> impl Iterator<Item = (&'a Axis, f64)> {
    let value =
        |(axis, at): (&'a Axis, &Option<usize>)| (axis, axis.values[at.unwrap_or(0)].number);
    axes.iter().zip(at).map(value)
}

/// A window that no scenario can have is that of a value too slow to be measured.
fn check_longest(window: Duration, place: &str) -> Result<()> {
    if window <= pace::LONGEST {
        return Ok(());
    }
    let hours = |window: Duration| window.as_secs().div_ceil(3600);
    Err(Usage(format!(
        "{place}: four polls or 50 updates take {} h there, and measure.duration is at most {} h: \
         ask for shorter intervals or more updates, or set measure.duration",
        hours(window),
        hours(pace::LONGEST)
    ))
    .into())
}

/// A window of fewer cycles would be chance.
pub(super) fn check(scenario: &Scenario, axes: &[Axis], at: &[Option<usize>]) -> Result<()> {
    let (duration, least) = (scenario.measure.duration, pace::least(scenario));
    if duration >= least {
        return Ok(());
    }
    let [duration, least] = [duration, least].map(humantime::format_duration);
    let place = plan::sets(axes, at).join(" ");
    Err(Usage(format!(
        "measure.duration: {duration} is too short at {place}: allowed there is {least} or more, \
         which is four polls; without it feedlab chooses"
    ))
    .into())
}
