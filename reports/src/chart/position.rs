//! Who is served first: delay by arrival rank within one publish.

use std::collections::BTreeMap;

use super::{ChartKind, Content, DataTable};
use crate::{
    draw::{
        Lines, Panel, Plot, Series, Stroke,
        scale::{Scale, number},
    },
    phrase,
    units::{count, time, time_tick},
    view::{Subject, View},
};

pub(super) const KIND: ChartKind = ChartKind {
    name: "position",
    title: "Who is served first",
    subtitle: "Median delay of the first, second, … arrival of the same update; delay logarithmic.",
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
        "last − first",
        "publishes kept",
        "theory: first",
        "last",
    ]);
    for subject in &view.subjects {
        let points = medians(view, subject.name, clients);
        let (Some(first), Some(last)) = (points.first(), points.last()) else {
            continue;
        };
        let middle = points[points.len() / 2];
        let theory = theory(view, subject, clients);
        let end = |point: Option<&(f64, f64)>| point.map_or("–".into(), |&(_, ns)| time(ns));
        table.rows.push(vec![
            subject.name.into(),
            time(first.1),
            time(middle.1),
            time(last.1),
            time(last.1 - first.1),
            count(kept(view, subject.name)),
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
            points,
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
        table,
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
        }),
    })
}

/// Median delay by rank; neighbouring ranks share a point where there are more ranks than points.
fn medians(view: &View, transport: &str, clients: u32) -> Vec<(f64, f64)> {
    let bucket = clients.div_ceil(BUCKETS);
    let mut delays: BTreeMap<u32, Vec<u64>> = BTreeMap::new();
    for position in view.loaded.positions.iter().filter(|p| p.transport == transport) {
        delays.entry(position.rank / bucket).or_default().push(position.delay_ns);
    }
    delays
        .into_iter()
        .map(|(at, mut delays)| {
            delays.sort_unstable();
            let rank = (f64::from(at) + 0.5) * f64::from(bucket) + 0.5;
            (rank, delays[delays.len() / 2] as f64)
        })
        .collect()
}

fn kept(view: &View, transport: &str) -> u64 {
    let of = view.loaded.positions.iter();
    of.filter(|p| p.transport == transport && p.rank == 0).count() as u64
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
    match (prediction.requests, send) {
        // A straight line, but on a logarithmic axis it has to be drawn point by point.
        (0, Some(send)) => (0..=BUCKETS)
            .map(|step| f64::from(step) / f64::from(BUCKETS))
            .map(|place| 1.0 + place * f64::from(clients - 1))
            .map(|rank| (rank, calibration.floor_p50_ns + send * (rank - 1.0)))
            .collect(),
        _ if subject.name == "short-poll" => prediction
            .delay_curve
            .iter()
            .map(|&(q, ns)| (q * f64::from(clients) + 0.5, ns as f64))
            .filter(|&(rank, _)| rank >= 1.0 && rank <= f64::from(clients))
            .collect(),
        _ => Vec::new(),
    }
}

fn reading(view: &View, clients: u32) -> String {
    let spans: Vec<(&str, f64)> = view
        .subjects
        .iter()
        .filter_map(|subject| {
            let points = medians(view, subject.name, clients);
            Some((subject.name, points.last()?.1 - points.first()?.1))
        })
        .collect();
    format!(
        "The last of {} clients has an update later than the first by {}.",
        count(u64::from(clients)),
        phrase::extremes(&spans, time)
    )
}
