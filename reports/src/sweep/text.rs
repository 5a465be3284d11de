//! The winners of each cell, in the formats of stdout and of `summary.md`.

use serde_json::json;

use super::{Field, Ranked, Swept, metric, ranked, winners};
use crate::{
    chart::DataTable,
    grid::grid,
    markdown::escape,
    units::{ratio, time},
};

/// A line per cell and a column per metric: who wins, or which two are not told apart.
fn winners_table(field: &Field, ranked: &[Ranked]) -> DataTable {
    let mut columns: Vec<String> = field.axes.iter().map(|axis| axis.key.clone()).collect();
    columns.extend(metric::ALL.iter().map(|metric| metric.title.to_owned()));
    let rows = field.points().into_iter().map(|point| {
        let mut cells = field.words(&point);
        cells.extend(metric::ALL.iter().map(|metric| {
            ranked
                .iter()
                .find(|rank| rank.metric.name == metric.name && rank.point == point)
                .map_or_else(|| "–".to_owned(), Ranked::words)
        }));
        cells
    });
    DataTable { columns, rows: rows.collect() }
}

/// What the words of a cell mean.
const LEGEND: &str = "A ≈ B: the first two are not told apart; ? without C: C has no value there, so \
                      nobody wins.";

/// What the numbers are worth: verdict, cells that are missing.
pub(super) fn verdict(swept: &Swept) -> String {
    let (verdict, count) = swept.verdict();
    let (done, all) = (swept.runs.len(), swept.sweep.cells.len());
    let runs = format!("{verdict} in {count} of {done} runs");
    if done < all { format!("{runs}; {} of {all} are not made yet", all - done) } else { runs }
}

/// For people.
pub fn table(swept: &Swept) -> String {
    let field = Field::new(swept);
    let ranked = ranked(&field);
    let DataTable { columns, rows } = winners_table(&field, &ranked);
    let words: Vec<usize> = (0..columns.len()).collect();
    let drawn = grid(std::iter::once(columns).chain(rows).collect(), &words);
    format!(
        "{}: who wins where\n\n{drawn}\n{LEGEND} {}\n{}\n",
        swept.sweep.scenario,
        winners::reading(&field, &ranked),
        verdict(swept)
    )
}

/// For pull requests, and `summary.md`.
pub fn markdown(swept: &Swept) -> String {
    let field = Field::new(swept);
    let ranked = ranked(&field);
    let table = winners_table(&field, &ranked);
    let line = |cells: &[String]| {
        let cells: Vec<String> = cells.iter().map(|cell| escape(cell)).collect();
        format!("| {} |\n", cells.join(" | "))
    };
    let mut out = format!("# {}: who wins where\n\n", escape(&swept.sweep.scenario));
    out += &format!("**{}**\n\n{}", verdict(swept), line(&table.columns));
    out += &format!("|{}\n", "---|".repeat(table.columns.len()));
    table.rows.iter().for_each(|row| out += &line(row));
    out += &format!("\n{LEGEND} {}\n", escape(&winners::reading(&field, &ranked)));
    out
}

/// For programs: the sweep, and a record per cell and metric.
pub fn json(swept: &Swept) -> String {
    let field = Field::new(swept);
    let record = |rank: &Ranked| {
        let standing = |standing: &Option<super::Standing>| {
            standing.as_ref().map(|s| json!({ "transport": s.transport, "value": s.value }))
        };
        json!({
            "at": field.words(&rank.point),
            "metric": rank.metric.name,
            "first": standing(&rank.first),
            "second": standing(&rank.second),
            "ratio": rank.ratio(),
            "noise_ratio": rank.floor.ratio,
            "noise_measured": rank.floor.measured,
            "told_apart": rank.is_clear(),
            "without": rank.without,
            "predicted_first": rank.theory,
        })
    };
    let (verdict, _) = swept.verdict();
    let value = json!({
        "format_version": swept.sweep.format_version,
        "sweep": swept.sweep,
        "verdict": verdict,
        "partial": !swept.sweep.missing().is_empty(),
        "winners": ranked(&field).iter().map(record).collect::<Vec<_>>(),
    });
    format!("{value:#}\n")
}

/// For spreadsheets: a line per cell and metric; times in ns, sizes in bytes.
pub fn csv(swept: &Swept) -> String {
    let field = Field::new(swept);
    let mut columns: Vec<String> = field.axes.iter().map(|axis| quoted(&axis.key)).collect();
    let more = [
        "metric",
        "first",
        "first_value",
        "second",
        "second_value",
        "ratio",
        "noise_ratio",
        "told_apart",
        "predicted_first",
        "without",
    ];
    columns.extend(more.map(str::to_owned));
    let mut out = columns.join(",") + "\n";
    for rank in ranked(&field) {
        let mut cells: Vec<String> =
            field.words(&rank.point).iter().map(|word| quoted(word)).collect();
        cells.push(rank.metric.name.to_owned());
        for standing in [&rank.first, &rank.second] {
            cells.push(standing.as_ref().map_or_else(String::new, |s| s.transport.clone()));
            cells.push(standing.as_ref().map_or_else(String::new, |s| s.value.to_string()));
        }
        cells.push(rank.ratio().map_or_else(String::new, |ratio| ratio.to_string()));
        cells.push(rank.floor.ratio.to_string());
        cells.push(rank.is_clear().to_string());
        cells.push(rank.theory.clone().unwrap_or_default());
        cells.push(rank.without.join(" "));
        out += &(cells.join(",") + "\n");
    }
    out
}

fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

/// A line per run for the page: where it lies, how long it looked, what it is worth.
pub(super) fn runs(swept: &Swept) -> DataTable {
    let mut columns: Vec<String> = swept.sweep.axes.iter().map(|axis| axis.key.clone()).collect();
    columns
        .extend(["transports", "window", "publishes", "clients", "verdict", "run"].map(Into::into));
    let rows = swept.runs.iter().map(|(cell, loaded)| {
        let mut cells: Vec<String> = cell
            .at
            .iter()
            .zip(&swept.sweep.axes)
            .map(|(at, axis)| at.map_or("–".into(), |at| axis.values[at].text.clone()))
            .collect();
        let published = loaded.run.pooled.iter().map(|row| row.published).min().unwrap_or(0);
        cells.extend([
            cell.transports.join(", "),
            time(cell.window_ns as f64),
            published.to_string(),
            loaded.run.scenario.clients.to_string(),
            loaded.run.verdict.to_string(),
            cell.run.clone().unwrap_or_default(),
        ]);
        cells
    });
    DataTable { columns, rows: rows.collect() }
}

/// The noise floors as a list.
pub(super) fn floors(ranked: &[Ranked]) -> Vec<String> {
    let floor = |metric: &metric::Metric| {
        let floor = ranked.iter().find(|rank| rank.metric.name == metric.name)?.floor;
        let why = if floor.measured {
            "measured in the corner cells, where each transport ran under two labels"
        } else {
            "no run of this sweep has measured its noise, and a factor of two is what single \
             repetitions can show"
        };
        Some(format!("{}: a factor of {}; {why}", metric.title, ratio(floor.ratio)))
    };
    metric::ALL.iter().filter_map(floor).collect()
}
