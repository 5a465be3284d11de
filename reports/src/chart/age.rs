//! How old the newest update in a client's hands is, over time.

use super::{ChartKind, Content, DataTable};
use crate::{
    draw::{
        Lines, Panel, Plot, Series, Stroke,
        scale::{Scale, number},
    },
    units::{percent, time, time_tick},
    view::{View, extremes},
};

pub(super) const KIND: ChartKind = ChartKind {
    name: "age",
    title: "How old the newest value is",
    subtitle: |_| "Age of what a client holds since its first delivery, averaged over each second; lower is better.",
    content,
};

fn content(view: &View) -> Option<Content> {
    let mut series = Vec::new();
    let mut table = DataTable::new([
        "transport",
        "mean age",
        "mean peak",
        "in sync",
        "theory: mean age",
        "mean peak",
        "in sync",
    ]);
    let cell = |ns: Option<u64>| ns.map_or("–".into(), |ns| time(ns as f64));
    let share = |share: Option<f64>| share.map_or("–".into(), percent);
    let length = super::timeline::seconds(view)?;
    for subject in &view.subjects {
        let points = super::timeline::per_second(view, subject.name, |second| {
            second.age_mean_ns.map(|ns| ns as f64)
        });
        if points.is_empty() {
            continue;
        }
        series.push(Series {
            label: subject.name.to_owned(),
            color: subject.color,
            points,
            stroke: Stroke::Measured,
        });
        let theory = subject.prediction.as_ref();
        if let Some(age) = theory.and_then(|theory| theory.age_mean_ns) {
            series.push(Series {
                label: String::new(),
                color: subject.color,
                points: vec![(0.0, age as f64), (length, age as f64)],
                stroke: Stroke::Theory,
            });
        }
        table.rows.push(vec![
            subject.name.into(),
            cell(subject.pooled.age_mean_ns),
            cell(subject.pooled.age_peak_ns),
            share(subject.pooled.in_sync),
            cell(theory.and_then(|t| t.age_mean_ns)),
            cell(theory.and_then(|t| t.age_peak_ns)),
            share(theory.and_then(|t| t.in_sync)),
        ]);
    }
    if series.is_empty() {
        return None;
    }
    let x = Scale::Linear(0.0, length);
    let y = Scale::from_zero(series.iter().flat_map(|s| s.points.iter().map(|&(_, y)| y)));
    let theory = series.iter().any(|series| series.stroke == Stroke::Theory);
    Some(Content {
        reading: reading(view),
        table,
        plot: Plot::Lines(Lines {
            x,
            x_ticks: x.ticks(6, number),
            x_title: "seconds".into(),
            panels: vec![Panel {
                caption: String::new(),
                y,
                y_ticks: y.ticks(5, time_tick),
                series,
                marks: Vec::new(),
                zones: Vec::new(),
            }],
            theory,
            spans: super::timeline::spans(view),
        }),
    })
}

fn reading(view: &View) -> String {
    let ages = extremes(&view.subjects, |row| Some(row.age_mean_ns? as f64), time);
    let period = view
        .subjects
        .iter()
        .map(|s| s.pooled)
        .find(|row| row.published > 0)
        .map(|row| row.window_ns as f64 / row.published as f64);
    let context = period
        .map_or(String::new(), |ns| format!("; a new value comes every {} on average", time(ns)));
    format!("The mean age is {ages}{context}.")
}
