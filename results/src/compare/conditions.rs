//! What the conditions of two runs differ in, and whether that forbids to compare them.

use std::collections::BTreeMap;

use scenarios::{FeedKind, Scenario};
use serde::Serialize;
use serde_json::Value;

use super::{Refusal, cell};
use crate::{Environment, Loaded, Run, Verdict};

/// A kind of difference that has to be allowed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Across {
    /// Another machine, or the same under another kernel or other settings.
    Machines,
    /// Another question.
    Scenarios,
    /// Another feedlab, or one that was built in another way.
    Versions,
}

impl Across {
    /// The word of the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Machines => "machines",
            Self::Scenarios => "scenarios",
            Self::Versions => "versions",
        }
    }
}

/// One condition that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Contrast {
    /// What kind of condition it is.
    pub kind: Across,
    /// Its name, as in run.json.
    pub key: String,
    /// What it was in A.
    pub a: String,
    /// What it was in B.
    pub b: String,
}

pub(super) type Fact = (Across, &'static str, fn(&Environment) -> String);

/// What makes it another machine or another feedlab. The commit does not: two commits are what one
/// compares.
pub(super) static FACTS: &[Fact] = &[
    (Across::Machines, "cpu", |e| e.cpu.clone()),
    (Across::Machines, "cores", |e| e.cores.to_string()),
    (Across::Machines, "memory", |e| gibibytes(e.memory_bytes)),
    (Across::Machines, "kernel", |e| e.kernel.clone()),
    (Across::Machines, "os", |e| e.os.clone()),
    (Across::Machines, "virtualisation", |e| or_none(e.virtualisation.as_ref())),
    (Across::Machines, "clocksource", |e| e.clocksource.clone()),
    (Across::Machines, "governor", |e| or_none(e.governor.as_ref())),
    (Across::Machines, "congestion", |e| e.congestion.clone()),
    (Across::Machines, "tcp_rmem", |e| e.tcp_rmem.clone()),
    (Across::Machines, "tcp_wmem", |e| e.tcp_wmem.clone()),
    (Across::Machines, "server_cpus", |e| e.server_cpus.clone()),
    (Across::Machines, "harness_cpus", |e| e.harness_cpus.clone()),
    (Across::Machines, "relay_cpus", |e| e.relay_cpus.clone()),
    (Across::Machines, "workers", |e| e.workers.to_string()),
    (Across::Machines, "link", |e| e.link.clone()),
    (Across::Versions, "feedlab", |e| e.feedlab.clone()),
    (Across::Versions, "rustc", |e| e.rustc.clone()),
    (Across::Versions, "profile", |e| e.profile.clone()),
];

/// Keys of a scenario that change no expectation of any number: names and words, how often it is
/// repeated, which random numbers it draws, whether it measures its noise, and what is hoped for.
const FREE: [&str; 8] = [
    "format",
    "name",
    "about",
    "measure.repeat",
    "measure.seed",
    "measure.twins",
    "expect",
    // Another process of the same server.
    "target_pid",
];

fn or_none(text: Option<&String>) -> String {
    text.map_or("none".into(), Clone::clone)
}

/// To a tenth: the kernel's own share differs from boot to boot.
fn gibibytes(bytes: u64) -> String {
    format!("{:.1} GiB", bytes as f64 / (1_u64 << 30) as f64)
}

/// All that differs.
pub(super) fn contrasts(a: &Loaded, b: &Loaded) -> Vec<Contrast> {
    let mut found = of_scenarios(&a.run, &b.run);
    found.extend(edited_trace(a, b));
    for (kind, key, value) in FACTS {
        let (a, b) = (value(&a.run.environment), value(&b.run.environment));
        if a != b {
            found.push(Contrast { kind: *kind, key: (*key).into(), a, b });
        }
    }
    found
}

fn of_scenarios(a: &Run, b: &Run) -> Vec<Contrast> {
    let (of_a, of_b) = (keys(&a.scenario), keys(&b.scenario));
    let common: Vec<&str> =
        cell::transports(a).into_iter().filter(|name| cell::transports(b).contains(name)).collect();
    // The settings of a transport that only one of them has are no condition of the others.
    let counts = |key: &str| match key.strip_prefix("transports.") {
        Some(rest) => common.iter().any(|name| within(rest, name)),
        None => !FREE.iter().any(|free| within(key, free)),
    };
    let all: std::collections::BTreeSet<&String> = of_a.keys().chain(of_b.keys()).collect();
    let text = |keys: &BTreeMap<String, String>, key: &str| {
        keys.get(key).cloned().unwrap_or_else(|| "not set".into())
    };
    all.into_iter()
        .filter(|key| counts(key) && of_a.get(*key) != of_b.get(*key))
        .map(|key| Contrast {
            kind: Across::Scenarios,
            key: key.clone(),
            a: text(&of_a, key),
            b: text(&of_b, key),
        })
        .collect()
}

/// Whether a key is this one or below it.
pub(crate) fn within(key: &str, of: &str) -> bool {
    key.strip_prefix(of).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// A scenario as keys with a dot, and their values.
pub(crate) fn keys(scenario: &Scenario) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    flatten("", &serde_json::json!(scenario), &mut found);
    found
}

fn flatten(prefix: &str, value: &Value, into: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let dot = if prefix.is_empty() { "" } else { "." };
                flatten(&format!("{prefix}{dot}{name}"), member, into);
            }
        }
        Value::String(text) => drop(into.insert(prefix.into(), text.clone())),
        other => drop(into.insert(prefix.into(), other.to_string())),
    }
}

