//! Sweeps of simulated runs: who wins where, and whether the boundary lies where theory has it.
#![allow(clippy::unwrap_used)] // a test that unwraps fails with the line that is wrong

#[path = "synthetic/mod.rs"]
mod synthetic;

use std::sync::OnceLock;

use reports::sweep::{Field, Ranked, Swept, csv, json, markdown, ranked, render, table};
use results::Loaded;
use results::sweep::{Axis, Cell, Sweep, Unit, Value};

const RATES: [f64; 6] = [1.0, 2.51, 6.31, 15.8, 39.8, 100.0];
const INTERVALS_MS: [u64; 6] = [50, 126, 315, 792, 1990, 5000];

fn axes() -> Vec<Axis> {
    let rate = |rate: &f64| Value { text: format!("{rate}/s"), number: *rate };
    let time = |ms: &u64| Value { text: format!("{ms}ms"), number: *ms as f64 * 1e6 };
    vec![
        Axis {
            key: "feed.rate".into(),
            unit: Unit::Rate,
            values: RATES.iter().map(rate).collect(),
        },
        Axis {
            key: "transports.short-poll.interval".into(),
            unit: Unit::Time,
            values: INTERVALS_MS.iter().map(time).collect(),
        },
    ]
}

/// A run as the model has it: its delay, its bytes, and the packets of theory C5, which are two for
/// a push, three for a poll, and two for one that comes before the acknowledgement is due.
fn run(rate: &str, interval_ms: u64, transports: &[&str]) -> Loaded {
    let polls_s = interval_ms as f64 * 4.0 / 1e3;
    let rate_of: f64 = rate.trim_end_matches("/s").parse().unwrap();
    let window = (50.0 / rate_of).max(polls_s).max(4.0).ceil();
    let sets = [
        format!("feed.rate={rate}"),
        format!("transports.short-poll.interval={interval_ms}ms"),
        format!("measure.duration={window}s"),
        "clients=4".to_owned(),
    ];
    let mut loaded = synthetic::run("quick", &sets.each_ref().map(String::as_str));
    let run = &mut loaded.run;
    run.scenario.transports.retain(|name, _| transports.contains(&name.as_str()));
    run.rows.retain(|row| transports.contains(&row.transport.as_str()));
    run.pooled.retain(|row| transports.contains(&row.transport.as_str()));
    let predictions = run.predictions.clone();
    for row in &mut run.pooled {
        let of =
            |p: &&scenarios::Prediction| p.transport == row.transport && p.repetition.is_none();
        let prediction = predictions.iter().find(of).unwrap();
        row.delay_mean_ns = Some(prediction.delay_mean_ns);
        (row.bytes_up, row.bytes_down) = (prediction.bytes_up, prediction.bytes_down);
        let each_s =
            row.window_ns as f64 / 1e9 * row.clients as f64 / prediction.requests.max(1) as f64;
        row.segments_down = 0;
        row.segments_up = match row.transport.as_str() {
            "short-poll" | "long-poll" if each_s > 0.04 => 3 * prediction.requests,
            "short-poll" | "long-poll" => 2 * prediction.requests,
            _ => 2 * row.delivered,
        };
    }
    loaded
}

/// A sweep of these transports alone. The simulation is made once: in debug it takes seconds.
fn swept(transports: &[&str]) -> Swept {
    static ALL: OnceLock<Swept> = OnceLock::new();
    let five = ["short-poll", "long-poll", "sse", "websocket", "tcp"];
    let mut swept = ALL.get_or_init(|| simulated(&five)).clone();
    for (cell, loaded) in &mut swept.runs {
        cell.transports.retain(|name| transports.contains(&name.as_str()));
        loaded.run.pooled.retain(|row| transports.contains(&row.transport.as_str()));
        loaded.run.rows.retain(|row| transports.contains(&row.transport.as_str()));
    }
    for cell in &mut swept.sweep.cells {
        cell.transports.retain(|name| transports.contains(&name.as_str()));
    }
    swept
}

fn simulated(transports: &[&str]) -> Swept {
    let mut runs = Vec::new();
    for (x, rate) in RATES.iter().enumerate() {
        let rate = format!("{rate}/s");
        let cell = |at: Vec<Option<usize>>, names: &[&str]| Cell {
            at,
            transports: names.iter().map(|name| (*name).to_owned()).collect(),
            window_ns: 4_000_000_000,
            run: Some("001".into()),
        };
        let others: Vec<&str> =
            transports.iter().copied().filter(|name| *name != "short-poll").collect();
        runs.push((cell(vec![Some(x), None], &others), run(&rate, 500, &others)));
        for (y, interval) in INTERVALS_MS.iter().enumerate() {
            let polls = ["short-poll"];
            runs.push((cell(vec![Some(x), Some(y)], &polls), run(&rate, *interval, &polls)));
        }
    }
    let sweep = Sweep {
        format_version: 1,
        scenario: "quick".into(),
        sets: Vec::new(),
        started: "2026-11-28T03:00:00Z".into(),
        axes: axes(),
        cells: runs.iter().map(|(cell, _)| cell.clone()).collect(),
    };
    Swept { sweep, runs, path: "results/local/quick-sweep-20261128T030000".into() }
}

