//! The network between clients and server: what each direction does to packets.

mod longest;

use std::{fmt, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Bandwidth, Queue, preset::PRESETS, share, text_duration};

/// The largest IP packet that a link carries, as on Ethernet.
pub const MTU_BYTES: u64 = 1500;

/// A link that all clients share: what lies between their machine and the server's. Without
/// `down` or `up` that direction has no bottleneck.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Link {
    /// Where the values that are not given come from: "lan", "wifi", "4g", "3g", "transatlantic" or
    /// "satellite".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preset: Option<String>,
    /// Round trip of a packet without any queue; each direction has half of it.
    #[serde(with = "text_duration")]
    #[schemars(with = "String")]
    pub rtt: Duration,
    /// Up to so much more delay for each packet in each direction, drawn evenly for each. Without
    /// `reorder` packets keep their order, so a stream of them is delayed by almost all of it.
    #[serde(with = "text_duration")]
    #[schemars(with = "String")]
    pub jitter: Duration,
    /// Whether jitter may let a packet overtake another.
    pub reorder: bool,
    /// Share of the packets that are lost, in each direction: 0.01 or "1%".
    #[serde(deserialize_with = "share::deserialize")]
    pub loss: f64,
    /// 1: each packet is lost or not by itself. More: mean number of packets that are lost in a row,
    /// at least 1/(1 − loss), which is what chance alone makes of it.
    pub loss_burst: f64,
    /// Bandwidth from the server to the clients.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub down: Option<Bandwidth>,
    /// Bandwidth from the clients to the server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub up: Option<Bandwidth>,
    /// What waits before the bottleneck at most, as time ("100ms") or size ("64KiB"); what is more
    /// is dropped. At most 10 s and 128 MiB.
    pub queue: Queue,
    /// One-way delay from the server to the clients, instead of half of `rtt`.
    #[serde(with = "text_duration::optional", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub delay_down: Option<Duration>,
    /// One-way delay from the clients to the server, instead of half of `rtt`.
    #[serde(with = "text_duration::optional", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub delay_up: Option<Duration>,
    /// Jitter from the server to the clients, instead of `jitter`.
    #[serde(with = "text_duration::optional", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub jitter_down: Option<Duration>,
    /// Jitter from the clients to the server, instead of `jitter`.
    #[serde(with = "text_duration::optional", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub jitter_up: Option<Duration>,
    /// Loss from the server to the clients, instead of `loss`.
    #[serde(deserialize_with = "share::optional::deserialize")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loss_down: Option<f64>,
    /// Loss from the clients to the server, instead of `loss`.
    #[serde(deserialize_with = "share::optional::deserialize")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loss_up: Option<f64>,
    /// Queue from the server to the clients, instead of `queue`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue_down: Option<Queue>,
    /// Queue from the clients to the server, instead of `queue`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue_up: Option<Queue>,
    /// Whether the cores of the run are kept from falling asleep, by a process that runs only where
    /// nothing else wants to: the core of a virtual machine may need milliseconds to wake.
    pub keep_awake: bool,
    /// Times in which everything is dropped that is sent.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cut: Vec<Cut>,
}

/// A time in which everything is dropped that is sent: connections stay half open. What waits in a
/// queue or travels when it begins still arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cut {
    /// When it begins, after the window has opened.
    #[serde(with = "text_duration")]
    #[schemars(with = "String")]
    pub at: Duration,
    /// How long it lasts.
    #[serde(rename = "for", with = "text_duration")]
    #[schemars(with = "String")]
    pub lasts: Duration,
    /// What is dropped: both directions, or one.
    #[serde(default)]
    pub direction: CutDirection,
}

/// Which way a cut drops packets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum CutDirection {
    /// Both.
    #[default]
    Both,
    /// From the server to the clients.
    Down,
    /// From the clients to the server.
    Up,
}

/// One direction of a link, with nothing left to look up.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Way {
    /// Delay of every packet.
    pub delay: Duration,
    /// Up to so much more, drawn evenly.
    pub jitter: Duration,
    /// Whether jitter may change the order.
    pub reorder: bool,
    /// Share of the packets that are lost.
    pub loss: f64,
    /// Mean number of packets lost in a row; 1: as many as chance makes of it.
    pub loss_burst: f64,
    /// Bandwidth and the bytes that may wait for it; `None`: no bottleneck.
    pub bottleneck: Option<Bottleneck>,
    /// When everything is dropped: (begin, end) after the window has opened.
    pub cuts: Vec<(Duration, Duration)>,
}

