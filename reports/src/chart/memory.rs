//! What a client that is connected costs in memory.

use results::Row;

use super::{
    ChartKind, Content,
    bar_each::{self, Line},
};
use crate::{
    draw::{Bar, Fill, Segment},
    units::{bytes, count},
    view::{Subject, View, extremes},
};

pub(super) const KIND: ChartKind = ChartKind {
    name: "memory",
    title: "What a connected client costs in memory",
    subtitle: |_| "Server process after the window less before the first client, and kernel sockets, per client.",
    content,
};

const PROCESS: Fill = Fill::Tint(1.0);
const SOCKETS: Fill = Fill::Tint(0.35);

const COLUMNS: [&str; 7] = [
    "transport",
    "server process",
    "lowest to highest",
    "sockets, both ends",
    "process without clients",
    "process after the window",
    "clients",
];

fn content(view: &View) -> Option<Content> {
    let key = [(PROCESS, "server process"), (SOCKETS, "kernel sockets, both ends")];
    bar_each::content(view, &COLUMNS, &key, reading, line)
}

fn line(subject: &Subject) -> Option<Line> {
    let row = subject.pooled;
    let process = row.memory_per_client_bytes()?;
    let sockets = row.socket_memory_per_client_bytes();
    let range = subject.range(Row::memory_per_client_bytes);
    let label = match sockets {
        Some(sockets) if sockets >= 1.0 => {
            format!("{} + {} sockets", bytes(process), bytes(sockets))
        }
        _ => bytes(process),
    };
    let bar = Bar {
        segments: vec![
            // Noise can make it a little less than nothing; a bar cannot.
            Segment { value: process.max(0.0), fill: PROCESS },
            Segment { value: sockets.unwrap_or(0.0).max(0.0), fill: SOCKETS },
        ],
        label,
        range: range.map(|(low, high)| (low.max(0.0), high.max(0.0))),
        ..Bar::default()
    };
    let cell = |value: Option<f64>| value.map_or("–".into(), bytes);
    let cells = vec![
        bytes(process),
        bar_each::lowest_to_highest(range, bytes),
        cell(sockets),
        cell(row.server_pss_empty_bytes.map(|bytes| bytes as f64)),
        cell(row.server_pss_bytes.map(|bytes| bytes as f64)),
        count(row.connected),
    ];
    Some(Line { bar, cells })
}

fn reading(view: &View) -> String {
    let process = extremes(&view.subjects, Row::memory_per_client_bytes, bytes);
    let clients = view.subjects.iter().map(|s| s.pooled.connected).max();
    let caution = match clients {
        Some(clients) if clients < 1_000 => format!(
            "; with only {} clients a page more or less already shows, so read it as an order of \
             magnitude",
            count(clients)
        ),
        _ => String::new(),
    };
    format!("A client costs the server process {process}{caution}.{}", log(view))
}

/// The server keeps the updates, once for all clients; where they are large, that is most of what
/// it has more than before the first client.
fn log(view: &View) -> String {
    let scenario = &view.run.scenario;
    let share = |subject: &Subject| {
        // A server lives for one repetition. What the warm-up published is in the log as well.
        let published = subject.rows.first()?.published.min(u64::from(scenario.server.history));
        let kept = published as f64 * f64::from(scenario.feed.payload_bytes);
        let per_client = kept / subject.pooled.clients.max(1) as f64;
        (per_client > 0.1 * subject.pooled.memory_per_client_bytes()?).then_some(per_client)
    };
    match view.subjects.iter().filter_map(share).reduce(f64::max) {
        Some(per_client) => format!(
            " At least {} of that is the log of updates, which all clients share.",
            bytes(per_client)
        ),
        None => String::new(),
    }
}
