//! The cells of a sweep, each with a scenario that was loaded, checked and resolved.

use std::time::Duration;

use anyhow::Result;
use results::sweep::{Axis, Cell};
use scenarios::Scenario;

use super::window;
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
    let own_duration = key("measure.duration") || swept("measure.duration");
    // What is wrong without any axis is no axis' fault.
    let base = match load(name, &sets_of_all) {
        Err(error) if !own_duration => {
            let Some(window) = window::of_slow(sets)? else { return Err(error) };
            sets_of_all.insert(0, window);
            load(name, &sets_of_all).map_err(|_| error)?
        }
        loaded => loaded?,
    };
    let twins = !key(TWINS) && load(name, &with(&sets_of_all, &[format!("{TWINS}=true")])).is_ok();
    let first: Vec<Option<usize>> = vec![Some(0); axes.len()];
    let at = |sets: &[String], at: &[Option<usize>]| {
        let wide = if own_duration { None } else { window::wide(&base, axes, at)? };
        let more: Vec<String> = plan::sets(axes, at).into_iter().chain(wide).collect();
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
        for part in [&mut calibration, &mut scenario] {
            // Of a transport that another cell measures nothing is expected here.
            part.expect.retain(|name, _| part.transports.contains_key(name));
        }
        if own_duration {
            window::check(&scenario, axes, &cell.at)?;
        } else {
            scenario.measure.duration = window::chosen(&scenario, axes, &cell.at)?;
            scenario.validate().map_err(|error| Usage(error.to_string()))?;
        }
        let cell = Cell { window_ns: scenario.measure.duration.as_nanos() as u64, ..cell.clone() };
        planned.push(Planned { cell, scenario, calibration, point, twins });
    }
    Ok(planned)
}

fn with(sets: &[String], more: &[String]) -> Vec<String> {
    sets.iter().chain(more).cloned().collect()
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::sweep::axis::{self, Spacing};

    fn planned(name: &str, over: &str, sets: &[&str]) -> Vec<Planned> {
        let axes = [axis::parse(over, 2, Spacing::Log).unwrap()];
        let sets: Vec<String> = sets.iter().map(|set| (*set).to_owned()).collect();
        plan(name, &sets, &axes).unwrap()
    }

    #[test]
    fn what_is_expected_of_a_transport_is_expected_in_its_own_cells() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("s.toml");
        let text = "format = 1\nabout = \"a test\"\nclients = 1\n[feed]\nkind = \"periodic\"\n\
                    rate = \"20/s\"\n[transports.sse]\n[transports.short-poll]\n\
                    interval = \"1s\"\n[expect.sse]\ndelay_p50 = \"< 1s\"\n";
        std::fs::write(&path, text).unwrap();
        let over = "transports.short-poll.interval=100ms,1s";
        let planned = planned(path.to_str().unwrap(), over, &[]);
        assert_eq!(planned.len(), 3);
        for Planned { cell, scenario, .. } in planned {
            assert_eq!(scenario.expect.len(), usize::from(cell.transports == ["sse"]), "{cell:?}");
        }
    }

    #[test]
    fn a_slow_feed_has_the_window_that_it_needs_and_not_that_of_the_file() {
        let seconds = |planned: Vec<Planned>| -> Vec<u64> {
            planned.iter().map(|planned| planned.cell.window_ns / 1_000_000_000).collect()
        };
        assert_eq!(seconds(planned("quick", "feed.rate=1/min,1/s", &[])), [3000, 50]);
        assert_eq!(seconds(planned("quick", "clients=1,2", &["feed.rate=1/min"])), [3000, 3000]);
    }
}
