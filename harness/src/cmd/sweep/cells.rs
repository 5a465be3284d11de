//! The cells of a sweep, each with a scenario that was loaded, checked and resolved.

use std::time::Duration;

use anyhow::Result;
use results::sweep::{Axis, Cell, Unit};
use scenarios::Scenario;

use crate::cmd::{Usage, load};
use crate::sweep::{
    pace,
    plan::{self, Point},
};

/// A cell before it is measured.
pub(super) struct Planned {
    /// Its place in `sweep.json`.
    pub cell: Cell,
    /// Its conditions, with its own transports alone.
    pub scenario: Scenario,
    /// The same with the transports of all cells that share its calibration.
    pub calibration: Scenario,
    /// Which calibration that is.
    pub point: Point,
    /// Whether its transports run under two labels, for the noise floor.
    pub twins: bool,
}

const TWINS: &str = "measure.twins";

/// All cells, before anything is started.
///
/// # Errors
/// One sentence, about the scenario or about the axis whose value it refuses.
pub(super) fn plan(name: &str, sets: &[String], axes: &[Axis]) -> Result<Vec<Planned>> {
    let key = |key: &str| sets.iter().any(|set| set.split('=').next().map(str::trim) == Some(key));
    let swept = |key: &str| axes.iter().any(|axis| axis.key == key);
    let mut sets_of_all = sets.to_vec();
    if !key("measure.repeat") && !swept("measure.repeat") {
        sets_of_all.insert(0, "measure.repeat=1".to_owned());
    }
    let base = load(name, &sets_of_all)?; // what is wrong without any axis is no axis' fault
    let twins = !key(TWINS) && load(name, &with(&sets_of_all, &[format!("{TWINS}=true")])).is_ok();
    let own_duration = key("measure.duration") || swept("measure.duration");
    let first: Vec<Option<usize>> = vec![Some(0); axes.len()];
    // A window that holds the polls, for the check of the scenario; what it really is comes after.
    let wide = |at: &[Option<usize>]| {
        let least = least_ns(axes, at).filter(|ns| !own_duration && *ns > base_ns(&base));
        least.map(|ns| format!("measure.duration={ns}ns"))
    };
    let at = |sets: &[String], at: &[Option<usize>]| {
        let more: Vec<String> = plan::sets(axes, at).into_iter().chain(wide(at)).collect();
        load(name, &with(sets, &more))
    };
    let transports: Vec<String> = at(&sets_of_all, &first)?.transports.into_keys().collect();
    let cells = plan::cells(axes, &transports);
    let mut planned = Vec::new();
    for cell in &cells {
        let point = plan::calibration_point(axes, &cell.at);
        let twins = twins && plan::is_corner(axes, &cell.at);
        let more: &[String] = if twins { &[format!("{TWINS}=true")] } else { &[] };
        let sets = with(&sets_of_all, more);
        let mut scenario = at(&sets, &cell.at)?;
        let mut calibration = scenario.clone();
        let shared = |name: &String| {
            cells.iter().any(|other| {
                plan::calibration_point(axes, &other.at) == point && other.transports.contains(name)
            })
        };
        calibration.transports.retain(|name, _| shared(name));
        scenario.transports.retain(|name, _| cell.transports.contains(name));
        if own_duration {
            check_window(&scenario, axes, &cell.at)?;
        } else {
            scenario.measure.duration = pace::window(&scenario);
            scenario.validate().map_err(|error| Usage(error.to_string()))?;
        }
        let cell = Cell { window_ns: scenario.measure.duration.as_nanos() as u64, ..cell.clone() };
        planned.push(Planned { cell, scenario, calibration, point, twins });
    }
    Ok(planned)
}

/// Four of the longest waits that the axes ask of a transport; `None` if they ask for none.
fn least_ns(axes: &[Axis], at: &[Option<usize>]) -> Option<u64> {
    let waits = axes
        .iter()
        .zip(at)
        .filter(|(axis, _)| axis.unit == Unit::Time && axis.key.starts_with("transports."));
    waits.map(|(axis, at)| axis.values[at.unwrap_or(0)].number as u64 * 4).max()
}

fn base_ns(base: &Scenario) -> u64 {
    base.measure.duration.as_nanos() as u64
}

fn with(sets: &[String], more: &[String]) -> Vec<String> {
    sets.iter().chain(more).cloned().collect()
}

/// A window of fewer cycles would be chance.
fn check_window(scenario: &Scenario, axes: &[Axis], at: &[Option<usize>]) -> Result<()> {
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

/// What those cells take, with one calibration for all that share it.
pub(super) fn time(planned: &[Planned], cells: &[usize]) -> Duration {
    let mut points: Vec<&Point> = Vec::new();
    let mut time = Duration::ZERO;
    for planned in cells.iter().map(|&cell| &planned[cell]) {
        time += pace::cell(&planned.scenario, planned.twins);
        if !points.contains(&&planned.point) {
            points.push(&planned.point);
            time += pace::calibration(planned.calibration.transports.len());
        }
    }
    time
}
