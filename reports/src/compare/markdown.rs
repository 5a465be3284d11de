//! The comparison for a pull request.

use results::compare::{Cell, Comparison, Word};

use super::{COLUMNS, closing, counts, ordered, reasons, side, texts};
use crate::{answer::superscript, markdown::escape};

/// What differs in a table, everything in a fold below it.
pub fn markdown(comparison: &Comparison) -> String {
    let mut out = format!("**{}**\n\n", counts(comparison));
    for warning in &comparison.warnings {
        out += &format!("> ⚠ {}\n\n", escape(warning));
    }
    let differs = |word| matches!(word, Word::Worse | Word::Better);
    let cells = ordered(comparison);
    if cells.iter().any(|cell| differs(cell.word)) {
        out += &sheet(&cells, differs);
        out.push('\n');
    }
    out += "<details><summary>all cells</summary>\n\n";
    out += &sheet(&cells, |_| true);
    out.push('\n');
    for (number, reason) in (1..).zip(reasons(&cells).0) {
        out += &format!("{} {}  \n", superscript(number), escape(reason));
    }
    out += &format!("\n{}\n\n</details>\n\n", closing(comparison));
    for (name, of) in [("A", &comparison.a), ("B", &comparison.b)] {
        out += &format!("{}  \n", escape(&side(name, of)));
    }
    out
}

fn sheet(cells: &[&Cell], shows: impl Fn(Word) -> bool) -> String {
    let mut out = format!("| {} |\n|---|---|", COLUMNS.join(" | "));
    out += &"---:|".repeat(COLUMNS.len() - 3);
    out += "---|\n";
    let numbers = reasons(cells).1;
    for (cell, number) in cells.iter().zip(numbers) {
        if !shows(cell.word) {
            continue;
        }
        let mut texts = texts(cell);
        if let Some(word) = texts.last_mut() {
            if matches!(cell.word, Word::Worse | Word::Better) {
                *word = format!("**{word}**");
            }
            *word += &number.map(superscript).unwrap_or_default();
        }
        out += &format!("| {} | {} |\n", escape(&cell.transport), texts.join(" | "));
    }
    out
}
