//! How fast a link carries bits: `"1.6Mbit/s"`, `"768kbit/s"`.

use std::{borrow::Cow, fmt, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Bits per second of whole IP packets, headers included. Prefixes are decimal, as operators
/// quote them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bandwidth(u64);

/// What the words of a bandwidth are worth in bits per second, the largest first.
const UNITS: [(&str, f64); 4] = [("Gbit/s", 1e9), ("Mbit/s", 1e6), ("kbit/s", 1e3), ("bit/s", 1.0)];

impl Bandwidth {
    /// A packet of 1,500 bytes then takes 1.5 s: slower is no network that carries a feed.
    pub const MIN_BITS_PER_SECOND: u64 = 8_000;
    /// More than the relay of a link can carry on any machine.
    pub const MAX_BITS_PER_SECOND: u64 = 10_000_000_000;

    /// So many bits per second, if that is a rate that a link can have.
    pub fn new(bits_per_second: u64) -> Option<Self> {
        (Self::MIN_BITS_PER_SECOND..=Self::MAX_BITS_PER_SECOND)
            .contains(&bits_per_second)
            .then_some(Self(bits_per_second))
    }

    /// Bits per second.
    pub fn bits_per_second(self) -> u64 {
        self.0
    }

    /// Time that a packet of `bytes` takes on the wire, ns.
    pub fn wire_ns(self, bytes: u64) -> u64 {
        (u128::from(bytes) * 8_000_000_000 / u128::from(self.0)) as u64
    }

    /// Bytes that the wire carries in `time_ns`.
    pub fn bytes_in(self, time_ns: u64) -> u64 {
        (u128::from(time_ns) * u128::from(self.0) / 8_000_000_000) as u64
    }
}

impl FromStr for Bandwidth {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let must = || {
            "a bandwidth from \"8kbit/s\" to \"10Gbit/s\", such as \"1.6Mbit/s\" or \"768kbit/s\""
                .to_owned()
        };
        let (number, worth) = UNITS
            .iter()
            .find_map(|(unit, worth)| Some((text.trim().strip_suffix(unit)?, worth)))
            .ok_or_else(must)?;
        let number: f64 = number.trim().parse().map_err(|_| must())?;
        let bits = (number * worth).round();
        // A negative number, or none, is not in the range; `as` makes 0 of it.
        Self::new(bits as u64).ok_or_else(must)
    }
}

impl fmt::Display for Bandwidth {
    /// The shortest text that reads back as the same number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, worth) =
            UNITS.iter().find(|(_, worth)| self.0 as f64 >= *worth).unwrap_or(&UNITS[3]);
        write!(f, "{}{unit}", self.0 as f64 / worth)
    }
}

impl Serialize for Bandwidth {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Bandwidth {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(|must| de::Error::custom(format!("must be {must}, not {text:?}")))
    }
}

impl JsonSchema for Bandwidth {
    fn schema_name() -> Cow<'static, str> {
        "Bandwidth".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "pattern": r"^\s*[0-9.]+\s*[GMk]?bit/s\s*$"})
    }
}

#[cfg(test)]
mod tests {
    use super::Bandwidth;

    #[test]
    fn a_bandwidth_is_read_and_written_as_operators_write_it() {
        for (text, bits) in [
            ("1.6Mbit/s", 1_600_000),
            ("768kbit/s", 768_000),
            ("10Gbit/s", 10_000_000_000),
            (" 9 Mbit/s ", 9_000_000),
            ("8000bit/s", 8_000),
        ] {
            let bandwidth: Bandwidth = text.parse().unwrap();
            assert_eq!(bandwidth.bits_per_second(), bits);
            assert_eq!(bandwidth.to_string().parse(), Ok(bandwidth));
        }
        for text in ["0Mbit/s", "-1Mbit/s", "1.6", "1.6MB/s", "NaNMbit/s", "", "20Gbit/s"] {
            let problem = text.parse::<Bandwidth>().unwrap_err();
            assert!(problem.contains("8kbit/s"), "{text}");
        }
    }

    #[test]
    fn a_packet_takes_its_bits_over_the_rate() {
        let bandwidth: Bandwidth = "1.6Mbit/s".parse().unwrap();
        assert_eq!(bandwidth.wire_ns(1500), 7_500_000);
        assert_eq!(bandwidth.bytes_in(100_000_000), 20_000);
    }
}
