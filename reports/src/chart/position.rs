//! Who is served first: delay by arrival rank within one publish.

mod fan_out;

use std::collections::BTreeMap;

use fan_out::{FanOut, median};
use scenarios::Link;

use super::{ChartKind, Content, DataTable};
use crate::{
    draw::{
        Lines, Panel, Plot, Series, Stroke,
        scale::{Scale, number},
    },
    phrase, predictions,
    units::{count, time, time_tick},
    view::{Subject, View, calibrated_floor_ns},
};

pub(super) const KIND: ChartKind = ChartKind {
    name: "position",
    title: "Who is served first",
    subtitle: |_| "Median delay of the first, second, … arrival of the same update; delay logarithmic.",
    content,
};

/// Points of a curve.
const BUCKETS: u32 = 120;

fn content(view: &View) -> Option<Content> {
    let clients = view.loaded.positions.iter().map(|p| p.rank + 1).max()?;
    if clients < 2 {
        return None; // a single client is always served first
    }
    let mut series = Vec::new();
    let mut table = DataTable::new([
        "transport",
        "first",
        "middle",
        "last",
        "from first to last",
        "publishes kept",
        "theory: first",
        "last",
    ]);
    for subject in &view.subjects {
        let Some(fan_out) = FanOut::of(view, subject.name) else {
            continue;
        };
        let theory = theory(view, subject, clients);
        let end = |point: Option<&(f64, f64)>| point.map_or("–".into(), |&(_, ns)| time(ns));
        table.rows.push(vec![
            subject.name.into(),
            time(fan_out.first),
            time(fan_out.middle),
            time(fan_out.last),
            time(fan_out.between),
            count(fan_out.kept),
            end(theory.first()),
            end(theory.last()),
        ]);
        series.push(Series {
            label: String::new(),
            color: subject.color,
            points: theory,
            stroke: Stroke::Theory,
        });
        series.push(Series {
            label: subject.name.to_owned(),
            color: subject.color,
            points: medians(view, subject.name, clients, &fan_out),
            stroke: Stroke::Measured,
        });
    }
    if series.is_empty() {
        return None;
    }
    let theory = series.iter().any(|s| s.stroke == Stroke::Theory && !s.points.is_empty());
    let x = Scale::Linear(1.0, f64::from(clients));
    let y = Scale::log(series.iter().flat_map(|s| s.points.iter().map(|&(_, y)| y)));
    let mut x_ticks = Scale::Linear(0.0, f64::from(clients)).ticks(5, number);
    x_ticks[0] = (1.0, "1".into());
    Some(Content {
        reading: reading(view, clients),
        table: with_note(table, clients),
        plot: Plot::Lines(Lines {
            x,
            x_ticks,
            x_title: "arrival rank among the clients".into(),
            panels: vec![Panel {
                caption: String::new(),
                y,
                y_ticks: y.ticks(6, time_tick),
                series,
                marks: Vec::new(),
                zones: Vec::new(),
            }],
            theory,
            spans: Vec::new(),
        }),
    })
}

/// Ranks that share a point of the curve.
fn bucket(clients: u32) -> u32 {
    clients.div_ceil(BUCKETS)
}

/// Median delay by rank, with the first and the last arrival at the ends: neighbouring ranks share
/// a point where there are more ranks than points, but the ends are what the chart is about.
fn medians(view: &View, transport: &str, clients: u32, fan_out: &FanOut) -> Vec<(f64, f64)> {
    let bucket = bucket(clients);
    let mut delays: BTreeMap<u32, Vec<u64>> = BTreeMap::new();
    for position in view.loaded.positions.iter().filter(|p| p.transport == transport) {
        delays.entry(position.rank / bucket).or_default().push(position.delay_ns);
    }
    let mut points: Vec<(f64, f64)> = delays
        .into_iter()
        .filter_map(|(at, delays)| {
            // The last bucket may be cut short.
            let (low, high) = (at * bucket + 1, ((at + 1) * bucket).min(clients));
            let rank = f64::midpoint(f64::from(low), f64::from(high));
            Some((rank, median(delays.into_iter())?))
        })
        .collect();
    if bucket > 1 {
        points.insert(0, (1.0, fan_out.first));
        // A client that was lost leaves the last ranks empty.
        let end = points.last().map_or(1.0, |&(rank, _)| rank);
        if end + f64::from(bucket) / 2.0 >= f64::from(clients) {
            points.push((f64::from(clients), fan_out.last));
        }
    }
    points
}

/// What a point of the curve is, where that is more than one rank.
fn with_note(mut table: DataTable, clients: u32) -> DataTable {
    let bucket = bucket(clients);
    if bucket > 1 {
        table.rows.push(vec![format!(
            "each point of the curves is the median of {bucket} neighbouring ranks; first and last \
             are single ranks"
        )]);
    }
    table
}

/// Push: the floor, and one send per client that comes before. Short polling:
/// the clients' phases are even, so ranks divide the wait evenly. Long polling
/// has no expectation by rank: within one publish all its clients wait alike.
fn theory(view: &View, subject: &Subject, clients: u32) -> Vec<(f64, f64)> {
    let Some(prediction) = &subject.prediction else {
        return Vec::new();
    };
    let calibration = &view.run.calibration;
    let send = calibration.send_ns.get(subject.name);
    let floor = calibrated_floor_ns(view.run);
    // A line of packets before a bottleneck is no line of clients, and jitter shuffles both.
    let way = view.run.scenario.link.as_ref().map(Link::way_down).unwrap_or_default();
    let in_order = way.bottleneck.is_none() && way.jitter.is_zero();
    // A straight line, but on a logarithmic axis it has to be drawn point by point.
    let ranks = (0..=BUCKETS)
        .map(|step| f64::from(step) / f64::from(BUCKETS))
        .map(|place| 1.0 + place * f64::from(clients - 1));
    match (prediction.requests, send) {
        (0, Some(send)) if in_order => {
            ranks.map(|rank| (rank, floor + send * (rank - 1.0))).collect()
        }
        _ if subject.name == "short-poll" => ranks
            .filter_map(|rank| {
                let share = (rank - 0.5) / f64::from(clients);
                Some((rank, predictions::quantile(&prediction.delay_curve, share)?))
            })
            .collect(),
        _ => Vec::new(),
    }
}

fn reading(view: &View, clients: u32) -> String {
    let of = |subject: &Subject| FanOut::of(view, subject.name);
    let spans: Vec<(&str, f64)> =
        view.subjects.iter().filter_map(|s| Some((s.name, of(s)?.between))).collect();
    let kept = view.subjects.iter().filter_map(|s| Some(of(s)?.kept)).min().unwrap_or_default();
    format!(
        "The last of {} clients has the same update later than the first by {}, in the median of \
         {} updates.",
        count(u64::from(clients)),
        phrase::extremes(&spans, time),
        count(kept)
    )
}
