//! The headers of one packet.

use super::Direction;

/// TCP flags (RFC 9293, section 3.1).
pub const FIN: u8 = 1;
/// Opens a connection.
pub const SYN: u8 = 2;
/// Ends it at once.
pub const RST: u8 = 4;
/// The acknowledgement number counts.
pub const ACK: u8 = 16;

/// IP protocol number of TCP.
const TCP: u8 = 6;
/// Headers without options, bytes; so are IPv4's (RFC 791) and TCP's (RFC 9293).
const HEADER_MIN: usize = 20;

/// What the account needs of a TCP segment in an IPv4 packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Sender's port.
    pub source_port: u16,
    /// Receiver's port.
    pub destination_port: u16,
    /// Number of its first byte.
    pub sequence: u32,
    /// Number of the byte that is expected next.
    pub acknowledged: u32,
    /// FIN, SYN, RST, ACK and the rest.
    pub flags: u8,
    /// IP and TCP headers with their options, bytes.
    pub header_bytes: u32,
    /// What follows them, bytes.
    pub payload_bytes: u32,
}

impl Segment {
    /// Reads an IP packet; `None` for all but a whole TCP segment over IPv4.
    pub fn parse(packet: &[u8]) -> Option<Self> {
        let ip_bytes = usize::from(packet.first()? & 0x0f) * 4;
        let is_version_4 = packet[0] >> 4 == 4;
        let tcp = packet.get(ip_bytes..)?;
        if !is_version_4 || ip_bytes < HEADER_MIN || tcp.len() < HEADER_MIN || packet[9] != TCP {
            return None;
        }
        let two = |bytes: &[u8], at: usize| u16::from_be_bytes([bytes[at], bytes[at + 1]]);
        let four = |at| u32::from(two(tcp, at)) << 16 | u32::from(two(tcp, at + 2));
        // A fragment has an offset, or says that more follow.
        let is_fragment = two(packet, 6) & 0x3fff != 0;
        let tcp_bytes = usize::from(tcp[12] >> 4) * 4;
        let is_whole = usize::from(two(packet, 2)) == packet.len();
        if is_fragment || !is_whole || tcp_bytes < HEADER_MIN || tcp_bytes > tcp.len() {
            return None;
        }
        Some(Self {
            source_port: two(tcp, 0),
            destination_port: two(tcp, 2),
            sequence: four(4),
            acknowledged: four(8),
            flags: tcp[13],
            header_bytes: (ip_bytes + tcp_bytes) as u32,
            payload_bytes: (tcp.len() - tcp_bytes) as u32,
        })
    }

    /// The port that names its connection: the clients' end of one that goes `direction`.
    pub fn clients_port(&self, direction: Direction) -> usize {
        usize::from(match direction {
            Direction::Up => self.source_port,
            Direction::Down => self.destination_port,
        })
    }

    /// Whether a flag is set.
    pub fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }
}
