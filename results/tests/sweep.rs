//! `sweep.json` on disk: whatever happens to it, it is whole or it is refused.
#![allow(clippy::unwrap_used)] // a test that unwraps fails with the line that is wrong

use results::sweep::{Axis, Cell, FILE, Sweep, Unit, Value};

fn sweep() -> Sweep {
    let value = |text: &str, number| Value { text: text.into(), number };
    let cell = |at: [Option<usize>; 1], run: Option<&str>| Cell {
        at: at.into(),
        transports: vec!["sse".into()],
        window_ns: 1_000_000_000,
        run: run.map(Into::into),
    };
    Sweep {
        format_version: 1,
        scenario: "quick".into(),
        sets: vec!["clients=5".into()],
        started: "2026-11-28T03:00:00Z".into(),
        axes: vec![Axis {
            key: "feed.rate".into(),
            unit: Unit::Rate,
            values: vec![value("1/s", 1.0), value("10/s", 10.0)],
        }],
        cells: vec![cell([Some(0)], Some("01")), cell([Some(1)], None)],
    }
}

#[test]
fn a_sweep_reads_back_as_it_was_written_and_knows_what_is_missing() {
    let directory = tempfile::tempdir().unwrap();
    sweep().write(directory.path()).unwrap();
    let read = Sweep::read(directory.path()).unwrap();
    assert_eq!(read, sweep());
    assert_eq!(read.missing(), [1]);
    let names: Vec<_> = std::fs::read_dir(directory.path()).unwrap().collect();
    assert_eq!(names.len(), 1, "nothing half-written stays: {names:?}");
}

#[test]
fn a_damaged_sweep_is_refused_in_a_sentence_that_names_the_file() {
    let directory = tempfile::tempdir().unwrap();
    let good = serde_json::to_string(&sweep()).unwrap();
    for (from, to, words) in [
        (r#""format_version":1"#, r#""format_version":9"#, "format_version 9"),
        (r#""format_version":1"#, r#""version":1"#, "no format_version"),
        (r#""at":[0]"#, r#""at":[7]"#, "cell 1"),
        (r#""at":[0]"#, r#""at":[0,0]"#, "cell 1"),
        (r#""run":"01""#, r#""run":"../01""#, "cell 1"),
        (r#""number":10.0"#, r#""number":0.5"#, "feed.rate"),
        (r#""cells":"#, r#""cell":"#, "cells"),
    ] {
        assert!(good.contains(from), "{from} is not in {good}");
        std::fs::write(directory.path().join(FILE), good.replacen(from, to, 1)).unwrap();
        let error = Sweep::read(directory.path()).unwrap_err().to_string();
        assert!(error.contains(words) && error.contains(FILE), "{words} is not in: {error}");
    }
    std::fs::write(directory.path().join(FILE), &good[..good.len() / 2]).unwrap();
    assert!(Sweep::read(directory.path()).unwrap_err().to_string().contains(FILE));
}
