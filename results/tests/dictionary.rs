//! The column dictionary and the columns are the same list.

use results::Row;

const README: &str = include_str!("../README.md");

fn header() -> Vec<String> {
    Row::csv(&[]).trim_end().split(',').map(str::to_owned).collect()
}

/// First cells of the rows of the table under `heading`.
fn documented(heading: &str) -> Vec<String> {
    let section = README.split(heading).nth(1).expect("the heading exists");
    section
        .split("\n## ")
        .next()
        .expect("a section ends somewhere")
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_column_is_in_the_dictionary_and_every_entry_is_a_column_in_the_same_order() {
    assert_eq!(documented("## Columns of `summary.csv`"), header());
}

#[test]
fn every_entry_says_what_it_means_and_how_it_is_measured() {
    for line in README.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        if cells.len() == 5 {
            assert!(!cells[2].is_empty(), "no meaning: {line}");
            assert!(!cells[3].is_empty() || cells[0] == "`repetition`", "no measurement: {line}");
        }
    }
}

#[test]
fn the_header_never_changes_by_accident() {
    insta::assert_snapshot!(header().join("\n"));
}

#[test]
fn the_header_begins_with_the_columns_that_the_design_promises() {
    let promised = "transport, repetition, clients, connected, window_ns, published, expected, \
        delivered, lost, superseded, missing, duplicated, reordered, delay_p50_ns, delay_p90_ns, \
        delay_p99_ns, delay_max_ns, delay_mean_ns, predicted_delay_mean_ns, \
        predicted_delay_p50_ns, predicted_delay_p99_ns, age_mean_ns, age_peak_ns, in_sync, \
        requests, predicted_requests, empty_responses, bytes_up, bytes_down, predicted_bytes_up, \
        predicted_bytes_down, payload_bytes, envelope_bytes, framing_bytes, head_bytes, \
        tcp_bytes_up, tcp_bytes_down, segments_up, segments_down, retransmits, server_cpu_ns, \
        server_ingest_cpu_ns, client_cpu_ns, server_pss_bytes, server_pss_empty_bytes, \
        socket_memory_bytes, publisher_late_p99_ns, publisher_held_p99_ns, verdict";
    let promised: Vec<&str> = promised.split(", ").collect();
    assert_eq!(header()[..promised.len()], promised);
}
