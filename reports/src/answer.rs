//! The answer in one table, before it becomes text, Markdown or HTML: which
//! columns there are, what each cell says, and why a cell is empty.

use results::{Row, Run, percentile};
use serde::Serialize;

use crate::{
    units::{bytes, count, ratio, three, time},
    view::{self, Subject},
};

/// A table with a line per transport, one of theory below it, and one of the
/// spread if there are repetitions to spread.
#[derive(Clone, Debug, Serialize)]
pub struct Answer {
    /// Without the first one, which names the line.
    pub columns: Vec<Column>,
    /// From top to bottom.
    pub lines: Vec<Line>,
    /// Reasons of empty cells, by number from 1.
    pub notes: Vec<String>,
    /// What "× floor" compares with.
    pub floor: String,
}

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

/// A line.
#[derive(Clone, Debug, Serialize)]
pub struct Line {
    /// The transport.
    pub transport: String,
    /// What is in the cells.
    pub kind: Kind,
    /// As many as columns.
    pub cells: Vec<Cell>,
}

/// What a line says about its transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// All repetitions pooled.
    Measured,
    /// What theory expects.
    Theory,
    /// Lowest to highest repetition.
    Range,
}

/// A cell.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Cell {
    /// In human units; a dash where nothing is known.
    pub text: String,
    /// Number of the note that says why it is empty.
    pub note: Option<usize>,
}

/// What a cell is made of.
#[derive(Clone, Copy)]
struct Source {
    column: Column,
    measured: fn(&Row) -> Option<f64>,
    theory: fn(&Subject) -> Option<f64>,
    unit: fn(f64) -> String,
}

const fn column(
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
        theory: |s| whole(s.pooled.predicted_delay_p50_ns),
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
        theory: |s| whole(s.pooled.predicted_delay_p99_ns),
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
        theory: |s| whole(s.prediction?.age_mean_ns),
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
    theory: |s| whole(s.pooled.predicted_delay_mean_ns),
    unit: time,
};

