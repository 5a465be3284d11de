//! Each metric along the first axis, with theory beside it.

use results::sweep::Axis;

use super::{
    Field, Picture,
    metric::{self, Metric},
};
use crate::{
    chart::{Content, DataTable},
    draw::{Lines, Panel, Plot, Series, Stroke, scale::Scale},
    palette,
};

/// A picture per metric that has values.
pub(super) fn pictures(field: &Field) -> Vec<Picture> {
    metric::ALL.iter().filter_map(|metric| picture(field, metric)).collect()
}

fn picture(field: &Field, metric: &'static Metric) -> Option<Picture> {
    let axis = &field.axes[0];
    let slices = slices(field);
    let series: Vec<Vec<Series>> =
        slices.iter().map(|slice| series(field, metric, *slice)).collect();
    let values = || series.iter().flatten().flat_map(|s| s.points.iter().map(|&(_, y)| y));
    values().next()?;
    let y = Scale::log(values());
    let x = across(axis);
    let theory = series.iter().flatten().any(|series| series.stroke == Stroke::Theory);
    let panel = |(slice, series): (&Option<usize>, Vec<Series>)| Panel {
        caption: slice.map_or_else(String::new, |at| {
            format!("{} = {}", field.axes[1].key, field.axes[1].values[at].text)
        }),
        y,
        y_ticks: y.ticks(if slices.len() > 1 { 3 } else { 6 }, metric.tick),
        series,
        marks: Vec::new(),
        zones: Vec::new(),
    };
    Some(Picture {
        name: metric.name,
        title: title(metric),
        subtitle: format!("{}; both axes logarithmic, lower is better.", sentence(metric.about)),
        content: Content {
            reading: reading(field, metric),
            table: table(field, metric),
            plot: Plot::Lines(Lines {
                x,
                x_ticks: axis.values.iter().map(|v| (v.number, v.text.clone())).collect(),
                x_title: axis.key.clone(),
                panels: slices.iter().zip(series).map(panel).collect(),
                theory,
                spans: Vec::new(),
            }),
        },
    })
}

fn title(metric: &Metric) -> &'static str {
    match metric.name {
        "delay" => "Delay along the axis",
        "bytes" => "Bytes along the axis",
        "server-cpu" => "Server CPU along the axis",
        _ => "Memory along the axis",
    }
}

fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    characters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

/// Of a second axis its two ends: what lies between them is in the table and on the map.
fn slices(field: &Field) -> Vec<Option<usize>> {
    match field.axes {
        [_, second] => vec![Some(0), Some(second.values.len() - 1)],
        _ => vec![None],
    }
}

/// Exactly as long as the axis; linear if it begins at zero.
fn across(axis: &Axis) -> Scale {
    let (low, high) = (axis.values[0].number, axis.values[axis.values.len() - 1].number);
    if low > 0.0 { Scale::Log(low, high) } else { Scale::Linear(low, high) }
}

fn series(field: &Field, metric: &Metric, slice: Option<usize>) -> Vec<Series> {
    let axis = &field.axes[0];
    let line = |name: &&str, value: fn(&super::field::Seen) -> Option<f64>, stroke| Series {
        label: if stroke == Stroke::Measured { (*name).to_owned() } else { String::new() },
        color: palette::of(name),
        points: (0..axis.values.len())
            .filter_map(|at| {
                let point: Vec<usize> = std::iter::once(at).chain(slice).collect();
                let y = value(&field.find(name, &point)?)?;
                (y > 0.0).then_some((axis.values[at].number, y))
            })
            .collect(),
        stroke,
    };
    let transports = field.transports();
    let both = transports.iter().flat_map(|name| {
        [line(name, metric.measured, Stroke::Measured), line(name, metric.theory, Stroke::Theory)]
    });
    both.filter(|series| !series.points.is_empty()).collect()
}

/// The farthest from theory of all measurements.
fn reading(field: &Field, metric: &Metric) -> String {
    let axis = &field.axes[0].key;
    let both = field.seen().filter_map(|seen| {
        let (measured, theory) = ((metric.measured)(&seen)?, (metric.theory)(&seen)?);
        (theory > 0.0).then(|| (measured / theory - 1.0, seen))
    });
    let both: Vec<_> = both.collect();
    let far = both.iter().max_by(|a, b| a.0.abs().total_cmp(&b.0.abs()));
    let theory = far.map_or_else(
        || "theory says nothing of it".to_owned(),
        |(off, seen)| {
            format!(
                "of {} measurements that of {} at {} is farthest from theory, {} it",
                both.len(),
                seen.row.transport,
                seen.words(field.axes).join(", "),
                crate::phrase::off(*off)
            )
        },
    );
    format!("{} along {axis}: {theory}.", sentence(metric.title))
}

/// A line per measurement.
fn table(field: &Field, metric: &Metric) -> DataTable {
    let mut columns: Vec<String> = vec!["transport".into()];
    columns.extend(field.axes.iter().map(|axis| axis.key.clone()));
    columns.extend([metric.title.to_owned(), "theory".into()]);
    let cell = |value: Option<f64>| value.map_or("–".into(), metric.unit);
    let rows = field.seen().map(|seen| {
        let mut cells = vec![seen.row.transport.clone()];
        cells.extend(seen.words(field.axes));
        cells.extend([cell((metric.measured)(&seen)), cell((metric.theory)(&seen))]);
        cells
    });
    let mut rows: Vec<_> = rows.collect();
    rows.sort_by_key(|cells| palette::rank(&cells[0]));
    DataTable { columns, rows }
}
