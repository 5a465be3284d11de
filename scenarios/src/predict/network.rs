//! What a link adds to every model.
//!
//! A packet is delayed by d = `delay` + U(0, `jitter`) one way. The floor, calibrated on a link
//! without effects, becomes floor + d down; a request and the next answer take 2d more. A bottleneck
//! sends one packet after another, so a message occupies it for its bytes over the bandwidth; with
//! its headers, which at 1,448 payload bytes a packet (MTU 1,500, timestamps on) are 52 bytes each.
//! All clients share it: what that means for an update that goes to all of them is in
//! [`push`](super::push), for polls in [`exchange`](super::exchange). What codecs do not see
//! (acknowledgements, packets that open and close connections) is left out.
//!
//! Loss, cuts, slow start and what a full queue drops are not modelled; the assumptions say so.

use crate::{MTU_BYTES, Scenario, Way, link::Bottleneck};

/// IPv4 (20), TCP (20) and its timestamps option (12): RFC 791, RFC 9293, RFC 7323.
pub const PACKET_HEADER_BYTES: u64 = 52;

/// What a packet carries of a stream.
const SEGMENT_BYTES: f64 = (MTU_BYTES - PACKET_HEADER_BYTES) as f64;

/// A link as the models see it; without one nothing is added.
#[derive(Clone, Debug, Default)]
pub(super) struct Network {
    pub down: Way,
    pub up: Way,
}

impl Network {
    pub fn of(scenario: &Scenario) -> Self {
        scenario
            .link
            .as_ref()
            .map_or_else(Self::default, |link| Self { down: link.way_down(), up: link.way_up() })
    }

    /// Mean time of a small packet to the server and of one back, ns.
    pub fn round_trip_ns(&self) -> f64 {
        mean_ns(&self.down) + mean_ns(&self.up)
    }

    /// What a packet to the clients is delayed more, at most, ns.
    pub fn jitter_down_ns(&self) -> f64 {
        self.down.jitter.as_nanos() as f64
    }

    /// Time that a message of `bytes` occupies the bottleneck to the clients, ns.
    pub fn wire_down_ns(&self, bytes: f64) -> f64 {
        wire_ns(&self.down, bytes)
    }

    /// Time that a message of `bytes` occupies the bottleneck to the server, ns.
    pub fn wire_up_ns(&self, bytes: f64) -> f64 {
        wire_ns(&self.up, bytes)
    }

    /// Whether messages have to wait for each other on the link.
    pub fn has_bottleneck(&self) -> bool {
        self.down.bottleneck.is_some() || self.up.bottleneck.is_some()
    }

    /// What is taken for granted.
    pub fn assumptions(&self) -> Vec<String> {
        let mut assumptions = Vec::new();
        let mut assume = |any: bool, text: &str| {
            if any {
                assumptions.push(text.to_owned());
            }
        };
        let either = |is: fn(&Way) -> bool| is(&self.down) || is(&self.up);
        assume(
            either(|way| way.loss > 0.0),
            "lost packets are not in the model: what TCP sends again comes at least a round trip \
             later, and after the last packet of a burst 200 ms or more",
        );
        assume(
            either(|way| !way.cuts.is_empty()),
            "cuts are not in the model: what falls into one comes after it, when TCP tries again",
        );
        assume(
            either(|way| !way.jitter.is_zero()),
            "jitter is taken as independent for each packet: a dense stream keeps its order and is \
             delayed by nearly all of it",
        );
        assume(
            either(|way| way.bottleneck.is_some()),
            "what the queue before a bottleneck drops is not in the model",
        );
        assume(
            self.round_trip_ns() > 0.0,
            "slow start is not in the model: of an answer or a burst that is larger than TCP's \
             initial window of 10 packets (RFC 6928), a connection that is fresh or was idle sends \
             the rest a round trip later or more",
        );
        assumptions
    }
}

fn wire_ns(way: &Way, bytes: f64) -> f64 {
    let Some(Bottleneck { bandwidth, .. }) = way.bottleneck else { return 0.0 };
    let headers = (bytes / SEGMENT_BYTES).ceil().max(1.0) * PACKET_HEADER_BYTES as f64;
    (bytes + headers) * 8e9 / bandwidth.bits_per_second() as f64
}

/// Mean one-way time of a small packet.
fn mean_ns(way: &Way) -> f64 {
    way.delay.as_nanos() as f64 + way.jitter.as_nanos() as f64 / 2.0
}
