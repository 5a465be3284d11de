//! The table of keys: what each may be, in the words of its error, its line in the README and its
//! schema.

use std::{fmt, time::Duration};

use toml::Value;

use crate::{
    Bandwidth, Queue, Rate, preset, share,
    target::{ADDRESS, HttpUrl, PublishAt, host_and_port},
};

/// One key of the file.
pub(crate) struct Key {
    pub path: &'static str,
    pub kind: Kind,
    /// What it is when absent; `None`: it must be there, or its absence means something of its own.
    pub default: Option<&'static str>,
    /// Why the range is what it is, added to the error.
    pub why: &'static str,
}

/// What a key's value may be.
pub(crate) enum Kind {
    Table,
    /// Tables of tables with free keys: they belong to the transports, which this crate does not
    /// know.
    Transports,
    /// Tables of tables of texts: columns belong to the results, which this crate does not know.
    Expectations,
    Count {
        min: u64,
        max: u64,
    },
    Number {
        min: f64,
        max: f64,
    },
    /// A part of all, from none: `0.01` or `"1%"`.
    Share {
        max: f64,
    },
    Duration {
        min: Duration,
        max: Duration,
    },
    Rate,
    Bandwidth,
    Queue,
    /// An array of tables.
    Tables,
    Text,
    Word,
    Flag,
    Choice(&'static [&'static str]),
    Cores,
    /// `http://host:port`
    HttpUrl,
    /// `host:port`
    Address,
    /// An HTTP address or a Unix socket.
    PublishAt,
}

const fn key(
    path: &'static str,
    kind: Kind,
    default: Option<&'static str>,
    why: &'static str,
) -> Key {
    Key { path, kind, default, why }
}

const fn count(min: u64, max: u64) -> Kind {
    Kind::Count { min, max }
}

const fn seconds(min: u64, max: u64) -> Kind {
    Kind::Duration { min: Duration::from_secs(min), max: Duration::from_secs(max) }
}

const HOUR: u64 = 3600;
/// A time that a cut or a freeze lasts; shorter ones drown in the scheduler's own.
const MOMENT: Kind =
    Kind::Duration { min: Duration::from_millis(1), max: Duration::from_secs(24 * HOUR) };
/// The publisher takes a server for dead that accepts nothing for 30 s; what is left is for what it
/// has to accept then.
const STALL: Kind = Kind::Duration { min: Duration::from_millis(1), max: Duration::from_secs(25) };
const STALL_WHY: &str = "who publishes gives up a server that accepts nothing for 30s";
/// A server's kernel gives up a connection that is not acknowledged within 63 s (`tcp_synack_retries`
/// of Linux); delays, jitter and queues of both directions, each of this size, stay below it.
const LINK_TIME: Kind = seconds(0, 10);
const LINK_TIME_WHY: &str = "with more the kernel gives up connections";
const LOSS: Kind = Kind::Share { max: 0.9 };
const LOSS_WHY: &str = "with more no connection comes about";
/// Cores are numbered from 0 and Linux is rarely built for more than 8,192 of them.
pub(crate) const MAX_CORE: u64 = 8191;
/// `TCP_CA_NAME_MAX` of the kernel is 16, with the closing zero.
pub(crate) const MAX_WORD: usize = 15;

/// Publications beside which a run may stand.
pub const PAPERS: &[&str] = &["kaazing", "pimentel", "bozdag", "vandevyvere", "agarwal"];

/// `PID_MAX_LIMIT` of the kernel.
const PID_MAX: u64 = 4_194_304;

