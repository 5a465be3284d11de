//! The winner map: who is best at each point of two axes, a panel per metric.

use super::{
    Field, Picture,
    boundary::boundary,
    metric::{self, Metric},
    winner::Ranked,
};
use crate::{
    chart::{Content, DataTable},
    draw::{Map, MapPanel, Plot, Square},
    palette, phrase,
    units::ratio,
};

/// The map; `None` of a sweep over one axis.
pub(super) fn picture(field: &Field, ranked: &[Ranked]) -> Option<Picture> {
    let [x, y] = field.axes else { return None };
    let texts = |axis: &results::sweep::Axis| -> Vec<String> {
        axis.values.iter().map(|value| value.text.clone()).collect()
    };
    let panels = metric::ALL.iter().map(|metric| panel(field, metric, ranked)).collect::<Vec<_>>();
    let shown = |name: &&&str| {
        ranked.iter().any(|rank| {
            [&rank.first, &rank.second].into_iter().flatten().any(|s| s.transport == **name)
        })
    };
    let contenders = field.contenders();
    let names = contenders.iter().filter(shown);
    Some(Picture {
        name: "winners",
        title: "Who wins where",
        subtitle: "The colour of a cell is that of the transport that costs least there.".into(),
        content: Content {
            reading: reading(field, ranked),
            table: table(field, ranked),
            plot: Plot::Map(Map {
                x_ticks: texts(x),
                y_ticks: texts(y),
                x_title: x.key.clone(),
                y_title: y.key.clone(),
                key: names.map(|name| ((*name).to_owned(), palette::of(name))).collect(),
                theory: panels.iter().any(|panel: &MapPanel| !panel.borders.is_empty()),
                panels,
            }),
        },
    })
}

fn panel(field: &Field, metric: &'static Metric, ranked: &[Ranked]) -> MapPanel {
    let of = ranked.iter().filter(|rank| rank.metric.name == metric.name);
    let color = |standing: &Option<super::Standing>| {
        standing.as_ref().map(|standing| palette::of(&standing.transport))
    };
    let squares = of.map(|rank| Square {
        at: (rank.point[0], rank.point[1]),
        // Where somebody is missing there is no order to draw.
        first: if rank.without.is_empty() { color(&rank.first) } else { None },
        second: if rank.is_clear() { None } else { color(&rank.second) },
    });
    MapPanel {
        caption: metric.title.to_owned(),
        squares: squares.collect(),
        borders: boundary(field, metric),
    }
}

/// Cells won per transport and metric, and what was not told apart.
pub(super) fn reading(field: &Field, ranked: &[Ranked]) -> String {
    let sentences = metric::ALL.iter().filter_map(|metric| {
        let of: Vec<&Ranked> = ranked
            .iter()
            .filter(|rank| rank.metric.name == metric.name && rank.first.is_some())
            .collect();
        if of.is_empty() {
            return None;
        }
        let mut parts: Vec<String> = field
            .contenders()
            .into_iter()
            .filter_map(|name| {
                let won = of.iter().filter(|rank| {
                    rank.is_clear() && rank.first.as_ref().is_some_and(|s| s.transport == name)
                });
                let count = won.count();
                (count > 0).then(|| format!("{name} in {count}"))
            })
            .collect();
        let tied = of.iter().filter(|rank| !rank.is_clear()).count();
        if tied > 0 {
            parts.push(format!("nobody in {tied}"));
        }
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        Some(format!("By {} wins {} of {} cells.", metric.title, phrase::list(&parts), of.len()))
    });
    let floors = metric::ALL.iter().filter_map(|metric| {
        let floor = ranked.iter().find(|rank| rank.metric.name == metric.name)?.floor;
        let how = if floor.measured { "measured" } else { "taken for granted" };
        Some(format!("{} {} ({how})", metric.title, ratio(floor.ratio)))
    });
    let floors: Vec<String> = floors.collect();
    let floors: Vec<&str> = floors.iter().map(String::as_str).collect();
    let sentences: Vec<String> = sentences.collect();
    format!(
        "{} Two transports are told apart when the second costs more than so many times the \
         first: {}.",
        sentences.join(" "),
        phrase::list(&floors)
    )
}

/// A line per point and metric.
pub(super) fn table(field: &Field, ranked: &[Ranked]) -> DataTable {
    let mut columns: Vec<String> = field.axes.iter().map(|axis| axis.key.clone()).collect();
    columns.extend(["by", "wins", "with", "next", "with", "×", "theory's winner"].map(Into::into));
    let line = |rank: &Ranked| {
        let mut cells = field.words(&rank.point);
        let standing = |standing: &Option<super::Standing>| match standing {
            Some(s) => [s.transport.clone(), (rank.metric.unit)(s.value)],
            None => ["–".into(), "–".into()],
        };
        let [second, second_value] = standing(&rank.second);
        let [_, first_value] = standing(&rank.first);
        cells.extend([rank.metric.title.to_owned(), rank.words(), first_value]);
        cells.extend([second, second_value]);
        cells.push(rank.ratio().map_or("–".into(), ratio));
        cells.push(rank.theory.clone().unwrap_or_else(|| "–".into()));
        cells
    };
    DataTable { columns, rows: ranked.iter().map(line).collect() }
}
