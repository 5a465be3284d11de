//! Who is best at what: only what the repetitions tell, and never by INVALID numbers.

#![allow(clippy::unwrap_used)]

mod synthetic;

use results::{Loaded, NoiseFloor, Verdict, Warning};

fn repeated(repetitions: u32) -> Loaded {
    synthetic::run("quick", &["clients=3", &format!("measure.repeat={repetitions}")])
}

/// Gives a transport these medians, one per repetition.
fn with_medians(loaded: &mut Loaded, transport: &str, medians: &[u64]) {
    let run = &mut loaded.run;
    let rows = run.rows.iter_mut().filter(|row| row.transport == transport);
    for (row, &median) in rows.zip(medians) {
        row.delay_p50_ns = Some(median);
    }
    let middle = medians[medians.len() / 2];
    let pooled = run.pooled.iter_mut().find(|row| row.transport == transport).unwrap();
    pooled.delay_p50_ns = Some(middle);
}

/// What the page says under a heading of its ranking.
fn said(loaded: &Loaded, what: &str) -> String {
    let page = reports::html(std::slice::from_ref(loaded)).unwrap();
    let from = page.find(&format!("<dt>{what}</dt><dd>")).unwrap_or_else(|| panic!("{what}"));
    let rest = &page[from..];
    let rest = &rest[rest.find("<dd>").unwrap() + 4..];
    rest[..rest.find("</dd>").unwrap()].replace("&lt;", "<").replace('\u{a0}', " ")
}

#[test]
fn transports_whose_ranges_overlap_are_not_put_in_an_order() {
    let mut loaded = repeated(4);
    with_medians(&mut loaded, "sse", &[60_000, 61_000, 64_000, 62_000]);
    with_medians(&mut loaded, "websocket", &[59_000, 60_500, 61_000, 60_000]);
    with_medians(&mut loaded, "long-poll", &[70_000, 71_000, 72_000, 73_000]);
    let fastest = said(&loaded, "Fastest");
    assert!(
        fastest.starts_with(
            "websocket 61.0 µs and sse 64.0 µs (not told apart) < long-poll 72.0 µs < short-poll "
        ),
        "{fastest}"
    );
    assert!(said(&loaded, "How far this goes").contains("do not overlap"));
}

#[test]
fn what_lies_within_the_noise_floor_is_indistinguishable_even_where_ranges_do_not_overlap() {
    let mut loaded = repeated(4);
    with_medians(&mut loaded, "websocket", &[59_000, 59_500, 60_000, 60_000]);
    with_medians(&mut loaded, "sse", &[61_000, 61_000, 62_000, 62_000]);
    with_medians(&mut loaded, "long-poll", &[70_000, 71_000, 72_000, 73_000]);
    assert!(said(&loaded, "Fastest").starts_with("websocket 60.0 µs < sse 62.0 µs < long-poll"));
    loaded.run.noise_floor =
        vec![NoiseFloor { metric: "delay_p50".into(), pairs: 20, ratio_95: 1.05 }];
    let fastest = said(&loaded, "Fastest");
    let together = "websocket 60.0 µs and sse 62.0 µs (indistinguishable) < long-poll 72.0 µs";
    assert!(fastest.starts_with(together), "{fastest}");
    let table = reports::table(&loaded.run, None, false);
    assert!(table.contains("from 20 pairs or more): delay p50 ±5.00 %."), "{table}");
}

#[test]
fn one_repetition_tells_no_order_but_a_factor_of_two() {
    let mut loaded = repeated(1);
    with_medians(&mut loaded, "sse", &[60_000]);
    with_medians(&mut loaded, "websocket", &[40_000]);
    with_medians(&mut loaded, "long-poll", &[130_000]);
    let fastest = said(&loaded, "Fastest");
    let ordered =
        "websocket 40.0 µs and sse 60.0 µs (not told apart) < long-poll 130 µs < short-poll ";
    assert!(fastest.starts_with(ordered), "{fastest}");
    let rule = said(&loaded, "How far this goes");
    assert!(
        rule.starts_with("One repetition tells no order, so “<” takes a factor of 2;"),
        "{rule}"
    );
}

#[test]
fn three_repetitions_are_too_few_for_ranges_that_nearly_touch() {
    let mut loaded = repeated(3);
    with_medians(&mut loaded, "sse", &[60_000, 61_000, 62_000]);
    with_medians(&mut loaded, "websocket", &[57_000, 58_000, 59_000]);
    with_medians(&mut loaded, "long-poll", &[170_000, 180_000, 190_000]);
    let fastest = said(&loaded, "Fastest");
    assert!(fastest.contains("websocket 58.0 µs and sse 61.0 µs (not told apart)"), "{fastest}");
}

#[test]
fn two_repetitions_tell_an_order_where_ranges_are_far_apart_for_their_width() {
    let mut loaded = repeated(2);
    with_medians(&mut loaded, "sse", &[60_000, 61_000]);
    with_medians(&mut loaded, "websocket", &[50_000, 52_000]);
    with_medians(&mut loaded, "long-poll", &[68_000, 71_000]);
    let fastest = said(&loaded, "Fastest");
    let ordered = "websocket 52.0 µs < sse 61.0 µs and long-poll 71.0 µs (not told apart) < short-";
    assert!(fastest.starts_with(ordered), "{fastest}");
    assert!(said(&loaded, "How far this goes").contains("3 times as far apart as they are wide"));
}

#[test]
fn a_chain_of_neighbours_that_overlap_is_one_group() {
    let mut loaded = repeated(4);
    with_medians(&mut loaded, "sse", &[10_000, 11_000, 12_000, 20_000]);
    with_medians(&mut loaded, "websocket", &[15_000, 16_000, 17_000, 30_000]);
    with_medians(&mut loaded, "long-poll", &[25_000, 26_000, 27_000, 28_000]);
    let fastest = said(&loaded, "Fastest");
    let group =
        "sse 12.0 µs, websocket 17.0 µs and long-poll 27.0 µs (not told apart) < short-poll ";
    assert!(fastest.starts_with(group), "{fastest}");
}

#[test]
fn an_invalid_row_has_no_place_in_the_order_and_it_is_said_why() {
    let loaded = synthetic::spoil(repeated(1), Verdict::Invalid, "ledger", "2 are missing");
    assert!(!said(&loaded, "Fastest").contains("websocket"));
    let why = said(&loaded, "How far this goes");
    assert!(why.starts_with("websocket is left out: it is INVALID"), "{why}");
}

#[test]
fn a_run_that_is_invalid_as_a_whole_puts_nobody_in_an_order() {
    let mut loaded = repeated(1);
    loaded.run.warn([Warning::new("ledger", Verdict::Invalid, "the feed is another one")]);
    let why = said(&loaded, "How far this goes");
    assert!(why.starts_with("short-poll, long-poll, sse and websocket are left out"), "{why}");
    assert!(!reports::html(&[loaded]).unwrap().contains("<dt>Fastest"));
}

#[test]
fn one_transport_alone_has_no_order() {
    let loaded = synthetic::only(repeated(1), "sse");
    let page = reports::html(&[loaded]).unwrap();
    assert!(!page.contains("<dt>Fastest") && !page.contains("How far this goes"));
}

#[test]
fn a_repetition_without_a_median_makes_all_compare_their_means() {
    let mut loaded = repeated(2);
    loaded.run.rows[0].delay_p50_ns = None;
    assert!(said(&loaded, "Fastest, by the mean delay").contains(" < "));
}
