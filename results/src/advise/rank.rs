//! In which order transports are recommended, and why.

use std::time::Duration;

use super::{Choice, Needs};

/// The rules, the first one first.
pub(super) const ORDER: [&str; 4] = [
    "whoever meets the delay comes before whoever does not",
    "fewer servers come before more",
    "bytes count where they differ by more than a factor of two: cookies, proxies and header \
     compression change a poll's heads by as much",
    "of those that are alike, the simplest to build and to operate: short-poll every second or more \
     (browsers run timers of hidden pages no more often), then sse, long-poll, websocket",
];

/// Bytes up to this factor apart are alike.
const ALIKE: f64 = 2.0;

/// A shorter interval is no longer simple.
const SIMPLE: Duration = Duration::from_secs(1);

/// Sorts the best first; the floor last.
pub(super) fn rank(choices: &mut [Choice]) {
    let fewest_bytes = |of: &Choice, all: &[Choice]| {
        all.iter()
            .filter(|other| group(other) == group(of))
            .map(|other| other.bytes_per_client_day)
            .fold(f64::INFINITY, f64::min)
    };
    let all = choices.to_vec();
    choices.sort_by(|a, b| {
        let alike = |of: &Choice| of.bytes_per_client_day <= ALIKE * fewest_bytes(of, &all);
        let bytes = |of: &Choice| if alike(of) { 0.0 } else { of.bytes_per_client_day };
        group(a)
            .cmp(&group(b))
            .then(bytes(a).total_cmp(&bytes(b)))
            .then(simplicity(a).cmp(&simplicity(b)))
            .then(a.bytes_per_client_day.total_cmp(&b.bytes_per_client_day))
    });
}

/// Within a group, bytes and simplicity decide.
fn group(choice: &Choice) -> (bool, bool, u64) {
    let servers = choice.servers.map_or(u64::MAX, |servers| servers.count);
    (choice.is_floor, !choice.meets, servers)
}

fn simplicity(choice: &Choice) -> u8 {
    match (choice.transport.as_str(), choice.interval_ns) {
        ("short-poll", Some(ns)) if ns >= SIMPLE.as_nanos() as u64 => 0,
        ("sse", _) => 1,
        ("long-poll", _) => 2,
        ("websocket", _) => 3,
        _ => 4,
    }
}

/// The answer in a sentence.
pub(super) fn answer(choices: &[Choice], needs: &Needs) -> String {
    let Some(best) = choices.iter().find(|choice| !choice.is_floor) else {
        return "nothing is known of any transport that could be chosen".into();
    };
    let most = humantime::format_duration(needs.max_delay);
    if !best.meets {
        return format!(
            "no transport meets {most} for 99 of 100 deliveries; {} comes nearest in this order",
            best.transport
        );
    }
    if best.servers.is_none() {
        return "the feed alone needs more CPU than a server may use: no number of them will do"
            .into();
    }
    match best.interval_ns {
        Some(ns) => format!(
            "polling is fine: short-poll every {} meets {most} and needs no more servers, nor more \
             than twice the bytes, of any other",
            rounded(ns)
        ),
        None => format!("{}: it meets {most} with a margin of {:.1}", best.transport, best.margin),
    }
}

/// An interval to say and to set: whole milliseconds, rounded down, so that it still meets.
pub(super) fn rounded(ns: u64) -> humantime::FormattedDuration {
    let least = Duration::from_millis(1);
    humantime::format_duration(Duration::from_millis(ns / 1_000_000).max(least))
}
