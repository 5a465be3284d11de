//! Messages, packets and bytes of one client, per second.
//!
//! On the wire a message has 52 bytes of IP and TCP header for each 1,448 of its own, and each
//! message down and each last one of an exchange is acknowledged in a packet of 52: a push is two
//! packets, an exchange three. (Below some 40 ms between polls the acknowledgement rides on the next
//! request, which is not taken into account: bytes are then an upper bound.)

use scenarios::predict::{PACKET_HEADER_BYTES, closed};

use super::Cost;

const PACKET_BYTES: f64 = PACKET_HEADER_BYTES as f64;
/// What a packet of 1,500 bytes carries.
const SEGMENT_BYTES: f64 = 1_448.0;
/// What TLS adds to a record, and what one carries at most (RFC 8446 sections 5.1 and 5.2).
const RECORD: (f64, f64) = (22.0, 16_384.0);

/// What a client asks and gets, per second.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Traffic {
    /// Bytes of both directions.
    pub bytes: f64,
    /// Requests.
    pub requests: f64,
    /// What costs the server its CPU: polls, or updates pushed.
    pub operations: f64,
}

/// What is counted of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layer {
    /// With the headers of TCP and IP and with acknowledgements.
    Wire,
    /// What the codecs see.
    AboveTcp,
}

/// A client's feed, as traffic sees it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Feed {
    /// λ, per second.
    pub rate: f64,
    pub payload_bytes: f64,
    pub latest_value: bool,
    pub layer: Layer,
}

impl Feed {
    /// Polls every `cycle` seconds.
    pub fn short_poll(self, cost: &Cost, cycle: f64) -> Traffic {
        let poll = closed::ShortPoll { cycle, floor: 0.0 };
        let news = 1.0 - poll.empty_poisson(self.rate);
        let updates = self.updates(self.rate * cycle / news.max(f64::MIN_POSITIVE));
        let each = news * self.answer(cost, updates) + (1.0 - news) * self.empty(cost);
        let requests = 1.0 / cycle;
        let bytes = (self.request(cost) + each) * requests;
        Traffic { bytes, requests, operations: requests }
    }

    /// Long polls with the gap `gap` seconds.
    pub fn long_poll(self, cost: &Cost, gap: f64) -> Traffic {
        let hold = cost.hold_s.unwrap_or(f64::INFINITY);
        let poll = closed::LongPoll { rate: self.rate, gap, hold };
        let (requests, empty) = (poll.answers_per_second(), poll.empty_per_second());
        let answers = (requests - empty).max(f64::MIN_POSITIVE);
        let updates = self.updates(self.rate / answers);
        let bytes = requests * self.request(cost)
            + answers * self.answer(cost, updates)
            + empty * self.empty(cost);
        Traffic { bytes, requests, operations: requests }
    }

    /// Updates as they come, each in a write of its own, and heartbeats.
    pub fn push(self, name: &str, cost: &Cost) -> Traffic {
        let update = self.update(cost) + cost.sizes.tls_bytes;
        let beats = cost.heartbeat_s.map_or(0.0, |every| 1.0 / every);
        let sealed = |bytes: f64| bytes + record(cost, bytes);
        let beat = match name {
            // A comment in a chunk of its own; a ping, and a masked pong whose packet acknowledges.
            "sse" => self.acknowledged(sealed(8.0)),
            "websocket" => self.message(sealed(2.0)) + self.acknowledged(sealed(6.0)),
            _ => 0.0,
        };
        let bytes = self.rate * self.acknowledged(update) + beats * beat;
        Traffic { bytes, requests: 0.0, operations: self.rate }
    }

    fn updates(self, all: f64) -> f64 {
        if self.latest_value { 1.0 } else { all }
    }

    fn update(self, cost: &Cost) -> f64 {
        let sizes = &cost.sizes;
        self.payload_bytes + sizes.update_envelope_bytes + sizes.update_framing_bytes
    }

    fn request(self, cost: &Cost) -> f64 {
        self.message(cost.sizes.request_head_bytes + cost.sizes.tls_bytes)
    }

    fn answer(self, cost: &Cost, updates: f64) -> f64 {
        let sizes = &cost.sizes;
        let plain =
            sizes.answer_head_bytes + sizes.answer_envelope_bytes + updates * self.update(cost);
        self.acknowledged(plain + record(cost, plain) + sizes.tls_connect_bytes)
    }

    fn empty(self, cost: &Cost) -> f64 {
        let plain = cost.sizes.empty_head_bytes;
        self.acknowledged(plain + record(cost, plain) + cost.sizes.tls_connect_bytes)
    }

    fn message(self, bytes: f64) -> f64 {
        bytes + self.packets(packets_of(bytes))
    }

    /// With acknowledgements, one for two packets of a long message.
    fn acknowledged(self, bytes: f64) -> f64 {
        self.message(bytes) + self.packets((packets_of(bytes) / 2.0).max(1.0))
    }

    fn packets(self, packets: f64) -> f64 {
        if self.layer == Layer::Wire { packets * PACKET_BYTES } else { 0.0 }
    }
}

/// What TLS adds to a message.
fn record(cost: &Cost, plain: f64) -> f64 {
    if cost.sizes.tls_bytes > 0.0 { RECORD.0 * (plain / RECORD.1).max(1.0) } else { 0.0 }
}

/// On the average over sizes, so not rounded up.
fn packets_of(bytes: f64) -> f64 {
    (bytes / SEGMENT_BYTES).max(1.0)
}
