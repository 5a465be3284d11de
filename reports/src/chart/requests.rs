//! How often clients have to ask.

use super::{
    ChartKind, Content,
    bar_each::{self, Line},
};
use crate::{
    draw::{Bar, Fill, Segment},
    phrase,
    units::{count, percent, three},
    view::{Subject, View, extremes},
};

pub(super) const KIND: ChartKind = ChartKind {
    name: "requests",
    title: "How often clients ask",
    subtitle: |_| "Requests per second of all clients together; who is pushed to does not ask.",
    content,
};

const ANSWERED: Fill = Fill::Tint(1.0);
const EMPTY: Fill = Fill::Tint(0.3);

const COLUMNS: [&str; 6] = [
    "transport",
    "requests per second",
    "of them empty",
    "updates per answer",
    "requests",
    "theory",
];

fn content(view: &View) -> Option<Content> {
    let asks = view.subjects.iter().any(|s| s.pooled.window_ns > 0 && s.pooled.requests > 0);
    let key = [(ANSWERED, "with updates"), (EMPTY, "empty")];
    bar_each::content(view, &COLUMNS, &key, reading, line).filter(|_| asks)
}

fn line(subject: &Subject) -> Option<Line> {
    let row = subject.pooled;
    let rate = row.requests_per_second()?;
    let asks = row.requests > 0;
    let empty = if asks { row.empty_responses as f64 / row.requests as f64 } else { 0.0 };
    let seconds = row.window_ns as f64 / 1e9;
    let predicted = row.predicted_requests.map(|requests| requests as f64 / seconds);
    let label = match (row.requests, row.empty_responses) {
        (0, _) => "none".into(),
        (_, 0) => three(rate),
        _ => format!("{}, {} empty", three(rate), percent(empty)),
    };
    let bar = Bar {
        segments: vec![
            Segment { value: rate * (1.0 - empty), fill: ANSWERED },
            Segment { value: rate * empty, fill: EMPTY },
        ],
        label,
        predicted: predicted.filter(|&rate| rate > 0.0),
        range: asks.then(|| subject.range(results::Row::requests_per_second)).flatten(),
        ..Bar::default()
    };
    let cells = vec![
        three(rate),
        if asks { percent(empty) } else { "–".into() },
        row.updates_per_answer.map_or("–".into(), three),
        count(row.requests),
        row.predicted_requests.map_or("–".into(), count),
    ];
    Some(Line { bar, cells })
}

fn reading(view: &View) -> String {
    let (asking, silent): (Vec<&Subject>, Vec<&Subject>) =
        view.subjects.iter().partition(|s| s.pooled.requests > 0);
    let rates = extremes(asking, results::Row::requests_per_second, three);
    let silent: Vec<&str> = silent.iter().map(|s| s.name).collect();
    let none = match silent.as_slice() {
        [] => String::new(),
        [one] => format!("; {one} does not ask"),
        several => format!("; {} do not ask", phrase::list(several)),
    };
    format!("Requests per second: {rates}{none}.")
}
