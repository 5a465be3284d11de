//! In which order transports are recommended, and why.

use std::time::Duration;

use super::{Choice, Needs, crossover::three};

/// The rules, the first one first.
pub(super) const ORDER: [&str; 4] = [
    "whoever meets the delay comes before whoever does not",
    "fewer servers come before more, and a number that is known before one that is a lower bound, as \
     memory was not measured",
    "bytes count where they differ by more than a factor of two: cookies, proxies and header \
     compression change a poll's heads by as much",
    "of those that are alike, the simplest to build and to operate: short-poll every second or more, \
     then sse, long-poll, websocket",
];

/// Bytes up to this factor apart are alike.
const ALIKE: f64 = 2.0;

/// A shorter interval is no longer simple: a line that feedlab draws, and nobody measured.
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
fn group(choice: &Choice) -> (bool, bool, (bool, u64)) {
    let servers =
        choice.servers.map_or((true, u64::MAX), |servers| (servers.at_least, servers.count));
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
        Some(ns) => {
            let every = humantime::format_duration(rounded(ns));
            let others: Vec<&Choice> = choices
                .iter()
                .filter(|other| !other.is_floor && other.transport != best.transport)
                .collect();
            let (servers, bytes) = (servers(best, &others), bytes(best, &others));
            format!("polling is fine: short-poll every {every} meets {most}; {servers}; {bytes}")
        }
        None => format!("{}: it meets {most} with a margin of {:.1}", best.transport, best.margin),
    }
}

/// How the servers of the best compare with those of all others, whether they meet the delay or not.
fn servers(best: &Choice, others: &[&Choice]) -> String {
    let Some(own) = best.servers.filter(|servers| !servers.at_least) else {
        return "how many servers it needs is not known, as memory was not measured".into();
    };
    let fewer = others.iter().filter_map(|other| {
        let servers = other.servers.filter(|servers| servers.count < own.count)?;
        Some((servers, *other))
    });
    match fewer.min_by_key(|(servers, _)| servers.count) {
        None => "no other needs fewer servers".into(),
        Some((servers, other)) => {
            let least = if servers.at_least { "at least " } else { "" };
            let (name, count) = (&other.transport, servers.count);
            format!("{name} needs {least}{count} servers and not {}{}", own.count, late(other))
        }
    }
}

/// The same of bytes.
fn bytes(best: &Choice, others: &[&Choice]) -> String {
    let all =
        others.iter().min_by(|a, b| a.bytes_per_client_day.total_cmp(&b.bytes_per_client_day));
    let fewest = all.map(|other| (best.bytes_per_client_day / other.bytes_per_client_day, other));
    match fewest.filter(|(ratio, _)| *ratio > ALIKE) {
        None => "it needs no more than twice the bytes of any other".into(),
        Some((ratio, other)) => {
            let (ratio, name) = (three(ratio), &other.transport);
            format!("it needs {ratio} times the bytes of {name}{}", late(other))
        }
    }
}

fn late(choice: &Choice) -> &'static str {
    if choice.meets { "" } else { ", which does not meet the delay" }
}

/// An interval to say and to set, rounded down so that it still meets: whole milliseconds, or whole
/// microseconds below one.
pub(super) fn rounded(ns: u64) -> Duration {
    if ns < 1_000_000 {
        Duration::from_micros((ns / 1_000).max(1))
    } else {
        Duration::from_millis(ns / 1_000_000)
    }
}