/// The columns' sources: with a median if any transport has one.
fn sources(subjects: &[Subject], notes: &mut Vec<String>) -> Vec<Source> {
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
const FLOOR_AT: usize = 2;

const FLOOR: Column = column("× floor", "×", "floor", 0, "typical delay over that of the floor");
const DELIVERED: Column = column("delivered", "deliv-", "ered", 3, "deliveries of those expected");
const VERDICT: Column = column("verdict", "verdict", "", 0, "what the rules make of it");

/// The answer of a run.
pub fn answer(run: &Run) -> Answer {
    let (floor, floor_name) = view::floor(run);
    let subjects = view::subjects(run);
    let mut notes = Vec::new();
    let sources = sources(&subjects, &mut notes);
    let mut lines = Vec::new();
    for subject in &subjects {
        lines.push(measured(&sources, subject, floor, &mut notes));
        lines.extend(theory(&sources, subject));
        lines.extend(range(&sources, subject));
    }
    let mut columns: Vec<Column> = sources.iter().map(|source| source.column).collect();
    columns.insert(FLOOR_AT, FLOOR);
    columns.extend([DELIVERED, VERDICT]);
    Answer {
        columns,
        lines,
        notes,
        floor: format!("× floor: typical delay ÷ {} ({floor_name})", time(floor)),
    }
}

fn measured(sources: &[Source], subject: &Subject, floor: f64, notes: &mut Vec<String>) -> Line {
    let row = subject.pooled;
    let mut cells: Vec<Cell> = sources
        .iter()
        .map(|source| match (source.measured)(row) {
            Some(value) => text((source.unit)(value)),
            None => Cell {
                text: "–".into(),
                note: why_empty(source.column, row).map(|why| number(notes, why)),
            },
        })
        .collect();
    let times = view::typical(row).filter(|_| floor > 0.0);
    let times = times.map_or("–".into(), |delay| ratio(delay / floor));
    cells.insert(FLOOR_AT, text(times));
    cells.push(text(if row.delivered == row.expected {
        "all".into()
    } else {
        format!("{} of {}", count(row.delivered), count(row.expected))
    }));
    cells.push(text(row.verdict.to_string()));
    line(subject, Kind::Measured, cells)
}

fn theory(sources: &[Source], subject: &Subject) -> Option<Line> {
    subject.prediction?;
    let mut cells: Vec<Cell> = sources
        .iter()
        .map(|source| (source.theory)(subject).map_or(Cell::default(), |v| text((source.unit)(v))))
        .collect();
    cells.insert(FLOOR_AT, Cell::default());
    cells.extend([Cell::default(), Cell::default()]);
    Some(line(subject, Kind::Theory, cells))
}

fn range(sources: &[Source], subject: &Subject) -> Option<Line> {
    if subject.rows.len() < 2 {
        return None;
    }
    let mut cells: Vec<Cell> = sources
        .iter()
        .map(|source| {
            // A single repetition may be too short for a percentile that all of them carry.
            let range = subject.range(source.measured);
            let above = (source.measured)(subject.pooled);
            range.map_or(Cell::default(), |(low, high)| text(span(low, high, above, source.unit)))
        })
        .collect();
    cells.insert(FLOOR_AT, Cell::default());
    cells.extend([text(format!("{} runs", subject.rows.len())), Cell::default()]);
    Some(line(subject, Kind::Range, cells))
}

/// `498–509`: without a unit if it is the one of the cell above.
fn span(low: f64, high: f64, above: Option<f64>, unit: fn(f64) -> String) -> String {
    let (low, high) = (unit(low), unit(high));
    let above = above.map(unit).unwrap_or_default();
    let split = |text: &str| text.split_once(' ').map(|(n, u)| (n.to_owned(), u.to_owned()));
    match (split(&low), split(&high), split(&above)) {
        (Some((low, one)), Some((high, other)), Some((_, this)))
            if one == this && other == this =>
        {
            if low == high {
                low
            } else {
                format!("{low}–{high}")
            }
        }
        _ if low == high => low,
        _ => format!("{low}–{high}"),
    }
}

fn line(subject: &Subject, kind: Kind, cells: Vec<Cell>) -> Line {
    Line { transport: subject.name.to_owned(), kind, cells }
}

fn text(text: String) -> Cell {
    Cell { text, note: None }
}

fn why_empty(column: Column, row: &Row) -> Option<String> {
    match (column.title, column.unit) {
        ("delay", percentile) => {
            percentile::why_empty(&format!("delay_{percentile}_ns"), row.published)
                .or_else(|| (row.delivered == 0).then(|| "nothing was delivered".into()))
        }
        ("mean", _) => Some("no client held an update for any time".into()),
        ("bytes" | "CPU", _) => Some("nothing was delivered".into()),
        ("less pub-", _) => {
            Some("the run without clients is missing or nothing was delivered".into())
        }
        ("memory", _) => Some("the server's memory was not read".into()),
        _ => None,
    }
}

/// The note's number; the same reason has one number.
fn number(notes: &mut Vec<String>, note: String) -> usize {
    if let Some(place) = notes.iter().position(|known| *known == note) {
        return place + 1;
    }
    notes.push(note);
    notes.len()
}

/// `¹`, `²`, … `¹⁰`.
pub fn superscript(number: usize) -> String {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    let digits = number.to_string();
    digits.bytes().map(|digit| DIGITS[usize::from(digit - b'0')]).collect()
}

/// The scenario in one line: `50 clients · Poisson 20/s · 256 B · 5 s × 1 · loopback`.
pub fn conditions(run: &Run) -> String {
    let mut parts: Vec<String> = crate::conditions::of(run)
        .into_iter()
        .filter(|condition| condition.short)
        .map(|condition| condition.text)
        .collect();
    if let Some(most) = run.pooled.iter().map(|row| row.expected).max() {
        parts.push(format!("{} deliveries each", count(most)));
    }
    parts.join(" · ")
}
