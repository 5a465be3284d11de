//! Links that one may ask for by name, each with the source of its numbers.

/// A named link.
pub(crate) struct Preset {
    pub name: &'static str,
    /// `[link]` keys as one would write them; what the scenario sets itself wins.
    pub keys: &'static [(&'static str, &'static str)],
    /// Where the numbers come from.
    pub source: &'static str,
}

pub(crate) static PRESETS: &[Preset] = &[
    Preset {
        name: "lan",
        keys: &[("rtt", "500us"), ("down", "1Gbit/s"), ("up", "1Gbit/s")],
        source: "bandwidth of 1000BASE-T, IEEE 802.3ab; the round trip through a few switches is \
                 our choice",
    },
    Preset {
        name: "wifi",
        keys: &[("rtt", "2ms"), ("down", "30Mbit/s"), ("up", "15Mbit/s")],
        source: "\"Wi-Fi\" of Firefox's network throttling (Firefox Source Docs, Network Monitor, \
                 Throttling)",
    },
    Preset {
        name: "4g",
        keys: &[("rtt", "170ms"), ("down", "9Mbit/s"), ("up", "9Mbit/s")],
        source: "\"4G\" of WebPageTest (connectivity.ini.sample)",
    },
    Preset {
        name: "3g",
        keys: &[("rtt", "300ms"), ("down", "1.6Mbit/s"), ("up", "768kbit/s")],
        source: "\"3G\" of WebPageTest (connectivity.ini.sample)",
    },
    Preset {
        name: "transatlantic",
        keys: &[("rtt", "90ms")],
        source: "the monthly mean between New York and London that Verizon's service level \
                 agreement guarantees; a backbone is no bottleneck",
    },
    Preset {
        name: "satellite",
        keys: &[("rtt", "558ms"), ("down", "25Mbit/s"), ("up", "3Mbit/s")],
        source: "round trip by a geostationary satellite from the edge of its view, RFC 2488 \
                 section 2; bandwidth of the FCC's definition of broadband of 2015",
    },
];

/// The names of the presets.
pub(crate) const NAMES: &[&str] = &["lan", "wifi", "4g", "3g", "transatlantic", "satellite"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Bandwidth, scenario::Key};

    #[test]
    fn every_preset_sets_keys_that_a_link_has_to_values_that_they_may_be() {
        let names: Vec<_> = PRESETS.iter().map(|preset| preset.name).collect();
        assert_eq!(names, NAMES);
        for preset in PRESETS {
            assert!(!preset.source.is_empty());
            for (name, value) in preset.keys {
                let key = Key::find(&format!("link.{name}")).unwrap();
                assert_eq!(key.check(&toml::Value::String((*value).to_owned())), Ok(()), "{name}");
            }
        }
    }

    #[test]
    fn every_value_is_written_as_a_link_writes_it_which_tells_it_from_a_scenarios_own() {
        for (name, value) in PRESETS.iter().flat_map(|preset| preset.keys) {
            let time = || humantime::parse_duration(value).unwrap();
            let bandwidth = value.parse::<Bandwidth>().map(|bandwidth| bandwidth.to_string());
            let written =
                bandwidth.unwrap_or_else(|_| humantime::format_duration(time()).to_string());
            assert_eq!(written, *value, "{name}");
        }
    }
}
