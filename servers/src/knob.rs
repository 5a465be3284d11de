//! The settings of a transport: declared beside the transport, checked by one rule, read by name.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

/// One setting of a transport.
#[derive(Debug, Clone, Copy)]
pub struct Knob {
    /// The key in `[transports.x]`.
    pub name: &'static str,
    /// One line for `--help` and the schema.
    pub about: &'static str,
    /// The value when the key is absent, written as in the scenario file.
    pub default: &'static str,
    /// What the value may be.
    pub kind: KnobKind,
}

/// What a knob's value may be.
#[derive(Debug, Clone, Copy)]
pub enum KnobKind {
    /// A time such as `"250ms"`.
    Duration {
        /// The shortest allowed.
        min: Duration,
        /// The longest allowed.
        max: Duration,
    },
    /// A whole number.
    Integer {
        /// The smallest allowed.
        min: u64,
        /// The largest allowed.
        max: u64,
    },
    /// `true` or `false`.
    Flag,
    /// One of a few words.
    Choice(&'static [&'static str]),
}

impl Knob {
    /// Whether `value` may stand for this knob. The error continues the sentence "transports.x.key
    /// …".
    pub fn check(&self, value: &Value) -> Result<(), String> {
        let fits = match self.kind {
            KnobKind::Duration { min, max } => value
                .as_str()
                .and_then(|text| humantime::parse_duration(text).ok())
                .is_some_and(|duration| (min..=max).contains(&duration)),
            KnobKind::Integer { min, max } => {
                value.as_u64().is_some_and(|n| (min..=max).contains(&n))
            }
            KnobKind::Flag => value.is_boolean(),
            KnobKind::Choice(words) => value.as_str().is_some_and(|word| words.contains(&word)),
        };
        if fits { Ok(()) } else { Err(format!("must be {}, not {value}", self.allowed())) }
    }

    /// What is allowed, in words: "a duration between 1ms and 1h".
    pub fn allowed(&self) -> String {
        match self.kind {
            KnobKind::Duration { min, max } => format!(
                "a duration between {} and {}, such as \"{}\"",
                humantime::format_duration(min),
                humantime::format_duration(max),
                self.default
            ),
            KnobKind::Integer { min, max } => format!("a whole number between {min} and {max}"),
            KnobKind::Flag => "true or false".to_owned(),
            KnobKind::Choice(words) => format!("one of \"{}\"", words.join("\", \"")),
        }
    }

    /// The default as a value of the scenario.
    pub fn default_value(&self) -> Value {
        match self.kind {
            KnobKind::Duration { .. } | KnobKind::Choice(_) => Value::from(self.default),
            KnobKind::Integer { .. } => {
                Value::from(self.default.parse::<u64>().unwrap_or_default())
            }
            KnobKind::Flag => Value::from(self.default == "true"),
        }
    }
}

/// The values of one `[transports.x]` table. They were checked before: a value that does not fit
/// counts as absent.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Params(BTreeMap<String, Value>);

impl Params {
    /// The table as it stands in the scenario.
    pub fn new(values: BTreeMap<String, Value>) -> Self {
        Self(values)
    }

    /// A time.
    pub fn duration(&self, knob: &Knob) -> Duration {
        humantime::parse_duration(self.text(knob)).unwrap_or_default()
    }

    /// A whole number.
    pub fn integer(&self, knob: &Knob) -> u64 {
        let given = self.fitting(knob).and_then(Value::as_u64);
        given.unwrap_or_else(|| knob.default.parse().unwrap_or_default())
    }

    /// Yes or no.
    pub fn flag(&self, knob: &Knob) -> bool {
        let given = self.fitting(knob).and_then(Value::as_bool);
        given.unwrap_or(knob.default == "true")
    }

    /// One of the words of a choice.
    pub fn choice(&self, knob: &Knob) -> &str {
        self.text(knob)
    }

    fn text(&self, knob: &Knob) -> &str {
        self.fitting(knob).and_then(Value::as_str).unwrap_or(knob.default)
    }

    fn fitting(&self, knob: &Knob) -> Option<&Value> {
        self.0.get(knob.name).filter(|value| knob.check(value).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const HEARTBEAT: Knob = Knob {
        name: "heartbeat",
        about: "",
        default: "15s",
        kind: KnobKind::Duration {
            min: Duration::from_millis(100),
            max: Duration::from_secs(3600),
        },
    };
    const BYTES: Knob = Knob {
        name: "bytes",
        about: "",
        default: "4096",
        kind: KnobKind::Integer { min: 128, max: 1 << 20 },
    };
    const PACING: Knob = Knob {
        name: "pacing",
        about: "",
        default: "fixed-rate",
        kind: KnobKind::Choice(&["fixed-rate", "fixed-delay"]),
    };

    #[test]
    fn an_absent_value_is_the_default() {
        let params = Params::default();
        assert_eq!(params.duration(&HEARTBEAT), Duration::from_secs(15));
        assert_eq!(params.integer(&BYTES), 4096);
        assert_eq!(params.choice(&PACING), "fixed-rate");
    }

    #[test]
    fn a_given_value_wins() {
        let values = [
            ("heartbeat".to_owned(), json!("250ms")),
            ("bytes".to_owned(), json!(512)),
            ("pacing".to_owned(), json!("fixed-delay")),
        ];
        let params = Params::new(values.into());
        assert_eq!(params.duration(&HEARTBEAT), Duration::from_millis(250));
        assert_eq!(params.integer(&BYTES), 512);
        assert_eq!(params.choice(&PACING), "fixed-delay");
    }

    #[test]
    fn a_refusal_names_the_allowed_range() {
        assert_eq!(
            HEARTBEAT.check(&json!("2h")).unwrap_err(),
            "must be a duration between 100ms and 1h, such as \"15s\", not \"2h\""
        );
        assert_eq!(
            BYTES.check(&json!(-1)).unwrap_err(),
            "must be a whole number between 128 and 1048576, not -1"
        );
        assert_eq!(
            PACING.check(&json!("slow")).unwrap_err(),
            "must be one of \"fixed-rate\", \"fixed-delay\", not \"slow\""
        );
        assert!(HEARTBEAT.check(&json!(15)).is_err());
    }

    #[test]
    fn every_default_fits_its_own_knob() {
        for transport in crate::ALL {
            for knob in transport.knobs {
                assert_eq!(knob.check(&knob.default_value()), Ok(()), "{}", knob.name);
            }
        }
    }
}
