//! Repetitions pooled into rows of their own.
//!
//! Counts add up. Percentiles come from merged histograms and are never
//! averaged. Means are weighted with what they are means over. Where nothing
//! but the worst repetition makes sense (lateness of the publisher), it is the
//! worst repetition.

mod theory;

use hdrhistogram::Histogram;
use scenarios::Prediction;

use crate::{Row, TaggedHistogram, Verdict, noise_floor};
pub use theory::theory;

/// One pooled row per transport, in the order in which the transports appear. Twins have none: they
/// are there for the noise floor, and would be a second opinion on their transport otherwise.
pub fn pool(
    rows: &[Row],
    delays: &[TaggedHistogram],
    requests: &[TaggedHistogram],
    predictions: &[Prediction],
) -> Vec<Row> {
    let mut transports: Vec<&str> = Vec::new();
    for row in rows {
        let is_twin = noise_floor::twin_of(&row.transport).is_some();
        if !is_twin && !transports.contains(&row.transport.as_str()) {
            transports.push(&row.transport);
        }
    }
    transports
        .into_iter()
        .map(|transport| {
            let of: Vec<&Row> = rows.iter().filter(|r| r.transport == transport).collect();
            let mut pooled = counts(transport, &of);
            means(&mut pooled, &of);
            if let Some(delay) = merge(tagged(delays, transport)) {
                let mean = pooled.delay_mean_ns;
                pooled.set_delay(&delay, pooled.published);
                // The histogram rounds to three digits; the rows' means do not.
                pooled.delay_mean_ns = mean.or(pooled.delay_mean_ns);
            }
            if let Some(request) = merge(tagged(requests, transport)) {
                pooled.set_request(&request);
            }
            pooled.set_prediction(theory(&of, predictions).as_ref());
            let sums = |field| total(&of, field);
            pooled.predicted_requests = sums(|r| r.predicted_requests);
            pooled.predicted_bytes_up = sums(|r| r.predicted_bytes_up);
            pooled.predicted_bytes_down = sums(|r| r.predicted_bytes_down);
            pooled
        })
        .collect()
}

fn tagged<'a>(
    all: &'a [TaggedHistogram],
    transport: &'a str,
) -> impl Iterator<Item = &'a Histogram<u64>> {
    all.iter().filter(move |(name, ..)| name == transport).map(|(.., histogram)| histogram)
}

/// One histogram of several; `None` of none.
pub fn merge<'a>(
    histograms: impl IntoIterator<Item = &'a Histogram<u64>>,
) -> Option<Histogram<u64>> {
    let mut histograms = histograms.into_iter();
    let mut merged = histograms.next()?.clone();
    merged.auto(true);
    for histogram in histograms {
        merged.add(histogram).expect("it grows to whatever is added");
    }
    Some(merged)
}

