//! What a link carried, by cause: whole IP packets, counted where they enter it.

use serde::{Deserialize, Serialize};

use crate::Causes;

/// Bytes of one direction of a link by what they were for. Together with [`Causes`], which splits
/// up `payload`, no byte is without a cause and none is a remainder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Wire {
    /// Packets, whatever was in them.
    pub packets: u64,
    /// TCP payload that was sent for the first time.
    pub payload: u64,
    /// IP and TCP headers of the packets that carried it.
    pub headers: u64,
    /// Packets that only acknowledge.
    pub acks: u64,
    /// Packets that open connections, and the headers of those that close them.
    pub handshakes: u64,
    /// Whatever was sent again, headers included.
    pub retransmitted: u64,
    /// Packets that are not TCP; a link of feedlab has none.
    pub other: u64,
}

impl Wire {
    /// All bytes of the direction.
    pub fn bytes(&self) -> u64 {
        self.payload + self.over_payload()
    }

    /// All but the payload: what TCP and IP cost.
    pub fn over_payload(&self) -> u64 {
        self.headers + self.acks + self.handshakes + self.retransmitted + self.other
    }

    /// Cause by cause sum, for pooling and for both directions together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            packets: self.packets + other.packets,
            payload: self.payload + other.payload,
            headers: self.headers + other.headers,
            acks: self.acks + other.acks,
            handshakes: self.handshakes + other.handshakes,
            retransmitted: self.retransmitted + other.retransmitted,
            other: self.other + other.other,
        }
    }

    /// What came after an earlier count.
    #[must_use]
    pub fn since(self, earlier: Self) -> Self {
        Self {
            packets: self.packets - earlier.packets,
            payload: self.payload - earlier.payload,
            headers: self.headers - earlier.headers,
            acks: self.acks - earlier.acks,
            handshakes: self.handshakes - earlier.handshakes,
            retransmitted: self.retransmitted - earlier.retransmitted,
            other: self.other - earlier.other,
        }
    }
}

/// Both directions of a link, seen from the client: up is what it sends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Wires {
    /// Client to server.
    pub up: Wire,
    /// Server to client.
    pub down: Wire,
}

impl Wires {
    /// Cause by cause sum.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self { up: self.up.plus(other.up), down: self.down.plus(other.down) }
    }

    /// What came after an earlier count.
    #[must_use]
    pub fn since(self, earlier: Self) -> Self {
        Self { up: self.up.since(earlier.up), down: self.down.since(earlier.down) }
    }
}

/// The whole life of a trial's connections, from the first SYN to the last packet, by the two
/// instruments that must agree: the codecs and the link.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Life {
    /// What the codecs counted from client to server.
    pub up: Causes,
    /// What the codecs counted from server to client.
    pub down: Causes,
    /// What the link carried, by cause.
    pub link: Wires,
    /// Lengths of the packets from client to server, which nobody has split up by cause.
    pub link_bytes_up: u64,
    /// The same from server to client.
    pub link_bytes_down: u64,
}

impl Life {
    /// Sums of all causes, up and down: the codecs' and those of TCP and IP.
    pub fn causes(&self) -> [u64; 2] {
        let up = self.up.total() + self.link.up.over_payload();
        [up, self.down.total() + self.link.down.over_payload()]
    }

    /// Lengths of the packets, up and down.
    pub fn link_bytes(&self) -> [u64; 2] {
        [self.link_bytes_up, self.link_bytes_down]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_causes_of_a_life_are_the_links_bytes_where_the_codecs_saw_the_payload() {
        let wire = Wire {
            packets: 9,
            payload: 100,
            headers: 104,
            acks: 52,
            handshakes: 172,
            retransmitted: 152,
            other: 0,
        };
        let up = Causes { head: 100, ..Causes::default() };
        let down = Causes { payload: 60, envelope: 40, ..Causes::default() };
        let link = Wires { up: wire, down: wire };
        let bytes = 100 + 104 + 52 + 172 + 152;
        let life = Life { up, down, link, link_bytes_up: bytes, link_bytes_down: bytes };
        assert_eq!(life.causes(), life.link_bytes());
        assert_eq!([wire.bytes(); 2], life.link_bytes());
        assert_eq!(wire.plus(wire).since(wire), wire);
    }
}
