//! Two runs side by side, as text, Markdown, JSON and a picture.

mod chart;
mod markdown;
mod table;

use std::path::{Path, PathBuf};

use results::{
    Environment,
    compare::{Better, Cell, Comparison, DEFAULT_BAND, Metric, Side, Word},
};

use crate::{
    Error, Folder, palette,
    units::{bytes, ratio, three, time},
};
pub use chart::chart;
pub use markdown::markdown;
pub use table::table;

/// The comparison as one JSON object.
pub fn json(comparison: &Comparison) -> String {
    let text = serde_json::to_string_pretty(comparison);
    text.expect("all keys are strings, and writing to memory cannot fail") + "\n"
}

/// Writes `compare.svg`, `compare.png` and `compare.md` into `out`, and returns the path of the
/// picture.
pub fn render(comparison: &Comparison, out: &Path) -> Result<PathBuf, Error> {
    // Drawn before anything is written: half a report is none.
    let chart = chart(comparison)?;
    let folder = Folder::create(out)?;
    folder.write_chart("", &chart)?;
    folder.write("compare.md", markdown(comparison).as_bytes())?;
    Ok(out.join("compare.png"))
}

/// What the columns are called.
const COLUMNS: [&str; 8] =
    ["transport", "metric", "A", "B", "B/A", "95 % interval", "effect", "B is"];

/// A cell of the comparison in human units, without its transport; the last is its word.
fn texts(cell: &Cell) -> [String; 7] {
    let unit = unit(cell.metric);
    let side = |value: Option<f64>| value.map_or("–".into(), unit);
    let interval = cell.ratio_low.zip(cell.ratio_high);
    [
        title(cell.metric).to_owned(),
        side(cell.a),
        side(cell.b),
        cell.ratio.map_or("–".into(), times),
        interval.map_or("–".into(), |(low, high)| format!("{}–{}", times(low), times(high))),
        cell.effect_size.map_or("–".into(), three),
        cell.word.word().to_owned(),
    ]
}

/// A ratio: three decimals are told apart where it is about one.
fn times(value: f64) -> String {
    if (0.1..10.0).contains(&value) { format!("{value:.3}") } else { ratio(value) }
}

fn title(metric: &'static str) -> &'static str {
    Metric::find(metric).map_or(metric, |metric| metric.title)
}

fn unit(metric: &str) -> fn(f64) -> String {
    match metric {
        name if name.ends_with("_ns") => time,
        name if name.contains("bytes") => bytes,
        _ => three,
    }
}

/// `A  results/local/…: baseline, 2026-11-21T11:05:40Z, VALID, 5 repetitions; AMD EPYC, …`
fn side(name: &str, side: &Side) -> String {
    format!(
        "{name}  {}: {}, {}, {}, {} repetitions; {}",
        side.path,
        side.scenario,
        side.started,
        side.verdict,
        side.repetitions,
        environment(&side.environment)
    )
}

fn environment(environment: &Environment) -> String {
    let commit = environment.git_commit.as_ref().map_or(String::new(), |c| format!(" ({c})"));
    format!(
        "{}, {} cores, Linux {}, feedlab {}{commit}",
        or_unknown(&environment.cpu),
        environment.cores,
        or_unknown(&environment.kernel),
        or_unknown(&environment.feedlab)
    )
}

fn or_unknown(text: &str) -> &str {
    if text.is_empty() { "unknown" } else { text }
}

/// `2 worse, 1 better, 30 same, 12 can't tell`
fn counts(comparison: &Comparison) -> String {
    let words = [Word::Worse, Word::Better, Word::Same, Word::CantTell];
    let counts = words.map(|word| (comparison.count(word), word.word()));
    let some = counts.iter().filter(|(count, _)| *count > 0);
    some.map(|(count, word)| format!("{count} {word}")).collect::<Vec<_>>().join(", ")
}

/// How to read the cells.
fn closing(comparison: &Comparison) -> String {
    let pairs = if comparison.paired {
        "repetitions paired by their publish times"
    } else {
        "repetitions not paired"
    };
    let floor = comparison.cells.iter().any(|cell| (cell.band - DEFAULT_BAND).abs() > 1e-9);
    let band = if floor {
        "the run’s noise floor".into()
    } else {
        format!("a factor of {DEFAULT_BAND}, since no noise floor was measured")
    };
    let higher: Vec<&str> = results::compare::METRICS
        .iter()
        .filter(|metric| metric.better == Better::Higher)
        .map(|metric| metric.title)
        .collect();
    format!(
        "B/A: ratio of geometric means with its 95 % interval; {pairs}. Less is better, but for {}.\n\
         better, worse: beyond chance over the {} cells with an interval together (Holm), and beyond \
         the band; same: the interval lies inside the band;\ncan't tell: neither. The band is {band}. effect: the \
         difference in standard deviations of a repetition.",
        higher.join(", "),
        comparison.cells.iter().filter(|cell| cell.chance.is_some()).count()
    )
}

/// The cells in the order in which transports are shown.
fn ordered(comparison: &Comparison) -> Vec<&Cell> {
    let mut cells: Vec<&Cell> = comparison.cells.iter().collect();
    cells.sort_by_key(|cell| palette::rank(&cell.transport));
    cells
}

/// The reasons of the cells that tell nothing, each once, and the number of each cell's own.
fn reasons<'a>(cells: &[&'a Cell]) -> (Vec<&'a str>, Vec<Option<usize>>) {
    let mut reasons: Vec<&str> = Vec::new();
    let mut numbers = Vec::new();
    for cell in cells {
        numbers.push(cell.reason.as_deref().map(|reason| {
            let known = reasons.iter().position(|known| *known == reason);
            known.unwrap_or_else(|| {
                reasons.push(reason);
                reasons.len() - 1
            }) + 1
        }));
    }
    (reasons, numbers)
}
