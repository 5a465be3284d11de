//! What to measure here to know more: commands that feedlab takes, or why there is none.

use std::time::Duration;

use scenarios::MAX_PUBLISHES;

use super::{Choice, Costs, Needs, rank};
use crate::{Slo, percentile};

/// The longest window that is proposed, where a feed is not so slow that it needs more.
const WINDOW_S: f64 = 600.0;

/// Fewer updates than this in the mean, and one of five repetitions may have none.
const FEWEST: f64 = 12.0;

/// Repetitions of the baseline, which is what is proposed.
const REPEAT: f64 = 5.0;

/// What `measure.duration` may be at most.
const DAY_S: f64 = 86_400.0;

/// What a poll's interval may be in a scenario.
const INTERVAL: (Duration, Duration) = (Duration::from_millis(1), Duration::from_secs(3600));

/// The asked feed with as many clients as fit, and how many would.
pub(super) fn commands(needs: &Needs, costs: &Costs, choices: &[Choice], room: u64) -> Vec<String> {
    let fewest = choices.iter().filter_map(|choice| choice.servers).map(|servers| servers.count);
    let each = needs.clients.div_ceil(fewest.min().unwrap_or(1)).min(room).max(1);
    let interval_ns = choices.iter().find_map(|choice| choice.interval_ns);
    let interval = interval_ns.map(rank::rounded).map(|ns| ns.clamp(INTERVAL.0, INTERVAL.1));
    let (column, window) = window(needs, interval);
    let mut sets = vec![
        "feed.kind=poisson".to_owned(),
        format!("feed.rate={}", needs.rate),
        format!("feed.payload_bytes={}", needs.payload_bytes),
        format!("measure.duration={window}s"),
    ];
    if let Some(interval) = interval {
        sets.push(format!("transports.short-poll.interval={}", tight(interval)));
    }
    if needs.rtt > Duration::ZERO {
        sets.push(format!("link.rtt={}", tight(needs.rtt)));
    }
    if let Some(problem) = refused(needs, window) {
        return vec![format!("nothing: {problem}")];
    }
    let sets = format!(" --set {}", sets.join(" --set "));
    let mut all = Vec::new();
    // Nothing to find out where the run had as many clients as this machine can.
    if each > costs.clients || costs.clients < room {
        all.push(format!("feedlab run baseline --set clients={each}{sets}"));
    }
    let slo = format!("{column} < {}", humantime::format_duration(needs.max_delay));
    all.push(match slo.parse::<Slo>() {
        Ok(_) => format!("feedlab capacity baseline --slo \"{slo}\" --most {}{sets}", room.max(1)),
        Err(problem) => format!("no search for a capacity: {problem}"),
    });
    if let Some((asked, taken)) = interval_ns.map(rank::rounded).zip(interval)
        && asked != taken
    {
        let [asked, taken] = [asked, taken].map(humantime::format_duration);
        all.push(format!("feedlab polls every 1ms to 1h, so polls are every {taken}, not {asked}"));
    }
    all
}

/// The best column that a window of reasonable length carries, and that length in seconds.
fn window(needs: &Needs, interval: Option<Duration>) -> (&'static str, f64) {
    let rate = needs.rate.per_second();
    // Five standard deviations of a Poisson feed more, so that it is not too few by chance.
    let seconds = |publishes: f64| (publishes + 5.0 * publishes.sqrt()) / rate;
    let column = [("delay_p99", 0.99), ("delay_p90", 0.9)]
        .map(|(name, p)| (name, seconds(percentile::needed(p) as f64)))
        .into_iter()
        .find(|(_, window)| *window <= WINDOW_S);
    let (column, window) = column.unwrap_or(("delay_max", WINDOW_S.max(FEWEST / rate)));
    let two_polls = interval.map_or(0.0, |interval| 2.0 * interval.as_secs_f64());
    (column, window.max(two_polls).max(10.0).ceil())
}

/// Why feedlab would not run this feed.
fn refused(needs: &Needs, window_s: f64) -> Option<String> {
    let rate = needs.rate;
    if window_s > DAY_S {
        return Some(format!(
            "a feed of {rate} has too few updates in the longest window of feedlab, 24h, which is \
             what measure.duration may be at most"
        ));
    }
    let publishes = rate.per_second() * window_s * REPEAT;
    (publishes > MAX_PUBLISHES as f64).then(|| {
        format!("a feed of {rate} has more updates than the {MAX_PUBLISHES} that a run may have")
    })
}

/// As one word of a command.
fn tight(duration: Duration) -> String {
    humantime::format_duration(duration).to_string().replace(' ', "")
}
