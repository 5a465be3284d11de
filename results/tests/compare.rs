//! Two runs side by side: what is called a difference, and what is not compared at all.

#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use results::{
    Environment, Loaded, NoiseFloor, Row, Run, Verdict, Warning,
    compare::{Across, Alike, Comparison, FEWEST, Refusal, Word, alike, compare, most_by_chance},
    noise_floor,
    statistics::bootstrap,
    verdict,
};
use scenarios::{Calibration, Scenario, Sizes};

const TRANSPORTS: [&str; 3] = ["short-poll", "sse", "websocket"];

/// Noise of a fresh process: between 0.9 and 1.1, now and then a tenth more.
fn noise(random: &mut ChaCha8Rng) -> f64 {
    let even: f64 = random.random();
    let disturbed = if random.random_bool(0.1) { 0.1 } else { 0.0 };
    0.9 + 0.2 * even + disturbed
}

fn row(transport: &str, repetition: u32, random: &mut ChaCha8Rng) -> Row {
    let mut about = |value: f64| (value * noise(random)) as u64;
    let delivered = 20_000;
    Row {
        transport: transport.into(),
        repetition: Some(repetition),
        clients: 50,
        connected: 50,
        window_ns: 20_000_000_000,
        published: 400,
        expected: delivered,
        delivered,
        delay_p50_ns: Some(about(400e3)),
        delay_p90_ns: Some(about(600e3)),
        delay_mean_ns: Some(about(420e3)),
        age_mean_ns: Some(about(50e6)),
        in_sync: Some(0.98),
        bytes_down: delivered * 300,
        requests: if transport == "short-poll" { 1_000 } else { 0 },
        server_cpu_ns: about(250e6),
        server_pss_bytes: Some(2_000_000 + about(800e3)),
        server_pss_empty_bytes: Some(2_000_000),
        ..Row::default()
    }
}

fn loaded(seed: u64, repetitions: u32) -> Loaded {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let sets = [format!("measure.repeat={repetitions}")];
    let rows = (1..=repetitions).flat_map(|k| TRANSPORTS.map(|name| (name, k)));
    let rows = rows.map(|(name, k)| row(name, k, &mut random)).collect();
    Loaded {
        run: Run {
            format_version: results::FORMAT_VERSION,
            scenario: Scenario::load("baseline", &sets).unwrap(),
            seed: 1,
            asked: None,
            started: "2026-11-21T10:00:00Z".into(),
            environment: Environment { cpu: "one".into(), cores: 2, ..Environment::default() },
            calibration: Calibration::default(),
            sizes: Sizes(std::collections::BTreeMap::new()),
            predictions: Vec::new(),
            causes: Vec::new(),
            verdict: Verdict::Valid,
            warnings: Vec::new(),
            noise_floor: Vec::new(),
            expectations: Vec::new(),
            paper: None,
            partial: false,
            rows,
            pooled: Vec::new(),
        },
        histograms: Vec::new(),
        requests: Vec::new(),
        timeline: Vec::new(),
        resources: Vec::new(),
        positions: Vec::new(),
        path: PathBuf::from(format!("results/local/run-{seed}")),
    }
}

