//! How often clients have to ask.

use super::{ChartKind, Content, DataTable};
use crate::{
    draw::{Bar, Bars, Group, Plot, Segment},
    phrase,
    units::{count, percent, three},
    view::{Subject, View},
};

pub(super) const KIND: ChartKind = ChartKind {
    name: "requests",
    title: "How often clients ask",
    subtitle: "Requests per second of all clients together; who is pushed to does not ask.",
    content,
};

const ANSWERED: f64 = 1.0;
const EMPTY: f64 = 0.3;

fn content(view: &View) -> Option<Content> {
    let mut table = DataTable::new([
        "transport",
        "requests per second",
        "of them empty",
        "updates per answer",
        "requests",
        "theory",
    ]);
    let mut groups = Vec::new();
    for subject in &view.subjects {
        let row = subject.pooled;
        let Some(rate) = row.requests_per_second() else {
            continue;
        };
        let empty =
            if row.requests > 0 { row.empty_responses as f64 / row.requests as f64 } else { 0.0 };
        let seconds = row.window_ns as f64 / 1e9;
        let predicted = row.predicted_requests.map(|requests| requests as f64 / seconds);
        let label = match (row.requests, row.empty_responses) {
            (0, _) => "none".into(),
            (_, 0) => three(rate),
            _ => format!("{}, {} empty", three(rate), percent(empty)),
        };
        groups.push(Group {
            name: subject.name.to_owned(),
            color: subject.color,
            bars: vec![Bar {
                caption: String::new(),
                segments: vec![
                    Segment { value: rate * (1.0 - empty), tint: ANSWERED },
                    Segment { value: rate * empty, tint: EMPTY },
                ],
                label,
                predicted: predicted.filter(|&rate| rate > 0.0),
                range: (row.requests > 0)
                    .then(|| subject.range(results::Row::requests_per_second))
                    .flatten(),
            }],
        });
        table.rows.push(vec![
            subject.name.into(),
            three(rate),
            if row.requests > 0 { percent(empty) } else { "–".into() },
            row.updates_per_answer.map_or("–".into(), three),
            count(row.requests),
            row.predicted_requests.map_or("–".into(), count),
        ]);
    }
    let asks = groups.iter().any(|group| group.bars[0].label != "none");
    asks.then(|| Content {
        reading: reading(view),
        table,
        plot: Plot::Bars(Bars {
            groups,
            key: vec![(ANSWERED, "with updates".into()), (EMPTY, "empty".into())],
        }),
    })
}

fn reading(view: &View) -> String {
    let (asking, silent): (Vec<&Subject>, Vec<&Subject>) =
        view.subjects.iter().partition(|s| s.pooled.requests > 0);
    let values: Vec<(&str, f64)> =
        asking.iter().filter_map(|s| Some((s.name, s.pooled.requests_per_second()?))).collect();
    let silent: Vec<&str> = silent.iter().map(|s| s.name).collect();
    let none = match silent.as_slice() {
        [] => String::new(),
        [one] => format!("; {one} does not ask"),
        several => format!("; {} do not ask", phrase::list(several)),
    };
    format!("Requests per second: {}{none}.", phrase::extremes(&values, three))
}
