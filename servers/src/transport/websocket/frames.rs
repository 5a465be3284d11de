//! Frames from the server: never masked, never fragmented, so a header is two to ten bytes and the
//! text.

use bytes::Bytes;

use crate::feed::{Gap, Place, Slice};

/// FIN and the opcode of a text message (RFC 6455 section 5.2).
const TEXT: u8 = 0x81;

/// A text frame per update. All clients get the same bytes, so they are made once; going through
/// tungstenite would copy them into a buffer of each client.
pub(super) fn write_updates(slice: &Slice<'_>, out: &mut Vec<u8>) {
    for update in slice.updates() {
        write_text(&update.bytes, out);
    }
}

/// Where delivery begins.
pub(super) fn cursor(place: Place<'_>) -> Bytes {
    text(&format!("{{\"cursor\":\"{place}\"}}"))
}

/// What was lost.
pub(super) fn gap(gap: Gap) -> Bytes {
    text(&format!("{{\"gap\":{gap}}}"))
}

pub(super) fn text(text: &str) -> Bytes {
    let mut out = Vec::with_capacity(text.len() + 10);
    write_text(text.as_bytes(), &mut out);
    out.into()
}

fn write_text(text: &[u8], out: &mut Vec<u8>) {
    out.push(TEXT);
    // The fewest bytes that hold the length, as the RFC demands.
    match text.len() {
        short @ 0..126 => out.push(short as u8),
        medium @ 126..=0xffff => {
            out.push(126);
            out.extend_from_slice(&(medium as u16).to_be_bytes());
        }
        long => {
            out.push(127);
            out.extend_from_slice(&(long as u64).to_be_bytes());
        }
    }
    out.extend_from_slice(text);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_take_the_fewest_bytes() {
        let head = |length: usize| text(&"x".repeat(length))[..].to_vec();
        assert_eq!(head(0), [0x81, 0]);
        assert_eq!(head(125)[..2], [0x81, 125]);
        assert_eq!(head(126)[..4], [0x81, 126, 0, 126]);
        assert_eq!(head(65_535)[..4], [0x81, 126, 0xff, 0xff]);
        assert_eq!(head(65_536)[..10], [0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]);
        assert_eq!(head(65_536).len(), 65_546);
    }
}
