//! What a transport pushes: events, frames, or lengths and envelopes.

use serde_json::Value;

use super::subject::UPGRADE;
use super::wire::{Answer, Wire};
use super::{Seen, Subject, instead};
use crate::decode::frame::{self, Opcode};

/// Something that was pushed. Heartbeats are passed over.
#[derive(Debug)]
pub enum Pushed {
    /// An envelope, with the `id` of its event.
    Update(String, Option<String>),
    /// `{"gap":{…}}`, with the `id` of its event.
    Gap(Value, Option<String>),
    /// `{"cursor":"…"}`, where delivery begins.
    Cursor(String),
    /// A pong.
    Pong,
    /// A close frame, with its code.
    Close(Option<u16>),
}

/// A stream of them.
pub struct Push {
    transport: &'static str,
    /// The connection.
    pub wire: Wire,
    /// What the chunks so far have carried, up to an event's end.
    text: Vec<u8>,
}

impl Push {
    /// Opens one; the head must be a 200 or 101 that can be followed.
    pub fn open(
        subject: &Subject,
        transport: &str,
        query: &str,
        lines: &str,
    ) -> Result<Self, Seen> {
        let (mut push, head) = Self::ask(subject, transport, query, lines)?;
        match push.transport {
            "sse" => {
                head.is(200)?;
                if head.header("transfer-encoding").is_none_or(|value| value != "chunked") {
                    return instead("a stream that is not chunked");
                }
            }
            _ => head.is(101)?,
        }
        if push.transport == "websocket" && query.is_empty() {
            // Where it begins.
            push.cursor()?;
        }
        Ok(push)
    }

    /// Sends the request and reads the head of the answer.
    pub fn ask(
        subject: &Subject,
        transport: &str,
        query: &str,
        lines: &str,
    ) -> Result<(Self, Answer), Seen> {
        let transport = if transport == "sse" { "sse" } else { "websocket" };
        let mut wire = Wire::connect(&subject.http)?;
        let upgrade = if transport == "sse" { "" } else { UPGRADE };
        let request = subject.get(&format!("/{transport}{query}"), &format!("{upgrade}{lines}"));
        wire.send(request.as_bytes());
        let head = wire.head()?;
        Ok((Self { transport, wire, text: Vec::new() }, head))
    }

    /// The tcp transport.
    pub fn tcp(wire: Wire) -> Self {
        Self { transport: "tcp", wire, text: Vec::new() }
    }

    /// The cursor that a WebSocket begins with.
    pub fn cursor(&mut self) -> Result<String, Seen> {
        match self.next("the first frame")? {
            Pushed::Cursor(cursor) => Ok(cursor),
            other => instead(format!("{other:?} as the first frame")),
        }
    }

    /// The next update.
    pub fn update(&mut self) -> Result<(String, Option<String>), Seen> {
        match self.next("an update")? {
            Pushed::Update(envelope, id) => Ok((envelope, id)),
            other => instead(format!("{other:?} instead of an update")),
        }
    }

    /// Whatever comes next.
    pub fn next(&mut self, what: &str) -> Result<Pushed, Seen> {
        match self.transport {
            "sse" => self.event(what),
            "websocket" => self.frame(what),
            _ => {
                let length = self.wire.take(4, what)?;
                let length = u32::from_be_bytes([length[0], length[1], length[2], length[3]]);
                let bytes = self.wire.take(length as usize, what)?;
                Ok(Pushed::Update(text(bytes)?, None))
            }
        }
    }

    fn event(&mut self, what: &str) -> Result<Pushed, Seen> {
        loop {
            while let Some(end) = self.text.windows(2).position(|end| end == b"\n\n") {
                let event: Vec<u8> = self.text.drain(..end + 2).collect();
                if let Some(pushed) = read_event(&text(event)?)? {
                    return Ok(pushed);
                }
            }
            self.chunk(what)?;
        }
    }

    fn chunk(&mut self, what: &str) -> Result<(), Seen> {
        let length = self.wire.until(what, |buffer| match httparse::parse_chunk_size(buffer) {
            Ok(httparse::Status::Complete((start, length))) => {
                buffer.drain(..start);
                Ok(Some(length as usize))
            }
            Ok(httparse::Status::Partial) => Ok(None),
            Err(_) => instead("bytes that are no chunk"),
        })?;
        let mut data = self.wire.take(length + 2, what)?;
        data.truncate(length);
        if data.is_empty() {
            return instead(format!("the stream ended before {what}"));
        }
        // Lines end with LF or CRLF.
        self.text.extend(data.into_iter().filter(|byte| *byte != b'\r'));
        Ok(())
    }

    fn frame(&mut self, what: &str) -> Result<Pushed, Seen> {
        loop {
            let (opcode, payload) = self.wire.until(what, |buffer| match frame::read(buffer) {
                Ok(Some(frame)) => {
                    let read = (frame.opcode, frame.payload.to_vec());
                    let bytes = frame.bytes();
                    buffer.drain(..bytes);
                    Ok(Some(read))
                }
                Ok(None) => Ok(None),
                Err(error) => instead(error.to_string()),
            })?;
            match opcode {
                Opcode::Text | Opcode::Continuation => return read_message(text(payload)?),
                Opcode::Pong => return Ok(Pushed::Pong),
                Opcode::Close => {
                    let code = payload.first_chunk::<2>().map(|code| u16::from_be_bytes(*code));
                    return Ok(Pushed::Close(code));
                }
                Opcode::Ping => {}
            }
        }
    }
}

fn text(bytes: Vec<u8>) -> Result<String, Seen> {
    String::from_utf8(bytes).or_else(|_| instead("bytes that are no UTF-8"))
}

/// `None` for a comment, which is a heartbeat.
fn read_event(event: &str) -> Result<Option<Pushed>, Seen> {
    let field = |name: &str| {
        event.lines().find_map(|line| {
            let value = line.strip_prefix(name)?.strip_prefix(':')?;
            Some(value.strip_prefix(' ').unwrap_or(value).to_owned())
        })
    };
    let Some(data) = field("data") else { return Ok(None) };
    let id = field("id");
    if field("event").as_deref() == Some("gap") {
        let said: Value = serde_json::from_str(&data).unwrap_or_default();
        return match said.get("gap") {
            Some(gap) => Ok(Some(Pushed::Gap(gap.clone(), id))),
            None => instead(format!("event: gap with data {data}")),
        };
    }
    Ok(Some(Pushed::Update(data, id)))
}

fn read_message(message: String) -> Result<Pushed, Seen> {
    let said: Value = match serde_json::from_str(&message) {
        Ok(said) => said,
        Err(error) => return instead(format!("{message}, which is no JSON: {error}")),
    };
    Ok(match (said.get("cursor").and_then(Value::as_str), said.get("gap")) {
        (Some(cursor), None) if said.get("seq").is_none() => Pushed::Cursor(cursor.to_owned()),
        (None, Some(gap)) => Pushed::Gap(gap.clone(), None),
        _ => Pushed::Update(message, None),
    })
}
