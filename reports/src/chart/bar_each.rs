//! A chart with one bar per transport, which is what most costs come down to.

use super::{Content, DataTable};
use crate::{
    draw::{Bar, Bars, Fill, Group, Plot},
    view::{Subject, View},
};

/// What such a chart shows of a transport.
pub(super) struct Line {
    pub bar: Bar,
    /// Cells of the table after the transport's name.
    pub cells: Vec<String>,
}

/// A line per transport; one without a value is left out. `key` says what the fills are.
pub(super) fn content(
    view: &View,
    columns: &[&str],
    key: &[(Fill, &str)],
    reading: fn(&View) -> String,
    line: impl Fn(&Subject) -> Option<Line>,
) -> Option<Content> {
    let columns = columns.iter().map(ToString::to_string).collect();
    let mut table = DataTable { columns, rows: Vec::new() };
    let mut groups = Vec::new();
    for subject in &view.subjects {
        let Some(Line { bar, cells }) = line(subject) else {
            continue;
        };
        let name = subject.name.to_owned();
        table.rows.push(std::iter::once(name.clone()).chain(cells).collect());
        groups.push(Group { name, color: subject.color, bars: vec![bar] });
    }
    let key = key.iter().map(|&(fill, text)| (fill, text.to_owned())).collect();
    (!groups.is_empty()).then(|| Content {
        reading: reading(view),
        table,
        plot: Plot::Bars(Bars { groups, key, theory: "theory" }),
    })
}

/// `1.2 ms – 1.4 ms`; a dash where there is one repetition.
pub(super) fn lowest_to_highest(range: Option<(f64, f64)>, unit: fn(f64) -> String) -> String {
    range.map_or("–".into(), |(low, high)| format!("{} – {}", unit(low), unit(high)))
}
