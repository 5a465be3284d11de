//! Two runs side by side, as people see them.

#![allow(clippy::unwrap_used)]

mod synthetic;

use reports::compare::{chart, json, markdown, render, table};
use results::{
    Loaded, Verdict,
    compare::{Across, Comparison, compare},
};

/// The baseline and one in which server-sent events cost twice the CPU.
fn sides() -> (Loaded, Loaded) {
    let sets = ["clients=5", "measure.duration=5s", "measure.repeat=3"];
    let a = synthetic::run("baseline", &sets);
    let mut b = a.clone();
    for row in b.run.rows.iter_mut().filter(|row| row.transport == "sse") {
        row.server_cpu_ns *= 2;
    }
    (a, b)
}

fn held() -> Comparison {
    let (a, b) = sides();
    compare(&a, &b, &[]).unwrap()
}

#[test]
fn a_table_has_both_environments_every_transport_and_the_one_that_is_worse() {
    let comparison = held();
    let text = table(&comparison, false);
    assert_eq!(text.matches("Linux ").count(), 2, "{text}");
    for name in ["short-poll", "long-poll", "sse", "websocket", "tcp"] {
        assert!(text.contains(name), "{name}");
    }
    let worse: Vec<&str> = text.lines().filter(|line| line.ends_with("  worse")).collect();
    assert!(matches!(worse[..], [line] if line.contains("server CPU") && line.contains("2.000")));
    assert!(text.trim_end().lines().last().unwrap().starts_with("1 worse"));
    assert!(!text.contains('\u{1b}') && table(&comparison, true).contains('\u{1b}'));
}

#[test]
fn cells_without_an_interval_are_not_among_those_that_chance_is_allowed_for() {
    let mut comparison = held();
    let known = comparison.cells.iter().filter(|cell| cell.chance.is_some()).count();
    let of = |cells: usize| format!("over the {cells} cells with an interval");
    assert!(comparison.cells.len() > known, "one cell is to tell nothing");
    assert!(table(&comparison, false).contains(&of(known)));
    let cell = comparison.cells.iter_mut().find(|cell| cell.chance.is_some()).unwrap();
    cell.chance = None;
    assert!(table(&comparison, false).contains(&of(known - 1)));
}

#[test]
fn markdown_begins_with_what_differs() {
    let text = markdown(&held());
    let (before, after) = text.split_once("<details>").unwrap();
    assert!(before.contains("| sse | server CPU per update |") && before.contains("**worse**"));
    assert!(!before.contains("delay p50") && after.contains("delay p50"));
    let columns = |line: &str| line.matches(" |").count();
    let lines: Vec<&str> = after.lines().filter(|line| line.starts_with("| ")).collect();
    assert!(lines.iter().all(|line| columns(line) == columns(lines[0])), "{after}");
}

#[test]
fn json_has_a_version_and_an_empty_cell_is_null_with_a_reason() {
    let value: serde_json::Value = serde_json::from_str(&json(&held())).unwrap();
    assert_eq!(value["format_version"], 1);
    let cells = value["cells"].as_array().unwrap();
    let empty = cells.iter().find(|cell| cell["metric"] == "delay_p99_ns").unwrap();
    assert!(empty["ratio"].is_null() && empty["word"] == "can't tell");
    assert!(empty["reason"].as_str().unwrap().contains("p99 needs 2,000 publishes"));
}

#[test]
fn the_picture_names_every_transport_and_is_stamped_where_conditions_differ() {
    let drawn = chart(&held()).unwrap();
    for svg in [&drawn.svg, &drawn.narrow] {
        for name in ["short-poll", "websocket", "server CPU per update", "1 worse"] {
            assert!(svg.contains(&format!(">\n{name}\n<")), "{name}");
        }
        assert!(!svg.contains("ACROSS") && !svg.contains("NaN"));
    }
    let (a, mut b) = sides();
    b.run.environment.cpu = "another".into();
    let across = compare(&a, &b, &[Across::Machines]).unwrap();
    assert!(chart(&across).unwrap().svg.contains("ACROSS MACHINES"));
    let suspect = synthetic::spoil(b.clone(), Verdict::Suspect, "steal", "stolen");
    let suspect = compare(&b, &suspect, &[]).unwrap();
    assert!(chart(&suspect).unwrap().svg.contains("SUSPECT: B"));
}

#[test]
fn a_difference_beyond_the_axis_is_still_drawn() {
    let (a, mut b) = sides();
    for (at, row) in b.run.rows.iter_mut().enumerate() {
        row.server_cpu_ns *= 40 + 10 * at as u64;
        row.bytes_down = 0;
        row.bytes_up = 1;
    }
    let comparison = compare(&a, &b, &[]).unwrap();
    let drawn = chart(&comparison).unwrap();
    assert!(!drawn.svg.contains("NaN") && drawn.svg.contains(">\n8\n<"));
}

#[test]
fn picture_and_words_are_written_together() {
    let directory = tempfile::tempdir().unwrap();
    let picture = render(&held(), &directory.path().join("new")).unwrap();
    for name in ["compare.svg", "compare.png", "compare.md"] {
        assert!(picture.with_file_name(name).metadata().unwrap().len() > 100, "{name}");
    }
}