/// The slowest part of one direction, with the queue before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bottleneck {
    /// How fast it sends.
    pub bandwidth: Bandwidth,
    /// How many bytes may wait for it.
    pub queue_bytes: u64,
}

impl Default for Link {
    /// Nothing but the machine's own time to carry a packet.
    fn default() -> Self {
        Self {
            preset: None,
            rtt: Duration::ZERO,
            jitter: Duration::ZERO,
            reorder: false,
            loss: 0.0,
            loss_burst: 1.0,
            down: None,
            up: None,
            queue: Queue::default(),
            delay_down: None,
            delay_up: None,
            jitter_down: None,
            jitter_up: None,
            loss_down: None,
            loss_up: None,
            queue_down: None,
            queue_up: None,
            keep_awake: true,
            cut: Vec::new(),
        }
    }
}

impl Link {
    /// From the server to the clients.
    pub fn way_down(&self) -> Way {
        Way {
            delay: self.delay_down.unwrap_or(self.rtt / 2),
            jitter: self.jitter_down.unwrap_or(self.jitter),
            loss: self.loss_down.unwrap_or(self.loss),
            bottleneck: bottleneck(self.down, self.queue_down.unwrap_or(self.queue)),
            cuts: self.cuts(CutDirection::Up),
            ..self.both_ways()
        }
    }

    /// From the clients to the server.
    pub fn way_up(&self) -> Way {
        Way {
            delay: self.delay_up.unwrap_or(self.rtt / 2),
            jitter: self.jitter_up.unwrap_or(self.jitter),
            loss: self.loss_up.unwrap_or(self.loss),
            bottleneck: bottleneck(self.up, self.queue_up.unwrap_or(self.queue)),
            cuts: self.cuts(CutDirection::Down),
            ..self.both_ways()
        }
    }

    fn both_ways(&self) -> Way {
        Way { reorder: self.reorder, loss_burst: self.loss_burst, ..Way::default() }
    }

    fn cuts(&self, all_but: CutDirection) -> Vec<(Duration, Duration)> {
        let cuts = self.cut.iter().filter(|cut| cut.direction != all_but);
        cuts.map(|cut| (cut.at, cut.at + cut.lasts)).collect()
    }

    /// The keys whose values are the preset's, and where those come from: `rtt, down, up: "3G" of
    /// …`. `None` without a preset, or where other values replace all of its own.
    pub fn source(&self) -> Option<String> {
        let name = self.preset.as_deref()?;
        let preset = PRESETS.iter().find(|preset| preset.name == name)?;
        let kept = preset.keys.iter().filter(|(key, value)| self.has(key, value));
        let kept: Vec<_> = kept.map(|(key, _)| *key).collect();
        (!kept.is_empty()).then(|| format!("{}: {}", kept.join(", "), preset.source))
    }

    /// Whether a key has this value, as a file would have it, and is used.
    fn has(&self, key: &str, value: &str) -> bool {
        let replaced = key == "rtt" && self.delay_down.is_some() && self.delay_up.is_some();
        let own = serde_json::to_value(self).ok();
        let own = own.as_ref().and_then(|link| link.get(key)?.as_str());
        !replaced && own == Some(value)
    }
}

impl fmt::Display for Link {
    /// What a report says of it, on one line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let preset = self.preset.as_ref().map_or_else(String::new, |name| format!("{name}: "));
        write!(f, "{preset}down {}; up {}", self.way_down(), self.way_up())
    }
}

