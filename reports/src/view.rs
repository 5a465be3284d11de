//! A run as charts and tables look at it: one subject per transport, in a fixed order.

use results::{Loaded, Row, Run, Verdict, Warning, noise, pool};
use scenarios::Prediction;

use crate::{
    palette::{self, Color},
    phrase,
};

/// A run and its bulk data.
#[derive(Debug)]
pub struct View<'a> {
    /// The run.
    pub run: &'a Run,
    /// Its histograms and time lines.
    pub loaded: &'a Loaded,
    /// Its transports, from the one that asks most to the floor.
    pub subjects: Vec<Subject<'a>>,
}

/// One transport of a run.
#[derive(Debug)]
pub struct Subject<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its colour.
    pub color: Color,
    /// All its repetitions together.
    pub pooled: &'a Row,
    /// Each repetition.
    pub rows: Vec<&'a Row>,
    /// What theory expects of the same repetitions together.
    pub prediction: Option<Prediction>,
}

impl<'a> View<'a> {
    /// Looks at a run.
    pub fn new(loaded: &'a Loaded) -> Self {
        Self { run: &loaded.run, loaded, subjects: subjects(&loaded.run) }
    }

    /// Whether packets went over a link of feedlab's.
    pub fn on_link(&self) -> bool {
        on_link(self.run)
    }
}

/// Whether packets went over a link of feedlab's. What is true of loopback alone is not true there.
pub fn on_link(run: &Run) -> bool {
    run.scenario.link.is_some()
}

/// Whether client and server talked over the loopback of one machine.
pub fn on_loopback(run: &Run) -> bool {
    !on_link(run) && matches!(run.environment.link.as_str(), "" | "loopback")
}

/// Bytes of both directions per delivered update: on the link, or above TCP where there is none.
pub fn wire_bytes_per_update(row: &Row) -> Option<f64> {
    match row.link_bytes() {
        Some(_) => row.link_bytes_per_update(),
        None => row.bytes_per_update(),
    }
}

/// CPU of server, load workers and, on a link, the relay at work per delivered update: who is billed
/// for what does not matter to the sum.
pub fn all_cpu_per_update_ns(row: &Row) -> Option<f64> {
    let relay = row.relay_cpu_ns.map_or(Some(0), |_| row.relay_work_ns())?;
    Some(row.total_cpu_per_update_ns()? + relay as f64 / row.delivered as f64)
}

/// The transports of a run in the order in which they are shown.
pub fn subjects(run: &Run) -> Vec<Subject<'_>> {
    let mut subjects: Vec<Subject> = run
        .pooled
        .iter()
        .map(|pooled| {
            let rows: Vec<&Row> = run.rows_of(&pooled.transport).collect();
            Subject {
                name: &pooled.transport,
                color: palette::of(&pooled.transport),
                pooled,
                prediction: pool::theory(&rows, &run.predictions),
                rows,
            }
        })
        .collect();
    subjects.sort_by_key(|subject| palette::rank(subject.name));
    subjects
}

/// The delay that everything is compared with. The tcp transport of the same
/// run had the same clients and the same disturbances; without it, the
/// calibration's single client has to do.
pub fn floor(run: &Run) -> (f64, &'static str) {
    let tcp = run.pooled.iter().find(|row| row.transport == "tcp");
    match tcp.and_then(typical) {
        Some(delay) => (delay, "tcp in the same run"),
        None if on_link(run) => {
            (calibrated_floor_ns(run), "the calibration's tcp client and one way")
        }
        None => (calibrated_floor_ns(run), "the calibration's tcp client"),
    }
}

/// The calibration's floor at the far end of the link: a link is calibrated without its effects.
/// Zero if there was no calibration.
pub fn calibrated_floor_ns(run: &Run) -> f64 {
    let floor = run.calibration.floor_p50_ns;
    let way = run.scenario.link.as_ref().filter(|_| floor > 0.0);
    floor + way.map_or(0.0, |link| link.way_down().delay.as_nanos() as f64)
}

/// The lowest and the highest of all transports, and whether they are told apart at all.
pub fn extremes<'a>(
    subjects: impl IntoIterator<Item = &'a Subject<'a>>,
    value: fn(&Row) -> Option<f64>,
    unit: fn(f64) -> String,
) -> String {
    let ends = |s: &'a Subject| Some((s.name, value(s.pooled)?, s.values(value)));
    let mut all: Vec<(&str, f64, Vec<f64>)> = subjects.into_iter().filter_map(ends).collect();
    all.sort_by(|a, b| a.1.total_cmp(&b.1));
    let ends: Vec<(&str, f64)> = all.iter().map(|&(name, value, _)| (name, value)).collect();
    let text = phrase::extremes(&ends, unit);
    match all.as_slice() {
        [low, .., high] if !noise::lies_below(&low.2, &high.2) => {
            format!("{text}, which are not told apart")
        }
        _ => text,
    }
}

/// The median if enough publishes carry it, else the mean.
pub fn typical(row: &Row) -> Option<f64> {
    median(row).or_else(|| mean(row))
}

/// The median where each row has one, else the mean of all: the one is not held against the other.
pub fn typical_of_all(subjects: &[Subject]) -> fn(&Row) -> Option<f64> {
    let mut rows = subjects.iter().flat_map(|subject| &subject.rows);
    if rows.all(|row| row.delay_p50_ns.is_some()) { median } else { mean }
}

fn median(row: &Row) -> Option<f64> {
    row.delay_p50_ns.map(|ns| ns as f64)
}

fn mean(row: &Row) -> Option<f64> {
    row.delay_mean_ns.map(|ns| ns as f64)
}

impl Subject<'_> {
    /// The value in each repetition that has one.
    pub fn values(&self, value: impl Fn(&Row) -> Option<f64>) -> Vec<f64> {
        self.rows.iter().filter_map(|row| value(row)).collect()
    }

    /// Whether its numbers are not those of the feed that was published. A rule that is about no
    /// transport is about all.
    pub fn is_invalid(&self, run: &Run) -> bool {
        let whole = |w: &Warning| w.severity == Verdict::Invalid && w.transport.is_none();
        self.pooled.verdict == Verdict::Invalid || run.warnings.iter().any(whole)
    }

    /// Lowest and highest value over the repetitions; `None` if there is one only.
    pub fn range(&self, value: impl Fn(&Row) -> Option<f64>) -> Option<(f64, f64)> {
        let values = self.values(value);
        let low = values.iter().copied().reduce(f64::min)?;
        let high = values.iter().copied().reduce(f64::max)?;
        (values.len() > 1).then_some((low, high))
    }
}
