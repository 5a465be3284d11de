//! WebSocket (RFC 6455): an upgrade, then frames.

use base64::Engine;
use rand::RngExt;

use super::request::{CONNECT_HEADERS, COOKIE_BYTES, Heads};
use super::{Client, Following, Start};
use crate::clock;
use crate::decode::frame::{self, Opcode};
use crate::decode::{Listener, ProtocolError, Said, envelope, event_stream, head};
use crate::dial::{Dial, Failure};
use crate::inbox::Inbox;
use results::Causes;
use servers::Params;

pub const CLIENT: Client = Client {
    name: "websocket",
    knobs: &[CONNECT_HEADERS, COOKIE_BYTES],
    check: |_| Ok(()),
    patience: super::none,
    follow,
};

fn follow(dial: Dial, inbox: Inbox, params: Params, start: Start) -> Following {
    Box::pin(async move {
        dial.alarm.until(start.at_ns).await;
        let began_ns = clock::now_ns();
        let mut socket = dial.connect(&inbox).await?;
        let key =
            base64::engine::general_purpose::STANDARD.encode(rand::rng().random::<[u8; 16]>());
        let mut request = Vec::new();
        let heads = Heads::new(&params, &dial.server.to_string(), start.seed());
        heads.websocket("/websocket", &key, &mut request);
        let asked_ns = clock::now_ns();
        socket.write(&request).await?;
        inbox.request(asked_ns, request.len());
        let mut frames = Frames::default();
        let mut upgraded = false;
        while !upgraded {
            socket
                .read(&mut |bytes| {
                    let Some(head) = head::read(bytes)? else { return Ok(0) };
                    if head.status != 101 {
                        let status = head.status;
                        return Err(ProtocolError::new(format!(
                            "/websocket was answered by {status}"
                        )));
                    }
                    upgraded = true;
                    let causes = Causes { head: head.bytes as u64, ..Causes::default() };
                    (&mut &inbox).overhead(causes);
                    Ok(head.bytes + frames.read(&bytes[head.bytes..], &mut &inbox)?)
                })
                .await?;
        }
        inbox.connected(clock::now_ns() - began_ns);
        socket.listen_only();
        loop {
            for reply in frames.replies.drain(..) {
                socket.write(&reply).await?;
                inbox.sent_framing(reply.len());
            }
            if frames.closed {
                return Err(Failure::Connection("was closed by the server's close frame".into()));
            }
            socket.read(&mut |bytes| frames.read(bytes, &mut &inbox)).await?;
        }
    })
}

/// What has been read of a WebSocket.
#[derive(Default)]
struct Frames {
    /// A message whose last fragment has not come, and its framing bytes.
    partial: Vec<u8>,
    partial_framing_bytes: u64,
    /// Pongs and the close that are owed.
    replies: Vec<Vec<u8>>,
    closed: bool,
}

impl Frames {
    fn read(&mut self, bytes: &[u8], listener: &mut impl Listener) -> Result<usize, ProtocolError> {
        let mut used = 0;
        while let Some(frame) = frame::read(&bytes[used..])? {
            used += frame.bytes();
            match frame.opcode {
                Opcode::Text if frame.last && self.partial_framing_bytes == 0 => {
                    message(frame.payload, frame.header_bytes as u64, listener)?;
                }
                Opcode::Text | Opcode::Continuation => {
                    self.partial.extend_from_slice(frame.payload);
                    self.partial_framing_bytes += frame.header_bytes as u64;
                    if frame.last {
                        let whole = std::mem::take(&mut self.partial);
                        message(&whole, std::mem::take(&mut self.partial_framing_bytes), listener)?;
                    }
                }
                Opcode::Ping | Opcode::Pong | Opcode::Close => {
                    let framing = frame.bytes() as u64;
                    listener.overhead(Causes { framing, ..Causes::default() });
                    self.control(frame.opcode, frame.payload);
                }
            }
        }
        Ok(used)
    }

    fn control(&mut self, opcode: Opcode, payload: &[u8]) {
        let reply = match opcode {
            Opcode::Ping => Opcode::Pong,
            Opcode::Close => Opcode::Close,
            _ => return,
        };
        self.closed |= opcode == Opcode::Close;
        self.replies.push(frame::masked_control(reply, payload, rand::rng().random()));
    }
}

/// A text message: the cursor at the start, a gap, or an envelope.
fn message(
    content: &[u8],
    framing: u64,
    listener: &mut impl Listener,
) -> Result<(), ProtocolError> {
    let length = content.len() as u64;
    if content.starts_with(b"{\"cursor\":") {
        listener.overhead(Causes { envelope: length, framing, ..Causes::default() });
    } else if content.starts_with(b"{\"gap\":") {
        let lost = event_stream::gap(content)?;
        let causes = Causes { envelope: length, framing, ..Causes::default() };
        listener.hear(Said::Gap(lost), causes);
    } else {
        let stamp = envelope::read(content)?;
        let causes = Causes {
            payload: stamp.payload_bytes,
            envelope: length - stamp.payload_bytes,
            framing,
            ..Causes::default()
        };
        listener.hear(Said::Update(stamp), causes);
    }
    Ok(())
}
