//! Where the answer changes: rates and intervals at which two transports cost the same, found by
//! solving for them around the point that was asked about.

use serde::Serialize;

use super::{
    Choice, Cost, Costs, Needs,
    choice::feed,
    traffic::{Feed, Layer},
};

/// How far around the asked point is searched, as a factor.
const REACH: f64 = 100.0;
/// Steps of the search on the way there.
const STEPS: i32 = 120;

/// One of them.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Crossover {
    /// "updates/s" or "s between polls".
    pub unit: &'static str,
    /// Where it was asked.
    pub asked: f64,
    /// Where both cost the same; `None`: nowhere within a factor of 100.
    pub at: Option<f64>,
    /// What it means, in a sentence.
    pub text: String,
}

/// What is told apart, and where.
struct Question<'a> {
    /// What is needed less of.
    what: &'static str,
    unit: &'static str,
    asked: f64,
    names: [&'a str; 2],
}

/// All that can be told of the transports that are known.
pub fn crossovers(needs: &Needs, costs: &Costs, choices: &[Choice]) -> Vec<Crossover> {
    let known = |name: &str| costs.transports.get(name);
    let poll = known("short-poll").zip(cycle(choices));
    let mut all = Vec::new();
    let push = ["websocket", "sse"].into_iter().find_map(|name| Some((name, known(name)?)));
    let Some((name, push)) = push else { return all };
    let (wire, above) = (feed(needs, Layer::Wire), feed(needs, Layer::AboveTcp));
    if let Some((poll, cycle)) = poll {
        let every = format!("short-poll every {}", seconds(cycle));
        let bytes = |names, asked, unit, what| Question { what, unit, asked, names };
        let on_wire = "bytes on the wire";
        all.push(bytes([&every, name], wire.rate, "updates/s", on_wire).solve(|rate| {
            let feed = Feed { rate, ..wire };
            feed.short_poll(poll, cycle).bytes - feed.push(name, push).bytes
        }));
        let unit = "s between polls";
        for (feed, what) in [(wire, on_wire), (above, "bytes above TCP")] {
            all.push(
                bytes(["short-poll", name], cycle, unit, what).solve(|cycle| {
                    feed.short_poll(poll, cycle).bytes - feed.push(name, push).bytes
                }),
            );
        }
        all.push(
            bytes(["short-poll", name], cycle, unit, "server CPU")
                .solve(|cycle| poll.operation_cpu_ns / cycle - wire.rate * push.operation_cpu_ns),
        );
    }
    if let Some(long) = known("long-poll") {
        let names = ["long-poll", name];
        let what = "bytes on the wire";
        let question = Question { what, unit: "updates/s", asked: wire.rate, names };
        let gap = needs.rtt.as_secs_f64() + costs.rearm_gap_ns / 1e9;
        all.push(question.solve(|rate| long_less_push(wire, rate, (long, gap), (name, push))));
    }
    all
}

fn long_less_push(
    feed: Feed,
    rate: f64,
    (long, gap): (&Cost, f64),
    (name, push): (&str, &Cost),
) -> f64 {
    let feed = Feed { rate, ..feed };
    feed.long_poll(long, gap).bytes - feed.push(name, push).bytes
}

fn cycle(choices: &[Choice]) -> Option<f64> {
    choices.iter().find_map(|choice| choice.interval_ns).map(|ns| ns as f64 / 1e9)
}

impl Question<'_> {
    /// Finds where `difference`, of the first less the second, is nothing.
    fn solve(self, difference: impl Fn(f64) -> f64) -> Crossover {
        let Self { what, unit, asked, names: [first, second] } = self;
        let at = nearest_root(asked, &difference);
        let order = |is_first: bool| if is_first { (first, second) } else { (second, first) };
        let text = if let Some(at) = at {
            let (more, less) = order(difference(at * 1.01) < 0.0);
            format!(
                "at more than {} {unit} {more} needs less than {less} ({what}), at fewer {less} does",
                three(at)
            )
        } else {
            let (less, more) = order(difference(asked) < 0.0);
            let (low, high) = (three(asked / REACH), three(asked * REACH));
            format!("from {low} to {high} {unit} {less} needs less than {more} ({what})")
        };
        Crossover { unit, asked, at, text }
    }
}

/// The change of sign that is nearest to `asked` on a logarithmic axis.
fn nearest_root(asked: f64, difference: impl Fn(f64) -> f64) -> Option<f64> {
    let place = |step: i32| asked * REACH.powf(f64::from(step) / f64::from(STEPS));
    let changes = |low: f64, high: f64| (difference(low) < 0.0) != (difference(high) < 0.0);
    let (low, high) = (0..STEPS)
        .flat_map(|step| [(step, step + 1), (-step - 1, -step)])
        .map(|(low, high)| (place(low), place(high)))
        .find(|(low, high)| changes(*low, *high))?;
    let (mut low, mut high) = (low, high);
    for _ in 0..60 {
        let middle = (low * high).sqrt();
        if changes(low, middle) { high = middle } else { low = middle }
    }
    Some((low * high).sqrt())
}

fn seconds(seconds: f64) -> String {
    humantime::format_duration(super::rank::rounded((seconds * 1e9) as u64)).to_string()
}

/// Three digits that count.
pub(super) fn three(value: f64) -> String {
    if value <= 0.0 || !value.is_finite() {
        return "0".into();
    }
    let decimals = (2 - (value.log10() + 1e-9).floor() as i32).max(0) as usize;
    format!("{value:.decimals$}")
}
