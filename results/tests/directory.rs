//! What is written is what is read, whatever happens in between.

#![allow(clippy::unwrap_used)]

use std::{collections::BTreeMap, fs, os::unix::fs::symlink, path::Path};

use results::{
    Causes, CausesOf, Direction, Environment, Measured, Position, Resource, Row, Run, RunDirectory,
    Second, Verdict, Warning, hlog, pool,
};
use scenarios::{Calibration, Scenario, Sizes};

fn run() -> Run {
    let scenario = Scenario::load("quick", &[]).expect("quick is built in");
    Run {
        format_version: results::FORMAT_VERSION,
        seed: scenario.measure.seed,
        scenario,
        asked: None,
        started: "2026-11-21T10:00:00Z".into(),
        environment: Environment::default(),
        calibration: Calibration {
            floor_mean_ns: 60_000.0,
            floor_p50_ns: 55_000.0,
            floor_p99_ns: 120_000.0,
            send_ns: BTreeMap::from([("tcp".into(), 4_000.0)]),
            rearm_gap_ns: 100_000.0,
            poll_cycle_extra_ns: 80_000.0,
            ..Calibration::default()
        },
        sizes: Sizes(BTreeMap::new()),
        predictions: Vec::new(),
        causes: Vec::new(),
        verdict: Verdict::Valid,
        warnings: Vec::new(),
        noise_floor: Vec::new(),
        expectations: Vec::new(),
        paper: None,
        partial: true,
        rows: Vec::new(),
        pooled: Vec::new(),
    }
}

fn measured(transport: &str, repetition: u32, delays: &[u64]) -> Measured {
    let mut delay = hlog::histogram();
    for &ns in delays {
        delay.record(ns).unwrap();
    }
    let mut row = Row {
        transport: transport.into(),
        repetition: Some(repetition),
        window_ns: 2_000_000_000,
        published: 50,
        in_sync: Some(0.25),
        block: repetition,
        attempt: 1,
        ..Row::default()
    };
    row.set_delay(&delay, row.published);
    Measured {
        row,
        causes: Direction {
            up: Causes::default(),
            down: Causes { payload: 100, ..Causes::default() },
        },
        link: None,
        life: None,
        delay,
        request: hlog::histogram(),
        timeline: vec![Second {
            transport: transport.into(),
            repetition,
            delivered: 3,
            ..Second::default()
        }],
        resources: vec![Resource {
            transport: transport.into(),
            repetition,
            at_ns: 1,
            ..Resource::default()
        }],
        positions: vec![Position {
            transport: transport.into(),
            repetition,
            publish: 7,
            rank: 0,
            delay_ns: 55_000,
            client: Some(3),
        }],
        warnings: Vec::new(),
    }
}

fn directory(path: &Path) -> RunDirectory {
    RunDirectory::create(path.join("local/quick-1")).unwrap()
}

#[test]
fn a_finished_run_reads_back_as_it_was_written() {
    let temporary = tempfile::tempdir().unwrap();
    let mut directory = directory(temporary.path());
    let mut run = run();
    directory.write_run(&run).unwrap();
    let both =
        [measured("tcp", 1, &[50_000, 60_000, 70_000]), measured("sse", 1, &[80_000, 90_000])];
    for one in &both {
        directory.append(one).unwrap();
        run.rows.push(one.row.clone());
    }
    run.causes.push(CausesOf {
        transport: "sse".into(),
        repetition: 1,
        up: both[1].causes.up,
        down: both[1].causes.down,
        link: None,
        life: None,
    });
    run.warn([Warning::new("steal", Verdict::Suspect, "why")]);
    run.partial = false;
    let delays: Vec<_> =
        both.iter().map(|one| (one.row.transport.clone(), 1, one.delay.clone())).collect();
    run.pooled = pool::pool(&run.rows, &delays, &[], &run.predictions);
    directory.finish(&run, &run.pooled).unwrap();

    let read = Run::read(directory.path()).unwrap();
    assert_eq!(serde_json::to_value(&read.run).unwrap(), serde_json::to_value(&run).unwrap());
    assert_eq!(read.run.rows, run.rows);
    assert_eq!(read.run.pooled, run.pooled);
    assert_eq!(read.run.verdict, Verdict::Suspect);
    assert_eq!(read.histograms, delays);
    assert_eq!(read.timeline, [both[0].timeline.clone(), both[1].timeline.clone()].concat());
    assert_eq!(read.resources.len(), 2);
    assert_eq!(read.positions.len(), 2);
    assert_eq!(read.delay("tcp").unwrap().len(), 3);
    assert!(read.delay("websocket").is_none());
    assert_eq!(read.run.causes("sse").unwrap().down.payload, 100);
    assert!(read.run.causes("tcp").is_none());
}

