//! Server-sent events (WHATWG HTML section 9.2) inside HTTP/1.1 chunks (RFC 9112 section 7.1).

use results::Causes;

use super::answer::Gap;
use super::{Listener, ProtocolError, Said, envelope};

/// Longest chunk that a load client accepts.
const CHUNK_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Decodes one event stream. A chunk is no message (RFC 6202): events may span chunks.
#[derive(Default)]
pub struct EventStream {
    /// The beginning of an event whose end is in a later chunk.
    partial: Vec<u8>,
    /// Whether the last chunk has been read.
    pub ended: bool,
}

impl EventStream {
    /// Decodes all whole chunks in `bytes` and returns how many bytes they take.
    ///
    /// # Errors
    /// When the bytes are no chunks, or an event is not what the protocol says.
    pub fn read(
        &mut self,
        bytes: &[u8],
        listener: &mut impl Listener,
    ) -> Result<usize, ProtocolError> {
        let mut used = 0;
        while let Some((data_start, length)) = chunk_header(&bytes[used..])? {
            let start = used + data_start;
            let Some(end) = bytes.get(start + length..start + length + 2) else { break };
            if end != b"\r\n" {
                return Err(ProtocolError::new("a chunk does not end with CRLF"));
            }
            let framing = (data_start + 2) as u64;
            listener.overhead(Causes { framing, ..Causes::default() });
            self.ended |= length == 0;
            self.data(&bytes[start..start + length], listener)?;
            used = start + length + 2;
        }
        Ok(used)
    }

    fn data(&mut self, data: &[u8], listener: &mut impl Listener) -> Result<(), ProtocolError> {
        if self.partial.is_empty() {
            let used = events(data, listener)?;
            self.partial.extend_from_slice(&data[used..]);
        } else {
            self.partial.extend_from_slice(data);
            let used = events(&self.partial, listener)?;
            self.partial.drain(..used);
        }
        Ok(())
    }
}

/// The bytes of a chunk's size line and the chunk's length; `None` while the line is incomplete.
fn chunk_header(bytes: &[u8]) -> Result<Option<(usize, usize)>, ProtocolError> {
    match httparse::parse_chunk_size(bytes) {
        Ok(httparse::Status::Complete((start, length))) if length as usize <= CHUNK_BYTES_MAX => {
            Ok(Some((start, length as usize)))
        }
        Ok(httparse::Status::Partial) => Ok(None),
        _ => Err(ProtocolError::new("a chunk's size cannot be read")),
    }
}

/// Decodes the whole events in `data`; returns their bytes.
fn events(data: &[u8], listener: &mut impl Listener) -> Result<usize, ProtocolError> {
    let mut used = 0;
    while let Some(length) = event_length(&data[used..]) {
        event(&data[used..used + length], listener)?;
        used += length;
    }
    Ok(used)
}

/// Bytes up to the end of the first blank line; `None` while there is none. Lines end with LF or
/// CRLF; the lone CR that the standard also allows is written by no server that we know.
fn event_length(data: &[u8]) -> Option<usize> {
    let mut next = 0;
    loop {
        next += data[next..].iter().position(|byte| *byte == b'\n')? + 1;
        match data[next..] {
            [b'\n', ..] => return Some(next + 1),
            [b'\r', b'\n', ..] => return Some(next + 2),
            _ => {}
        }
    }
}

/// The value of a field's line: one space after the colon is not part of it.
fn value<'a>(line: &'a [u8], field: &[u8]) -> Option<&'a [u8]> {
    let value = line.strip_prefix(field)?.strip_prefix(b":")?;
    let value = value.strip_prefix(b" ").unwrap_or(value);
    Some(value.strip_suffix(b"\r").unwrap_or(value))
}

/// One event with its blank line. A comment alone is a heartbeat.
fn event(bytes: &[u8], listener: &mut impl Listener) -> Result<(), ProtocolError> {
    let mut content: Option<&[u8]> = None;
    let mut is_gap = false;
    for line in bytes.split(|byte| *byte == b'\n') {
        if let Some(value) = value(line, b"data") {
            content = Some(value);
        } else if let Some(value) = value(line, b"event") {
            is_gap = value == b"gap";
        }
    }
    let all = bytes.len() as u64;
    let Some(content) = content else {
        listener.overhead(Causes { framing: all, ..Causes::default() });
        return Ok(());
    };
    let framing = all - content.len() as u64;
    if is_gap {
        let gap = gap(content)?;
        let causes = Causes { framing, envelope: content.len() as u64, ..Causes::default() };
        listener.hear(Said::Gap(gap), causes);
    } else {
        let stamp = envelope::read(content)?;
        let causes = Causes {
            payload: stamp.payload_bytes,
            envelope: content.len() as u64 - stamp.payload_bytes,
            framing,
            ..Causes::default()
        };
        listener.hear(Said::Update(stamp), causes);
    }
    Ok(())
}

/// Reads `{"gap":{"reason":"evicted","lost":3}}`.
///
/// # Errors
/// When it is something else.
pub fn gap(content: &[u8]) -> Result<Option<u64>, ProtocolError> {
    #[derive(serde::Deserialize)]
    struct Said {
        gap: Gap,
    }
    let said: Said = serde_json::from_slice(content)
        .map_err(|error| ProtocolError::new(format!("a gap cannot be read: {error}")))?;
    Ok(said.gap.lost)
}
