//! What a client costs while nothing happens.

use results::Row;

use super::{
    ChartKind, Content,
    causes::{self, Time, Unit},
};
use crate::{
    draw::Plot,
    units::{bytes, three},
    view::{View, extremes},
};

pub(super) const KIND: ChartKind = ChartKind {
    name: "idle",
    title: "Who pays for silence",
    subtitle: |view| {
        if view.on_link() {
            "Bytes per client and minute on the link, by what they are for: plain above TCP, \
             patterned those of TCP and IP; shorter is better."
        } else {
            "Bytes per client and minute above TCP, by what they are for, without the headers of \
             TCP and IP; shorter is better."
        }
    },
    content,
};

/// Updates a minute up to which a feed is nearly silent. From gaps of ten seconds on, heartbeats
/// (15 s unless set) and holds (25 s) run out between updates: what a client costs then depends on
/// its minutes, and a cost per update is mostly that of the silence before it.
const SILENT_PER_MINUTE: f64 = 6.0;

const UNIT: Unit = Unit {
    measured: |row| row.window_ns as f64 / 60e9 * row.connected as f64,
    expected: |row| row.window_ns as f64 / 60e9 * row.clients as f64,
    time: Time::Link,
};

fn content(view: &View) -> Option<Content> {
    is_silent(view).then_some(())?;
    let (bars, table) = causes::stacked(view, &UNIT)?;
    Some(Content { reading: reading(view), table, plot: Plot::Bars(bars) })
}

/// Whether the feed is nearly silent.
pub(super) fn is_silent(view: &View) -> bool {
    let rates = view.subjects.iter().filter_map(|subject| per_minute(subject.pooled));
    rates.reduce(f64::max).is_some_and(|rate| rate <= SILENT_PER_MINUTE)
}

fn per_minute(row: &Row) -> Option<f64> {
    (row.window_ns > 0).then(|| row.published as f64 * 60e9 / row.window_ns as f64)
}

fn payload(row: &Row) -> Option<f64> {
    let minutes = (UNIT.measured)(row);
    (minutes > 0.0).then(|| row.payload_bytes as f64 / minutes)
}

fn reading(view: &View) -> String {
    let rate = view.subjects.iter().filter_map(|s| per_minute(s.pooled)).fold(0.0, f64::max);
    let payload = view.subjects.iter().filter_map(|s| payload(s.pooled)).fold(0.0, f64::max);
    let cost = extremes(&view.subjects, Row::bytes_per_client_minute, bytes);
    format!(
        "The feed has {} updates a minute, {} of payload; a client that waits for them costs \
         {cost} a minute.",
        three(rate),
        bytes(payload)
    )
}
