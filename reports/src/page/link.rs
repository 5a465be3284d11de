//! What the page says of a link: what it was, how well it was kept, and whether its bytes add up.

use results::{Row, Run};
use serde::Serialize;

use crate::{
    answer::{self, Answer},
    chart::DataTable,
    units::{count, percent, time},
    view::Subject,
};

/// The link's part of the page.
#[derive(Debug, Serialize)]
pub struct Part {
    answer: Answer,
    sentences: Vec<String>,
    tables: Vec<(&'static str, DataTable)>,
}

/// What there is to say; `None` on loopback.
pub fn of(run: &Run, subjects: &[Subject]) -> Option<Part> {
    let answer = answer::link::of(run)?;
    let sentences =
        [what(run), Some(billing()), lateness(subjects), losses(subjects), sum(subjects)];
    Some(Part {
        answer,
        sentences: sentences.into_iter().flatten().collect(),
        tables: vec![
            ("CPU and lateness", relay(subjects)),
            ("Packets and bytes", packets(subjects)),
        ],
    })
}

fn what(run: &Run) -> Option<String> {
    let link = run.scenario.link.as_ref()?;
    let source = link.source().map_or(String::new(), |source| format!(" Its numbers: {source}."));
    let tls = if run.scenario.tls { "with TLS 1.3" } else { "without TLS" };
    Some(format!(
        "The link is {link}. Both ends use TCP’s {}, {tls}.{source}",
        run.scenario.server.congestion
    ))
}

fn billing() -> String {
    "A relay carries the packets, in a process of its own. Writing to a device bills the receiver’s \
     TCP work, of both ends, to who writes, which is the relay: the server’s CPU on a link omits it \
     and must not be compared with loopback. Where there is little traffic, the relay watches the \
     clock before a packet is due, so that it leaves in time: no packet costs that, so it is in no \
     sum."
        .into()
}

/// The worst of all transports, as one number is enough to trust the relay or not.
fn lateness(subjects: &[Subject]) -> Option<String> {
    let worst = |of: fn(&Row) -> Option<u64>| subjects.iter().filter_map(|s| of(s.pooled)).max();
    Some(format!(
        "Packets left the relay later than the link says by {} in the median, {} at p99 and {} at \
         most, each of the transport with the largest.",
        time(worst(|row| row.relay_late_p50_ns)? as f64),
        time(worst(|row| row.relay_late_p99_ns)? as f64),
        time(worst(|row| row.relay_late_max_ns)? as f64)
    ))
}

fn losses(subjects: &[Subject]) -> Option<String> {
    let all = |of: fn(&Row) -> Option<u64>| -> Option<u64> {
        subjects.iter().map(|subject| of(subject.pooled)).sum()
    };
    let unasked = match all(|row| row.link_unasked_drops)? {
        0 => "none was dropped that nobody asked for".to_owned(),
        drops => format!("{} were dropped though nobody asked for it", count(drops)),
    };
    Some(format!(
        "Over the connections’ whole life the link lost {} packets as asked, its queues dropped {}, \
         {} fell into a cut, and {unasked}.",
        count(all(|row| row.link_lost_packets)?),
        count(all(|row| row.link_queue_dropped_packets)?),
        count(all(|row| row.link_cut_packets)?)
    ))
}

/// Two instruments that count the same bytes without knowing of each other.
fn sum(subjects: &[Subject]) -> Option<String> {
    let all = |of: fn(&Row) -> Option<u64>| -> Option<u64> {
        subjects.iter().map(|subject| of(subject.pooled)).sum()
    };
    let (causes, link) = (all(|row| row.life_cause_bytes)?, all(|row| row.life_link_bytes)?);
    // One transport's surplus must not hide the deficit of another.
    let apart = |s: &Subject| Some(s.pooled.life_cause_bytes?.abs_diff(s.pooled.life_link_bytes?));
    let verdict = match subjects.iter().filter_map(apart).sum() {
        0 => "not a byte more or less".to_owned(),
        apart => format!("{} bytes apart: do not quote bytes of this run", count(apart)),
    };
    Some(format!(
        "From the first SYN to the last packet, all causes sum up to {} bytes, and the link carried \
         {} bytes, {verdict}.",
        count(causes),
        count(link)
    ))
}

fn relay(subjects: &[Subject]) -> DataTable {
    let mut table = DataTable::new([
        "transport",
        "server per update",
        "load clients",
        "relay at work",
        "relay watching the clock",
        "relay, of its core",
        "late p50",
        "late p99",
        "latest",
    ]);
    let each = |ns: Option<u64>, row: &Row| {
        let delivered = row.delivered as f64;
        ns.filter(|_| row.delivered > 0).map_or("–".into(), |ns| time(ns as f64 / delivered))
    };
    let late = |ns: Option<u64>| ns.map_or("–".into(), |ns| time(ns as f64));
    for Subject { name, pooled: row, .. } in subjects {
        let core = row.relay_cpu_ns.filter(|_| row.window_ns > 0);
        let core = core.map_or("–".into(), |ns| percent(ns as f64 / row.window_ns as f64));
        table.rows.push(vec![
            (*name).into(),
            each(Some(row.server_cpu_ns), row),
            each(Some(row.client_cpu_ns), row),
            each(row.relay_work_ns(), row),
            each(row.relay_spun_ns, row),
            core,
            late(row.relay_late_p50_ns),
            late(row.relay_late_p99_ns),
            late(row.relay_late_max_ns),
        ]);
    }
    table
}

fn packets(subjects: &[Subject]) -> DataTable {
    let mut table = DataTable::new([
        "transport",
        "packets down",
        "up",
        "lost as asked",
        "dropped by the queue",
        "fell into a cut",
        "dropped unasked",
        "all causes, bytes",
        "link carried, bytes",
    ]);
    let cell = |number: Option<u64>| number.map_or("–".into(), count);
    for Subject { name, pooled: row, .. } in subjects {
        let numbers = [
            row.link_packets_down,
            row.link_packets_up,
            row.link_lost_packets,
            row.link_queue_dropped_packets,
            row.link_cut_packets,
            row.link_unasked_drops,
            row.life_cause_bytes,
            row.life_link_bytes,
        ];
        let cells = numbers.into_iter().map(cell);
        table.rows.push(std::iter::once((*name).to_owned()).chain(cells).collect());
    }
    table
}
