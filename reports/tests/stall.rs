//! A server that stands still, and what a poller would make of it.

#![allow(clippy::unwrap_used)]

mod synthetic;

use reports::{Chart, chart};
use results::Loaded;

/// Long enough for a p99.
fn stalled() -> Loaded {
    let mut sets = synthetic::STALL.to_vec();
    sets.extend(["feed.rate=25/s", "clients=4"]);
    synthetic::run("quick", &sets)
}

fn chart(loaded: &Loaded, name: &str) -> Option<Chart> {
    chart::charts(loaded).unwrap().into_iter().find(|chart| chart.name == name)
}

#[test]
fn both_numbers_are_named_where_the_server_stood_still() {
    let loaded = stalled();
    let row = loaded.run.pooled.iter().find(|row| row.transport == "short-poll").unwrap();
    let (request, delay) = (row.request_p99_ns.unwrap(), row.delay_p99_ns.unwrap());
    assert!(delay > 100 * request, "a stall that requests hide: {request} {delay}");
    let chart = chart(&loaded, "stall").unwrap();
    let delay = format!("the p99 of its updates’ delay is {:.0} ms", delay as f64 / 1e6);
    assert!(chart.reading.contains(&delay), "{}", chart.reading);
    assert!(chart.reading.contains("would report a p99 of "), "{}", chart.reading);
    assert!(chart.reading.contains("coordinated omission"), "{}", chart.reading);
}

#[test]
fn a_long_poll_waits_on_purpose_so_its_request_time_is_not_held_against_anything() {
    let chart = chart(&stalled(), "stall").unwrap();
    assert!(chart.table.rows.iter().all(|row| row[0] == "short-poll"), "{:?}", chart.table);
    assert!(!chart.svg.contains("\nlong-poll\n"));
}

#[test]
fn without_a_freeze_there_is_no_such_chart_and_no_shade_over_time() {
    let loaded = synthetic::run("quick", &["clients=2"]);
    assert!(chart(&loaded, "stall").is_none());
    assert!(!chart(&loaded, "timeline").unwrap().svg.contains("server frozen"));
    let pushed = synthetic::only(stalled(), "sse");
    assert!(chart(&pushed, "stall").is_none(), "who does not ask times no request");
}

#[test]
fn freezes_and_cuts_are_marked_and_named_in_pictures_over_time() {
    let loaded = synthetic::run("quick", &synthetic::CUT);
    for name in ["timeline", "age"] {
        let chart = chart(&loaded, name).unwrap();
        for what in ["server frozen", "link cut down"] {
            assert!(chart.svg.contains(&format!("\n{what}\n")), "{what} in {name}");
            assert!(chart.narrow.contains(&format!("\n{what}\n")), "{what} in narrow {name}");
        }
    }
    let page = reports::html(&[loaded]).unwrap();
    assert!(page.contains("<dt>freezes</dt><dd>server frozen for 1 s at 3 s</dd>"));
}
