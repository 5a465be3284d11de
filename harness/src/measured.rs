//! From what was seen in a trial to a row: sums and merges, no opinion.

mod crossing;

use anyhow::{Result, anyhow};
use base64::Engine;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::Deserializer;
use results::hlog::histogram;
use results::{Direction, Measured, Position, Resource, Row, Second, Warning};

use crate::clock::SECOND_NS;
use crate::order::Sample;
use crate::trial::{Seen, Trial};

/// A publish that was later than this was late.
const LATE_NS: u64 = 1_000_000;

/// Which measurement of a run a trial is.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// Repetition, from 1.
    pub repetition: u32,
    /// Place of its block in the run, from 1.
    pub block: u32,
    /// 2 when the block was repeated.
    pub attempt: u32,
    /// What publishing one update costs the server without any client, ns.
    pub ingest_ns_per_publish: Option<f64>,
}

/// Merges the workers' histograms of one kind.
///
/// # Errors
/// When a worker's bytes are no histogram.
pub fn merge<'a>(encoded: impl Iterator<Item = &'a String>) -> Result<Histogram<u64>> {
    let mut merged = histogram();
    for text in encoded.filter(|text| !text.is_empty()) {
        let bytes = base64::engine::general_purpose::STANDARD.decode(text)?;
        let part: Histogram<u64> = Deserializer::new()
            .deserialize(&mut bytes.as_slice())
            .map_err(|error| anyhow!("a worker's histogram cannot be read: {error:?}"))?;
        merged.add(&part).map_err(|error| anyhow!("histograms cannot be merged: {error:?}"))?;
    }
    Ok(merged)
}

/// The row of a trial with all that goes beside it; warnings are the caller's.
///
/// # Errors
/// When a worker's sample cannot be read.
pub fn measured(trial: &Trial, seen: &Seen, place: Place) -> Result<Measured> {
    let sum = Sample::sum(&seen.samples);
    let delay = merge(seen.samples.iter().map(|sample| &sample.delay))?;
    let request = merge(seen.samples.iter().map(|sample| &sample.request))?;
    let connect = merge(seen.samples.iter().map(|sample| &sample.connect_time))?;
    let mut row = ledger(trial, seen, &sum, place);
    costs(&mut row, seen);
    if trial.is_unseen() {
        // The server's work cannot be told from anybody else's.
        row.foreign_cpu_ns = None;
    }
    if let Some(seen) = &seen.crossing {
        crossing::fill(&mut row, seen);
    }
    let causes = Direction { up: sum.counters.up, down: sum.counters.down };
    row.set_causes(&causes);
    row.versions_seen = (row.expected > 0).then(|| row.delivered as f64 / row.expected as f64);
    row.exchanges = Some(sum.counters.requests);
    row.set_delay(&delay, row.published);
    row.delay_mean_ns =
        (sum.delivered > 0).then(|| (sum.delay_sum_ns / u128::from(sum.delivered)) as u64);
    row.set_request(&request);
    let tcp = merge(seen.samples.iter().map(|sample| &sample.tcp_connect_time))?;
    let tls = merge(seen.samples.iter().map(|sample| &sample.tls_handshake_time))?;
    row.set_connections(&tcp, &tls);
    row.connect_p99_ns = (!connect.is_empty()).then(|| connect.value_at_quantile(0.99));
    let (age_mean_ns, age_peak_ns, in_sync) = sum.age.means();
    (row.age_mean_ns, row.age_peak_ns, row.in_sync) = (age_mean_ns, age_peak_ns, in_sync);
    let with_news = sum.requests.saturating_sub(sum.empty_responses);
    row.updates_per_answer = (with_news > 0).then(|| sum.delivered as f64 / with_news as f64);
    let per_publish = place.ingest_ns_per_publish;
    row.server_ingest_cpu_ns = per_publish.map(|cost| (cost * row.published as f64) as u64);
    Ok(Measured {
        timeline: timeline(trial, seen, &sum, place),
        resources: resources(trial, seen, place),
        positions: positions(trial, &sum, place),
        warnings: failures(trial, &sum, seen, place),
        row,
        causes,
        link: seen.crossing.as_ref().map(crossing::window),
        life: seen.crossing.as_ref().map(crossing::life),
        delay,
        request,
    })
}