#[test]
fn an_invalid_row_whose_reason_was_lost_makes_the_run_invalid() {
    let temporary = tempfile::tempdir().unwrap();
    let mut directory = directory(temporary.path());
    let mut run = run();
    let invalid = |repetition| {
        let mut one = measured("tcp", repetition, &[50_000; 100]);
        one.row.verdict = Verdict::Invalid;
        one
    };
    // The first block has said why; the run is killed in the second one.
    run.warn([Warning::new("ledger", Verdict::Invalid, "why").about("tcp", Some(1))]);
    directory.append(&invalid(1)).unwrap();
    directory.write_run(&run).unwrap();
    assert_eq!(Run::read(directory.path()).unwrap().run.warnings.len(), 1);
    run.warnings.clear();
    run.warn([Warning::new("partial", Verdict::Suspect, "interrupted")]);
    directory.write_run(&run).unwrap();
    directory.append(&invalid(2)).unwrap();

    let read = Run::read(directory.path()).unwrap().run;
    assert_eq!(read.verdict, Verdict::Invalid);
    let unsaid = read.warnings.iter().filter(|warning| warning.severity == Verdict::Invalid);
    let places: Vec<String> = unsaid.map(Warning::place).collect();
    assert_eq!(places, ["tcp, repetition 1", "tcp, repetition 2"]);
}

#[test]
fn an_interrupted_run_keeps_what_it_has_and_says_that_it_is_partial() {
    let temporary = tempfile::tempdir().unwrap();
    let mut directory = directory(temporary.path());
    directory.write_run(&run()).unwrap();
    for repetition in [1, 2] {
        directory.append(&measured("tcp", repetition, &[50_000; 100])).unwrap();
    }
    // The power went while the next row was being written.
    let path = directory.path().join("summary.csv");
    let mut text = fs::read_to_string(&path).unwrap();
    text.push_str("sse,1,10,1");
    fs::write(&path, text).unwrap();

    let read = Run::read(directory.path()).unwrap();
    assert!(read.run.partial);
    // It was killed, so nobody has judged it.
    assert_eq!(read.run.verdict, Verdict::Suspect);
    assert_eq!(read.run.warnings.last().unwrap().rule, "partial");
    assert_eq!(read.run.rows.len(), 2);
    assert_eq!(read.histograms[1].1, 2);
    let pooled = &read.run.pooled[0];
    assert_eq!((pooled.published, pooled.repetition), (100, None));
    assert_eq!(read.delay("tcp").unwrap().len(), 200);
}

#[test]
fn a_run_without_any_measurement_reads_back_empty() {
    let temporary = tempfile::tempdir().unwrap();
    let directory = directory(temporary.path());
    directory.write_run(&run()).unwrap();
    let read = Run::read(directory.path()).unwrap();
    assert!(read.run.rows.is_empty() && read.run.pooled.is_empty());
}

#[test]
fn a_spoiled_block_is_set_aside_and_the_rest_stays() {
    let temporary = tempfile::tempdir().unwrap();
    let mut directory = directory(temporary.path());
    directory.write_run(&run()).unwrap();
    directory.append(&measured("tcp", 1, &[50_000])).unwrap();
    directory.begin_block().unwrap();
    directory.append(&measured("tcp", 2, &[9_000_000])).unwrap();
    let aside = directory.spoil_block().unwrap();
    directory.append(&measured("tcp", 2, &[51_000])).unwrap();

    let read = Run::read(directory.path()).unwrap();
    let longest: Vec<u64> =
        read.run.rows.iter().map(|row| row.delay_max_ns.unwrap() / 1_000_000).collect();
    assert_eq!(longest, [0, 0]);
    assert_eq!(read.timeline.len(), 2);
    assert_eq!(read.histograms.len(), 2);
    let spoiled = fs::read_to_string(aside.join("summary.csv")).unwrap();
    assert!(spoiled.starts_with("transport,repetition") && spoiled.lines().count() == 2);
    let log = fs::read(aside.join("delay.hlog")).unwrap();
    assert_eq!(hlog::read(&log).unwrap().len(), 1);
}

#[test]
fn a_first_block_can_be_spoiled_too() {
    let temporary = tempfile::tempdir().unwrap();
    let mut directory = directory(temporary.path());
    directory.write_run(&run()).unwrap();
    directory.append(&measured("sse", 1, &[50_000])).unwrap();
    let aside = directory.spoil_block().unwrap();
    directory.append(&measured("sse", 1, &[50_000])).unwrap();
    let read = Run::read(directory.path()).unwrap();
    assert_eq!((read.run.rows.len(), read.timeline.len()), (1, 1));
    assert_eq!(read.histograms.len(), 1);
    assert_eq!(fs::read_to_string(aside.join("timeline.csv")).unwrap().lines().count(), 2);
}