fn published() -> Loaded {
    let path = "published/2026-11-21-epyc-2-core-baseline";
    Run::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

fn held(a: &Loaded, b: &Loaded) -> Comparison {
    compare(a, b, &[]).unwrap()
}

fn word(comparison: &Comparison, transport: &str, metric: &str) -> Word {
    let cell = comparison.cells.iter().find(|c| c.transport == transport && c.metric == metric);
    cell.unwrap().word
}

#[test]
fn a_run_is_no_worse_than_itself() {
    for run in [loaded(1, 10), published()] {
        let comparison = held(&run, &run);
        assert!(comparison.paired);
        assert_eq!(comparison.count(Word::Worse) + comparison.count(Word::Better), 0);
        assert_eq!(word(&comparison, "sse", "server_cpu_per_update_ns"), Word::Same);
        for cell in &comparison.cells {
            assert_eq!(cell.word == Word::CantTell, cell.reason.is_some(), "{cell:?}");
        }
    }
}

#[test]
fn of_two_runs_that_are_alike_a_whole_comparison_calls_a_difference_one_time_in_twenty() {
    const TIMES: u64 = 400;
    for repetitions in [5, 10] {
        let differ = |seed: &u64| {
            let comparison =
                held(&loaded(2 * seed, repetitions), &loaded(2 * seed + 1, repetitions));
            comparison.count(Word::Worse) + comparison.count(Word::Better) > 0
        };
        let share = (0..TIMES).filter(differ).count() as f64 / TIMES as f64;
        // Three standard errors above one in twenty.
        assert!(share < 0.05 + 3.0 * (0.05_f64 * 0.95 / TIMES as f64).sqrt(), "{share}");
    }
}

#[test]
fn a_fifth_more_cpu_is_worse_and_nothing_else_is() {
    let slower = |seed| {
        let mut run = loaded(seed, 10);
        for row in run.run.rows.iter_mut().filter(|row| row.transport == "sse") {
            row.server_cpu_ns = row.server_cpu_ns * 6 / 5;
        }
        run
    };
    let called = (0..20).filter(|seed| {
        let comparison = held(&loaded(100 + seed, 10), &slower(200 + seed));
        assert_ne!(word(&comparison, "websocket", "server_cpu_per_update_ns"), Word::Worse);
        word(&comparison, "sse", "server_cpu_per_update_ns") == Word::Worse
    });
    assert!(called.count() >= 12, "of 20, with a noise of a tenth");
    // The same server under the same noise, slower: pairs have nothing else between them.
    let (before, after) = (loaded(7, 10), slower(7));
    let comparison = held(&before, &after);
    assert_eq!(word(&comparison, "sse", "server_cpu_per_update_ns"), Word::Worse);
    assert_eq!(comparison.count(Word::Worse), 1);
    let back = held(&after, &before);
    assert_eq!(word(&back, "sse", "server_cpu_per_update_ns"), Word::Better);
}

#[test]
fn more_of_what_is_good_is_better() {
    let (a, mut b) = (loaded(1, 5), loaded(1, 5));
    for (at, row) in b.run.rows.iter_mut().enumerate() {
        row.in_sync = Some(0.7 + 0.001 * at as f64);
    }
    assert_eq!(word(&held(&a, &b), "sse", "in_sync"), Word::Worse);
    assert_eq!(word(&held(&b, &a), "sse", "in_sync"), Word::Better);
}

#[test]
fn too_few_repetitions_tell_nothing_and_say_why() {
    for repetitions in 1..FEWEST as u32 {
        let comparison = held(&loaded(1, repetitions), &loaded(2, repetitions));
        assert_eq!(comparison.count(Word::CantTell), comparison.cells.len());
        for cell in &comparison.cells {
            let reason = cell.reason.as_ref().unwrap();
            assert!(reason.contains("3 or more") && cell.ratio.is_none(), "{reason}");
        }
    }
}

#[test]
fn a_percentile_that_too_few_publishes_carry_has_a_reason_and_no_ratio() {
    let run = published();
    let comparison = held(&run, &run);
    let cell = comparison.cells.iter().find(|cell| cell.metric == "delay_p99_ns").unwrap();
    assert_eq!((cell.word, cell.ratio), (Word::CantTell, None));
    assert!(cell.reason.as_ref().unwrap().contains("p99 needs 2,000 publishes"));
}

#[test]
fn nobody_asks_on_a_push_transport_so_there_is_no_cell() {
    let comparison = held(&loaded(1, 5), &loaded(2, 5));
    let asks = comparison.cells.iter().filter(|cell| cell.metric == "requests_per_second");
    assert_eq!(asks.map(|cell| cell.transport.as_str()).collect::<Vec<_>>(), ["short-poll"]);
}

#[test]
fn a_noise_floor_widens_what_is_the_same() {
    let (mut a, mut b) = (loaded(1, 10), loaded(1, 10));
    b.run.rows.iter_mut().for_each(|row| row.server_cpu_ns = row.server_cpu_ns * 112 / 100);
    let metric = "server_cpu_per_update_ns";
    assert_eq!(word(&held(&a, &b), "sse", metric), Word::Worse);
    let floor =
        |ratio_95| NoiseFloor { metric: "server_cpu_per_update".to_owned(), pairs: 10, ratio_95 };
    a.run.noise_floor = vec![floor(1.15)];
    assert_eq!(word(&held(&a, &b), "sse", metric), Word::Same);
    // The wider of both: neither was measured on a quieter machine than the other.
    b.run.noise_floor = vec![floor(1.01)];
    assert_eq!(word(&held(&a, &b), "sse", metric), Word::Same);
}

/// What 40 blocks say of a transport beside a twin that costs so many times as much CPU.
fn of_cpu(twin_costs: f64) -> Alike {
    let (mut run, mut twins) = (loaded(1, 40).run, loaded(2, 40).run);
    for twin in &mut twins.rows {
        twin.transport = noise_floor::label(&twin.transport);
        twin.server_cpu_ns = (twin.server_cpu_ns as f64 * twin_costs) as u64;
    }
    run.rows.append(&mut twins.rows);
    let found = alike(&[run]);
    *found.iter().find(|alike| alike.metric == "server_cpu_per_update_ns").unwrap()
}

#[test]
fn twins_are_told_apart_where_they_differ_and_not_by_chance() {
    let same = of_cpu(1.0);
    // Four comparisons of ten blocks for each transport.
    assert_eq!(same.comparisons, 12);
    assert!(same.told_apart <= most_by_chance(same.comparisons), "{same:?}");
    let dearer = of_cpu(1.3);
    assert!(dearer.told_apart > most_by_chance(dearer.comparisons), "{dearer:?}");
    assert_eq!(alike(&[loaded(1, 40).run]), [], "without twins there is nothing to tell");
}

#[test]
fn other_publish_times_make_groups_and_not_pairs() {
    let (a, mut b) = (loaded(1, 5), loaded(2, 5));
    b.run.seed = 2;
    b.run.scenario.measure.seed = 2;
    let comparison = held(&a, &b);
    assert!(!comparison.paired);
    assert!(comparison.warnings.iter().any(|warning| warning.contains("publish times")));
}

/// The refusal of a run that was changed against one that was not.
fn refused(change: impl FnOnce(&mut Run)) -> String {
    let mut b = loaded(1, 5);
    change(&mut b.run);
    compare(&loaded(1, 5), &b, &[]).unwrap_err().to_string()
}

#[test]
fn other_conditions_are_refused_with_what_differs_and_what_would_allow_it() {
    let machine = refused(|run| run.environment.cpu = "another".into());
    assert!(machine.contains("cpu: one in A, another in B"), "{machine}");
    assert!(machine.contains("--across machines"), "{machine}");
    let scenario = refused(|run| run.scenario.clients = 7);
    assert!(scenario.contains("clients: 50 in A, 7 in B"), "{scenario}");
    assert!(scenario.contains("--across scenarios"), "{scenario}");
    let both = refused(|run| {
        run.environment.feedlab = "9.9.9".into();
        run.environment.cores = 64;
    });
    assert!(both.contains("--across machines,versions"), "{both}");
}

#[test]
fn what_was_allowed_for_is_said_loudly() {
    let (a, mut b) = (loaded(1, 5), loaded(2, 5));
    b.run.environment.cpu = "another".into();
    let comparison = compare(&a, &b, &[Across::Machines]).unwrap();
    assert!(
        comparison.warnings[0].starts_with("ACROSS MACHINES: cpu"),
        "{:?}",
        comparison.warnings
    );
    b.run.scenario.clients = 7;
    let refusal = compare(&a, &b, &[Across::Machines]).unwrap_err();
    assert!(refusal.to_string().contains("--across machines,scenarios"), "{refusal}");
}

#[test]
fn another_commit_and_more_repetitions_are_what_one_compares() {
    let (a, mut b) = (loaded(1, 5), loaded(2, 8));
    b.run.environment.git_commit = Some("abc".into());
    let comparison = held(&a, &b);
    assert!(comparison.warnings.iter().any(|warning| warning.contains("commit")));
    assert_eq!(comparison.cells[0].repetitions_b, 5, "pairs");
}

#[test]
fn a_transport_of_one_run_alone_is_said_and_its_settings_are_no_condition() {
    let (a, mut b) = (loaded(1, 5), loaded(2, 5));
    b.run.rows.retain(|row| row.transport != "short-poll");
    b.run.scenario.transports.remove("short-poll");
    let comparison = held(&a, &b);
    assert!(comparison.warnings.contains(&"only A has short-poll".to_owned()));
    b.run.rows.iter_mut().for_each(|row| row.transport = "pigeon".into());
    let refusal = compare(&a, &b, &[]).unwrap_err();
    assert!(matches!(refusal, Refusal::NothingInCommon { .. }), "{refusal}");
}

#[test]
fn invalid_and_empty_runs_are_refused_and_suspect_ones_are_said() {
    let invalid =
        refused(|run| run.warn([Warning::new("ledger", Verdict::Invalid, "3 are missing")]));
    assert!(invalid.contains("INVALID (3 are missing)"), "{invalid}");
    assert!(refused(|run| run.rows.clear()).contains("no measurements"));
    let (a, mut b) = (loaded(1, 5), loaded(2, 5));
    b.run.warn([Warning::new("steal", Verdict::Suspect, "stolen")]);
    assert!(held(&a, &b).warnings.iter().any(|warning| warning.contains("B is SUSPECT (steal)")));
}

#[test]
fn the_rows_of_a_published_run_do_not_drift() {
    let Loaded { mut run, timeline, .. } = published();
    let environment = run.environment.clone();
    for row in &mut run.rows {
        let of = |second: &&results::Second| {
            second.transport == row.transport && Some(second.repetition) == row.repetition
        };
        let seconds: Vec<_> = timeline.iter().filter(of).cloned().collect();
        let warnings = verdict::judge_over(row, &seconds, &run.scenario, &environment);
        assert!(warnings.iter().all(|warning| warning.rule != "drift"), "{warnings:?}");
    }
}

#[test]
fn the_publishes_that_were_kept_tell_the_mean_of_their_window() {
    let loaded = published();
    let hits = loaded.run.rows.iter().filter(|row| {
        let repetition = row.repetition.unwrap();
        let found =
            bootstrap::delay_within(&loaded.positions, &row.transport, repetition, 1).unwrap();
        found.contains(row.delay_mean_ns.unwrap() as f64)
    });
    // 95 % of 25 are 24; fewer than 20 would have a chance of one in a thousand.
    let hits = hits.count();
    assert!(hits >= 20, "{hits} of {}", loaded.run.rows.len());
}

#[test]
fn a_trace_that_was_edited_between_two_runs_is_another_feed() {
    let replayed = |seed| {
        let mut loaded = loaded(seed, 5);
        let sets = ["feed.kind=trace", "feed.trace=traces/usgs-earthquakes-2018-02.csv"];
        let sets = sets.map(str::to_owned);
        loaded.run.scenario = Scenario::load("earthquakes", &sets).unwrap();
        loaded
    };
    let (a, mut b) = (replayed(1), replayed(2));
    assert!(compare(&a, &b, &[]).unwrap().paired);
    for row in &mut b.run.rows {
        row.published -= 1;
    }
    let refusal = compare(&a, &b, &[]).unwrap_err().to_string();
    assert!(refusal.contains("feed.trace") && refusal.contains("400 updates"), "{refusal}");
    let across = compare(&a, &b, &[Across::Scenarios]).unwrap();
    assert!(!across.paired);
}