/// Theory C7.2: the poll cycle from which on polling takes fewer bytes on the wire than updates
/// that are pushed one by one: what a poll costs, [hq + hn + Pn(hr − hn) + 3P], over what an update
/// costs besides its payload and envelope, λ(w + 2P), with what an answer has of its own.
fn break_even_s(loaded: &Loaded, rate: f64) -> f64 {
    let poll = &loaded.run.sizes.0["short-poll"];
    let push = &loaded.run.sizes.0["websocket"];
    let p = 52.0;
    let of = |cycle: f64| {
        let news = 1.0 - (-rate * cycle).exp();
        let answer = poll.answer_head_bytes + poll.answer_envelope_bytes;
        let each = poll.request_head_bytes
            + poll.empty_head_bytes
            + news * (answer - poll.empty_head_bytes)
            + if cycle > 0.04 { 3.0 } else { 2.0 } * p;
        each / (rate * (push.update_framing_bytes + 2.0 * p))
    };
    // A fixed point: the share of answers with news depends on the cycle.
    (0..100).fold(1.0, |cycle, _| of(cycle))
}

fn winner<'a>(all: &'a [Ranked], metric: &str, point: [usize; 2]) -> &'a Ranked {
    all.iter().find(|rank| rank.metric.name == metric && rank.point == point).unwrap()
}

#[test]
fn the_boundary_of_bytes_lies_within_one_cell_of_theory() {
    let swept = swept(&["short-poll", "websocket", "tcp"]);
    let field = Field::new(&swept);
    let ranked = ranked(&field);
    let sizes = &swept.runs[0].1;
    for (x, rate) in RATES.iter().enumerate() {
        // In places of the axis, whose points are a factor of 2.51 apart.
        let at = (break_even_s(sizes, *rate) * 1e3 / 50.0).ln() / 100_f64.ln() * 5.0;
        let polls = |y: &usize| {
            let rank = winner(&ranked, "bytes", [x, *y]);
            rank.first.as_ref().unwrap().transport == "short-poll"
        };
        let first = (0..6).find(polls).unwrap_or(6);
        assert_eq!((0..6).filter(polls).count(), 6 - first, "one boundary per column");
        // Polls win from the first point at or beyond the boundary.
        let beyond = first as f64 - at;
        assert!(beyond < 1.0 + 1e-9 && beyond > -1.0, "{rate}/s: {first} and {at}");
        let theory = (0..6)
            .find(|y| winner(&ranked, "bytes", [x, *y]).theory.as_deref() == Some("short-poll"));
        assert_eq!(theory.unwrap_or(6), first, "{rate}/s");
    }
}

#[test]
fn nobody_wins_a_cell_whose_first_two_lie_within_the_noise_and_the_floor_wins_none() {
    let swept = swept(&["sse", "websocket", "short-poll", "tcp"]);
    let all = ranked(&Field::new(&swept));
    let delay = winner(&all, "delay", [2, 5]);
    assert!(!delay.is_clear(), "{delay:?}");
    assert!(
        !delay.floor.measured && (delay.floor.ratio - results::noise::CLEAR_FACTOR).abs() < 1e-9
    );
    assert!(delay.words().contains('≈'));
    assert!(all.iter().all(|rank| {
        [&rank.first, &rank.second].into_iter().flatten().all(|one| one.transport != "tcp")
    }));
}

#[test]
fn nobody_wins_against_who_has_no_value() {
    let mut swept = swept(&["websocket", "short-poll", "tcp"]);
    assert!(winner(&ranked(&Field::new(&swept)), "delay", [0, 5]).is_clear());
    // A run whose ledger does not balance has no say, and was not beaten either.
    for (_, loaded) in &mut swept.runs {
        for row in &mut loaded.run.pooled {
            if row.transport == "websocket" {
                row.verdict = results::Verdict::Invalid;
            }
        }
    }
    let all = ranked(&Field::new(&swept));
    assert_eq!(winner(&all, "delay", [0, 5]).words(), "? without websocket");
    assert!(all.iter().all(|rank| !rank.is_clear()), "a walkover is no win");
    let value: serde_json::Value = serde_json::from_str(&json(&swept)).unwrap();
    assert_eq!(value["winners"][0]["told_apart"], false);
    assert_eq!(value["winners"][0]["without"][0], "websocket");
}

