//! A validation for people: a table, Markdown, and a page of its own.

use std::path::{Path, PathBuf};

use minijinja::{Environment as Templates, Value, context, value::Serde};
use results::validation::{Checked, Held, Looked, Outcome, Tolerance, Unit, Validation};
use serde::Serialize;

use crate::{
    Error, Folder,
    grid::grid,
    palette,
    units::{bytes, percent, three, time},
};

/// One figure as text.
#[derive(Debug, Serialize)]
struct Line {
    what: String,
    predicted: String,
    measured: String,
    tolerance: String,
    holds: bool,
}

/// The table on stdout: a line per figure, then what is to be said of those that did not pass.
pub fn table(validation: &Validation) -> String {
    let heads = ["", "check", "figure", "predicted", "measured", "tolerance", "verdict"];
    let mut rows = vec![heads.map(str::to_owned).to_vec()];
    for check in &validation.checks {
        rows.extend(lines_of(check));
    }
    let mut out = grid(rows, &[1, 2, 6]);
    out.push('\n');
    for check in &validation.checks {
        for text in remarks(check) {
            out += &format!("{} {}: {text}\n", check.number, check.name);
        }
    }
    out + &format!("{}\n", summary(validation))
}

/// A check that passed with more figures than this has them on its page and in its JSON alone.
const FEW: usize = 8;

/// The cells of a check: its own line, and one per figure.
fn lines_of(check: &Checked) -> Vec<Vec<String>> {
    let count = check.figures.len();
    let all = if count > 0 { format!("{count} figures") } else { String::new() };
    let own = [check.number.to_string(), check.name.clone(), all];
    let word = check.outcome.word().to_owned();
    let mut lines = vec![[own.to_vec(), vec![String::new(); 3], vec![word]].concat()];
    if check.outcome == Outcome::Passed && count > FEW {
        return lines;
    }
    lines.extend(check.figures.iter().map(line).map(|line| {
        let word = if line.holds { "" } else { "FAILED" };
        let cells = [line.what, line.predicted, line.measured, line.tolerance, word.to_owned()];
        [vec![String::new(); 2], cells.to_vec()].concat()
    }));
    lines
}

/// Why a check was not run, what its failure means, and what else is to be known.
fn remarks(check: &Checked) -> Vec<String> {
    let first = match check.outcome {
        Outcome::Passed => None,
        Outcome::Failed => Some(format!("failed: {}", check.broken)),
        Outcome::NotRun => Some(format!("not run: {}", check.reason)),
    };
    first.into_iter().chain(check.notes.iter().cloned()).collect()
}

/// `20 passed, 1 failed, 7 not run`.
fn summary(validation: &Validation) -> String {
    let count = |outcome| validation.count(outcome);
    let (passed, failed, not_run) =
        (count(Outcome::Passed), count(Outcome::Failed), count(Outcome::NotRun));
    let partial = if validation.partial { "; interrupted" } else { "" };
    format!("{passed} passed, {failed} failed, {not_run} not run{partial}")
}

fn line(held: &Held) -> Line {
    let shown = |value: f64| match held.unit {
        Unit::Ns => time(value),
        // Where every byte counts, all of them are shown.
        Unit::Bytes if held.tolerance == Tolerance::Exact => format!("{value:.0} B"),
        Unit::Bytes => bytes(value),
        Unit::PerSecond => format!("{}/s", exactly(value)),
        Unit::Share => percent(value),
        Unit::Number if held.tolerance == Tolerance::Exact => format!("{value:.0}"),
        Unit::Number => exactly(value),
    };
    let tolerance = match held.tolerance {
        Tolerance::Exact => "exact".to_owned(),
        Tolerance::Within(most) => format!("±{}", shown(most)),
        Tolerance::Relative(part) => format!("±{}", percent(part)),
        Tolerance::AtMost(0.0) => "at most".to_owned(),
        Tolerance::AtMost(more) => format!("at most +{}", shown(more)),
        Tolerance::AtLeast => "at least".to_owned(),
    };
    Line {
        what: held.what.clone(),
        predicted: shown(held.predicted),
        measured: shown(held.measured),
        tolerance,
        holds: held.holds,
    }
}

/// Four digits, where three would hide a difference of half a per cent.
fn exactly(value: f64) -> String {
    if value.abs() >= 1_000.0 { format!("{value:.0}") } else { digits(value) }
}

fn digits(value: f64) -> String {
    let three = three(value);
    match value.abs() {
        size if size >= 100.0 => format!("{value:.1}"),
        size if size >= 10.0 => format!("{value:.2}"),
        size if size >= 0.01 => format!("{value:.3}"),
        _ => three,
    }
}

