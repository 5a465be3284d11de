//! Bytes by cause, stacked from the publisher's own bytes outwards to those of TCP and IP.

use results::{Causes, Row, Wire};

use super::DataTable;
use crate::{
    draw::{Bar, Bars, Fill, Group, Segment},
    units::bytes,
    view::{Subject, View},
};

/// One direction: what the codecs counted, and what the link did.
struct Side {
    codecs: Causes,
    link: Wire,
}

/// What bytes are for.
struct Cause {
    name: &'static str,
    fill: Fill,
    /// Whether the link counts it, or else the codecs.
    is_links: bool,
    bytes: fn(&Side) -> u64,
}

/// From inside to outside. What is plain is above TCP and patterns are TCP and IP, so that both are
/// told apart in grey, too; TLS, which goes around all that is inside, is an outline.
static CAUSES: [Cause; 10] = [
    Cause {
        name: "payload",
        fill: Fill::Tint(1.0),
        is_links: false,
        bytes: |side| side.codecs.payload,
    },
    Cause {
        name: "envelope",
        fill: Fill::Tint(0.66),
        is_links: false,
        bytes: |side| side.codecs.envelope,
    },
    Cause {
        name: "framing",
        fill: Fill::Tint(0.42),
        is_links: false,
        bytes: |side| side.codecs.framing,
    },
    Cause { name: "heads", fill: Fill::Tint(0.2), is_links: false, bytes: |side| side.codecs.head },
    Cause { name: "TLS", fill: Fill::Hollow, is_links: false, bytes: |side| side.codecs.tls },
    Cause {
        name: "packet headers",
        fill: Fill::Rising,
        is_links: true,
        bytes: |side| side.link.headers,
    },
    Cause { name: "pure ACKs", fill: Fill::Level, is_links: true, bytes: |side| side.link.acks },
    Cause {
        name: "open and close",
        fill: Fill::Crossed,
        is_links: true,
        bytes: |side| side.link.handshakes,
    },
    Cause {
        name: "sent again",
        fill: Fill::Ink,
        is_links: true,
        bytes: |side| side.link.retransmitted,
    },
    Cause { name: "not TCP", fill: Fill::Tint(0.1), is_links: true, bytes: |side| side.link.other },
];

/// What bytes are divided by; zero where nothing can be said.
pub(super) struct Unit {
    /// Of the repetitions whose causes are known.
    pub measured: fn(&Row) -> f64,
    /// Of a run in which everything arrives.
    pub expected: fn(&Row) -> f64,
    /// In whose time bytes are counted.
    pub time: Time,
}

/// Codecs and link watch somewhat different times, and what the one has seen is put into the other's
/// by how much each saw of what both count.
#[derive(Clone, Copy)]
pub(super) enum Time {
    /// Of the exchanges and messages that carried the window's updates.
    Codecs,
    /// From the pause before the window to its end, or to that of the drain.
    Link,
}

impl Time {
    /// What the codecs' bytes are multiplied by, and the link's.
    fn scales(self, row: &Row) -> [f64; 2] {
        let more = row.codecs_over_link().unwrap_or(1.0);
        match self {
            Self::Codecs => [1.0, more],
            Self::Link => [1.0 / more, 1.0],
        }
    }
}