fn ledger(trial: &Trial, seen: &Seen, sum: &Sample, place: Place) -> Row {
    let published = seen.window.published();
    let expected = published * u64::from(trial.clients);
    Row {
        transport: trial.label.clone(),
        repetition: Some(place.repetition),
        block: place.block,
        attempt: place.attempt,
        clients: u64::from(trial.clients),
        connected: sum.connected,
        window_ns: seen.window.end_ns - seen.window.start_ns,
        published,
        expected,
        delivered: sum.delivered,
        lost: sum.lost,
        superseded: sum.superseded,
        missing: expected.saturating_sub(sum.delivered + sum.lost + sum.superseded),
        duplicated: sum.duplicated,
        reordered: sum.reordered,
        requests: sum.requests,
        empty_responses: sum.empty_responses,
        tcp_bytes_up: sum.kernel.bytes_sent - sum.kernel.bytes_retransmitted,
        tcp_bytes_down: sum.kernel.bytes_received,
        segments_up: sum.kernel.segments_out,
        segments_down: sum.kernel.segments_in,
        retransmits: sum.kernel.retransmits,
        connect_bytes_up: sum.connect.up.total(),
        connect_bytes_down: sum.connect.down.total(),
        tls_handshakes: sum.tls_handshakes,
        tls_resumed: sum.tls_resumed,
        ..Row::default()
    }
}

fn costs(row: &mut Row, seen: &Seen) {
    let window_ns = row.window_ns as f64;
    let busiest_ns = seen.workers.iter().map(|worker| worker.cpu_ns).max();
    let client_cpu_ns: u64 = seen.workers.iter().map(|worker| worker.cpu_ns).sum();
    let relay_cpu_ns = seen.crossing.as_ref().map_or(0, |crossing| crossing.relay_cpu_ns);
    let ours_ns = seen.server.cpu_ns + client_cpu_ns + seen.orchestrator.cpu_ns + relay_cpu_ns;
    row.server_frozen_ns = seen.frozen.iter().map(|(began, ended)| ended - began).sum();
    row.server_cpu_ns = seen.server.cpu_ns;
    row.client_cpu_ns = client_cpu_ns;
    row.server_pss_bytes = seen.pss_bytes;
    row.server_pss_empty_bytes = seen.pss_empty_bytes;
    row.socket_memory_bytes = seen.socket_memory_bytes;
    row.server_descriptors = seen.descriptors;
    row.voluntary_switches = seen.server.voluntary_switches;
    row.involuntary_switches = seen.server.involuntary_switches;
    row.run_queue_wait_ns = seen.server.run_queue_wait_ns;
    let waits = seen.workers.iter().map(|worker| worker.run_queue_wait_ns);
    row.worker_run_queue_wait_ns = waits.max().unwrap_or(0);
    row.worker_cpu_share = busiest_ns.map(|busiest| busiest as f64 / window_ns);
    row.publisher_late_p99_ns = seen.kept.late.value_at_quantile(0.99);
    row.publisher_held_p99_ns = seen.kept.held.value_at_quantile(0.99);
    row.publisher_late_publishes =
        Some(seen.kept.late.len() - seen.kept.late.count_between(0, LATE_NS));
    row.publisher_run_queue_wait_ns = seen.kept.run_queue_wait_ns;
    row.steal_ns = seen.load.steal_ns;
    row.server_drain_cpu_ns = seen.drain_cpu_ns;
    row.foreign_cpu_ns = Some(seen.load.busy_ns().saturating_sub(ours_ns));
    row.accept_overflows = seen.accept_overflows;
}

