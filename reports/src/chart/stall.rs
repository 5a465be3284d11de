//! What a poller that times its own requests would report of a server that stood still.

use hdrhistogram::Histogram;

use super::{
    ChartKind, Content, DataTable,
    delay::{quantiles, reach},
    timeline,
};
use crate::{
    draw::{Lines, Panel, Plot, Series, Stroke, Zone, scale::Scale},
    palette::{self, Color},
    units::{count, time, time_tick},
    view::{Subject, View},
};

pub(super) const KIND: ChartKind = ChartKind {
    name: "stall",
    title: "What a client that times its requests would report",
    subtitle: |_| {
        "Request time of polls beside the delay of their updates, while the server stood still now \
         and then; both axes logarithmic."
    },
    content,
};

/// A poll with what it delivered, and with what it would say of itself.
struct Poll<'a> {
    subject: &'a Subject<'a>,
    delay: Histogram<u64>,
    request: Histogram<u64>,
}

fn content(view: &View) -> Option<Content> {
    if timeline::freezes(view).is_empty() {
        return None;
    }
    let polls: Vec<Poll> = view.subjects.iter().filter_map(|subject| poll(view, subject)).collect();
    let published = polls.iter().map(|poll| poll.subject.pooled.published);
    let (last, zone) = reach(published.max()?);
    let mut series = Vec::new();
    for poll in &polls {
        let requests = match polls.len() {
            1 => "its requests".to_owned(),
            _ => format!("{}, requests", poll.subject.name),
        };
        series.extend(curves(poll, &requests, last));
    }
    let y = Scale::log(series.iter().flat_map(|s| s.points.iter().map(|&(_, y)| y)));
    let x = Scale::Tail(last);
    let panel = Panel {
        caption: String::new(),
        y_ticks: y.ticks(6, time_tick),
        y,
        series,
        marks: Vec::new(),
        zones: vec![Zone { from: zone, label: "fewer than 20 publishes beyond".into() }],
    };
    Some(Content {
        reading: reading(view, &polls),
        table: table(&polls),
        plot: Plot::Lines(Lines {
            x,
            x_ticks: x.ticks(6, time_tick),
            x_title: "share that is faster".into(),
            panels: vec![panel],
            theory: false,
            spans: Vec::new(),
        }),
    })
}

fn poll<'a>(view: &View<'a>, subject: &'a Subject<'a>) -> Option<Poll<'a>> {
    if waits(view, subject.name) {
        return None;
    }
    let request = view.loaded.request(subject.name).filter(|request| !request.is_empty())?;
    let delay = view.loaded.delay(subject.name).filter(|delay| !delay.is_empty())?;
    Some(Poll { subject, delay, request })
}

/// Whether a transport's requests wait for an update on purpose: their time is the feed's.
fn waits(view: &View, transport: &str) -> bool {
    let settings = view.run.scenario.transports.get(transport);
    settings.is_some_and(|settings| settings.contains_key("hold"))
}

fn curves(poll: &Poll, requests: &str, last: f64) -> [Series; 3] {
    let (end, sure) = reach(poll.subject.pooled.published);
    let line = |of: &Histogram<u64>, from: f64, to: f64| {
        quantiles(from, to).map(|q| (q, of.value_at_quantile(q) as f64)).collect()
    };
    let series = |label: &str, color, points, stroke| Series {
        label: label.to_owned(),
        color,
        points,
        stroke,
    };
    let ink = Color { line: palette::INK, text: palette::INK };
    // A request is an observation of its own, so there are many of them.
    let asked = reach(poll.request.len()).0.min(last);
    let color = poll.subject.color;
    [
        series("", color, line(&poll.delay, 0.0, sure), Stroke::Measured),
        series(poll.subject.name, color, line(&poll.delay, sure, end), Stroke::Faint),
        series(requests, ink, line(&poll.request, 0.0, asked), Stroke::Measured),
    ]
}

fn reading(view: &View, polls: &[Poll]) -> String {
    let mut sentences: Vec<String> = polls.iter().map(reported).collect();
    sentences.push(
        "While the server stands still, such a client waits in one request and sends no other, so \
         that one long request stands for all the updates that were late meanwhile; the publisher \
         keeps to its schedule, and each of them counts (coordinated omission)."
            .into(),
    );
    let interval = |poll: &Poll| {
        let settings = view.run.scenario.transports.get(poll.subject.name)?;
        Some(settings.get("interval")?.as_str()?.to_owned())
    };
    if let Some(interval) = polls.iter().find_map(interval) {
        let wait =
            format!("The wait for the next poll, up to {interval}, is in no request either.");
        sentences.push(wait);
    }
    sentences.join(" ")
}

/// Both numbers, at the highest percentile that the publishes carry.
fn reported(poll: &Poll) -> String {
    let Poll { subject: Subject { name, pooled, .. }, delay, request } = poll;
    let carried = [
        (pooled.delay_p99_ns, 0.99, "p99"),
        (pooled.delay_p90_ns, 0.9, "p90"),
        (pooled.delay_p50_ns, 0.5, "median"),
    ];
    let at = carried.into_iter().find_map(|(delay, q, name)| Some((delay?, q, name)));
    let (delay, request, what) = match at {
        Some((delay, q, what)) => (delay, request.value_at_quantile(q), what),
        None => (delay.max(), request.max(), "maximum"),
    };
    format!(
        "A {name} client that times its requests would report a {what} of {}; the {what} of its \
         updates’ delay is {}.",
        time(request as f64),
        time(delay as f64)
    )
}

fn table(polls: &[Poll]) -> DataTable {
    let mut table =
        DataTable::new(["transport", "time of", "how many", "p50", "p90", "p99", "longest"]);
    for Poll { subject, request, .. } in polls {
        let row = subject.pooled;
        let cell = |ns: Option<u64>| ns.map_or("–".into(), |ns| time(ns as f64));
        let at = |q: f64| cell(Some(request.value_at_quantile(q)));
        let percentiles = [row.delay_p50_ns, row.delay_p90_ns, row.delay_p99_ns, row.delay_max_ns];
        let mut updates = vec![subject.name.into(), "updates".into(), count(row.delivered)];
        updates.extend(percentiles.map(cell));
        let mut requests = vec![subject.name.into(), "requests".into(), count(request.len())];
        requests.extend([at(0.5), at(0.9), at(0.99), cell(Some(request.max()))]);
        table.rows.extend([updates, requests]);
    }
    table
}