#[test]
fn a_run_is_never_overwritten() {
    let temporary = tempfile::tempdir().unwrap();
    let first = directory(temporary.path());
    let error = RunDirectory::create(first.path()).unwrap_err().to_string();
    assert!(error.ends_with("already holds a run: name another directory, or move it away"));
}

#[test]
fn a_full_disk_is_named_with_its_file_and_error_number() {
    let temporary = tempfile::tempdir().unwrap();
    let mut directory = directory(temporary.path());
    symlink("/dev/full", directory.path().join("timeline.csv")).unwrap();
    let error = directory.append(&measured("tcp", 1, &[50_000])).unwrap_err().to_string();
    assert!(error.starts_with("cannot write "), "{error}");
    assert!(error.contains("quick-1/timeline.csv"), "{error}");
    assert!(error.contains("os error 28"), "{error}");
}

#[test]
fn run_json_is_replaced_in_one_step_and_leaves_nothing_behind() {
    let temporary = tempfile::tempdir().unwrap();
    let directory = directory(temporary.path());
    let mut run = run();
    directory.write_run(&run).unwrap();
    run.partial = false;
    directory.write_run(&run).unwrap();
    assert!(!Run::read(directory.path()).unwrap().run.partial);
    let mut names: Vec<_> =
        fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["run.json", "summary.csv"]);
}

#[test]
fn a_run_of_another_format_is_refused_with_its_version() {
    let temporary = tempfile::tempdir().unwrap();
    fs::write(temporary.path().join("run.json"), r#"{"format_version": 7, "news": []}"#).unwrap();
    let error = Run::read(temporary.path()).unwrap_err().to_string();
    assert!(error.contains("has format_version 7, and this feedlab reads 1"), "{error}");
    fs::write(temporary.path().join("run.json"), "{}").unwrap();
    let error = Run::read(temporary.path()).unwrap_err().to_string();
    assert!(error.contains("is not a file of a feedlab run"), "{error}");
}

#[test]
fn a_folder_that_is_no_run_is_named() {
    let temporary = tempfile::tempdir().unwrap();
    let error = Run::read(temporary.path()).unwrap_err().to_string();
    assert!(error.starts_with("cannot read ") && error.contains("run.json"), "{error}");
}

#[test]
fn the_log_is_one_that_the_public_tools_open() {
    let temporary = tempfile::tempdir().unwrap();
    let mut directory = directory(temporary.path());
    directory.append(&measured("long-poll", 1, &[123_456_789])).unwrap();
    let log = fs::read_to_string(directory.path().join("delay.hlog")).unwrap();
    let lines: Vec<&str> = log.lines().collect();
    assert_eq!(lines[1], "#[Histogram log format version 1.3]");
    assert!(lines[2].starts_with("#[StartTime: "));
    assert!(lines[4].starts_with("\"StartTimestamp\",\"Interval_Length\""));
    let cells: Vec<&str> = lines[5].split(',').collect();
    assert_eq!(cells[0], "Tag=long-poll");
    assert_eq!(cells[2], "2.000");
    assert_eq!(cells[3], "123.470"); // 123 ms, rounded up to the end of its bucket
    // The compressed form of version 2 of the format, in base64.
    assert!(cells[4].starts_with("HISTFAAAA"), "{}", cells[4]);
}

#[test]
fn every_published_run_can_still_be_read() {
    let published = Path::new(env!("CARGO_MANIFEST_DIR")).join("published");
    let entries = fs::read_dir(published).unwrap().map(|entry| entry.unwrap().path());
    let runs: Vec<_> = entries.filter(|path| path.is_dir()).collect();
    assert!(!runs.is_empty());
    for path in runs {
        let loaded = Run::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert!(!loaded.run.rows.is_empty() && !loaded.histograms.is_empty(), "{}", path.display());
    }
}

#[test]
fn causes_of_before_there_was_tls_can_still_be_read_and_add_up() {
    let text = r#"{"payload":1,"envelope":2,"framing":3,"head":4}"#;
    let causes: Causes = serde_json::from_str(text).unwrap();
    assert_eq!((causes.tls, causes.total()), (0, 10));
    let secure = Causes { tls: 22, ..causes };
    assert_eq!(secure.plus(secure).total(), 64);
    let mut row = Row::default();
    row.set_causes(&Direction { up: causes, down: secure });
    assert_eq!((row.bytes_up, row.bytes_down, row.tls_bytes), (10, 32, 22));
}
