//! The answer in one table, before it becomes text, Markdown or HTML: which
//! columns there are, what each cell says, and why a cell is empty.

mod column;
pub mod link;

use results::{Row, Run, percentile};
use scenarios::Prediction;
use serde::Serialize;

use crate::{
    units::{count, ratio, time},
    view::{self, Subject},
};
pub use column::Column;
use column::{CPU_ON_LINK, DELIVERED, FLOOR, FLOOR_AT, Source, VERDICT, sources};

/// A table with a line per transport, one of theory below it, and one of the
/// spread if there are repetitions to spread.
#[derive(Clone, Debug, Serialize)]
pub struct Answer {
    /// Without the first one, which names the line.
    pub columns: Vec<Column>,
    /// From top to bottom.
    pub lines: Vec<Line>,
    /// Reasons of empty cells, and what makes a bound of theory's numbers, by number from 1.
    pub notes: Vec<String>,
    /// What else must be known to read it.
    pub closing: String,
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
    /// Number of the note that says why it is empty, or no more than a bound.
    pub note: Option<usize>,
}

/// The answer of a run.
pub fn answer(run: &Run) -> Answer {
    let (floor, floor_name) = view::floor(run);
    let subjects = view::subjects(run);
    let mut notes = Vec::new();
    let sources = sources(&subjects, &mut notes);
    let mut lines = Vec::new();
    for subject in &subjects {
        lines.push(measured(&sources, subject, floor, &mut notes));
        lines.extend(theory(&sources, subject, &mut notes));
        lines.extend(range(&sources, subject));
    }
    let mut columns: Vec<Column> = sources.iter().map(|source| source.column).collect();
    if view::on_link(run) {
        for column in columns.iter_mut().filter(|column| column.name == CPU_ON_LINK.name) {
            *column = CPU_ON_LINK;
        }
    }
    columns.insert(FLOOR_AT, FLOOR);
    columns.extend([DELIVERED, VERDICT]);
    Answer {
        columns,
        lines,
        notes,
        closing: format!(
            "× floor: {}{}{}",
            if floor > 0.0 {
                format!("typical delay ÷ {} ({floor_name})", time(floor))
            } else {
                "empty, since no floor was measured".into()
            },
            if view::on_link(run) { "; bytes are those above TCP" } else { "" },
            all_sides(run, &subjects)
        ),
    }
}

/// On loopback the kernel bills receive work to the sender, on a link to the relay: only the sum of
/// all sides can be compared between those who push and those who are asked.
fn all_sides(run: &Run, subjects: &[Subject]) -> String {
    let sums = subjects.iter().filter_map(|subject| {
        let ns = view::all_cpu_per_update_ns(subject.pooled)?;
        Some(format!("{} {}", subject.name, time(ns)))
    });
    let sums: Vec<String> = sums.collect();
    if sums.is_empty() {
        return String::new();
    }
    let who = if view::on_link(run) {
        "CPU per update is the server's without what it receives, which the link's relay is billed \
         for, so it must\nnot be compared with loopback; server, clients and relay at work together:"
    } else {
        "CPU per update is the server's, and loopback bills receiving to the sender; both sides:"
    };
    format!("\n{who}\n  {}", sums.join(" · "))
}

fn measured(sources: &[Source], subject: &Subject, floor: f64, notes: &mut Vec<String>) -> Line {
    let row = subject.pooled;
    let mut cells = values(sources, row, notes);
    let times = view::typical(row).filter(|_| floor > 0.0);
    let times = times.map_or("–".into(), |delay| ratio(delay / floor));
    cells.insert(FLOOR_AT, text(times));
    cells.push(text(if row.expected == 0 {
        "–".into() // all of nothing
    } else if row.delivered == row.expected {
        "all".into()
    } else {
        format!("{} of {}", count(row.delivered), count(row.expected))
    }));
    cells.push(text(row.verdict.to_string()));
    line(subject, Kind::Measured, cells)
}

fn values(sources: &[Source], row: &Row, notes: &mut Vec<String>) -> Vec<Cell> {
    let cells = sources.iter().map(|source| match (source.measured)(row) {
        Some(value) => text((source.unit)(value)),
        None => Cell {
            text: "–".into(),
            note: why_empty(source.column, row).map(|why| number(notes, why)),
        },
    });
    cells.collect()
}

fn theory(sources: &[Source], subject: &Subject, notes: &mut Vec<String>) -> Option<Line> {
    let prediction = subject.prediction.as_ref()?;
    let mut cells: Vec<Cell> = sources
        .iter()
        .map(|source| (source.theory)(subject).map_or(Cell::default(), |v| text((source.unit)(v))))
        .collect();
    if let Some(cell) = cells.first_mut() {
        cell.note = overload(prediction).map(|why| number(notes, why));
    }
    cells.insert(FLOOR_AT, Cell::default());
    cells.extend([Cell::default(), Cell::default()]);
    Some(line(subject, Kind::Theory, cells))
}

/// Where theory's numbers are bounds, because more is asked than is carried.
fn overload(prediction: &Prediction) -> Option<String> {
    let all: Vec<String> = prediction.overloads.iter().map(ToString::to_string).collect();
    (!all.is_empty()).then(|| format!("theory is a bound: {}", all.join("; ")))
}

fn range(sources: &[Source], subject: &Subject) -> Option<Line> {
    let mut cells = spans(sources, subject)?;
    cells.insert(FLOOR_AT, Cell::default());
    cells.extend([text(format!("{} runs", subject.rows.len())), Cell::default()]);
    Some(line(subject, Kind::Range, cells))
}

/// Lowest to highest repetition; `None` where there is one.
fn spans(sources: &[Source], subject: &Subject) -> Option<Vec<Cell>> {
    let cells = sources.iter().map(|source| {
        // A single repetition may be too short for a percentile that all of them carry.
        let range = subject.range(source.measured);
        let above = (source.measured)(subject.pooled);
        range.map_or(Cell::default(), |(low, high)| text(span(low, high, above, source.unit)))
    });
    (subject.rows.len() > 1).then(|| cells.collect())
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
        ("relay CPU", _) if row.delivered > 0 => {
            Some("the relay did not say for how long it only watched the clock".into())
        }
        ("CPU per" | "less pub-", _) if row.delivered > 0 && row.server_cpu_ns == 0 => {
            Some("the server's process is not known".into())
        }
        ("bytes" | "link bytes" | "CPU per" | "packets" | "relay CPU", _) => {
            Some("nothing was delivered".into())
        }
        ("less pub-", _) => {
            Some("the run without clients is missing or nothing was delivered".into())
        }
        ("memory", _) => Some("the server's memory was not read".into()),
        ("relay", _) => Some("the relay did not say how late it was".into()),
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
