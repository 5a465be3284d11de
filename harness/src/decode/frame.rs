//! WebSocket frames from a server (RFC 6455 section 5.2), and the few that a client sends back.

use super::ProtocolError;

/// Longest message that a load client accepts: an envelope of the largest payload, with room.
const MESSAGE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// What a frame is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opcode {
    /// Part of a message that an earlier frame began.
    Continuation,
    /// Text: the cursor, a gap or an envelope.
    Text,
    /// Close, with code and reason.
    Close,
    /// A question that must be answered.
    Ping,
    /// An answer.
    Pong,
}

/// One whole frame at the start of some bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// What it is for.
    pub opcode: Opcode,
    /// Whether it ends its message.
    pub last: bool,
    /// 2, 4 or 10.
    pub header_bytes: usize,
    /// What it carries.
    pub payload: &'a [u8],
}

impl Frame<'_> {
    /// All its bytes.
    pub fn bytes(&self) -> usize {
        self.header_bytes + self.payload.len()
    }
}

/// Reads a frame; `None` while it is incomplete.
///
/// # Errors
/// A server must not mask (section 5.1), set reserved bits or use an unknown opcode, split or
/// lengthen a control frame beyond 125 bytes (5.5), or use a longer length than needed (5.2).
pub fn read(bytes: &[u8]) -> Result<Option<Frame<'_>>, ProtocolError> {
    let [first, second, ..] = *bytes else { return Ok(None) };
    if second & 0x80 != 0 {
        return Err(ProtocolError::new("the server masked a frame"));
    }
    if first & 0x70 != 0 {
        return Err(ProtocolError::new("a reserved bit is set and no extension was agreed"));
    }
    let opcode = match first & 0x0f {
        0 => Opcode::Continuation,
        1 => Opcode::Text,
        8 => Opcode::Close,
        9 => Opcode::Ping,
        10 => Opcode::Pong,
        other => return Err(ProtocolError::new(format!("a frame has opcode {other}"))),
    };
    let (header_bytes, length) = match second & 0x7f {
        126 => match bytes.get(2..4) {
            Some(field) => (4, u64::from(u16::from_be_bytes([field[0], field[1]]))),
            None => return Ok(None),
        },
        127 => match bytes.get(2..10).and_then(|field| field.try_into().ok()) {
            Some(field) => (10, u64::from_be_bytes(field)),
            None => return Ok(None),
        },
        short => (2, u64::from(short)),
    };
    let shortest = match length {
        0..=125 => 2,
        126..=65_535 => 4,
        _ => 10,
    };
    if header_bytes != shortest {
        return Err(ProtocolError::new("a frame's length takes more bytes than it needs"));
    }
    if length > MESSAGE_BYTES_MAX {
        return Err(ProtocolError::new(format!("a frame of {length} bytes is too long")));
    }
    let last = first & 0x80 != 0;
    if matches!(opcode, Opcode::Close | Opcode::Ping | Opcode::Pong) && (!last || length > 125) {
        return Err(ProtocolError::new("a control frame is split or longer than 125 bytes"));
    }
    let end = header_bytes + length as usize;
    Ok(bytes.get(header_bytes..end).map(|payload| Frame { opcode, last, header_bytes, payload }))
}

/// A masked control frame, as a client must send it (section 5.3).
pub fn masked_control(opcode: Opcode, payload: &[u8], mask: [u8; 4]) -> Vec<u8> {
    let code = match opcode {
        Opcode::Continuation => 0,
        Opcode::Text => 1,
        Opcode::Close => 8,
        Opcode::Ping => 9,
        Opcode::Pong => 10,
    };
    let payload = &payload[..payload.len().min(125)];
    let mut frame = vec![0x80 | code, 0x80 | payload.len() as u8];
    frame.extend(mask);
    frame.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, key)| byte ^ key));
    frame
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server_frame(length: usize) -> Vec<u8> {
        let mut frame = vec![0x81];
        match length {
            0..=125 => frame.push(length as u8),
            126..=65_535 => {
                frame.push(126);
                frame.extend((length as u16).to_be_bytes());
            }
            _ => {
                frame.push(127);
                frame.extend((length as u64).to_be_bytes());
            }
        }
        frame.resize(frame.len() + length, b'x');
        frame
    }

    #[test]
    fn headers_are_2_4_and_10_bytes_at_the_bounds_of_rfc_6455() {
        for (length, header) in [(0, 2), (125, 2), (126, 4), (65_535, 4), (65_536, 10)] {
            let bytes = server_frame(length);
            let frame = read(&bytes).unwrap().unwrap();
            assert_eq!((frame.header_bytes, frame.payload.len()), (header, length));
            assert!(read(&bytes[..bytes.len() - 1]).unwrap().is_none(), "{length}");
        }
    }

    #[test]
    fn a_pong_costs_six_bytes_and_its_payload() {
        assert_eq!(masked_control(Opcode::Pong, b"abc", [1, 2, 3, 4]).len(), 6 + 3);
    }

    #[test]
    fn what_a_server_must_not_send_is_refused() {
        for bytes in [
            &[0x81, 0x80, 0, 0, 0, 0][..],
            &[0xc1, 0][..],
            &[0x83, 0][..],
            &[0x09, 0][..],
            &[0x89, 126, 0, 126][..],
            &[0x81, 126, 0, 1, 0][..],
        ] {
            assert!(read(bytes).is_err(), "{bytes:?}");
        }
    }
}