/// Whether repetition k of either has the same publish times: those follow from the seed, the feed
/// and the window, and of a trace from what its file held then.
pub(super) fn replays(a: &Loaded, b: &Loaded) -> bool {
    asks_the_same(&a.run, &b.run) && edited_trace(a, b).is_none()
}

fn asks_the_same(a: &Run, b: &Run) -> bool {
    a.seed == b.seed
        && a.scenario.measure.seed == b.scenario.measure.seed
        && a.scenario.feed == b.scenario.feed
        && a.scenario.measure.duration == b.scenario.measure.duration
}

/// A trace of the same name whose updates are at other times. A run keeps the name alone, so this
/// is told by what was published in each window and in its seconds.
fn edited_trace(a: &Loaded, b: &Loaded) -> Option<Contrast> {
    let (feed, window) = (&a.run.scenario.feed, a.run.scenario.measure.duration);
    let same_name = *feed == b.run.scenario.feed && window == b.run.scenario.measure.duration;
    if feed.kind != FeedKind::Trace || !same_name {
        return None;
    }
    let (of_a, of_b) = (published(a), published(b));
    let known = |of: &Published, key: &(String, u32)| of.get(key).cloned();
    let (a, b) = of_a.keys().find_map(|key| {
        let (a, b) = (known(&of_a, key)?, known(&of_b, key)?);
        (a != b).then_some((a, b))
    })?;
    let path = feed.trace.clone().unwrap_or_default();
    let other = if a.0 == b.0 { " at other times" } else { "" };
    Some(Contrast {
        kind: Across::Scenarios,
        key: "feed.trace".into(),
        a: format!("{path} with {} updates in a window", a.0),
        b: format!("{path} with {}{other}", b.0),
    })
}

/// Of each transport and repetition: updates, ns from the first to the last, and by second.
type Published = BTreeMap<(String, u32), (u64, u64, BTreeMap<u32, u64>)>;

fn published(of: &Loaded) -> Published {
    let rows = of.run.rows.iter().filter_map(|row| {
        let key = (row.transport.clone(), row.repetition?);
        Some((key, (row.published, row.window_ns, BTreeMap::new())))
    });
    let mut found: Published = rows.collect();
    for second in of.timeline.iter().filter(|second| second.published > 0) {
        if let Some((.., seconds)) = found.get_mut(&(second.transport.clone(), second.repetition)) {
            seconds.insert(second.second, second.published);
        }
    }
    found
}