#[test]
fn nobody_wins_while_the_run_of_another_is_still_to_be_made() {
    let mut swept = swept(&["websocket", "short-poll", "tcp"]);
    swept.runs.retain(|(cell, _)| cell.at[1].is_some());
    for cell in &mut swept.sweep.cells {
        cell.run = cell.run.take().filter(|_| cell.at[1].is_some());
    }
    let all = ranked(&Field::new(&swept));
    assert!(all.iter().all(|rank| !rank.is_clear()));
    assert!(winner(&all, "bytes", [0, 5]).words().contains("without"));
}

/// Gives the transports of a run a twin whose measurements differ by a factor.
fn with_twins(loaded: &mut Loaded, differ: fn(&mut results::Row)) {
    let mut twins = loaded.run.rows.clone();
    for twin in &mut twins {
        twin.transport = results::noise_floor::label(&twin.transport);
        differ(twin);
    }
    loaded.run.rows.extend(twins);
    loaded.run.noise_floor = results::noise_floor::of(&loaded.run.rows);
}

#[test]
fn the_noise_floor_is_that_of_the_quantity_that_is_compared() {
    let floor = |differ: fn(&mut results::Row), metric: &str| {
        let mut swept = swept(&["websocket", "short-poll", "tcp"]);
        with_twins(&mut swept.runs[0].1, differ);
        let field = Field::new(&swept);
        winner(&ranked(&field), metric, [0, 0]).floor
    };
    // Twice the packets of the same bytes above TCP: nothing to the codecs, much to the wire.
    let packets = floor(
        |twin| (twin.segments_up, twin.segments_down) = (4 * twin.segments_up + 400, 0),
        "bytes",
    );
    assert!(packets.measured && packets.ratio > 1.2, "{packets:?}");
    let sockets = floor(
        |twin| {
            let more = |bytes| bytes * 9 + 9_000_000;
            twin.socket_memory_bytes = twin.socket_memory_bytes.map(more);
        },
        "memory",
    );
    assert!(sockets.measured && sockets.ratio > 1.2, "{sockets:?}");
    let alike = floor(|_| (), "bytes");
    assert!(alike.measured && (alike.ratio - 1.0).abs() < 1e-9, "{alike:?}");
}

#[test]
fn a_sweep_is_told_in_every_format_and_drawn_on_one_page() {
    let swept = swept(&["short-poll", "long-poll", "sse", "websocket", "tcp"]);
    for text in [table(&swept), markdown(&swept), csv(&swept)] {
        assert!(text.contains("short-poll") && text.contains("15.8/s"), "{text}");
    }
    let value: serde_json::Value = serde_json::from_str(&json(&swept)).unwrap();
    assert_eq!(value["format_version"], 1);
    assert_eq!(value["winners"].as_array().unwrap().len(), 36 * 4);
    assert_eq!(csv(&swept).lines().count(), 1 + 36 * 4);
    let out = tempfile::tempdir().unwrap();
    let page = render(&swept, out.path()).unwrap();
    let html = std::fs::read_to_string(page).unwrap();
    for name in ["winners", "delay", "bytes", "server-cpu", "memory", "pareto-bytes"] {
        assert!(html.contains(&format!("<figure id=\"{name}\">")), "{name}");
        for kind in ["svg", "png"] {
            assert!(out.path().join(format!("{name}.{kind}")).is_file(), "{name}.{kind}");
        }
    }
    assert!(out.path().join("summary.md").is_file());
    assert!(!html.contains("http://") || !html.contains("<script"), "it is self-contained");
    if let Ok(folder) = std::env::var("FEEDLAB_LOOK") {
        render(&swept, std::path::Path::new(&folder)).unwrap();
    }
}

#[test]
fn a_sweep_over_one_axis_has_curves_and_no_map() {
    let mut swept = swept(&["sse", "websocket", "tcp"]);
    swept.sweep.axes.truncate(1);
    swept.runs.retain(|(cell, _)| cell.at[1].is_none());
    swept.runs.iter_mut().for_each(|(cell, _)| cell.at.truncate(1));
    swept.sweep.cells = swept.runs.iter().map(|(cell, _)| cell.clone()).collect();
    let out = tempfile::tempdir().unwrap();
    render(&swept, out.path()).unwrap();
    assert!(out.path().join("delay.svg").is_file() && !out.path().join("winners.svg").exists());
    assert!(table(&swept).lines().count() > 6);
}
