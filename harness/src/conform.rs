//! A server, in any language, against the wire protocol: rule by rule, over raw sockets.
//!
//! A rule is a value: its name, the protocol's sentence, whom it is about, and a function that asks
//! the server and says what it saw instead. Nobody else may publish meanwhile.

mod cursor;
mod gaps;
mod health;
mod limits;
mod long_poll;
mod page;
mod polls;
mod publish;
mod push;
mod short_poll;
mod sse;
mod subject;
mod tcp;
mod websocket;
mod wire;

use serde::Serialize;

pub use subject::Subject;
pub use wire::At;

/// One sentence of the protocol.
pub struct Rule {
    /// One or two words.
    pub name: &'static str,
    /// What the protocol says.
    pub says: &'static str,
    /// Whom it is about: transports, or one of the other parts of [`PARTS`].
    pub of: &'static [&'static str],
    /// Whether feedlab's load clients cannot measure a server that breaks it.
    pub needed: bool,
    /// Asks the server; the text is the part.
    pub check: fn(&Subject, &str) -> Check,
}

/// What came of a rule.
pub type Check = Result<(), Seen>;

/// What was seen instead of what the protocol says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// The rule is broken.
    Instead(String),
    /// The rule could not be asked here, for a reason.
    NotAsked(String),
}

/// Says that a rule is broken.
fn instead<T>(what: impl Into<String>) -> Result<T, Seen> {
    Err(Seen::Instead(what.into()))
}

/// What a server has, in the order of the table.
pub const PARTS: [&str; 7] =
    ["publish", "short-poll", "long-poll", "sse", "websocket", "tcp", "health"];

/// Both polls.
const POLLS: &[&str] = &["short-poll", "long-poll"];
/// All that have a path and take a cursor.
const HTTP: &[&str] = &["short-poll", "long-poll", "sse", "websocket"];

/// All rules. A group is a file.
pub static GROUPS: [&[Rule]; 10] = [
    publish::RULES,
    polls::RULES,
    short_poll::RULES,
    long_poll::RULES,
    sse::RULES,
    websocket::RULES,
    tcp::RULES,
    gaps::RULES,
    limits::RULES,
    health::RULES,
];

/// The rules about a part.
pub fn rules_of(part: &str) -> impl Iterator<Item = &'static Rule> {
    GROUPS.into_iter().flatten().filter(move |rule| rule.of.contains(&part))
}

/// How a part stands to the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// No rule was seen broken.
    Conforms,
    /// At least one was.
    DoesNotConform,
    /// The server answers 404 there.
    NotSpoken,
    /// There was no way to ask.
    NotAsked,
}

/// What was seen of a part.
#[derive(Clone, Debug, Serialize)]
pub struct Verdict {
    /// Its name.
    pub part: &'static str,
    /// How it stands.
    pub standing: Standing,
    /// Rule by rule.
    pub rules: Vec<Finding>,
}

/// What was seen of a rule.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// Its name.
    pub rule: &'static str,
    /// The protocol's sentence.
    pub says: &'static str,
    /// `kept`, `broken` or `not-asked`.
    pub outcome: &'static str,
    /// What was seen instead, or why it was not asked.
    pub seen: Option<String>,
}

/// Checks one part. `needed` asks only what feedlab's load clients depend on.
pub fn check(subject: &Subject, part: &'static str, needed: bool) -> Verdict {
    let not = |standing| Verdict { part, standing, rules: Vec::new() };
    match subject.speaks(part) {
        Some(true) => {}
        Some(false) => return not(Standing::NotSpoken),
        None => return not(Standing::NotAsked),
    }
    let asked = rules_of(part).filter(|rule| rule.needed || !needed);
    let rules: Vec<Finding> = asked.map(|rule| finding(rule, subject, part)).collect();
    let broken = rules.iter().any(|finding| finding.outcome == "broken");
    let standing = if broken { Standing::DoesNotConform } else { Standing::Conforms };
    Verdict { part, standing, rules }
}

fn finding(rule: &'static Rule, subject: &Subject, part: &str) -> Finding {
    let (outcome, seen) = match (rule.check)(subject, part) {
        Ok(()) => ("kept", None),
        Err(Seen::Instead(seen)) => ("broken", Some(seen)),
        Err(Seen::NotAsked(why)) => ("not-asked", Some(why)),
    };
    Finding { rule: rule.name, says: rule.says, outcome, seen }
}
