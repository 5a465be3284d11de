//! A chart with one bar per transport, which is what most costs come down to.

use super::{Content, DataTable};
use crate::{
    draw::{Bar, Bars, Group, Plot},
    view::{Subject, View},
};

/// What such a chart shows of a transport.
pub(super) struct Line {
    pub bar: Bar,
    /// Cells of the table after the transport's name.
    pub cells: Vec<String>,
}

/// A line per transport; one without a value is left out. `key` says what the tints are.
pub(super) fn content<const N: usize, const K: usize>(
    view: &View,
    columns: [&str; N],
    key: [(f64, &str); K],
    reading: fn(&View) -> String,
    line: fn(&Subject) -> Option<Line>,
) -> Option<Content> {
    let mut table = DataTable::new(columns);
    let mut groups = Vec::new();
    for subject in &view.subjects {
        let Some(Line { bar, cells }) = line(subject) else {
            continue;
        };
        let name = subject.name.to_owned();
        table.rows.push(std::iter::once(name.clone()).chain(cells).collect());
        groups.push(Group { name, color: subject.color, bars: vec![bar] });
    }
    let key = key.map(|(tint, text)| (tint, text.to_owned())).to_vec();
    (!groups.is_empty()).then(|| Content {
        reading: reading(view),
        table,
        plot: Plot::Bars(Bars { groups, key }),
    })
}

/// `1.2 ms – 1.4 ms`; a dash where there is one repetition.
pub(super) fn lowest_to_highest(range: Option<(f64, f64)>, unit: fn(f64) -> String) -> String {
    range.map_or("–".into(), |(low, high)| format!("{} – {}", unit(low), unit(high)))
}
