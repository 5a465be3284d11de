//! What an update costs on the wire, and for what.

use results::{Causes, Row};

use super::{ChartKind, Content, DataTable};
use crate::{
    draw::{Bar, Bars, Group, Plot, Segment},
    units::{bytes, percent},
    view::{Subject, View, extremes},
};

pub(super) const KIND: ChartKind = ChartKind {
    name: "bytes",
    title: "What an update costs on the wire",
    subtitle: "Bytes per delivered update above TCP, by what they are for; shorter is better.",
    content,
};

/// Tints of the causes, the publisher's own bytes in full colour.
const TINTS: [(f64, &str); 4] =
    [(1.0, "payload"), (0.66, "envelope"), (0.42, "framing"), (0.2, "heads")];

fn content(view: &View) -> Option<Content> {
    let mut groups = Vec::new();
    let mut table = DataTable::new([
        "transport",
        "direction",
        "payload",
        "envelope",
        "framing",
        "heads",
        "total",
        "theory",
    ]);
    for subject in &view.subjects {
        let row = subject.pooled;
        let delivered = delivered(view, subject);
        let Some(causes) = view.run.causes(subject.name).filter(|_| delivered > 0) else {
            continue;
        };
        let directions = [
            ("down", causes.down, row.predicted_bytes_down),
            ("up", causes.up, row.predicted_bytes_up),
        ];
        let mut bars = Vec::new();
        for (caption, causes, predicted) in directions {
            let theory = predicted
                .filter(|_| row.expected > 0)
                .map(|total| total as f64 / row.expected as f64);
            let parts = parts(&causes, delivered);
            let total: f64 = parts.iter().sum();
            let mut cells = vec![subject.name.to_owned(), caption.to_owned()];
            cells.extend(parts.iter().map(|&part| bytes(part)));
            cells.push(bytes(total));
            cells.push(theory.map_or("–".into(), bytes));
            table.rows.push(cells);
            bars.push(Bar {
                caption: caption.into(),
                segments: parts
                    .into_iter()
                    .zip(TINTS)
                    .map(|(value, (tint, _))| Segment { value, tint })
                    .collect(),
                label: if total > 0.0 { bytes(total) } else { "none".into() },
                predicted: theory.filter(|&theory| theory >= 0.1),
                range: None,
            });
        }
        groups.push(Group { name: subject.name.to_owned(), color: subject.color, bars });
    }
    (!groups.is_empty()).then(|| Content {
        reading: reading(view),
        table,
        plot: Plot::Bars(Bars {
            groups,
            key: TINTS.map(|(tint, name)| (tint, name.to_owned())).to_vec(),
        }),
    })
}

/// Deliveries of the repetitions whose causes are known: an interrupted run may miss some.
fn delivered(view: &View, subject: &Subject) -> u64 {
    let known = |row: &Row| {
        let mut causes = view.run.causes.iter().filter(|causes| causes.transport == subject.name);
        causes.any(|causes| Some(causes.repetition) == row.repetition)
    };
    subject.rows.iter().filter(|row| known(row)).map(|row| row.delivered).sum()
}

fn parts(causes: &Causes, delivered: u64) -> [f64; 4] {
    [causes.payload, causes.envelope, causes.framing, causes.head]
        .map(|bytes| bytes as f64 / delivered as f64)
}

fn reading(view: &View) -> String {
    let per_update = extremes(&view.subjects, Row::bytes_per_update, bytes);
    let heads = view
        .subjects
        .iter()
        .filter_map(|s| {
            let total = (s.pooled.bytes_up + s.pooled.bytes_down) as f64;
            (total > 0.0).then(|| (s.pooled.head_bytes as f64 / total, s.name))
        })
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .filter(|(share, _)| *share > 0.0);
    let heads = heads.map_or(String::new(), |(share, name)| {
        format!("; HTTP heads are {} of what {name} moves", percent(share))
    });
    format!("A delivered update costs {per_update}{heads}.")
}
