//! How long updates take, with the slow ones in view.

use hdrhistogram::Histogram;
use results::percentile;

use super::{ChartKind, Content, DataTable};
use crate::{
    agreement,
    draw::{Lines, Mark, Panel, Plot, Series, Stroke, Zone, scale::Scale},
    phrase, predictions,
    units::{count, time, time_tick},
    view::{Subject, View, calibrated_floor_ns, extremes, typical_of_all},
};

pub(super) const KIND: ChartKind = ChartKind {
    name: "delay",
    title: "How long an update takes",
    subtitle: |_| "Delay from the intended publish time to the client; both axes logarithmic, lower is better.",
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
            series.push(line("", quantiles(0.0, sure).map(at).collect(), Stroke::Measured));
        }
        series.push(line(subject.name, quantiles(sure, end).map(at).collect(), Stroke::Faint));
        if let Some(prediction) = &subject.prediction {
            // A straight line between two of its points is none on a logarithmic axis.
            let theory = |q| Some((q, predictions::quantile(&prediction.delay_curve, q)?));
            let points = quantiles(0.0, end).filter_map(theory);
            series.push(line("", points.collect(), Stroke::Theory));
        }
    }
    let theory = series.iter().any(|series| series.stroke == Stroke::Theory);
    let floor = calibrated_floor_ns(view.run);
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
            spans: Vec::new(),
        }),
    })
}

/// Where a curve ends, which is where a single publish is left, and from where on it is faint,
/// which is where fewer than twenty are.
pub(super) fn reach(publishes: u64) -> (f64, f64) {
    let end = (1.0 - 1.0 / publishes.max(2) as f64).min(0.9999);
    (end, (1.0 - 20.0 / publishes.max(1) as f64).clamp(0.0, end))
}

/// Quantiles from one to another, evenly spread over the axis.
pub(super) fn quantiles(from: f64, to: f64) -> impl Iterator<Item = f64> {
    let (from, to) = ((1.0 - from).log10(), (1.0 - to).log10());
    (0..=STEPS)
        .map(move |step| from + (to - from) * f64::from(step) / f64::from(STEPS))
        .map(|nines| 1.0 - 10_f64.powf(nines))
}

fn reading(view: &View) -> String {
    let spread = extremes(&view.subjects, typical_of_all(&view.subjects), time);
    let farthest = view
        .subjects
        .iter()
        .filter_map(|subject| Some((agreement::delay(view.run, subject)?, subject.name)))
        .max_by(|a, b| a.0.share.abs().total_cmp(&b.0.share.abs()));
    let theory = farthest.map_or(String::new(), |(difference, name)| {
        format!(
            "; of all means, that of {name} is farthest from theory, {} it, {}",
            phrase::off(difference.share),
            difference.beside_spread()
        )
    });
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_ends_where_a_single_publish_is_left() {
        for (publishes, end, sure) in [(3, 2.0 / 3.0, 0.0), (100, 0.99, 0.8), (40, 0.975, 0.5)] {
            let reach = reach(publishes);
            assert!((reach.0 - end).abs() < 1e-9 && (reach.1 - sure).abs() < 1e-9, "{publishes}");
        }
    }

    #[test]
    fn a_single_publish_still_has_an_axis() {
        assert_eq!(reach(1), (0.5, 0.0));
        assert_eq!(reach(0), (0.5, 0.0));
    }
}