fn counts(transport: &str, of: &[&Row]) -> Row {
    let sum = |field: fn(&Row) -> u64| of.iter().map(|row| field(row)).sum();
    let most = |field: fn(&Row) -> u64| of.iter().map(|row| field(row)).max().unwrap_or_default();
    Row {
        transport: transport.to_owned(),
        repetition: None,
        clients: most(|r| r.clients),
        connected: of.iter().map(|r| r.connected).min().unwrap_or_default(),
        window_ns: sum(|r| r.window_ns),
        published: sum(|r| r.published),
        expected: sum(|r| r.expected),
        delivered: sum(|r| r.delivered),
        lost: sum(|r| r.lost),
        superseded: sum(|r| r.superseded),
        missing: sum(|r| r.missing),
        duplicated: sum(|r| r.duplicated),
        reordered: sum(|r| r.reordered),
        requests: sum(|r| r.requests),
        empty_responses: sum(|r| r.empty_responses),
        bytes_up: sum(|r| r.bytes_up),
        bytes_down: sum(|r| r.bytes_down),
        payload_bytes: sum(|r| r.payload_bytes),
        envelope_bytes: sum(|r| r.envelope_bytes),
        framing_bytes: sum(|r| r.framing_bytes),
        head_bytes: sum(|r| r.head_bytes),
        tcp_bytes_up: sum(|r| r.tcp_bytes_up),
        tcp_bytes_down: sum(|r| r.tcp_bytes_down),
        segments_up: sum(|r| r.segments_up),
        segments_down: sum(|r| r.segments_down),
        retransmits: sum(|r| r.retransmits),
        server_cpu_ns: sum(|r| r.server_cpu_ns),
        client_cpu_ns: sum(|r| r.client_cpu_ns),
        server_ingest_cpu_ns: total(of, |r| r.server_ingest_cpu_ns),
        publisher_late_p99_ns: most(|r| r.publisher_late_p99_ns),
        publisher_held_p99_ns: most(|r| r.publisher_held_p99_ns),
        verdict: of.iter().map(|r| r.verdict).max().unwrap_or(Verdict::Valid),
        connect_p99_ns: of.iter().filter_map(|r| r.connect_p99_ns).max(),
        connect_bytes_up: sum(|r| r.connect_bytes_up),
        connect_bytes_down: sum(|r| r.connect_bytes_down),
        voluntary_switches: sum(|r| r.voluntary_switches),
        involuntary_switches: sum(|r| r.involuntary_switches),
        run_queue_wait_ns: sum(|r| r.run_queue_wait_ns),
        worker_run_queue_wait_ns: sum(|r| r.worker_run_queue_wait_ns),
        publisher_run_queue_wait_ns: sum(|r| r.publisher_run_queue_wait_ns),
        worker_cpu_share: of.iter().filter_map(|r| r.worker_cpu_share).reduce(f64::max),
        publisher_late_publishes: total(of, |r| r.publisher_late_publishes),
        steal_ns: sum(|r| r.steal_ns),
        foreign_cpu_ns: total(of, |r| r.foreign_cpu_ns),
        accept_overflows: sum(|r| r.accept_overflows),
        server_descriptors: most(|r| r.server_descriptors),
        server_drain_cpu_ns: sum(|r| r.server_drain_cpu_ns),
        link_bytes_up: total(of, |r| r.link_bytes_up),
        link_bytes_down: total(of, |r| r.link_bytes_down),
        link_packets_up: total(of, |r| r.link_packets_up),
        link_packets_down: total(of, |r| r.link_packets_down),
        packet_header_bytes: total(of, |r| r.packet_header_bytes),
        ack_bytes: total(of, |r| r.ack_bytes),
        handshake_bytes: total(of, |r| r.handshake_bytes),
        retransmitted_bytes: total(of, |r| r.retransmitted_bytes),
        link_lost_packets: total(of, |r| r.link_lost_packets),
        link_queue_dropped_packets: total(of, |r| r.link_queue_dropped_packets),
        link_cut_packets: total(of, |r| r.link_cut_packets),
        link_unasked_drops: total(of, |r| r.link_unasked_drops),
        relay_cpu_ns: total(of, |r| r.relay_cpu_ns),
        relay_spun_ns: total(of, |r| r.relay_spun_ns),
        life_cause_bytes: total(of, |r| r.life_cause_bytes),
        life_link_bytes: total(of, |r| r.life_link_bytes),
        relay_late_p50_ns: of.iter().filter_map(|r| r.relay_late_p50_ns).max(),
        relay_late_p99_ns: of.iter().filter_map(|r| r.relay_late_p99_ns).max(),
        relay_late_max_ns: of.iter().filter_map(|r| r.relay_late_max_ns).max(),
        server_frozen_ns: sum(|r| r.server_frozen_ns),
        tls_bytes: sum(|r| r.tls_bytes),
        tls_handshakes: sum(|r| r.tls_handshakes),
        tls_resumed: sum(|r| r.tls_resumed),
        tls_handshake_p50_ns: of.iter().filter_map(|r| r.tls_handshake_p50_ns).max(),
        tls_handshake_p99_ns: of.iter().filter_map(|r| r.tls_handshake_p99_ns).max(),
        tcp_connect_p50_ns: of.iter().filter_map(|r| r.tcp_connect_p50_ns).max(),
        tcp_connect_p99_ns: of.iter().filter_map(|r| r.tcp_connect_p99_ns).max(),
        exchanges: total(of, |r| r.exchanges),
        attempt: of.iter().map(|r| r.attempt).max().unwrap_or_default(),
        ..Row::default()
    }
}

fn means(pooled: &mut Row, of: &[&Row]) {
    let whole = |value: Option<f64>| value.map(|value| value.round() as u64);
    let delivered = |r: &Row| r.delivered as f64;
    // Ages are means over time and clients: twice the clients are twice the time.
    let held = |r: &Row| r.window_ns as f64 * r.connected as f64;
    // A peak comes with each arrival of something newer, and an answer is one arrival, however
    // many updates are in it.
    let arrivals = |r: &Row| r.delivered as f64 / r.updates_per_answer.unwrap_or(1.0).max(1.0);
    let answers = |r: &Row| r.requests.saturating_sub(r.empty_responses) as f64;
    let each = |_: &Row| 1.0;
    pooled.delay_mean_ns = whole(mean(of, delivered, |r| r.delay_mean_ns.map(|v| v as f64)));
    pooled.delay_max_ns = of.iter().filter_map(|r| r.delay_max_ns).max();
    pooled.age_mean_ns = whole(mean(of, held, |r| r.age_mean_ns.map(|v| v as f64)));
    pooled.age_peak_ns = whole(mean(of, arrivals, |r| r.age_peak_ns.map(|v| v as f64)));
    pooled.in_sync = mean(of, held, |r| r.in_sync);
    let due = |r: &Row| r.expected as f64;
    pooled.versions_seen = mean(of, due, |r| r.versions_seen);
    pooled.updates_per_answer = mean(of, answers, |r| r.updates_per_answer);
    pooled.server_pss_bytes = whole(mean(of, each, |r| r.server_pss_bytes.map(|v| v as f64)));
    pooled.server_pss_empty_bytes =
        whole(mean(of, each, |r| r.server_pss_empty_bytes.map(|v| v as f64)));
    pooled.socket_memory_bytes = whole(mean(of, each, |r| r.socket_memory_bytes.map(|v| v as f64)));
}

/// Sum of a column that every repetition has; empty if one does not, because
/// a sum with a hole would be compared with sums without.
fn total(of: &[&Row], field: fn(&Row) -> Option<u64>) -> Option<u64> {
    of.iter().map(|row| field(row)).sum()
}

fn mean(
    of: &[&Row],
    weight: impl Fn(&Row) -> f64,
    value: impl Fn(&Row) -> Option<f64>,
) -> Option<f64> {
    let (mut sum, mut weights) = (0.0, 0.0);
    for row in of {
        if let Some(value) = value(row).filter(|value| value.is_finite()) {
            sum += weight(row) * value;
            weights += weight(row);
        }
    }
    (weights > 0.0).then(|| sum / weights)
}
