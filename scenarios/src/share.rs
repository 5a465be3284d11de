//! Shares as people write them: `0.01` or `"1%"`; for `#[serde(deserialize_with)]`. They are written
//! as numbers.

use serde::{Deserialize, Deserializer, de};

/// A share as text: a number and a percent sign; `None` if it is anything else.
pub fn from_percent(text: &str) -> Option<f64> {
    let number = text.trim().strip_suffix('%')?.trim_end();
    let plain = number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    // Two places further right while it is decimal: a division would be off in the last bit.
    plain.then(|| format!("{number}e-2").parse().ok())?
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Number(f64),
    Text(String),
}

pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    match Written::deserialize(deserializer)? {
        Written::Number(share) => Ok(share),
        Written::Text(text) => from_percent(&text)
            .ok_or_else(|| de::Error::custom(format!("{text:?} is not a share such as \"1%\""))),
    }
}

/// The same for a share that may be absent.
pub mod optional {
    use serde::Deserializer;

    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<f64>, D::Error> {
        super::deserialize(deserializer).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentage_is_the_share_that_one_would_write_as_a_number() {
        for (text, share) in [
            ("1%", 0.01),
            ("0.1%", 0.001),
            ("7 %", 0.07),
            (" 90%", 0.9),
            ("0%", 0.0),
            (".5%", 0.005),
        ] {
            assert_eq!(from_percent(text), Some(share), "{text}");
        }
        for text in ["", "%", "1", "-1%", "1e1%", "inf%", "1%%", "one%", ".%", "1.2.3%"] {
            assert_eq!(from_percent(text), None, "{text}");
        }
    }
}