fn timeline(trial: &Trial, seen: &Seen, sum: &Sample, place: Place) -> Vec<Second> {
    let first_ns = trial.schedule.offsets_ns.first().copied().unwrap_or(0);
    let last_second = (seen.window.end_ns - seen.window.start_ns).div_ceil(SECOND_NS) as usize;
    let mut seconds: Vec<Second> = (0..last_second.max(sum.ticks.len()))
        .map(|second| {
            let tick = sum.ticks.get(second).copied().unwrap_or_default();
            let any = tick.delivered > 0;
            Second {
                transport: trial.label.clone(),
                repetition: place.repetition,
                second: second as u32,
                delivered: tick.delivered,
                delay_mean_ns: any.then(|| tick.delay_sum_ns / tick.delivered.max(1)),
                delay_max_ns: any.then_some(tick.delay_max_ns),
                age_mean_ns: (tick.age_time_ns > 0.0)
                    .then(|| (tick.age_area / tick.age_time_ns) as u64),
                requests: tick.requests,
                published: 0,
            }
        })
        .collect();
    for offset_ns in &trial.schedule.offsets_ns {
        let second = ((offset_ns - first_ns) / SECOND_NS) as usize;
        if let Some(second) = seconds.get_mut(second) {
            second.published += 1;
        }
    }
    seconds
}

fn resources(trial: &Trial, seen: &Seen, place: Place) -> Vec<Resource> {
    let looks = seen.looks.iter().map(|look| Resource {
        transport: trial.label.clone(),
        repetition: place.repetition,
        at_ns: look.at_ns,
        server_cpu_ns: look.server_cpu_ns,
        server_rss_bytes: look.server_rss_bytes,
        client_cpu_ns: look.client_cpu_ns,
        steal_ns: look.steal_ns,
    });
    looks.collect()
}

/// Ranks each sighted publish's arrivals over all workers.
fn positions(trial: &Trial, sum: &Sample, place: Place) -> Vec<Position> {
    let mut sightings = sum.sightings.clone();
    sightings.sort_by_key(|sighting| (sighting.n, sighting.delay_ns, sighting.client));
    let mut rank = 0;
    let mut publish = 0;
    let ranked = sightings.iter().map(|sighting| {
        rank = if sighting.n == publish { rank + 1 } else { 0 };
        publish = sighting.n;
        Position {
            transport: trial.label.clone(),
            repetition: place.repetition,
            publish,
            rank,
            delay_ns: sighting.delay_ns,
            client: Some(sighting.client),
        }
    });
    ranked.collect()
}

fn failures(trial: &Trial, sum: &Sample, seen: &Seen, place: Place) -> Vec<Warning> {
    let unready = seen.unready;
    let about = |rule: &str, message: String| {
        Warning::new(rule, results::Verdict::Suspect, message)
            .about(&trial.label, Some(place.repetition))
    };
    let mut warnings = Vec::new();
    if let Some(seen) = &seen.crossing {
        warnings.extend(crossing::doubts(seen).into_iter().map(|(rule, text)| about(rule, text)));
    }
    if sum.refused + sum.dropped > 0 {
        let reasons = sum.reasons.join("; ");
        let (refused, dropped) = (sum.refused, sum.dropped);
        warnings.push(about(
            "clients",
            format!(
                "{refused} clients never connected and {dropped} lost their connection: {reasons}"
            ),
        ));
    }
    if unready > 0 {
        warnings.push(about(
            "not-ready",
            format!(
                "{unready} connected clients had not seen the warm-up when the window opened: \
                 what they missed of it arrives in the window"
            ),
        ));
    }
    if sum.disagreeing > 0 {
        warnings.push(about("instruments", format!(
            "the codec counters of {} clients differ from the kernel's TCP_INFO: bytes were sent \
             that the decoder does not know",
            sum.disagreeing
        )));
    }
    if sum.unmetered > 0 {
        warnings.push(about(
            "instruments",
            format!(
                "{} clients were never quiet enough to read their counters: their bytes are not in \
             the columns",
                sum.unmetered
            ),
        ));
    }
    warnings
}
