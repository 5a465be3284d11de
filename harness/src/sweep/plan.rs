//! Which runs the points of the axes take. A transport is run once per point of the axes that it
//! depends on: what short polls wait for is nothing to a WebSocket.

use results::sweep::{Axis, Cell};

/// A place on each axis; `None` where it makes no difference.
pub type Point = Vec<Option<usize>>;

/// Whether a key makes a difference to a transport: `transports.X.*` is X's alone, everything else
/// is everyone's.
pub fn concerns(key: &str, transport: &str) -> bool {
    let Some(rest) = key.strip_prefix("transports.") else { return true };
    rest.split('.').next() == Some(transport)
}

/// The runs of a sweep without their windows: per point of the axes that they depend on, the
/// transports that depend on the same.
pub fn cells(axes: &[Axis], transports: &[String]) -> Vec<Cell> {
    let mut cells: Vec<Cell> = Vec::new();
    for point in grid(axes) {
        for transport in transports {
            let concern =
                |(at, axis): (&usize, &Axis)| concerns(&axis.key, transport).then_some(*at);
            let at: Point = point.iter().zip(axes).map(concern).collect();
            match cells.iter_mut().find(|cell| cell.at == at) {
                Some(cell) if cell.transports.contains(transport) => {}
                Some(cell) => cell.transports.push(transport.clone()),
                None => cells.push(Cell {
                    at,
                    transports: vec![transport.clone()],
                    window_ns: 0,
                    run: None,
                }),
            }
        }
    }
    // Cells of one calibration follow one another, so it is never old.
    cells.sort_by_key(|cell| (calibration_point(axes, &cell.at), cell.at.clone()));
    cells
}

/// All points, the last axis the fastest.
fn grid(axes: &[Axis]) -> Vec<Vec<usize>> {
    axes.iter().fold(vec![Vec::new()], |points, axis| {
        let more =
            |point: Vec<usize>| (0..axis.values.len()).map(move |at| [&point[..], &[at]].concat());
        points.into_iter().flat_map(more).collect()
    })
}

/// The point whose calibration holds for a cell. A calibration sets a poll's interval and a
/// heartbeat's period itself, so cells that differ in these alone share one honestly. All else
/// asks for its own: clients, link and TLS plainly, and the feed's rate, too, because the floor and
/// what a send costs are higher where cores fall asleep between updates.
pub fn calibration_point(axes: &[Axis], at: &[Option<usize>]) -> Point {
    let matters = |key: &str| {
        let knob = key.strip_prefix("transports.").and_then(|rest| rest.split_once('.'));
        !matches!(knob, Some(("short-poll", "interval") | (_, "heartbeat")))
    };
    at.iter().zip(axes).map(|(at, axis)| at.filter(|_| matters(&axis.key))).collect()
}

/// The overrides that make a scenario that of a point. Where a place makes no difference it is the
/// first.
pub fn sets(axes: &[Axis], at: &[Option<usize>]) -> Vec<String> {
    let set = |(at, axis): (&Option<usize>, &Axis)| {
        format!("{}={}", axis.key, axis.values[at.unwrap_or(0)].text)
    };
    at.iter().zip(axes).map(set).collect()
}

/// Whether a cell lies on the rim of each of its axes: there the noise floor is measured.
pub fn is_corner(axes: &[Axis], at: &[Option<usize>]) -> bool {
    at.iter().zip(axes).all(|(at, axis)| at.is_none_or(|at| at == 0 || at + 1 == axis.values.len()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::sweep::axis::{Spacing, parse};

    fn axes(texts: &[&str]) -> Vec<Axis> {
        texts.iter().map(|text| parse(text, 6, Spacing::Log).unwrap()).collect()
    }

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    const ALL: [&str; 5] = ["long-poll", "short-poll", "sse", "tcp", "websocket"];

    #[test]
    fn a_key_of_one_transport_is_nothing_to_the_others() {
        assert!(concerns("transports.short-poll.interval", "short-poll"));
        assert!(!concerns("transports.short-poll.interval", "websocket"));
        assert!(!concerns("transports.short-poll.interval", "short"));
        assert!(concerns("feed.rate", "websocket") && concerns("clients", "tcp"));
    }

    #[test]
    fn every_transport_is_measured_once_per_point_of_the_axes_it_depends_on() {
        for order in [[0, 1], [1, 0]] {
            let texts = ["feed.rate=1..100", "transports.short-poll.interval=50ms..5s"];
            let cells = cells(&axes(&order.map(|at| texts[at])), &names(&ALL));
            assert_eq!(cells.len(), 36 + 6);
            let trials = |name: &str| {
                cells.iter().filter(|cell| cell.transports.contains(&name.to_owned())).count()
            };
            assert_eq!(ALL.map(trials), [6, 36, 6, 6, 6]);
        }
    }

    #[test]
    fn an_axis_of_all_takes_every_transport_to_each_of_its_points() {
        let cells = cells(&axes(&["clients=1,10", "link.rtt=1ms,10ms"]), &names(&ALL));
        assert_eq!(cells.len(), 4);
        assert!(cells.iter().all(|cell| cell.transports.len() == 5));
    }

    #[test]
    fn cells_that_differ_in_what_a_calibration_sets_itself_share_one() {
        let poll = axes(&["feed.rate=1,10", "transports.short-poll.interval=50ms,5s"]);
        assert_eq!(calibration_point(&poll, &[Some(1), Some(1)]), [Some(1), None]);
        let pause = axes(&["feed.rate=1,10", "transports.long-poll.rearm_delay=1ms,5ms"]);
        assert_eq!(calibration_point(&pause, &[Some(1), Some(0)]), [Some(1), Some(0)]);
        let points = cells(&poll, &names(&ALL));
        let points: Vec<_> = points.iter().map(|cell| calibration_point(&poll, &cell.at)).collect();
        assert!(points.is_sorted(), "no calibration is made twice: {points:?}");
    }

    #[test]
    fn corners_are_where_every_axis_ends() {
        let axes = axes(&["feed.rate=1..100", "transports.short-poll.interval=50ms..5s"]);
        let cells = cells(&axes, &names(&ALL));
        let corners: Vec<_> = cells.iter().filter(|cell| is_corner(&axes, &cell.at)).collect();
        assert_eq!(corners.len(), 4 + 2);
    }
}
