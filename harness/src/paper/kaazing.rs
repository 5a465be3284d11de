//! Peter Lubbers and Frank Greco, "HTML5 WebSocket: A Quantum Leap in Scalability for the Web"
//! (Kaazing, 2010): a poll a second against a WebSocket message a second, by the size of their
//! heads. It is arithmetic on two heads that the article prints; nothing was measured.
//!
//! Four figures tell the same story and differ by a factor of fifty: heads without line ends
//! (871 : 2), with them (909 : 2), with the payload that they carry, and with the packets that carry
//! all of it. The article has the first.

mod beside;

use scenarios::predict::PACKET_HEADER_BYTES;
use servers::Params;

use crate::client::request::Heads;
use crate::decode::frame;
use crate::paper::Published;

/// Registered in the table of papers.
pub const PUBLISHED: Published = Published { name: "kaazing", beside: beside::beside };

/// A stock's price as the article's servlet sends it (`Content-Length: 21`).
pub const PAYLOAD_BYTES: u64 = 21;

/// The article's row of clients, each with a poll or a message a second.
pub const CLIENTS: [u64; 3] = [1_000, 10_000, 100_000];

/// Packets of a poll: the request, the answer with its acknowledgement, and the acknowledgement of
/// that, which does not wait for a request that comes only after a second (Linux delays one for at
/// least 40 ms). Counted on loopback: 3.03.
pub const POLL_PACKETS: u64 = 3;

/// Packets of a pushed message: itself and its acknowledgement. Counted on loopback: 2.00.
pub const PUSH_PACKETS: u64 = 2;

/// A megabit of the article.
const MEGABIT: f64 = 1_048_576.0;

/// The article's comparison for one poll and one message, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kaazing {
    /// Characters of a poll's two heads without their line ends: the article's figure.
    pub poll_head_characters: u64,
    /// The same heads as they are on the wire.
    pub poll_head_bytes: u64,
    /// A frame's header.
    pub frame_head_bytes: u64,
    /// A poll with its payload, above TCP.
    pub poll_bytes: u64,
    /// A frame with its payload, above TCP.
    pub frame_bytes: u64,
    /// A poll with the heads of its packets.
    pub poll_wire_bytes: u64,
    /// A frame with the heads of its packets.
    pub frame_wire_bytes: u64,
}

impl Kaazing {
    /// Counts what our client and our server write with `headers = "kaazing"`, and their frames.
    pub fn computed() -> Self {
        let knobs = [("headers".to_owned(), "kaazing".into())].into();
        let mut request = Vec::new();
        let heads = Heads::new(&Params::new(knobs), "127.0.0.1:8080", 0);
        heads.poll("/short-poll?after=k3f9ab:12", None, &mut request);
        let lines = String::from_utf8_lossy(&request).matches("\r\n").count();
        let answer = servers::kaazing_answer(PAYLOAD_BYTES as usize);
        let poll_head_bytes = (request.len() + answer.bytes) as u64;

        let message = servers::text_frame(&"x".repeat(PAYLOAD_BYTES as usize));
        let frame = frame::read(&message).ok().flatten();
        let frame = frame.expect("the server's frames are the decoder's");
        let (poll_bytes, frame_bytes) = (poll_head_bytes + PAYLOAD_BYTES, frame.bytes() as u64);
        Self {
            poll_head_characters: poll_head_bytes - 2 * (lines + answer.lines) as u64,
            poll_head_bytes,
            frame_head_bytes: frame.header_bytes as u64,
            poll_bytes,
            frame_bytes,
            poll_wire_bytes: poll_bytes + POLL_PACKETS * PACKET_HEADER_BYTES,
            frame_wire_bytes: frame_bytes + PUSH_PACKETS * PACKET_HEADER_BYTES,
        }
    }

    /// Heads alone, the article's way: about 435.
    pub fn head_ratio(&self) -> f64 {
        self.poll_head_characters as f64 / self.frame_head_bytes as f64
    }

    /// All above TCP, payload included: about 40.
    pub fn ratio(&self) -> f64 {
        self.poll_bytes as f64 / self.frame_bytes as f64
    }

    /// All that crosses the network: 8.6.
    pub fn wire_ratio(&self) -> f64 {
        self.poll_wire_bytes as f64 / self.frame_wire_bytes as f64
    }
}

/// What so many bytes a second are in the article's "Mbps", which are 2²⁰ bits.
pub fn megabits(bytes_per_second: u64) -> f64 {
    8.0 * bytes_per_second as f64 / MEGABIT
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_heads_give_the_articles_figures_and_those_it_left_out() {
        let computed = Kaazing::computed();
        assert_eq!(computed.poll_head_characters, 871);
        assert_eq!(computed.poll_head_bytes, 909);
        assert_eq!(computed.frame_head_bytes, 2);
        assert_eq!((computed.poll_bytes, computed.frame_bytes), (930, 23));
        assert_eq!((computed.poll_wire_bytes, computed.frame_wire_bytes), (1086, 127));
        assert_eq!(format!("{:.0}", computed.head_ratio().floor()), "435");
        assert_eq!(format!("{:.0}", computed.ratio()), "40");
        assert_eq!(format!("{:.1}", computed.wire_ratio()), "8.6");
    }

    #[test]
    fn the_articles_table_is_these_figures_times_its_clients() {
        let Kaazing { poll_head_characters, frame_head_bytes, .. } = Kaazing::computed();
        let printed = [("6.6", "0.015"), ("66", "0.153"), ("665", "1.526")];
        for ((clients, (poll, frame)), bytes) in
            CLIENTS.into_iter().zip(printed).zip([871_000, 8_710_000, 87_100_000])
        {
            assert_eq!(clients * poll_head_characters, bytes);
            let rounded = |text: &str, bytes| {
                let digits = text.split_once('.').map_or(0, |(_, digits)| digits.len());
                format!("{:.digits$}", megabits(bytes))
            };
            assert_eq!(rounded(poll, bytes), poll);
            assert_eq!(rounded(frame, clients * frame_head_bytes), frame);
        }
    }
}
