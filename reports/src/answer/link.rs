//! The second table of a run over a link: what the link carried.

use results::{Row, Run};

use super::{
    Answer, Kind, Line,
    column::{Source, column},
    line, spans, values,
};
use crate::{
    units::{bytes, count, percent, three, time},
    view,
};

const SOURCES: [Source; 7] = [
    Source {
        column: column(
            "link bytes per update",
            "link bytes",
            "/update",
            0,
            "whole IP packets, both directions, per delivered update",
        ),
        measured: view::wire_bytes_per_update,
        theory: |_| None,
        unit: bytes,
    },
    Source {
        column: column(
            "of them TCP and IP",
            "TCP",
            "and IP",
            1,
            "headers, pure acknowledgements, opening and closing, and what was sent again, of all bytes",
        ),
        measured: |row| share(row, row.bytes_below()?),
        theory: |_| None,
        unit: percent,
    },
    Source {
        column: column(
            "packets per update",
            "packets",
            "/update",
            0,
            "both directions, pure acknowledgements too, per delivered update",
        ),
        measured: Row::packets_per_update,
        theory: |_| None,
        unit: three,
    },
    Source {
        column: column("sent again", "sent", "again", 0, "what TCP sent again, of all bytes"),
        measured: |row| share(row, row.retransmitted_bytes?),
        theory: |_| None,
        unit: percent,
    },
    Source {
        column: column(
            "packets dropped",
            "packets",
            "dropped",
            2,
            "as the scenario asks: by chance, by the queue before a bottleneck that was full, and by cuts, over the connections' whole life",
        ),
        measured: lost,
        theory: |_| None,
        unit: |packets| count(packets as u64),
    },
    Source {
        column: column(
            "relay late p99",
            "relay",
            "late p99",
            0,
            "all but one in a hundred packets left the relay at most this much later than the link says",
        ),
        measured: |row| row.relay_late_p99_ns.map(|ns| ns as f64),
        theory: |_| None,
        unit: time,
    },
    Source {
        column: column(
            "relay CPU per update",
            "relay CPU",
            "/update",
            3,
            "CPU time of the relay per delivered update, without what it only watched the clock; it is billed for what both ends receive",
        ),
        measured: |row| {
            let relay = row.relay_work_ns()?;
            (row.delivered > 0).then(|| relay as f64 / row.delivered as f64)
        },
        theory: |_| None,
        unit: time,
    },
];

const CLOSING: &str = "Whole IP packets, as the relay counts them where they enter the link; what was \
                       dropped, by chance, by a full\nqueue or in a cut, over the connections' \
                       whole life. The relay's CPU is without what it only watched the clock";

/// What the link carried; `None` on loopback.
pub fn of(run: &Run) -> Option<Answer> {
    view::on_link(run).then_some(())?;
    let mut notes = Vec::new();
    let mut lines: Vec<Line> = Vec::new();
    for subject in &view::subjects(run) {
        let cells = values(&SOURCES, subject.pooled, &mut notes);
        lines.push(line(subject, Kind::Measured, cells));
        lines.extend(spans(&SOURCES, subject).map(|cells| line(subject, Kind::Range, cells)));
    }
    Some(Answer {
        columns: SOURCES.iter().map(|source| source.column).collect(),
        lines,
        notes,
        closing: CLOSING.to_owned(),
    })
}

/// Packets that did not arrive because the scenario asks for it.
fn lost(row: &Row) -> Option<f64> {
    let chance = row.link_lost_packets? + row.link_cut_packets?;
    Some((chance + row.link_queue_dropped_packets?) as f64)
}

fn share(row: &Row, part: u64) -> Option<f64> {
    let all = row.link_bytes().filter(|&all| all > 0)?;
    Some(part as f64 / all as f64)
}
