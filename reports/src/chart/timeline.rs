//! The run second by second: does it hold its pace, and does anything drift?

mod drift;

use std::collections::BTreeMap;

use drift::{Drift, RULE, drift};
use results::Second;
use scenarios::CutDirection;

use super::{ChartKind, Content, DataTable};
use crate::{
    draw::{
        Fill, Lines, Panel, Plot, Series, Span, Stroke,
        scale::{Scale, number},
    },
    palette::{self, Color},
    phrase,
    units::{ratio, time, time_tick, trimmed},
    view::View,
};

pub(super) const KIND: ChartKind = ChartKind {
    name: "timeline",
    title: "The run, second by second",
    subtitle: |_| "Deliveries and mean delay in each second of the window, averaged over repetitions.",
    content,
};

/// Points of a curve over time; a longer window is averaged down to it.
const POINTS: u32 = 240;

/// Whole seconds of the window. Its last, broken one is left out, and so is the
/// drain after it: both would look like a collapse.
fn whole_seconds(view: &View) -> Option<u32> {
    let last = view.loaded.timeline.iter().map(|s| s.second).max()?;
    let windows = view.run.rows.iter().map(|row| row.window_ns / 1_000_000_000);
    let window = windows.min().unwrap_or_default() as u32;
    Some(if window >= 2 { window.min(last + 1) } else { last + 1 })
}

/// Length of the time axis.
pub(super) fn seconds(view: &View) -> Option<f64> {
    whole_seconds(view).map(f64::from)
}

/// A value per second of a transport, averaged over repetitions, in the middle of its second.
pub(super) fn per_second(
    view: &View,
    transport: &str,
    value: impl Fn(&Second) -> Option<f64>,
) -> Vec<(f64, f64)> {
    let length = whole_seconds(view).unwrap_or(1);
    let bin = length.div_ceil(POINTS).max(1);
    let mut bins: BTreeMap<u32, (f64, f64)> = BTreeMap::new();
    let lines = view.loaded.timeline.iter();
    for second in lines.filter(|s| s.transport == transport && s.second < length) {
        if let Some(value) = value(second).filter(|value| value.is_finite()) {
            let (sum, count) = bins.entry(second.second / bin).or_default();
            *sum += value;
            *count += 1.0;
        }
    }
    bins.into_iter()
        .map(|(at, (sum, count))| ((f64::from(at) + 0.5) * f64::from(bin), sum / count))
        .collect()
}

/// When the scenario stops the server, in seconds of the window.
pub(super) fn freezes(view: &View) -> Vec<(f64, f64)> {
    let scenario = &view.run.scenario;
    let freezes = scenario.server.freezes(scenario.measure.duration);
    freezes.iter().map(|(from, to)| (from.as_secs_f64(), to.as_secs_f64())).collect()
}

/// What the scenario did to the run and when, on the axis of seconds. All repetitions have it at
/// the same times.
pub(super) fn spans(view: &View) -> Vec<Span> {
    let frozen = freezes(view).into_iter();
    let frozen = frozen.map(|range| Span { range, fill: Fill::Tint(0.25), label: "server frozen" });
    let cuts = view.run.scenario.link.iter().flat_map(|link| &link.cut);
    let cuts = cuts.map(|cut| Span {
        range: (cut.at.as_secs_f64(), (cut.at + cut.lasts).as_secs_f64()),
        fill: Fill::Rising,
        label: match cut.direction {
            CutDirection::Both => "link cut",
            CutDirection::Down => "link cut down",
            CutDirection::Up => "link cut up",
        },
    });
    let length = seconds(view).unwrap_or_default();
    let inside = |mut span: Span| {
        span.range.1 = span.range.1.min(length);
        (span.range.0 < length).then_some(span)
    };
    frozen.chain(cuts).filter_map(inside).collect()
}

