//! What may wait before a bottleneck: `"100ms"` or `"64KiB"`.

use std::{borrow::Cow, fmt, str::FromStr, time::Duration};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::Bandwidth;

/// The length of a queue of packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Queue {
    /// As the time that its last packet waits.
    Time(Duration),
    /// As the bytes in it.
    Bytes(u64),
}

/// Binary prefixes only: a queue is memory.
const UNITS: [(&str, u64); 3] = [("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)];

impl Queue {
    /// The longest time: what comes later still is no live update.
    pub const MAX_TIME: Duration = Duration::from_secs(10);
    /// The largest size: the relay of a link keeps it in memory, for each direction. The default
    /// at the fastest bandwidth, 125 MB, fits.
    pub const MAX_BYTES: u64 = 128 << 20;

    /// What a queue may be, to follow "must be".
    pub(crate) fn range() -> String {
        format!(
            "a time of at most {} such as \"100ms\" or a size of at most {} such as \"64KiB\"",
            Self::Time(Self::MAX_TIME),
            Self::Bytes(Self::MAX_BYTES)
        )
    }

    /// The bytes that may wait for a bottleneck of this bandwidth.
    pub fn bytes(self, bandwidth: Bandwidth) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes,
            Self::Time(time) => bandwidth.bytes_in(time.as_nanos() as u64),
        }
    }
}

impl Default for Queue {
    /// A tenth of a second: long enough for a burst, short enough that interactive traffic survives
    /// it.
    fn default() -> Self {
        Self::Time(Duration::from_millis(100))
    }
}

impl FromStr for Queue {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let bytes = UNITS.iter().find_map(|(unit, worth)| {
            let number: u64 = text.strip_suffix(unit)?.trim().parse().ok()?;
            number.checked_mul(*worth)
        });
        match (bytes, humantime::parse_duration(text)) {
            (Some(bytes), _) if bytes <= Self::MAX_BYTES => Ok(Self::Bytes(bytes)),
            (None, Ok(time)) if time <= Self::MAX_TIME => Ok(Self::Time(time)),
            _ => Err(Self::range()),
        }
    }
}

impl fmt::Display for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Time(time) => humantime::format_duration(*time).fmt(f),
            Self::Bytes(bytes) => {
                let whole = UNITS.iter().find(|(_, worth)| *bytes > 0 && bytes % worth == 0);
                let (unit, worth) = whole.unwrap_or(&UNITS[2]);
                write!(f, "{}{unit}", bytes / worth)
            }
        }
    }
}

impl Serialize for Queue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Queue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(|must| de::Error::custom(format!("must be {must}, not {text:?}")))
    }
}

impl JsonSchema for Queue {
    fn schema_name() -> Cow<'static, str> {
        "Queue".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "pattern": r"^\s*[0-9]"})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_is_a_time_or_a_size() {
        let bandwidth: Bandwidth = "1.6Mbit/s".parse().unwrap();
        for (text, bytes) in
            [("100ms", 20_000), ("64KiB", 65_536), ("1500B", 1500), ("1MiB", 1 << 20)]
        {
            let queue: Queue = text.parse().unwrap();
            assert_eq!(queue.bytes(bandwidth), bytes, "{text}");
            assert_eq!(queue.to_string().parse(), Ok(queue));
        }
        for text in ["", "64", "-1B", "64kB", "soon", "129MiB", "30 days", "99999999999999MiB"] {
            assert_eq!(text.parse::<Queue>(), Err(Queue::range()), "{text}");
        }
    }

    #[test]
    fn the_default_fits_into_memory_at_any_bandwidth() {
        let fastest = Bandwidth::new(Bandwidth::MAX_BITS_PER_SECOND).unwrap();
        assert!(Queue::default().bytes(fastest) <= Queue::MAX_BYTES);
    }
}