/// Refuses what was not allowed for.
pub(super) fn allowed(contrasts: &[Contrast], across: &[Across]) -> Result<(), Refusal> {
    let forbidden: Vec<&Contrast> =
        contrasts.iter().filter(|contrast| !across.contains(&contrast.kind)).collect();
    if forbidden.is_empty() {
        return Ok(());
    }
    let mut kinds: Vec<Across> = contrasts.iter().map(|contrast| contrast.kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let kinds: Vec<&str> = kinds.into_iter().map(Across::word).collect();
    Err(Refusal::Conditions { what: sentence(&forbidden), kinds: kinds.join(",") })
}

/// `feed.rate: 20/s in A, 10/s in B; …`, the first few.
fn sentence(contrasts: &[&Contrast]) -> String {
    const SHOWN: usize = 4;
    let shown = contrasts.iter().take(SHOWN);
    let mut parts: Vec<String> =
        shown.map(|c| format!("{}: {} in A, {} in B", c.key, quoted(&c.a), quoted(&c.b))).collect();
    if contrasts.len() > SHOWN {
        parts.push(format!("and {} more", contrasts.len() - SHOWN));
    }
    parts.join("; ")
}

fn quoted(text: &str) -> &str {
    if text.is_empty() { "unknown" } else { text }
}

/// What has to be known before any cell is read, the loudest first.
pub(super) fn warnings(
    a: &Loaded,
    b: &Loaded,
    contrasts: &[Contrast],
    paired: bool,
) -> Vec<String> {
    let mut found = Vec::new();
    for kind in [Across::Machines, Across::Scenarios, Across::Versions] {
        let of: Vec<&Contrast> = contrasts.iter().filter(|c| c.kind == kind).collect();
        if !of.is_empty() {
            found.push(format!(
                "ACROSS {}: {}; a difference may be theirs",
                kind.word().to_uppercase(),
                sentence(&of)
            ));
        }
    }
    for (side, loaded) in [("A", a), ("B", b)] {
        found.extend(doubts(side, &loaded.run));
    }
    let commits = (&a.run.environment.git_commit, &b.run.environment.git_commit);
    if commits.0 != commits.1 {
        let name = |commit: &Option<String>| commit.clone().unwrap_or_else(|| "unknown".into());
        let (a, b) = (name(commits.0), name(commits.1));
        found.push(format!("A was built from commit {a} and B from {b}"));
    }
    for (side, one, other) in [("A", &a.run, &b.run), ("B", &b.run, &a.run)] {
        let others = cell::transports(other);
        let alone: Vec<&str> =
            cell::transports(one).into_iter().filter(|name| !others.contains(name)).collect();
        if !alone.is_empty() {
            found.push(format!("only {side} has {}", alone.join(", ")));
        }
    }
    if !paired {
        found.push(
            "the runs had different publish times, so their repetitions are two groups and not \
             pairs: the same measure.seed and feed would make intervals narrower"
                .into(),
        );
    }
    found
}

fn doubts(side: &str, run: &Run) -> Option<String> {
    let partial = if run.partial { " and partial" } else { "" };
    if run.verdict == Verdict::Valid && !run.partial {
        return None;
    }
    let mut rules: Vec<&str> = Vec::new();
    for warning in run.warnings.iter().filter(|warning| warning.severity == run.verdict) {
        if !rules.contains(&warning.rule.as_str()) {
            rules.push(&warning.rule);
        }
    }
    let rules = if rules.is_empty() { String::new() } else { format!(" ({})", rules.join(", ")) };
    Some(format!(
        "{side} is {}{partial}{rules}: a difference may be that of a disturbed measurement",
        run.verdict
    ))
}
