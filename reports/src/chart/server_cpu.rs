//! What an update costs the server, and the clients that must be counted with it.

use results::Row;

use super::{
    ChartKind, Content,
    bar_each::{self, Line},
};
use crate::{
    draw::{Bar, Segment},
    units::{percent, time},
    view::{Subject, View, extremes},
};

pub(super) const KIND: ChartKind = ChartKind {
    name: "server-cpu",
    title: "What an update costs the server",
    subtitle: "CPU time per delivered update. Loopback bills receiving to the sender: see both sides.",
    content,
};

const FAN_OUT: f64 = 1.0;
const PUBLISHING: f64 = 0.55;
const CLIENTS: f64 = 0.2;

const COLUMNS: [&str; 7] = [
    "transport",
    "server",
    "without publishing",
    "lowest to highest",
    "load clients",
    "both sides",
    "of the server's core",
];

fn content(view: &View) -> Option<Content> {
    let key = [(FAN_OUT, "server"), (PUBLISHING, "publishing alone"), (CLIENTS, "load clients")];
    bar_each::content(view, COLUMNS, key, reading, line)
}

fn line(subject: &Subject) -> Option<Line> {
    let row = subject.pooled;
    let server = row.server_cpu_per_update_ns()?;
    let without = row.server_cpu_per_update_without_ingest_ns();
    let both = row.total_cpu_per_update_ns().unwrap_or(server);
    let range = subject.range(Row::server_cpu_per_update_ns);
    let bar = Bar {
        caption: String::new(),
        segments: vec![
            Segment { value: without.unwrap_or(server), tint: FAN_OUT },
            Segment { value: server - without.unwrap_or(server), tint: PUBLISHING },
            Segment { value: both - server, tint: CLIENTS },
        ],
        label: format!("{} · both {}", time(server), time(both)),
        predicted: None,
        range,
    };
    let core = row.server_cpu_ns as f64 / row.window_ns.max(1) as f64;
    let cells = vec![
        time(server),
        without.map_or("–".into(), time),
        bar_each::lowest_to_highest(range, time),
        time(both - server),
        time(both),
        percent(core),
    ];
    Some(Line { bar, cells })
}

fn reading(view: &View) -> String {
    let server = extremes(&view.subjects, Row::server_cpu_per_update_ns, time);
    let both = extremes(&view.subjects, Row::total_cpu_per_update_ns, time);
    format!(
        "A delivered update costs the server {server}; with the load clients, whose receive work \
         loopback partly bills to the server, {both}."
    )
}
