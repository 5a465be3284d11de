//! What an update costs the server, and the clients that must be counted with it.

use results::Row;

use super::{
    ChartKind, Content,
    bar_each::{self, Line},
};
use crate::{
    draw::{Bar, Fill, Segment},
    units::{percent, time},
    view::{Subject, View, all_cpu_per_update_ns, extremes},
};

pub(super) const KIND: ChartKind = ChartKind {
    name: "server-cpu",
    title: "What an update costs the server",
    subtitle: |view| {
        if view.on_link() {
            "CPU time per delivered update. The link’s relay pays for what both ends receive: not \
             to be compared with loopback."
        } else {
            "CPU time per delivered update. Loopback bills receiving to the sender: see both sides."
        }
    },
    content,
};

const FAN_OUT: Fill = Fill::Tint(1.0);
const PUBLISHING: Fill = Fill::Tint(0.55);
const CLIENTS: Fill = Fill::Tint(0.2);
const RELAY: Fill = Fill::Rising;

const KEY: [(Fill, &str); 4] = [
    (FAN_OUT, "server"),
    (PUBLISHING, "publishing alone"),
    (CLIENTS, "load clients"),
    (RELAY, "relay of the link at work"),
];

/// The last two are those of a link.
const COLUMNS: [&str; 9] = [
    "transport",
    "server",
    "without publishing",
    "lowest to highest",
    "load clients",
    "both sides",
    "of the server's core",
    "relay at work",
    "all together",
];

fn content(view: &View) -> Option<Content> {
    let relay = usize::from(view.on_link());
    bar_each::content(view, &COLUMNS[..7 + 2 * relay], &KEY[..3 + relay], reading, |s| {
        line(view, s)
    })
}

fn line(view: &View, subject: &Subject) -> Option<Line> {
    let row = subject.pooled;
    let server = row.server_cpu_per_update_ns()?;
    let without = row.server_cpu_per_update_without_ingest_ns();
    let both = row.total_cpu_per_update_ns().unwrap_or(server);
    let known = all_cpu_per_update_ns(row);
    let all = known.unwrap_or(both);
    let range = subject.range(Row::server_cpu_per_update_ns);
    let sum = if view.on_link() && known.is_some() { "all" } else { "both" };
    let bar = Bar {
        segments: vec![
            Segment { value: without.unwrap_or(server), fill: FAN_OUT },
            Segment { value: server - without.unwrap_or(server), fill: PUBLISHING },
            Segment { value: both - server, fill: CLIENTS },
            Segment { value: all - both, fill: RELAY },
        ],
        label: format!("{} · {sum} {}", time(server), time(all)),
        range,
        ..Bar::default()
    };
    let core = row.server_cpu_ns as f64 / row.window_ns.max(1) as f64;
    let mut cells = vec![
        time(server),
        without.map_or("–".into(), time),
        bar_each::lowest_to_highest(range, time),
        time(both - server),
        time(both),
        percent(core),
    ];
    if view.on_link() {
        let cell = |ns: Option<f64>| ns.map_or("–".into(), time);
        cells.extend([cell(known.map(|all| all - both)), cell(known)]);
    }
    Some(Line { bar, cells })
}

fn reading(view: &View) -> String {
    let server = extremes(&view.subjects, Row::server_cpu_per_update_ns, time);
    if view.on_link() {
        let all = extremes(&view.subjects, all_cpu_per_update_ns, time);
        return format!(
            "A delivered update costs the server {server}, without what it receives; with the load \
             clients and the relay at work, which is billed for what both ends receive, {all}."
        );
    }
    let both = extremes(&view.subjects, Row::total_cpu_per_update_ns, time);
    format!(
        "A delivered update costs the server {server}; with the load clients, whose receive work \
         loopback partly bills to the server, {both}."
    )
}