/// All keys, in the order in which one writes them.
pub(crate) static KEYS: &[Key] = &[
    key("format", count(1, 1), None, "the version of the file format"),
    key("about", Kind::Text, None, ""),
    key("clients", count(1, 1_000_000), None, ""),
    key("paper", Kind::Choice(PAPERS), None, ""),
    key("feed", Kind::Table, None, ""),
    key("feed.kind", Kind::Choice(&["periodic", "poisson", "bursts", "trace"]), None, ""),
    key("feed.rate", Kind::Rate, None, ""),
    key("feed.payload_bytes", count(64, 1_048_576), Some("256"), "the stamp needs up to 64 bytes"),
    key("feed.trace", Kind::Text, None, ""),
    key("feed.speed", Kind::Number { min: 0.001, max: 1e9 }, Some("1.0"), ""),
    key(
        "feed.on",
        Kind::Duration { min: Duration::from_millis(1), max: Duration::from_secs(HOUR) },
        None,
        "",
    ),
    key(
        "feed.off",
        Kind::Duration { min: Duration::from_millis(1), max: Duration::from_secs(HOUR) },
        None,
        "",
    ),
    key("feed.latest_value", Kind::Flag, Some("false"), ""),
    key("tls", Kind::Flag, Some("false"), ""),
    key("tls_resumption", Kind::Flag, Some("true"), ""),
    key("link", Kind::Table, None, ""),
    key("link.preset", Kind::Choice(preset::NAMES), None, ""),
    key("link.rtt", LINK_TIME, Some("0s"), LINK_TIME_WHY),
    key("link.jitter", LINK_TIME, Some("0s"), LINK_TIME_WHY),
    key("link.reorder", Kind::Flag, Some("false"), ""),
    key("link.loss", LOSS, Some("0.0"), LOSS_WHY),
    key("link.loss_burst", Kind::Number { min: 1.0, max: 1000.0 }, Some("1.0"), "packets in a row"),
    key("link.down", Kind::Bandwidth, None, ""),
    key("link.up", Kind::Bandwidth, None, ""),
    key("link.queue", Kind::Queue, Some("100ms"), ""),
    key("link.delay_down", LINK_TIME, None, LINK_TIME_WHY),
    key("link.delay_up", LINK_TIME, None, LINK_TIME_WHY),
    key("link.jitter_down", LINK_TIME, None, LINK_TIME_WHY),
    key("link.jitter_up", LINK_TIME, None, LINK_TIME_WHY),
    key("link.loss_down", LOSS, None, LOSS_WHY),
    key("link.loss_up", LOSS, None, LOSS_WHY),
    key("link.queue_down", Kind::Queue, None, ""),
    key("link.queue_up", Kind::Queue, None, ""),
    key("link.keep_awake", Kind::Flag, Some("true"), ""),
    key("link.cut", Kind::Tables, None, ""),
    key("link.cut.at", seconds(0, 24 * HOUR), None, ""),
    key("link.cut.for", MOMENT, None, ""),
    key("link.cut.direction", Kind::Choice(&["both", "down", "up"]), Some("both"), ""),
    key("measure", Kind::Table, None, ""),
    key("measure.ramp", seconds(0, HOUR), Some("1s"), ""),
    key("measure.warmup", seconds(0, HOUR), Some("1s"), ""),
    key(
        "measure.duration",
        Kind::Duration { min: Duration::from_millis(100), max: Duration::from_secs(24 * HOUR) },
        Some("10s"),
        "",
    ),
    key("measure.repeat", count(1, 1000), Some("1"), ""),
    // TOML's integers are signed.
    key("measure.seed", count(0, i64::MAX as u64), Some("1"), ""),
    key("measure.workers", count(1, 64), None, ""),
    key("measure.twins", Kind::Flag, Some("false"), ""),
    key("server", Kind::Table, None, ""),
    key("server.threads", count(1, 64), Some("1"), ""),
    key("server.cpus", Kind::Cores, None, ""),
    key("server.history", count(1, 16_777_216), Some("65536"), ""),
    key("server.coalesce", Kind::Flag, Some("true"), ""),
    key("server.nodelay", Kind::Flag, Some("true"), ""),
    key(
        "server.burn",
        Kind::Duration { min: Duration::ZERO, max: Duration::from_millis(1) },
        Some("0s"),
        "a waste on purpose",
    ),
    key("server.congestion", Kind::Word, Some("reno"), ""),
    key("server.freeze", Kind::Tables, None, ""),
    key("server.freeze.at", seconds(0, 24 * HOUR), None, ""),
    key("server.freeze.every", MOMENT, None, ""),
    key("server.freeze.for", STALL, None, STALL_WHY),
    key("target", Kind::HttpUrl, None, ""),
    key("target_tcp", Kind::Address, None, ""),
    key("target_publish", Kind::PublishAt, None, ""),
    key("target_pid", count(1, PID_MAX), None, "the number of a process"),
    key("expect", Kind::Expectations, None, ""),
    key("transports", Kind::Transports, None, ""),
];

