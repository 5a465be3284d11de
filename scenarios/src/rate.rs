//! How often something happens: `"50/s"`, `"2/min"`, `"1/10s"`.

use std::{borrow::Cow, fmt, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A number of updates per time, always finite and above zero.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Rate(f64);

impl Rate {
    /// One a day: what is rarer has no place in a measurement of minutes.
    pub const MIN_PER_SECOND: f64 = 1.0 / 86_400.0;
    /// One a microsecond, the resolution of the delay histogram.
    pub const MAX_PER_SECOND: f64 = 1e6;

    /// A rate in updates per second, if it is one that can be published.
    pub fn new(per_second: f64) -> Option<Self> {
        (Self::MIN_PER_SECOND..=Self::MAX_PER_SECOND)
            .contains(&per_second)
            .then_some(Self(per_second))
    }

    /// Updates per second.
    pub fn per_second(self) -> f64 {
        self.0
    }

    /// Mean time between two updates.
    pub fn period_ns(self) -> u64 {
        (1e9 / self.0).round() as u64
    }
}

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let must = || {
            "a rate from \"1/day\" to \"1000000/s\", such as \"50/s\", \"2/min\" or \"1/10s\""
                .to_owned()
        };
        let (count, time) = text.split_once('/').ok_or_else(must)?;
        let count: f64 = count.trim().parse().map_err(|_| must())?;
        let time = time.trim();
        // "/s" is short for "/1s".
        let time = if time.starts_with(|c: char| c.is_ascii_digit()) {
            Cow::from(time)
        } else {
            Cow::from(format!("1{time}"))
        };
        let time = humantime::parse_duration(&time).map_err(|_| must())?;
        Self::new(count / time.as_secs_f64()).ok_or_else(must)
    }
}

impl fmt::Display for Rate {
    /// The shortest text that reads back as exactly the same number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let per_second = format!("{}/s", self.0);
        let longer = [(60.0, "min"), (3600.0, "h"), (86_400.0, "day")]
            .map(|(seconds, unit)| format!("{}/{unit}", (self.0 * seconds).round()))
            .into_iter()
            .filter(|text| {
                text.parse().is_ok_and(|rate: Self| rate.0.to_bits() == self.0.to_bits())
            });
        let shortest =
            longer.fold(per_second, |best, text| if text.len() < best.len() { text } else { best });
        f.write_str(&shortest)
    }
}

impl Serialize for Rate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Rate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(|must| de::Error::custom(format!("{text:?} is not {must}")))
    }
}

impl JsonSchema for Rate {
    fn schema_name() -> Cow<'static, str> {
        "Rate".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": r"^\s*[0-9]*\.?[0-9]+\s*/\s*[0-9]*\s*[a-z]+",
        })
    }
}