/// The bars and their numbers; `None` if no transport has any.
pub(super) fn stacked(view: &View, unit: &Unit) -> Option<(Bars, DataTable)> {
    let theory = if view.on_link() { "theory, above TCP" } else { "theory" };
    let of = view.subjects.iter().filter_map(|subject| Some((subject, sides(view, subject)?)));
    let stacks: Vec<(&Subject, [Side; 2])> = of.collect();
    let any = |cause: &&Cause| {
        stacks.iter().flat_map(|(_, sides)| sides).any(|side| (cause.bytes)(side) > 0)
    };
    let causes: Vec<&Cause> = CAUSES.iter().filter(any).collect();

    let mut columns = vec!["transport".to_owned(), "direction".to_owned()];
    columns.extend(causes.iter().map(|cause| cause.name.to_owned()));
    columns.push("total".into());
    columns.extend(view.on_link().then(|| "the link counted".to_owned()));
    columns.push(theory.into());
    let mut table = DataTable { columns, rows: Vec::new() };
    let mut groups = Vec::new();
    for (subject, [down, up]) in &stacks {
        let by = measured(view, subject, unit);
        if by <= 0.0 {
            continue;
        }
        let row = subject.pooled;
        let expected = (unit.expected)(row);
        let mut bars = Vec::new();
        for (caption, side, predicted) in
            [("down", down, row.predicted_bytes_down), ("up", up, row.predicted_bytes_up)]
        {
            let predicted = predicted.filter(|_| expected > 0.0);
            let predicted = predicted.map(|all| all as f64 / expected);
            let bar = bar(caption, side, &causes, unit.time.scales(row), by, predicted);
            let counted = view.on_link().then(|| bytes(side.link.bytes() as f64 / by));
            table.rows.push(cells(subject.name, &bar, counted));
            // A mark at the very beginning would only hide it.
            bars.push(Bar { predicted: bar.predicted.filter(|&all| all >= 0.1), ..bar });
        }
        groups.push(Group { name: subject.name.to_owned(), color: subject.color, bars });
    }
    if stacks.iter().any(|(_, sides)| apart(sides)) {
        table.rows.push(vec![APART.to_owned()]);
    }
    let key = causes.iter().map(|cause| (cause.fill, cause.name.to_owned())).collect();
    (!groups.is_empty()).then_some((Bars { groups, key, theory }, table))
}

fn bar(
    caption: &str,
    side: &Side,
    causes: &[&Cause],
    scales: [f64; 2],
    by: f64,
    predicted: Option<f64>,
) -> Bar {
    let part = |cause: &&Cause| {
        let scale = scales[usize::from(cause.is_links)];
        Segment { value: (cause.bytes)(side) as f64 * scale / by, fill: cause.fill }
    };
    let bar = Bar {
        caption: caption.to_owned(),
        segments: causes.iter().map(part).collect(),
        predicted,
        ..Bar::default()
    };
    let label = if bar.length() > 0.0 { bytes(bar.length()) } else { "none".into() };
    Bar { label, ..bar }
}

/// A line of the table: each cause, their sum, what the link counted, and theory.
fn cells(transport: &str, bar: &Bar, counted: Option<String>) -> Vec<String> {
    let mut cells = vec![transport.to_owned(), bar.caption.clone()];
    cells.extend(bar.segments.iter().map(|segment| bytes(segment.value)));
    cells.push(bytes(bar.length()));
    cells.extend(counted);
    cells.push(bar.predicted.map_or("–".into(), bytes));
    cells
}

/// Why a window's bars may be longer than what the link counted in it.
const APART: &str = "The link counts what enters it from the pause before the window on, of short polls \
                     to the window’s end; the codecs count from the last quiet moment of each client \
                     before it to the first after its last update. What the one has seen is brought \
                     into the other’s time by how much each saw of what both count; over the \
                     connections’ whole life both are held against each other exactly.";

fn apart(sides: &[Side; 2]) -> bool {
    sides.iter().any(|side| side.link.packets > 0 && side.link.payload != side.codecs.total())
}

fn sides(view: &View, subject: &Subject) -> Option<[Side; 2]> {
    let codecs = view.run.causes(subject.name)?;
    let link = view.run.wires(subject.name).unwrap_or_default();
    Some([Side { codecs: codecs.down, link: link.down }, Side { codecs: codecs.up, link: link.up }])
}

/// Over the repetitions whose causes are known: an interrupted run may miss some.
fn measured(view: &View, subject: &Subject, unit: &Unit) -> f64 {
    let known = |row: &&&Row| {
        let mut causes = view.run.causes.iter().filter(|causes| causes.transport == subject.name);
        causes.any(|causes| Some(causes.repetition) == row.repetition)
    };
    subject.rows.iter().filter(known).map(|row| (unit.measured)(row)).sum()
}
