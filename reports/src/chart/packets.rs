//! How many packets an update takes: what small updates cost on a link is headers.

mod theory;

use results::Row;

use super::{
    ChartKind, Content,
    bar_each::{self, Line},
};
use crate::{
    draw::{Bar, Fill, Segment},
    units::{count, percent, three},
    view::{Subject, View, extremes},
};

pub(super) const KIND: ChartKind = ChartKind {
    name: "packets",
    title: "How many packets an update takes",
    subtitle: |_| "IP packets per delivered update, pure acknowledgements too, as the link carried them.",
    content,
};

const DOWN: Fill = Fill::Tint(1.0);
const UP: Fill = Fill::Tint(0.35);

const COLUMNS: [&str; 8] = [
    "transport",
    "packets per update",
    "down",
    "up",
    "lowest to highest",
    "packets",
    "sent again, of the bytes",
    "theory",
];

fn content(view: &View) -> Option<Content> {
    let key = [(DOWN, "down"), (UP, "up")];
    bar_each::content(view, &COLUMNS, &key, reading, |subject| line(view, subject))
}

fn line(view: &View, subject: &Subject) -> Option<Line> {
    let row = subject.pooled;
    let all = row.packets_per_update()?;
    let more = row.codecs_over_link()?;
    let each = |packets: Option<u64>| Some(packets? as f64 * more / row.delivered as f64);
    let (down, up) = (each(row.link_packets_down)?, each(row.link_packets_up)?);
    let range = subject.range(Row::packets_per_update);
    let theory = theory::packets_per_update(view.run, subject);
    let bar = Bar {
        segments: vec![Segment { value: down, fill: DOWN }, Segment { value: up, fill: UP }],
        label: three(all),
        predicted: theory,
        range,
        ..Bar::default()
    };
    let cells = vec![
        three(all),
        three(down),
        three(up),
        bar_each::lowest_to_highest(range, three),
        count(row.link_packets_down? + row.link_packets_up?),
        sent_again(row).map_or("–".into(), percent),
        theory.map_or("–".into(), three),
    ];
    Some(Line { bar, cells })
}

/// Share of the link's bytes that TCP sent again.
fn sent_again(row: &Row) -> Option<f64> {
    let all = row.link_bytes().filter(|&bytes| bytes > 0)?;
    Some(row.retransmitted_bytes? as f64 / all as f64)
}

fn reading(view: &View) -> String {
    let packets = extremes(&view.subjects, Row::packets_per_update, three);
    format!(
        "Packets per delivered update: {packets}. Where every update is a packet of its own, it \
         is answered by a pure acknowledgement; a poll that finds several shares its packets among \
         them."
    )
}