impl Key {
    /// The key of a path; in an array of tables each has its number, `link.cut[1].at`.
    pub fn find(path: &str) -> Option<&'static Self> {
        KEYS.iter().find(|key| key.path == path || key.path == without_numbers(path))
    }

    /// The names one level below `table` ("" for the top), for "unknown key, expected one of …".
    pub fn names_in(table: &str) -> Vec<&'static str> {
        let table = without_numbers(table);
        KEYS.iter()
            .filter_map(|key| {
                let (parent, name) = key.path.rsplit_once('.').unwrap_or(("", key.path));
                (parent == table).then_some(name)
            })
            .collect()
    }

    /// `Err` has the sentence: what it must be, and what it is instead.
    pub fn check(&self, value: &Value) -> Result<(), String> {
        if self.kind.accepts(value) {
            return Ok(());
        }
        let why = if self.why.is_empty() { String::new() } else { format!(" ({})", self.why) };
        let hint = match (&self.kind, value) {
            (Kind::Duration { max, .. }, Value::Integer(n)) if *n >= 0 => {
                let unit = if *max <= Duration::from_secs(60) { "ms" } else { "s" };
                format!("; write the unit: \"{n}{unit}\"")
            }
            (Kind::Share { .. }, Value::Integer(n)) if (1..=100).contains(n) => {
                format!("; for {n} % write \"{n}%\"")
            }
            (Kind::Rate, Value::Integer(n)) if *n > 0 => format!("; write the unit: \"{n}/s\""),
            _ => String::new(),
        };
        Err(format!("must be {}{why}, not {}{hint}", self.kind, shown(value)))
    }
}

impl Kind {
    pub fn accepts(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::Table | Self::Transports | Self::Expectations, Value::Table(_))
            | (Self::Flag, Value::Boolean(_)) => true,
            (Self::Count { min, max }, Value::Integer(n)) => {
                u64::try_from(*n).is_ok_and(|n| (*min..=*max).contains(&n))
            }
            (Self::Number { min, max }, Value::Integer(n)) => (*min..=*max).contains(&(*n as f64)),
            // NaN is in no range.
            (Self::Number { min, max }, Value::Float(x)) => (*min..=*max).contains(x),
            (Self::Share { max }, Value::Integer(n)) => (0.0..=*max).contains(&(*n as f64)),
            (Self::Share { max }, Value::Float(x)) => (0.0..=*max).contains(x),
            (Self::Share { max }, Value::String(text)) => {
                share::from_percent(text).is_some_and(|x| (0.0..=*max).contains(&x))
            }
            (Self::Duration { min, max }, Value::String(text)) => {
                humantime::parse_duration(text).is_ok_and(|d| (*min..=*max).contains(&d))
            }
            (Self::Rate, Value::String(text)) => text.parse::<Rate>().is_ok(),
            (Self::Bandwidth, Value::String(text)) => text.parse::<Bandwidth>().is_ok(),
            (Self::Queue, Value::String(text)) => text.parse::<Queue>().is_ok(),
            (Self::Tables, Value::Array(tables)) => tables.iter().all(Value::is_table),
            (Self::Text, Value::String(text)) => {
                !text.trim().is_empty() && !text.contains(char::is_control)
            }
            (Self::Word, Value::String(text)) => {
                (1..=MAX_WORD).contains(&text.len())
                    && text.bytes().all(|b| {
                        b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-'
                    })
            }
            (Self::Choice(words), Value::String(text)) => words.contains(&text.as_str()),
            (Self::Cores, Value::Array(cores)) => distinct_cores(cores),
            (Self::HttpUrl, Value::String(text)) => text.parse::<HttpUrl>().is_ok(),
            (Self::Address, Value::String(text)) => host_and_port(text, None).is_some(),
            (Self::PublishAt, Value::String(text)) => text.parse::<PublishAt>().is_ok(),
            _ => false,
        }
    }
}

