//! How long updates take, with the slow ones in view.

use hdrhistogram::Histogram;
use results::percentile;

use super::{ChartKind, Content, DataTable};
use crate::{
    draw::{Lines, Mark, Panel, Plot, Series, Stroke, Zone, scale::Scale},
    phrase,
    units::{count, time, time_tick},
    view::{Subject, View},
};

pub(super) const KIND: ChartKind = ChartKind {
    name: "delay",
    title: "How long an update takes",
    subtitle: "Delay from the intended publish time to the client; both axes logarithmic, lower is better.",
    content,
};

/// Points of a curve. More than there are pixels would only cost bytes.
const STEPS: u32 = 160;

fn content(view: &View) -> Option<Content> {
    let with_delay: Vec<(&Subject, Histogram<u64>)> = view
        .subjects
        .iter()
        .filter_map(|subject| Some((subject, view.loaded.delay(subject.name)?)))
        .filter(|(_, delay)| !delay.is_empty())
        .collect();
    // Of an interrupted run, one transport may have more publishes behind it than another.
    let published = || with_delay.iter().map(|(s, _)| s.pooled.published);
    let (last, zone) = reach(published().max()?);

    let mut series = Vec::new();
    for (subject, delay) in &with_delay {
        let (end, sure) = reach(subject.pooled.published);
        let at = |q: f64| (q, delay.value_at_quantile(q) as f64);
        let line = |label: &str, points, stroke| Series {
            label: label.to_owned(),
            color: subject.color,
            points,
            stroke,
        };
        if sure > 0.0 {
            series.push(line("", curve(0.0, sure, at), Stroke::Measured));
        }
        series.push(line(subject.name, curve(sure, end, at), Stroke::Faint));
        if let Some(prediction) = &subject.prediction {
            let points = prediction.delay_curve.iter();
            let points = points.map(|&(q, ns)| (q, ns as f64)).filter(|&(q, _)| q <= end);
            series.push(line("", points.collect(), Stroke::Theory));
        }
    }
    let theory = series.iter().any(|series| series.stroke == Stroke::Theory);
    let floor = view.run.calibration.floor_p50_ns;
    let values = series.iter().flat_map(|s| s.points.iter().map(|&(_, y)| y));
    let y = Scale::log(values.chain((floor > 0.0).then_some(floor)));
    let x = Scale::Tail(last);
    let panel = Panel {
        caption: String::new(),
        y_ticks: y.ticks(6, time_tick),
        y,
        series,
        marks: (floor > 0.0)
            .then(|| Mark { value: floor, label: format!("floor {}", time(floor)) })
            .into_iter()
            .collect(),
        zones: vec![Zone { from: zone, label: "fewer than 20 publishes beyond".into() }],
    };
    Some(Content {
        reading: reading(view),
        table: table(view, published().min()?),
        plot: Plot::Lines(Lines {
            x,
            x_ticks: x.ticks(6, time_tick),
            x_title: "share of updates that are faster".into(),
            panels: vec![panel],
            theory,
        }),
    })
}

/// Where a curve ends, which is where a single publish is left, and from where on it is faint,
/// which is where fewer than twenty are.
fn reach(publishes: u64) -> (f64, f64) {
    let end = (1.0 - 1.0 / publishes.max(10) as f64).min(0.9999);
    (end, (1.0 - 20.0 / publishes.max(1) as f64).clamp(0.0, end))
}

/// Points from one quantile to another, evenly spread over the axis.
fn curve(from: f64, to: f64, at: impl Fn(f64) -> (f64, f64)) -> Vec<(f64, f64)> {
    let (from, to) = ((1.0 - from).log10(), (1.0 - to).log10());
    (0..=STEPS)
        .map(|step| from + (to - from) * f64::from(step) / f64::from(STEPS))
        .map(|nines| at(1.0 - 10_f64.powf(nines)))
        .collect()
}

fn reading(view: &View) -> String {
    let typical: Vec<(&str, f64)> = view
        .subjects
        .iter()
        .filter_map(|s| Some((s.name, crate::view::typical(s.pooled)?)))
        .collect();
    let spread = phrase::extremes(&typical, time);
    let (worst, name) = view
        .subjects
        .iter()
        .filter_map(|s| {
            let measured = s.pooled.delay_mean_ns? as f64;
            let expected = s.prediction.as_ref()?.delay_mean_ns as f64;
            (expected > 0.0).then(|| (measured / expected - 1.0, s.name))
        })
        .max_by(|a, b| a.0.abs().total_cmp(&b.0.abs()))
        .unwrap_or((f64::NAN, ""));
    let theory = if worst.is_finite() {
        format!("; of all means, that of {name} is farthest from theory, {} it", phrase::off(worst))
    } else {
        String::new()
    };
    format!("The typical delay is {spread}{theory}.")
}

fn table(view: &View, fewest: u64) -> DataTable {
    let mut table = DataTable::new([
        "transport",
        "mean",
        "p50",
        "p90",
        "p99",
        "longest",
        "theory: mean",
        "p50",
        "p90",
        "p99",
    ]);
    let cell = |ns: Option<u64>| ns.map_or("–".into(), |ns| time(ns as f64));
    for subject in &view.subjects {
        let (row, theory) = (subject.pooled, subject.prediction.as_ref());
        table.rows.push(vec![
            subject.name.into(),
            cell(row.delay_mean_ns),
            cell(row.delay_p50_ns),
            cell(row.delay_p90_ns),
            cell(row.delay_p99_ns),
            cell(row.delay_max_ns),
            cell(theory.map(|t| t.delay_mean_ns)),
            cell(theory.map(|t| t.delay_p50_ns)),
            cell(theory.map(|t| t.delay_p90_ns)),
            cell(theory.map(|t| t.delay_p99_ns)),
        ]);
    }
    for p in [0.5, 0.9, 0.99] {
        if !percentile::enough(p, fewest) {
            table.rows.push(vec![format!(
                "p{} needs {} publishes, {} were made",
                p * 100.0,
                count(percentile::needed(p)),
                count(fewest)
            )]);
        }
    }
    table
}