fn content(view: &View) -> Option<Content> {
    let length = seconds(view)?;
    let mut deliveries = Vec::new();
    let mut delays = Vec::new();
    let line = |label: &str, color: Color, points, stroke| Series {
        label: label.to_owned(),
        color,
        points,
        stroke,
    };
    for subject in &view.subjects {
        let (name, color) = (subject.name, subject.color);
        let delivered = per_second(view, name, |s| Some(s.delivered as f64));
        let delay = per_second(view, name, |s| s.delay_mean_ns.map(|ns| ns as f64));
        deliveries.push(line("", color, delivered, Stroke::Measured));
        delays.push(line(name, color, delay, Stroke::Measured));
        if let Some(theory) = &subject.prediction {
            let mean = theory.delay_mean_ns as f64;
            let points = vec![(0.0, mean), (length, mean)];
            delays.push(line("", color, points, Stroke::Theory));
        }
    }
    let clients = view.subjects.first()?.pooled.clients as f64;
    let due = per_second(view, view.subjects.first()?.name, |s| Some(s.published as f64 * clients));
    let ink = Color { line: palette::MUTED, text: palette::MUTED };
    deliveries.push(line("due", ink, due, Stroke::Theory));

    let values = |series: &[Series]| -> Vec<f64> {
        series.iter().flat_map(|s| s.points.iter().map(|&(_, y)| y)).collect()
    };
    let x = Scale::Linear(0.0, length);
    let (rate, delay) = (Scale::from_zero(values(&deliveries)), Scale::log(values(&delays)));
    let panel = |caption: &str, y: Scale, ticks, series| Panel {
        caption: caption.into(),
        y,
        y_ticks: ticks,
        series,
        marks: Vec::new(),
        zones: Vec::new(),
    };
    Some(Content {
        reading: reading(view),
        table: table(view, length),
        plot: Plot::Lines(Lines {
            x,
            x_ticks: x.ticks(6, number),
            x_title: "seconds".into(),
            panels: vec![
                panel("deliveries per second", rate, rate.ticks(3, number), deliveries),
                panel("mean delay", delay, delay.ticks(4, time_tick), delays),
            ],
            theory: true,
            spans: spans(view),
        }),
    })
}

fn reading(view: &View) -> String {
    let length = seconds(view).unwrap_or_default();
    let drifts: Vec<(&str, Drift)> = view
        .subjects
        .iter()
        .map(|subject| {
            let delay = per_second(view, subject.name, |s| s.delay_mean_ns.map(|ns| ns as f64));
            (subject.name, drift(&delay, length))
        })
        .collect();
    let of = |(name, drift): &(&str, Drift)| match drift {
        Drift::By(quotient) => Some(format!("of {name} to {} times", ratio(*quotient))),
        _ => None,
    };
    let named: Vec<String> = drifts.iter().filter_map(of).collect();
    let named: Vec<&str> = named.iter().map(String::as_str).collect();
    if !named.is_empty() {
        return format!(
            "From the first to the second half of the window the mean delay changes {RULE}: {} \
             what it was.",
            phrase::list(&named)
        );
    }
    if drifts.iter().all(|(_, drift)| *drift == Drift::Unknown) {
        return "The window has too few seconds to speak of a trend.".into();
    }
    format!(
        "No transport stands out: from the first to the second half of the window no mean delay \
         changes {RULE}."
    )
}

/// Up to about twenty lines: every second of a minute is nothing that anyone reads.
fn table(view: &View, length: f64) -> DataTable {
    let mut table = DataTable { columns: vec!["second".into()], rows: Vec::new() };
    let mut columns = Vec::new();
    for subject in &view.subjects {
        let name = subject.name;
        table.columns.push(format!("{name}: delivered"));
        table.columns.push("mean delay".into());
        columns.push((
            per_second(view, name, |s| Some(s.delivered as f64)),
            per_second(view, name, |s| s.delay_mean_ns.map(|ns| ns as f64)),
        ));
    }
    let stride = (length / 20.0).ceil().max(1.0);
    let at = |points: &[(f64, f64)], second: f64| {
        points.iter().find(|(x, _)| *x >= second).map(|&(_, y)| y)
    };
    let mut second = 0.0;
    while second < length {
        let mut row = vec![trimmed(second)];
        for (delivered, delay) in &columns {
            row.push(at(delivered, second).map_or("–".into(), trimmed));
            row.push(at(delay, second).map_or("–".into(), time));
        }
        table.rows.push(row);
        second += stride;
    }
    table
}
