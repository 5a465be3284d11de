//! What single charts say: their sentence and their numbers.

#![allow(clippy::unwrap_used)]

mod synthetic;

use reports::{Chart, chart};
use results::{Loaded, noise_floor};

fn chart(loaded: &Loaded, name: &str) -> Chart {
    chart::charts(loaded).unwrap().into_iter().find(|chart| chart.name == name).unwrap()
}

/// The cell of a transport in a column of a chart's table.
fn cell(chart: &Chart, transport: &str, column: &str) -> String {
    let at = chart.table.columns.iter().position(|name| name == column).unwrap();
    chart.table.rows.iter().find(|row| row[0] == transport).unwrap()[at].clone()
}

#[test]
fn the_first_and_the_last_of_a_fan_out_are_single_ranks_and_no_buckets() {
    let mut loaded = synthetic::run("quick", &["clients=300", "measure.duration=1s"]);
    // The first arrival at 1 ms and the last at 9 ms, between them all at 5 ms.
    for position in loaded.positions.iter_mut().filter(|p| p.transport == "sse") {
        position.delay_ns = match position.rank {
            0 => 1_000_000,
            299 => 9_000_000,
            _ => 5_000_000,
        };
    }
    let chart = chart(&loaded, "position");
    assert_eq!(cell(&chart, "sse", "first"), "1.00 ms");
    assert_eq!(cell(&chart, "sse", "middle"), "5.00 ms");
    assert_eq!(cell(&chart, "sse", "last"), "9.00 ms");
    assert_eq!(cell(&chart, "sse", "from first to last"), "8.00 ms");
    let note = &chart.table.rows.last().unwrap()[0];
    assert!(note.contains("the median of 3 neighbouring ranks"), "{note}");
}

#[test]
fn from_first_to_last_is_within_one_update() {
    let mut loaded = synthetic::run("quick", &["clients=2", "measure.duration=1s"]);
    // One slow update, two fast ones; each takes as long from the first to the last client.
    loaded.positions.retain(|p| p.transport == "sse");
    loaded.positions.sort_by_key(|p| (p.publish, p.rank));
    loaded.positions.truncate(6);
    let delays = [1, 4, 20, 23, 2, 5].map(|ms| ms * 1_000_000);
    for (position, delay) in loaded.positions.iter_mut().zip(delays) {
        position.delay_ns = delay;
    }
    let chart = chart(&loaded, "position");
    assert_eq!(cell(&chart, "sse", "from first to last"), "3.00 ms");
    assert!(chart.reading.contains("in the median of 3 updates"), "{}", chart.reading);
}

/// A run of twenty seconds in which websocket's mean delay is multiplied in its second half.
fn drifting(factor: u64) -> Loaded {
    let mut loaded = synthetic::run("quick", &["clients=2", "measure.duration=20s"]);
    for second in loaded.timeline.iter_mut().filter(|s| s.transport != "short-poll") {
        second.delay_mean_ns = Some(60_000 + u64::from(second.second % 2) * 1_000);
        if second.transport == "websocket" && second.second >= 10 {
            second.delay_mean_ns = second.delay_mean_ns.map(|ns| ns * factor);
        }
    }
    // Polls at random phases wander from second to second; that is not the point here.
    loaded.timeline.retain(|second| second.transport != "short-poll");
    loaded
}

#[test]
fn a_transport_that_drifts_is_named() {
    let reading = chart(&drifting(3), "timeline").reading;
    assert!(reading.contains(": of websocket to 3.00 times what it was."), "{reading}");
}

#[test]
fn where_no_transport_stands_out_none_is_named() {
    let reading = chart(&drifting(1), "timeline").reading;
    assert!(reading.starts_with("No transport stands out"), "{reading}");
    assert!(reading.contains("a quarter and four standard errors"), "{reading}");
    assert!(!reading.contains("websocket"), "{reading}");
}

#[test]
fn extremes_that_are_not_told_apart_are_said_to_be_so() {
    let mut loaded = synthetic::run("quick", &["clients=2"]);
    for (row, cost) in loaded
        .run
        .pooled
        .iter_mut()
        .chain(&mut loaded.run.rows)
        .zip([10, 11, 12].into_iter().cycle())
    {
        row.server_cpu_ns = cost * row.delivered * 1_000;
    }
    let reading = chart(&loaded, "server-cpu").reading;
    assert!(reading.contains("a factor of 1.20, which are not told apart;"), "{reading}");
    let reading = chart(&loaded, "delay").reading;
    assert!(!reading.contains("not told apart"), "{reading}");
}

/// A run in which each transport has a twin whose mean delay is so many times its own.
fn with_twins(factor: f64) -> Loaded {
    let mut loaded = synthetic::run("quick", &["clients=3", "measure.repeat=2"]);
    let run = &mut loaded.run;
    let twin = |row: &results::Row| results::Row {
        transport: noise_floor::label(&row.transport),
        delay_mean_ns: row.delay_mean_ns.map(|ns| (ns as f64 * factor) as u64),
        ..row.clone()
    };
    let twins: Vec<_> = run.rows.iter().map(twin).collect();
    run.rows.extend(twins);
    run.noise_floor = noise_floor::of(&run.rows);
    loaded
}

#[test]
fn twins_are_in_the_noise_chart_and_nowhere_else() {
    let loaded = with_twins(1.1);
    let noise = chart(&loaded, "noise");
    let pairs = loaded.run.rows.len() / 2;
    assert_eq!(cell(&noise, "mean delay", "pairs"), pairs.to_string());
    assert_eq!(cell(&noise, "mean delay", "largest pair"), "10.0 %");
    assert_eq!(cell(&noise, "bytes", "95 % below"), "0 %");
    assert!(
        noise.svg.matches("<circle").count() > pairs,
        "a dot for each pair, and one in the key"
    );
    assert!(noise.reading.contains("mean delay"), "{}", noise.reading);
    let page = reports::html(&[loaded]).unwrap();
    assert!(!page.contains("-twin"));
}

#[test]
fn without_twins_there_is_no_noise_to_draw() {
    let loaded = synthetic::run("quick", &["clients=3"]);
    assert!(chart::charts(&loaded).unwrap().iter().all(|chart| chart.name != "noise"));
}
