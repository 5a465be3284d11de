//! What an update costs on the wire, and for what.

use results::Row;

use super::{
    ChartKind, Content,
    causes::{self, Time, Unit},
};
use crate::{
    draw::Plot,
    units::{bytes, percent},
    view::{View, extremes, wire_bytes_per_update},
};

pub(super) const KIND: ChartKind = ChartKind {
    name: "bytes",
    title: "What an update costs on the wire",
    subtitle: |view| {
        if view.on_link() {
            "Bytes per delivered update on the link, by what they are for: plain above TCP, \
             patterned those of TCP and IP; shorter is better."
        } else {
            "Bytes per delivered update above TCP, by what they are for, without the headers of \
             TCP and IP; shorter is better."
        }
    },
    content,
};

const UNIT: Unit = Unit {
    measured: |row| row.delivered as f64,
    expected: |row| row.expected as f64,
    time: Time::Codecs,
};

fn content(view: &View) -> Option<Content> {
    let (bars, table) = causes::stacked(view, &UNIT)?;
    Some(Content { reading: reading(view), table, plot: Plot::Bars(bars) })
}

fn reading(view: &View) -> String {
    let per_update = extremes(&view.subjects, wire_bytes_per_update, bytes);
    // Of what the codecs counted: the link's bytes are those of another time.
    let heads = largest_share(view, |row| Some((row.head_bytes, row.bytes_up + row.bytes_down)));
    let heads = heads.map_or(String::new(), |(share, name)| {
        format!("; HTTP heads are {} of what {name} moves above TCP", percent(share))
    });
    let below = largest_share(view, |row| Some((row.bytes_below()?, row.link_bytes()?)));
    let below = below.map_or(String::new(), |(share, name)| {
        format!("; what TCP and IP add is largest with {name}, {}", percent(share))
    });
    format!("A delivered update costs {per_update}{heads}{below}.")
}

/// The transport of which a part is the largest share of the whole, where there is any.
fn largest_share<'a>(
    view: &View<'a>,
    part_and_whole: fn(&Row) -> Option<(u64, u64)>,
) -> Option<(f64, &'a str)> {
    let share = |(part, whole): (u64, u64)| (part > 0).then(|| part as f64 / whole as f64);
    let shares = view.subjects.iter().filter_map(|subject| {
        Some((part_and_whole(subject.pooled).and_then(share)?, subject.name))
    });
    shares.max_by(|a, b| a.0.total_cmp(&b.0))
}