impl Way {
    /// Whether it may make TCP send something again: loss, cuts, a queue that may overflow, or a
    /// changed order, in which what comes late seems lost. So `false` promises that TCP has no
    /// reason to, and `true` does not say that it must.
    pub fn loses(&self) -> bool {
        let drops = self.loss > 0.0 || self.bottleneck.is_some() || !self.cuts.is_empty();
        drops || (self.reorder && !self.jitter.is_zero())
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = humantime::format_duration;
        write!(f, "{}", time(self.delay))?;
        if !self.jitter.is_zero() {
            let order = if self.reorder { " (reordered)" } else { "" };
            write!(f, " + up to {}{order}", time(self.jitter))?;
        }
        if let Some(Bottleneck { bandwidth, queue_bytes }) = self.bottleneck {
            write!(f, ", {bandwidth} behind a queue of {queue_bytes} bytes")?;
        }
        if self.loss > 0.0 {
            // Rounded, as 0.07 has no exact double.
            write!(f, ", {} % lost", (self.loss * 1e6).round() / 1e4)?;
        }
        if self.loss > 0.0 && self.loss_burst > 1.0 {
            write!(f, " in bursts of {}", self.loss_burst)?;
        }
        for (begin, end) in &self.cuts {
            write!(f, ", cut from {} to {}", time(*begin), time(*end))?;
        }
        Ok(())
    }
}

fn bottleneck(bandwidth: Option<Bandwidth>, queue: Queue) -> Option<Bottleneck> {
    bandwidth.map(|bandwidth| Bottleneck { bandwidth, queue_bytes: queue.bytes(bandwidth) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_has_half_the_round_trip_each_way_unless_a_direction_says_otherwise() {
        let millis = Duration::from_millis;
        let link = Link {
            rtt: millis(80),
            loss: 0.01,
            loss_up: Some(0.0),
            delay_up: Some(millis(10)),
            down: "1.6Mbit/s".parse().ok(),
            ..Link::default()
        };
        let (down, up) = (link.way_down(), link.way_up());
        assert_eq!((down.delay, up.delay), (millis(40), millis(10)));
        assert_eq!((down.loss, up.loss), (0.01, 0.0));
        assert_eq!(down.bottleneck.map(|bottleneck| bottleneck.queue_bytes), Some(20_000));
        assert_eq!(up.bottleneck, None);
        let text = "down 40ms, 1.6Mbit/s behind a queue of 20000 bytes, 1 % lost; up 10ms";
        assert_eq!(link.to_string(), text);
    }

    #[test]
    fn a_preset_is_the_source_of_the_numbers_that_are_its_own() {
        let millis = Duration::from_millis;
        let preset = Link {
            preset: Some("3g".into()),
            rtt: millis(300),
            down: "1.6Mbit/s".parse().ok(),
            up: "768kbit/s".parse().ok(),
            ..Link::default()
        };
        let keys = |link: &Link| link.source().map(|text| text.split(": ").next().unwrap().into());
        let kept = |text: &str| Some(text.to_owned());
        assert!(preset.source().unwrap().starts_with("rtt, down, up: \"3G\" of WebPageTest"));
        let slower = Link { rtt: millis(400), ..preset.clone() };
        assert_eq!(keys(&slower), kept("down, up"));
        let lopsided = Link { delay_down: Some(millis(200)), ..preset.clone() };
        assert_eq!(keys(&lopsided), kept("rtt, down, up"), "its way up is still half of it");
        let each = Link { delay_up: Some(millis(100)), up: None, ..lopsided };
        assert_eq!(keys(&each), kept("down"));
        assert_eq!(Link { down: None, ..each }.source(), None);
        assert_eq!(Link { preset: None, ..preset }.source(), None);
    }

    #[test]
    fn what_may_make_tcp_send_again_is_told_from_what_only_delays() {
        let way = Way { delay: Duration::from_secs(1), ..Way::default() };
        assert!(!Way { jitter: Duration::from_secs(1), ..way.clone() }.loses());
        assert!(!Way { reorder: true, ..way.clone() }.loses(), "nothing is overtaken");
        let bottleneck = bottleneck("1Mbit/s".parse().ok(), Queue::default());
        let cuts = vec![(Duration::ZERO, Duration::from_secs(1))];
        for loses in [
            Way { loss: 0.01, ..way.clone() },
            Way { reorder: true, jitter: Duration::from_secs(1), ..way.clone() },
            Way { bottleneck, ..way.clone() },
            Way { cuts, ..way },
        ] {
            assert!(loses.loses(), "{loses}");
        }
    }

    #[test]
    fn a_cut_of_one_direction_leaves_the_other_alone() {
        let second = Duration::from_secs(1);
        let cut = Cut { at: second, lasts: second, direction: CutDirection::Up };
        let link = Link { cut: vec![cut], ..Link::default() };
        assert_eq!(link.way_up().cuts, [(second, 2 * second)]);
        assert_eq!(link.way_down().cuts, []);
    }
}
