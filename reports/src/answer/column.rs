//! The columns of the answer: what each says, from which numbers, in which unit.

use results::{Row, percentile};
use serde::Serialize;

use crate::{
    units::{bytes, three, time},
    view::Subject,
};

/// A column.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Column {
    /// Its heading in one line.
    pub name: &'static str,
    /// First line of its heading where it has to be narrow.
    pub title: &'static str,
    /// Second line of the narrow heading.
    pub unit: &'static str,
    /// What it is, for a tooltip.
    pub about: &'static str,
    /// Columns with a high number go first when the terminal is narrow.
    pub dispensable: u8,
}

/// What a cell is made of.
#[derive(Clone, Copy)]
pub(super) struct Source {
    pub column: Column,
    pub measured: fn(&Row) -> Option<f64>,
    pub theory: fn(&Subject) -> Option<f64>,
    pub unit: fn(f64) -> String,
}

pub(super) const fn column(
    name: &'static str,
    title: &'static str,
    unit: &'static str,
    dispensable: u8,
    about: &'static str,
) -> Column {
    Column { name, title, unit, about, dispensable }
}

fn whole(value: Option<u64>) -> Option<f64> {
    value.map(|value| value as f64)
}

fn per_expected(row: &Row, total: Option<u64>) -> Option<f64> {
    (row.expected > 0).then(|| Some(total? as f64 / row.expected as f64))?
}

const SOURCES: [Source; 8] = [
    Source {
        column: column(
            "delay p50",
            "delay",
            "p50",
            0,
            "half of the updates took at most this long",
        ),
        measured: |row| whole(row.delay_p50_ns),
        theory: |s| s.prediction.as_ref().map(|p| p.delay_p50_ns as f64),
        unit: time,
    },
    Source {
        column: column(
            "delay p99",
            "delay",
            "p99",
            0,
            "all but one in a hundred updates took at most this long",
        ),
        measured: |row| whole(row.delay_p99_ns),
        theory: |s| s.prediction.as_ref().map(|p| p.delay_p99_ns as f64),
        unit: time,
    },
    Source {
        column: column(
            "mean age",
            "mean",
            "age",
            2,
            "how old the newest value in a client's hands is, over time",
        ),
        measured: |row| whole(row.age_mean_ns),
        theory: |s| whole(s.prediction.as_ref()?.age_mean_ns),
        unit: time,
    },
    Source {
        column: column(
            "bytes per update",
            "bytes",
            "/update",
            1,
            "both directions, above TCP, per delivered update",
        ),
        measured: Row::bytes_per_update,
        theory: |s| {
            let row = s.pooled;
            let up = per_expected(row, row.predicted_bytes_up)?;
            Some(up + per_expected(row, row.predicted_bytes_down)?)
        },
        unit: bytes,
    },
    Source {
        column: column("requests per second", "requests", "/s", 3, "of all clients together"),
        measured: Row::requests_per_second,
        theory: |s| {
            let seconds = s.pooled.window_ns as f64 / 1e9;
            (seconds > 0.0).then(|| Some(s.pooled.predicted_requests? as f64 / seconds))?
        },
        unit: three,
    },
    Source {
        column: column(
            "server CPU per update",
            "CPU per",
            "update",
            1,
            "CPU time of the server per delivered update; on loopback it contains the clients' receive work",
        ),
        measured: Row::server_cpu_per_update_ns,
        theory: |_| None,
        unit: time,
    },
    Source {
        column: column(
            "server CPU less publishing",
            "less pub-",
            "lishing",
            5,
            "the same without what publishing alone costs",
        ),
        measured: Row::server_cpu_per_update_without_ingest_ns,
        theory: |_| None,
        unit: time,
    },
    Source {
        column: column(
            "server memory per client",
            "memory",
            "/client",
            4,
            "memory of the server process that came with the clients, per client",
        ),
        measured: Row::memory_per_client_bytes,
        theory: |_| None,
        unit: bytes,
    },
];

/// What the server's CPU means where a relay is between it and the clients.
pub(super) const CPU_ON_LINK: Column = column(
    "server CPU per update",
    "CPU per",
    "update",
    1,
    "CPU time of the server per delivered update; the relay of the link is billed for what the server receives",
);

/// Stands in for the median where too few publishes carry one.
const MEAN: Source = Source {
    column: column(
        "mean delay",
        "delay",
        "mean",
        0,
        "mean delay, because too few publishes carry a median",
    ),
    measured: |row| whole(row.delay_mean_ns),
    theory: |s| s.prediction.as_ref().map(|p| p.delay_mean_ns as f64),
    unit: time,
};

/// The columns' sources: with a median if any transport has one.
pub(super) fn sources(subjects: &[Subject], notes: &mut Vec<String>) -> Vec<Source> {
    let mut sources = Vec::from(SOURCES);
    let delivered = || subjects.iter().filter(|s| s.pooled.delivered > 0);
    if let Some(subject) = delivered().next()
        && delivered().all(|subject| subject.pooled.delay_p50_ns.is_none())
    {
        let why = percentile::why_empty("delay_p50_ns", subject.pooled.published);
        notes.extend(why.map(|why| format!("{why}, so the mean takes its place")));
        sources[0] = MEAN;
    }
    sources
}

/// Place of the "× floor" column.
pub(super) const FLOOR_AT: usize = 2;

pub(super) const FLOOR: Column =
    column("× floor", "×", "floor", 0, "typical delay over that of the floor");
pub(super) const DELIVERED: Column =
    column("delivered", "deliv-", "ered", 3, "deliveries of those expected");
pub(super) const VERDICT: Column = column("verdict", "verdict", "", 0, "what the rules make of it");
