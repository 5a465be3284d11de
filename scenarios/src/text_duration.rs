//! Durations as people write them: `"250ms"`, `"1m 30s"`; for `#[serde(with)]`.

use std::{borrow::Cow, time::Duration};

use serde::{Deserialize, Deserializer, Serializer, de};

pub fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&humantime::format_duration(*duration))
}

pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = Cow::<str>::deserialize(deserializer)?;
    humantime::parse_duration(&text).map_err(|e| {
        de::Error::custom(format!("{text:?} is not a duration such as \"250ms\": {e}"))
    })
}
