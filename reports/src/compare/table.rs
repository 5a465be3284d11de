//! The comparison on a terminal.

use results::compare::{Comparison, Word};

use super::{COLUMNS, closing, counts, ordered, reasons, side, texts};
use crate::{answer::superscript, grid::grid, table as ink};

/// Both runs, the cells, and why some tell nothing.
pub fn table(comparison: &Comparison, color: bool) -> String {
    let paint = |code, text: &str| ink::paint(color, code, text);
    let mut out = format!("{}\n{}\n", side("A", &comparison.a), side("B", &comparison.b));
    for warning in &comparison.warnings {
        out += &paint(ink::YELLOW, &format!("! {warning}"));
        out.push('\n');
    }
    out.push('\n');
    let cells = ordered(comparison);
    let (reasons, numbers) = reasons(&cells);
    let mut rows = vec![COLUMNS.map(str::to_owned).to_vec()];
    let mut before = "";
    for (cell, number) in cells.iter().zip(&numbers) {
        let name = if cell.transport == before { String::new() } else { cell.transport.clone() };
        before = &cell.transport;
        let mut row = vec![name];
        row.extend(texts(cell));
        if let Some((number, last)) = number.zip(row.last_mut()) {
            *last += &superscript(number);
        }
        rows.push(row);
    }
    for (at, line) in grid(rows, &[1, COLUMNS.len() - 1]).lines().enumerate() {
        let word = at.checked_sub(1).and_then(|at| cells.get(at)).map(|cell| cell.word);
        out += &match word {
            None => paint(ink::BOLD, line),
            Some(Word::Worse) => paint(ink::RED, line),
            Some(Word::Better) => paint(ink::GREEN, line),
            Some(Word::Same) => line.to_owned(),
            Some(Word::CantTell) => paint(ink::DIM, line),
        };
        out.push('\n');
    }
    out.push('\n');
    for (number, reason) in (1..).zip(reasons) {
        out += &paint(ink::DIM, &format!("{} {reason}", superscript(number)));
        out.push('\n');
    }
    out += &format!("{}\n\n", paint(ink::DIM, &closing(comparison)));
    out += &paint(ink::BOLD, &counts(comparison));
    out.push('\n');
    out
}
