//! `summary.md`: the answer where Markdown is at home.

use results::Run;

use crate::{
    answer::{self, Answer, Kind, answer, superscript},
    expectations, noise,
    notices::notices,
    paper,
};

/// The answer as Markdown.
pub fn markdown(run: &Run) -> String {
    let mut out = format!(
        "# {}: {}\n\n{}\n\n{}\n\n",
        escape(&run.scenario.name),
        escape(&run.scenario.about),
        answer::conditions(run),
        verdict(run)
    );
    out += &sheet(&answer(run));
    if let Some(link) = answer::link::of(run) {
        out += &format!("\n## On the link\n\n{}", sheet(&link));
    }
    if let Some(text) = noise::sentence(run) {
        out += &format!("\n{text}\n");
    }
    let expectations = expectations::of(run);
    if !expectations.is_empty() {
        out += "\n## Expectations\n\n";
    }
    for line in expectations {
        out += &format!("- **{}** {}\n", line.word, escape(&line.text));
    }
    if let Some(((title, differs), table)) = paper::words(run).zip(paper::table(run)) {
        out += &format!("\n## {}\n\n", escape(&title));
        let line = |cells: &[String]| {
            let cells: Vec<String> = cells.iter().map(|cell| escape(cell)).collect();
            format!("| {} |\n", cells.join(" | "))
        };
        out += &line(&table.columns);
        out += &format!("|---{}|\n", "|---:".repeat(table.columns.len() - 1));
        table.rows.iter().for_each(|row| out += &line(row));
        out += &format!("\n{}\n", escape(&differs));
    }
    let environment = &run.environment;
    out += &format!(
        "\n{}, {} cores, Linux {}, feedlab {}, {}\n",
        or_unknown(&environment.cpu),
        environment.cores,
        or_unknown(&environment.kernel),
        or_unknown(&environment.feedlab),
        run.started
    );
    if let Some(asked) = &run.asked {
        out += &format!("\nRun again:\n\n{}\n", code(&asked.command()));
    }
    out
}

/// A block of code, behind a fence longer than any in it.
fn code(text: &str) -> String {
    let ticks = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(ticks.max(2) + 1);
    format!("{fence}sh\n{text}\n{fence}")
}

fn sheet(answer: &Answer) -> String {
    let mut out = String::from("| transport |");
    for column in &answer.columns {
        out += &format!(" {} |", column.name);
    }
    out += "\n|---|";
    out += &"---:|".repeat(answer.columns.len());
    out.push('\n');
    for line in &answer.lines {
        out += &match line.kind {
            Kind::Measured => format!("| **{}** |", escape(&line.transport)),
            Kind::Theory => "| *theory* |".into(),
            Kind::Range => "| *range* |".into(),
        };
        for cell in &line.cells {
            let note = cell.note.map(superscript).unwrap_or_default();
            out += &format!(" {}{note} |", escape(&cell.text));
        }
        out.push('\n');
    }
    out.push('\n');
    for (number, note) in (1..).zip(&answer.notes) {
        out += &format!("{} {note}  \n", superscript(number));
    }
    out += &format!("{}\n", answer.closing);
    out
}

fn verdict(run: &Run) -> String {
    let partial = if run.partial { ", partial" } else { "" };
    let mut out = format!("**{}**{partial}", run.verdict);
    for notice in notices(run) {
        out += &format!("\n- {} `{}` {}", notice.word, notice.rule, escape(&notice.text()));
    }
    out
}

fn or_unknown(text: &str) -> &str {
    if text.is_empty() { "unknown" } else { text }
}

/// What would be markup is text: a scenario's name and words come from a file.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::new();
    for character in text.chars() {
        if matches!(character, '|' | '*' | '_' | '`' | '[' | '<' | '\\' | '#') {
            out.push('\\');
        }
        out.push(if character == '\n' { ' ' } else { character });
    }
    out
}
