//! Where the bytes of a link go, by cause: each packet is looked at as it enters, before anything is
//! done to it, so that the sums are those of the sender. What a packet says to the other end counts
//! when it arrives there: one that is lost has told nobody that a connection is over.

mod flow;
mod segment;

use serde::{Deserialize, Serialize};

use super::effect::{Amount, Direction};
use flow::Flow;
use segment::{ACK, RST, Segment};

/// What one direction carried, by cause. The bytes add up to all bytes of all IP packets. A packet
/// is counted once although its bytes may have several causes: with its payload if any of that is
/// sent for the first time, so `headers` has bytes alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Traffic {
    /// SYN and SYN-ACK, the headers of FIN and RST, and the pure acknowledgement that completes a
    /// handshake.
    pub handshake: Amount,
    /// All other packets without payload.
    pub acks: Amount,
    /// IP and TCP headers of packets with payload that was not sent before.
    pub headers: Amount,
    /// TCP payload that was not sent before.
    pub payload: Amount,
    /// What was sent before: whole packets, or the part of the payload that overlaps.
    pub retransmitted: Amount,
    /// What is not TCP over IPv4. Nothing else is meant to use the link.
    pub other: Amount,
}

impl Traffic {
    /// All causes together.
    pub fn total(&self) -> Amount {
        self.causes().into_iter().sum()
    }

    fn causes(&self) -> [Amount; 6] {
        let Self { handshake, acks, headers, payload, retransmitted, other } = *self;
        [handshake, acks, headers, payload, retransmitted, other]
    }
}

/// The account of both directions, and of the connections that use them. The clients open them; a
/// client's port names its connection, so all go to one port of the server.
pub struct Account {
    flows: Box<[Flow]>,
    traffic: [Traffic; 2],
    largest_bytes: [u64; 2],
    opened: u64,
    closed: u64,
}

impl Default for Account {
    /// Nothing was seen.
    fn default() -> Self {
        let ports = usize::from(u16::MAX) + 1;
        Self {
            flows: vec![Flow::default(); ports].into(),
            traffic: [Traffic::default(); 2],
            largest_bytes: [0; 2],
            opened: 0,
            closed: 0,
        }
    }
}

impl Account {
    /// Enters one IP packet that an end has sent.
    pub fn observe(&mut self, direction: Direction, packet: &[u8]) {
        let (way, bytes) = (direction as usize, packet.len() as u64);
        self.largest_bytes[way] = self.largest_bytes[way].max(bytes);
        let traffic = &mut self.traffic[way];
        let Some(segment) = Segment::parse(packet) else {
            traffic.other.add(bytes);
            return;
        };
        let flow = &mut self.flows[segment.clients_port(direction)];
        let was_live = flow.is_live();
        let opens = flow.is_opened_by(direction, &segment);
        flow.classify(direction, &segment).enter(traffic);
        self.opened += u64::from(opens);
        // A port that is used again has forgotten its last connection, closed or not.
        self.closed += u64::from(was_live && (opens || !flow.is_live()));
    }

    /// Takes note that an IP packet has come to the other end.
    pub fn arrive(&mut self, direction: Direction, packet: &[u8]) {
        let Some(segment) = Segment::parse(packet) else { return };
        if !segment.has(ACK) && !segment.has(RST) {
            return;
        }
        let flow = &mut self.flows[segment.clients_port(direction)];
        let was_live = flow.is_live();
        flow.hear(direction, &segment);
        self.closed += u64::from(was_live && !flow.is_live());
    }

    /// What a direction carried so far.
    pub fn traffic(&self, direction: Direction) -> Traffic {
        self.traffic[direction as usize]
    }

    /// The largest packet of a direction, bytes.
    pub fn largest_bytes(&self, direction: Direction) -> u64 {
        self.largest_bytes[direction as usize]
    }

    /// Connections that were opened, by a first SYN.
    pub fn opened(&self) -> u64 {
        self.opened
    }

    /// Those that are not closed, so that an end may still have something to send again: not both
    /// sides have heard that their FIN has arrived, and not one from the other that it has given up.
    pub fn unclosed(&self) -> u64 {
        self.opened - self.closed
    }
}

#[cfg(test)]
mod tests;
