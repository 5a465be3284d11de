//! The table on stdout.

use results::{Run, Verdict};

use crate::{
    answer::{self, Answer, Column, Kind, Line, answer, superscript},
    expectations,
    grid::grid,
    noise,
    notices::notices,
    paper,
};

pub(crate) const BOLD: &str = "\u{1b}[1m";
pub(crate) const DIM: &str = "\u{1b}[2m";
pub(crate) const GREEN: &str = "\u{1b}[32m";
pub(crate) const YELLOW: &str = "\u{1b}[33m";
pub(crate) const RED: &str = "\u{1b}[31m";
const PLAIN: &str = "\u{1b}[0m";

/// The answer for a terminal: columns that do not fit into `width` are left
/// out, and said to be.
pub fn table(run: &Run, width: Option<u16>, color: bool) -> String {
    let mut out = String::new();
    out += &paint(color, BOLD, &run.scenario.name);
    out += &format!(": {}\n{}\n\n", run.scenario.about, answer::conditions(run));
    out += &sheet(&answer(run), width, color);
    out.push('\n');
    if let Some(link) = answer::link::of(run) {
        out += &paint(color, BOLD, "On the link");
        out.push('\n');
        out += &sheet(&link, width, color);
        out.push('\n');
    }
    if let Some(text) = noise::sentence(run) {
        out += &format!("{text}\n\n");
    }
    for expectations::Line { word, text, .. } in expectations::of(run) {
        out += &format!("  expectation {word}: {text}\n");
    }
    if !run.expectations.is_empty() {
        out.push('\n');
    }
    if let Some(text) = paper::text(run) {
        out += &text;
        out.push('\n');
    }
    out += &warnings(run, color);
    out
}

pub(crate) fn paint(color: bool, code: &str, text: &str) -> String {
    if color { format!("{code}{text}{PLAIN}") } else { text.to_owned() }
}

/// A table with all that is said below it.
fn sheet(answer: &Answer, width: Option<u16>, color: bool) -> String {
    let (drawn, hidden) = fit(answer, width);
    let paint = |code: &str, text: &str| paint(color, code, text);
    let mut out = String::new();
    // Each line of the table is one of the answer, below two of headings.
    for (at, text) in drawn.lines().enumerate() {
        let line = at.checked_sub(2).and_then(|at| answer.lines.get(at));
        out += match line.map(|line| line.kind) {
            None => paint(BOLD, text),
            Some(Kind::Measured) => verdict_painted(text, color),
            Some(_) => paint(DIM, text),
        }
        .trim_end();
        out.push('\n');
    }
    out.push('\n');
    for (number, note) in (1..).zip(&answer.notes) {
        out += &paint(DIM, &format!("{} {note}", superscript(number)));
        out.push('\n');
    }
    out += &paint(DIM, &answer.closing);
    out.push('\n');
    if !hidden.is_empty() {
        let names: Vec<&str> = hidden.iter().map(|column| column.name).collect();
        let text = format!("not shown in {} columns: {}", width.unwrap_or(0), names.join(", "));
        out += &paint(DIM, &text);
        out.push('\n');
    }
    out
}

/// The widest table that fits, and the columns it had to leave out.
fn fit(answer: &Answer, width: Option<u16>) -> (String, Vec<Column>) {
    let mut shown: Vec<usize> = (0..answer.columns.len()).collect();
    loop {
        let drawn = draw(answer, &shown);
        let widest = drawn.lines().map(|line| line.chars().count()).max();
        let fits = width.is_none_or(|width| widest <= Some(usize::from(width)));
        let last = shown
            .iter()
            .copied()
            .filter(|&at| answer.columns[at].dispensable > 0)
            .max_by_key(|&at| answer.columns[at].dispensable);
        match last {
            Some(last) if !fits => shown.retain(|&at| at != last),
            _ => {
                let hidden = (0..answer.columns.len()).filter(|at| !shown.contains(at));
                let hidden = hidden.map(|at| answer.columns[at]).collect();
                return (drawn, hidden);
            }
        }
    }
}

fn draw(answer: &Answer, shown: &[usize]) -> String {
    let heading = |text: fn(&Column) -> &'static str| {
        let columns = shown.iter().map(|&at| text(&answer.columns[at]).to_owned());
        std::iter::once(String::new()).chain(columns).collect::<Vec<_>>()
    };
    let mut rows = vec![heading(|column| column.title), heading(|column| column.unit)];
    rows.extend(answer.lines.iter().map(|line| {
        let cells = shown.iter().map(|&at| cell(line, at));
        std::iter::once(name(line)).chain(cells).collect()
    }));
    let verdict = shown.iter().position(|&at| answer.columns[at].name == "verdict");
    grid(rows, &verdict.map(|at| vec![at + 1]).unwrap_or_default())
}

fn name(line: &Line) -> String {
    match line.kind {
        Kind::Measured => line.transport.clone(),
        Kind::Theory => "  theory".into(),
        Kind::Range => "  range".into(),
    }
}

fn cell(line: &Line, at: usize) -> String {
    let cell = &line.cells[at];
    let note = cell.note.map(superscript).unwrap_or_default();
    format!("{}{note}", cell.text)
}

fn ink(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Valid => GREEN,
        Verdict::Suspect => YELLOW,
        Verdict::Invalid => RED,
    }
}

/// Paints the verdict at the end of a line.
fn verdict_painted(text: &str, color: bool) -> String {
    let text = text.trim_end();
    // The longest first: VALID ends INVALID.
    for verdict in [Verdict::Invalid, Verdict::Suspect, Verdict::Valid] {
        if let Some(rest) = text.strip_suffix(verdict.word()).filter(|_| color) {
            return format!("{rest}{}{verdict}{PLAIN}", ink(verdict));
        }
    }
    text.to_owned()
}

fn warnings(run: &Run, color: bool) -> String {
    let mut out = String::new();
    if color {
        out += &format!("{BOLD}{}{}{PLAIN}", ink(run.verdict), run.verdict);
    } else {
        out += run.verdict.word();
    }
    if run.partial {
        out += " (partial: the run was interrupted, and this is what it had measured)";
    }
    out.push('\n');
    for notice in notices(run) {
        out += &format!("  {} [{}] {}\n", notice.word, notice.rule, notice.text());
    }
    out
}
