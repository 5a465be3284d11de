//! What people and scripts read on stdout.

#![allow(clippy::unwrap_used)]

mod synthetic;

use results::{Loaded, Verdict, Warning};

/// Small enough to be simulated in no time, large enough to have a p50.
fn small() -> Loaded {
    synthetic::run("quick", &["clients=8"])
}

fn repeated() -> Loaded {
    synthetic::run("quick", &["clients=4", "measure.repeat=3"])
}

/// Widest line in characters.
fn width(text: &str) -> usize {
    text.lines().skip(4).map(|line| line.chars().count()).max().unwrap()
}

#[test]
fn the_table_of_one_repetition_never_changes_by_accident() {
    insta::assert_snapshot!(reports::table(&small().run, None, false));
}

#[test]
fn the_table_of_several_repetitions_shows_their_range_and_fits_120_columns() {
    let table = reports::table(&repeated().run, Some(120), false);
    assert!(width(&table) <= 120, "{table}");
    assert!(!table.contains("not shown"), "{table}");
    insta::assert_snapshot!(table);
}

#[test]
fn a_narrow_terminal_gets_fewer_columns_and_is_told_which_are_missing() {
    let run = repeated().run;
    for columns in [100_u16, 80, 60] {
        let table = reports::table(&run, Some(columns), false);
        let body: Vec<&str> =
            table.lines().skip(3).take_while(|line| !line.starts_with('¹')).collect();
        let widest = body.iter().map(|line| line.chars().count()).max().unwrap();
        assert!(widest <= usize::from(columns), "{columns}: {table}");
        assert!(table.contains(&format!("not shown in {columns} columns: ")), "{table}");
        assert!(table.contains("floor") && table.contains("p99"), "{table}");
    }
}

#[test]
fn colour_is_only_there_when_it_is_asked_for_and_changes_no_width() {
    let run = small().run;
    let plain = reports::table(&run, Some(120), false);
    let colored = reports::table(&run, Some(120), true);
    assert!(!plain.contains('\u{1b}'));
    assert!(colored.contains("\u{1b}[32mVALID\u{1b}[0m"));
    let mut stripped = String::new();
    let mut rest = colored.as_str();
    while let Some(at) = rest.find('\u{1b}') {
        stripped += &rest[..at];
        rest = &rest[at + rest[at..].find('m').unwrap() + 1..];
    }
    assert_eq!(stripped + rest, plain);
}

#[test]
fn an_empty_percentile_says_why_in_a_footnote() {
    let table = reports::table(&small().run, None, false);
    assert!(table.contains("–¹"), "{table}");
    assert!(table.contains("¹ p99 needs 2,000 publishes and this row has "), "{table}");
}

#[test]
fn a_verdict_is_followed_by_its_reasons() {
    let message = "the hypervisor took 3.1 % of the machine's time: repeat the run";
    let loaded = synthetic::spoil(small(), Verdict::Suspect, "steal", message);
    let table = reports::table(&loaded.run, None, false);
    let expected = format!("SUSPECT\n  SUSPECT [steal] websocket, repetition 1: {message}\n");
    assert!(table.ends_with(&expected), "{table}");
}

#[test]
fn an_interrupted_run_says_so() {
    let mut loaded = small();
    loaded.run.partial = true;
    assert!(reports::table(&loaded.run, None, false).contains("VALID (partial: "));
    assert!(reports::markdown(&loaded.run).contains("**VALID**, partial"));
    assert!(reports::json(&loaded.run).contains("\"partial\": true"));
}

#[test]
fn json_has_the_keys_that_scripts_rely_on() {
    let value: serde_json::Value = serde_json::from_str(&reports::json(&small().run)).unwrap();
    let promised =
        ["format_version", "scenario", "environment", "verdict", "warnings", "rows", "pooled"];
    for key in promised {
        assert!(!value[key].is_null(), "{key}");
    }
    assert_eq!(value["format_version"], 1);
    assert_eq!(value["verdict"], "VALID");
    assert_eq!(value["rows"].as_array().unwrap().len(), 5);
    assert!(value["pooled"][0]["repetition"].is_null());
    assert!(value["rows"][0]["delay_p99_ns"].is_null());
    assert!(value["rows"][0]["delay_p50_ns"].is_u64());
}