fn distinct_cores(cores: &[Value]) -> bool {
    let core = |value: &Value| {
        value.as_integer().and_then(|n| u64::try_from(n).ok()).filter(|n| *n <= MAX_CORE)
    };
    let mut numbers: Vec<_> = cores.iter().filter_map(core).collect();
    numbers.sort_unstable();
    numbers.dedup();
    !cores.is_empty() && numbers.len() == cores.len()
}

impl fmt::Display for Kind {
    /// Continues "must be …" and fills the README's column of ranges.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Table => f.write_str("a table"),
            Self::Transports => f.write_str("a table of tables such as [transports.websocket]"),
            Self::Expectations => f.write_str("a table of tables such as [expect.websocket]"),
            Self::Count { min, max } if min == max => write!(f, "{min}"),
            Self::Count { min, max } => write!(f, "a whole number from {min} to {max}"),
            Self::Number { min, max } => write!(f, "a number from {min} to {max}"),
            Self::Share { max } => {
                write!(f, "a share from 0 to {max} such as 0.01 or \"1%\"")
            }
            Self::Duration { min, max } => write!(
                f,
                "a duration from {} to {} such as \"250ms\" or \"5s\"",
                humantime::format_duration(*min),
                humantime::format_duration(*max)
            ),
            Self::Rate => f.write_str(
                "a rate from \"1/day\" to \"1000000/s\" such as \"50/s\", \"2/min\" or \"1/10s\"",
            ),
            Self::Bandwidth => f.write_str(
                "a bandwidth from \"8kbit/s\" to \"10Gbit/s\" such as \"1.6Mbit/s\" or \"768kbit/s\"",
            ),
            Self::Queue => f.write_str(&Queue::range()),
            Self::Tables => f.write_str("a list of tables such as [[link.cut]]"),
            Self::Text => f.write_str("a line of text that is not empty"),
            Self::Word => write!(f, "a name of 1 to {MAX_WORD} of [a-z0-9_-]"),
            Self::Flag => f.write_str("true or false"),
            Self::Choice(words) => write!(f, "one of {}", quoted(words)),
            Self::Cores => write!(f, "a list of one or more different cores from 0 to {MAX_CORE}"),
            Self::HttpUrl => f.write_str(HttpUrl::MUST),
            Self::Address => f.write_str(ADDRESS),
            Self::PublishAt => f.write_str(PublishAt::MUST),
        }
    }
}

/// `link.cut[1].at` as `link.cut.at`.
fn without_numbers(path: &str) -> String {
    let parts = path.split('[').enumerate().map(|(part, text)| match text.split_once(']') {
        Some((_, rest)) if part > 0 => rest,
        _ => text,
    });
    parts.collect()
}

/// `"a", "b"`
pub(crate) fn quoted(words: &[&str]) -> String {
    words.iter().map(|word| format!("{word:?}")).collect::<Vec<_>>().join(", ")
}

/// The value as it stands in the file, on one line and not too long.
fn shown(value: &Value) -> String {
    const LONGEST: usize = 60;
    let text = match value {
        Value::String(text) => format!("{text:?}"),
        Value::Table(_) => "a table".to_owned(),
        other => other.to_string().replace('\n', " "),
    };
    if text.chars().count() <= LONGEST {
        return text;
    }
    text.chars().take(LONGEST).chain("…".chars()).collect()
}