/// `summary.md`: one line per check.
pub fn markdown(validation: &Validation) -> String {
    let mut out = format!("# Validation\n\n**{}**\n\n", summary(validation));
    out += "| | check | figure | predicted | measured | tolerance | verdict |\n";
    out += "|---:|---|---|---:|---:|---:|---|\n";
    for cells in validation.checks.iter().flat_map(lines_of) {
        let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
        out += &format!("| {} |\n", cells.join(" | "));
    }
    out.push('\n');
    for check in &validation.checks {
        for text in remarks(check) {
            out += &format!("- {} `{}`: {text}\n", check.number, check.name);
        }
    }
    let environment = &validation.environment;
    let (cpu, cores) = (&environment.cpu, environment.cores);
    out += &format!(
        "\n{cpu}, {cores} cores, Linux {}, feedlab {}, {} build, {}\n",
        environment.kernel, environment.feedlab, environment.profile, validation.started
    );
    out
}

/// `validate.json` and `--format json`.
pub fn json(validation: &Validation) -> String {
    let text = serde_json::to_string_pretty(validation);
    text.expect("all keys are strings, and writing to memory cannot fail") + "\n"
}

/// A check on the page.
#[derive(Debug, Serialize)]
struct Entry<'a> {
    number: u8,
    name: &'a str,
    condition: &'a str,
    word: &'static str,
    class: &'static str,
    broken: &'a str,
    lines: Vec<Line>,
    remarks: Vec<String>,
    runs: &'a [String],
}

fn entry(check: &Checked) -> Entry<'_> {
    let class = match check.outcome {
        Outcome::Passed => "VALID",
        Outcome::Failed => "INVALID",
        Outcome::NotRun => "SUSPECT",
    };
    Entry {
        number: check.number,
        name: &check.name,
        condition: &check.condition,
        word: check.outcome.word(),
        class,
        broken: &check.broken,
        lines: check.figures.iter().map(line).collect(),
        remarks: remarks(check),
        runs: &check.runs,
    }
}

/// The page as text.
pub fn html(validation: &Validation) -> Result<String, Error> {
    let mut templates = Templates::new();
    let problem = |error: minijinja::Error| Error::Page(format!("{error:#}"));
    let page = include_str!("page/validation.html");
    templates.add_template("validation.html", page).map_err(problem)?;
    let entries: Vec<Entry> = validation.checks.iter().map(entry).collect();
    let looked: &[Looked] = &validation.runs;
    templates
        .get_template("validation.html")
        .and_then(|template| {
            template.render(context! {
                summary => summary(validation),
                quick => validation.quick,
                started => validation.started.as_str(),
                environment => Value::from(Serde(&validation.environment)),
                checks => Value::from(Serde(&entries)),
                runs => Value::from(Serde(looked)),
                style => include_str!("page/style.css"),
                dark => palette::css(),
            })
        })
        .map_err(problem)
}

/// Writes `index.html` and `summary.md` into `out`; returns the path of the page.
pub fn render(validation: &Validation, out: &Path) -> Result<PathBuf, Error> {
    let folder = Folder::create(out)?;
    folder.write("summary.md", markdown(validation).as_bytes())?;
    folder.write("index.html", html(validation)?.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn validation() -> Validation {
        let check = |number, figures: Vec<Held>, reason: &str| Checked {
            number,
            name: format!("check-{number}"),
            condition: "always".into(),
            outcome: Checked::outcome_of(&figures),
            reason: reason.into(),
            broken: "everything <b>would</b> be".into(),
            figures,
            runs: vec!["push".into()],
            notes: vec!["a note".into()],
        };
        let held = |measured| {
            vec![Held::new("mean", 525e6, measured, Tolerance::Relative(0.015), Unit::Ns)]
        };
        Validation {
            format_version: 1,
            started: "2026-11-28T03:00:00Z".into(),
            quick: true,
            partial: false,
            environment: results::Environment::default(),
            checks: vec![
                check(1, held(526e6), ""),
                check(2, held(600e6), ""),
                check(3, Vec::new(), "this machine has no link"),
            ],
            runs: Vec::new(),
        }
    }

    #[test]
    fn a_table_says_of_each_check_what_was_held_against_what_and_why_not() {
        let text = table(&validation());
        for words in [
            "525 ms",
            "±1.50 %",
            "FAILED",
            "passed",
            "2 check-2: failed: everything",
            "3 check-3: not run: this machine has no link",
            "1 passed, 1 failed, 1 not run",
        ] {
            assert!(text.contains(words), "{words} is not in\n{text}");
        }
    }

    #[test]
    fn the_page_asks_for_nothing_and_escapes_what_it_shows() {
        let page = html(&validation()).unwrap();
        assert!(!page.contains("<script") && !page.contains("http"), "{page}");
        assert!(page.contains("everything &lt;b&gt;would"));
        assert!(page.contains("1 passed, 1 failed, 1 not run"));
    }

    #[test]
    fn json_reads_back() {
        let back: Validation = serde_json::from_str(&json(&validation())).unwrap();
        assert_eq!(back.count(Outcome::NotRun), 1);
        assert_eq!(back.format_version, 1);
    }
}