#[test]
fn json_obeys_its_own_schema() {
    let validator = jsonschema::validator_for(&results::schema()).unwrap();
    for run in [small().run, repeated().run] {
        let value = serde_json::from_str(&reports::json(&run)).unwrap();
        let errors: Vec<String> =
            validator.iter_errors(&value).map(|error| error.to_string()).collect();
        assert_eq!(errors, [""; 0]);
    }
}

#[test]
fn json_never_changes_by_accident() {
    let mut loaded = synthetic::run("quick", &["clients=2"]);
    loaded.run.rows.truncate(1);
    loaded.run.pooled.truncate(1);
    insta::assert_snapshot!(reports::json(&loaded.run));
}

#[test]
fn csv_has_a_row_per_transport_and_repetition_and_the_header_even_without_any() {
    let csv = reports::csv(&repeated().run);
    assert_eq!(csv.lines().count(), 1 + 5 * 3);
    assert!(csv.starts_with("transport,repetition,clients,connected,window_ns,published,"));
    let mut empty = small().run;
    empty.rows.clear();
    assert_eq!(reports::csv(&empty).lines().count(), 1);
}

#[test]
fn markdown_is_a_table_with_as_many_cells_in_each_row() {
    let markdown = reports::markdown(&repeated().run);
    let rows: Vec<usize> = markdown
        .lines()
        .filter(|line| line.starts_with('|'))
        .map(|line| line.matches('|').count())
        .collect();
    assert_eq!(rows.len(), 2 + 5 * 3);
    assert!(rows.iter().all(|cells| *cells == rows[0]), "{markdown}");
}

#[test]
fn words_of_a_scenario_are_no_markup() {
    let mut run = small().run;
    run.scenario.about = "a <b>bold</b> | claim".into();
    let markdown = reports::markdown(&run);
    assert!(markdown.contains(r"a \<b>bold\</b> \| claim"), "{markdown}");
}

#[test]
fn where_no_transport_has_a_median_the_mean_takes_its_place() {
    let table = reports::table(
        &synthetic::run("quick", &["clients=3", "measure.duration=1s"]).run,
        None,
        false,
    );
    let heading: Vec<&str> = table.lines().nth(4).unwrap().split_whitespace().collect();
    assert_eq!(heading[..2], ["mean", "p99"]);
    assert!(table.contains("¹ p50 needs 40 publishes and this row has "), "{table}");
    assert!(table.contains("so the mean takes its place"), "{table}");
}

#[test]
fn predictions_name_what_they_were_told_and_what_they_take_for_granted() {
    let run = small().run;
    let pooled: Vec<_> =
        run.predictions.iter().filter(|p| p.repetition.is_none()).cloned().collect();
    let text = reports::predictions(&pooled, &run.calibration);
    assert!(
        text.lines().all(|line| line.starts_with('-') || line.chars().count() <= 120),
        "{text}"
    );
    insta::assert_snapshot!(text);
}

#[test]
fn a_rule_that_fires_in_many_rows_is_said_once() {
    let mut loaded = small();
    for (transport, share) in [("sse", 28), ("tcp", 62), ("sse", 97)] {
        let message = format!("other processes used {share} %");
        let warning = Warning::new("foreign-load", Verdict::Suspect, message);
        loaded.run.warn([warning.about(transport, Some(1))]);
    }
    let table = reports::table(&loaded.run, None, false);
    let expected = "  SUSPECT [foreign-load] 3 times (sse, tcp), first in sse, repetition 1: other processes used 28 %\n";
    assert!(table.ends_with(expected), "{table}");
    assert_eq!(reports::markdown(&loaded.run).matches("foreign-load").count(), 1);
}
