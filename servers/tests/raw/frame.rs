//! WebSocket frames as bytes.

use super::Raw;
use super::answer::{Answer, get_with};

/// FIN and the opcode.
pub const TEXT: u8 = 0x81;
pub const BINARY: u8 = 0x82;
pub const CLOSE: u8 = 0x88;
pub const PING: u8 = 0x89;
pub const PONG: u8 = 0x8a;

/// The key of RFC 6455 section 1.3, and all else that a handshake needs.
pub const UPGRADE: &str = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
                           Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

/// A frame as a client sends it, masked.
pub fn frame(first: u8, payload: impl AsRef<[u8]>) -> Vec<u8> {
    let payload = payload.as_ref();
    let mask = [0x37, 0xfa, 0x21, 0x3d];
    let mut frame = head(first, 0x80, payload.len() as u64);
    frame.extend(mask);
    frame.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}

/// The beginning of a frame, up to its length; `masked` is 0x80 or 0.
pub fn head(first: u8, masked: u8, length: u64) -> Vec<u8> {
    match length {
        0..126 => vec![first, masked + length as u8],
        126..=0xffff => [&[first, masked + 126][..], &(length as u16).to_be_bytes()].concat(),
        _ => [&[first, masked + 127][..], &length.to_be_bytes()].concat(),
    }
}

/// A close frame with a code.
pub fn close(code: u16) -> Vec<u8> {
    frame(CLOSE, code.to_be_bytes())
}

impl Raw {
    /// The opening handshake; the answer is a 101 unless something was wrong with the request.
    pub async fn upgrade(&mut self, target: &str) -> Answer {
        self.send(get_with(target, UPGRADE)).await;
        self.head().await
    }

    /// One frame of the server: whole and unmasked, and as short a header as the length allows.
    pub async fn frame(&mut self) -> Option<(u8, Vec<u8>)> {
        let start = self.take(2).await?;
        let length = match start[1] {
            126 => u64::from(u16::from_be_bytes(self.take(2).await?.try_into().unwrap())),
            127 => u64::from_be_bytes(self.take(8).await?.try_into().unwrap()),
            short => u64::from(short),
        };
        let shortest = if length < 126 { length as u8 } else { 126 + u8::from(length > 0xffff) };
        assert_eq!(start[1], shortest, "unmasked, and as short as possible");
        Some((start[0], self.take(length as usize).await?))
    }

    /// The text of the next frame.
    pub async fn text(&mut self) -> String {
        let (first, payload) = self.frame().await.expect("a frame before the end");
        assert_eq!(first, TEXT, "{payload:?}");
        String::from_utf8(payload).unwrap()
    }

    /// The code of the close frame that comes next, and that nothing follows it. None if it has no code.
    pub async fn closed(&mut self) -> Option<u16> {
        let (first, payload) = self.frame().await.expect("a close frame, not a dropped connection");
        assert_eq!(first, CLOSE, "{payload:?}");
        assert!(self.rest().await.is_empty(), "nothing follows a close frame");
        let (code, reason) = payload.split_first_chunk()?;
        assert!(std::str::from_utf8(reason).is_ok());
        Some(u16::from_be_bytes(*code))
    }
}
