//! One WebSocket client after the upgrade.
//!
//! tungstenite decodes what the client sends and answers it; updates go past it, as bytes that all
//! clients share.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{self, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use tokio::io::AsyncWrite;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{
    CloseFrame, Role, WebSocketConfig, WebSocketContext,
};
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};

use super::end::End;
use super::wire::{Polled, Wire};
use super::{READ_BUFFER_BYTES, frames};
use crate::feed::{Cursor, Delivery, Payload};
use crate::listen::Stream;
use crate::shutdown::{Phase, Watch};
use crate::transport::Context;
use crate::transport::heartbeat::{HEARTBEAT, Heartbeat};

/// A message from a client may be this long.
pub(super) const MESSAGE_BYTES: usize = 64 << 10;

/// tungstenite only ever writes pings, pongs and one close.
const WRITE_BUFFER_BYTES: usize = 4 << 10;

/// How long a client is waited for after a close frame. Closing while its bytes are unread would
/// reset the connection, and the close frame could be lost with it.
const CLOSE_WAIT: Duration = Duration::from_secs(1);

pub(super) struct Session {
    wire: Wire,
    /// Made when the client says something: until then there is nothing to decode.
    protocol: Option<Box<WebSocketContext>>,
    /// tungstenite may have read more than the message that it gave us last: it is asked before the
    /// socket is.
    hearing: bool,
    /// tungstenite may hold bytes of a frame that must go out before anything else does.
    unflushed: bool,
    cursor: Cursor,
    context: Context,
    watch: Watch,
    heartbeat: Heartbeat,
    /// A ping is out and nothing was heard since.
    unanswered: bool,
}

impl Session {
    pub(super) fn new(
        stream: Stream,
        already_read: &[u8],
        cursor: Cursor,
        context: Context,
    ) -> Self {
        let mut session = Self {
            wire: Wire::new(stream, frames::cursor(cursor.place())),
            protocol: None,
            hearing: !already_read.is_empty(),
            unflushed: false,
            watch: context.shutdown.watch(),
            heartbeat: Heartbeat::new(context.params.duration(&HEARTBEAT)),
            unanswered: false,
            cursor,
            context,
        };
        if session.hearing {
            session.protocol = Some(session.new_protocol(already_read));
        }
        session
    }

    pub(super) async fn run(mut self) {
        let _present = self.context.enter();
        let frame = match poll_fn(|cx| self.poll_end(cx)).await {
            End::Gone => return,
            End::Close(code, reason) => {
                Some(CloseFrame { code, reason: Utf8Bytes::from_static(reason) })
            }
            End::Closed => None,
        };
        // Boxed: few sessions get here, and every one would have to be that much larger.
        Box::pin(self.close(frame)).await;
    }

    /// Carries updates one way and answers what comes the other way.
    fn poll_end(&mut self, cx: &mut task::Context<'_>) -> Poll<End> {
        match self.watch.poll_phase(cx) {
            Phase::Serving => {}
            Phase::Stopping => {
                return Poll::Ready(End::Close(CloseCode::Away, "the server is stopping"));
            }
            Phase::Now => return Poll::Ready(End::Gone),
        }
        for round in 1.. {
            let blocked = match self.poll_flush(cx) {
                Poll::Ready(Ok(())) => false,
                Poll::Ready(Err(end)) => return Poll::Ready(end),
                Poll::Pending => true,
            };
            let idle = blocked || self.cursor.poll_ready(cx).is_pending();
            // The client is listened to when there is nothing to send, and now and then if there
            // always is; also when it takes nothing, because it may itself wait for being read.
            if idle || round % 16 == 0 {
                match self.poll_other(cx) {
                    Poll::Ready(Ok(())) => continue,
                    Poll::Ready(Err(end)) => return Poll::Ready(end),
                    Poll::Pending if idle => return Poll::Pending,
                    Poll::Pending => {}
                }
            }
            match self.cursor.ready(self.context.push_encoder()) {
                Some(Delivery::Updates(updates)) => {
                    self.context.delivered(updates.last - updates.after);
                    self.wire.unsent = updates.bytes;
                }
                Some(Delivery::Gap(gap)) => {
                    self.context.tally().gap();
                    self.wire.unsent = frames::gap(gap);
                }
                None => {}
            }
        }
        unreachable!("the rounds do not end by themselves")
    }

    /// All but updates: the heartbeat, and what the client says.
    fn poll_other(&mut self, cx: &mut task::Context<'_>) -> Poll<Result<(), End>> {
        if self.heartbeat.poll_due(cx).is_ready() {
            return Poll::Ready(self.beat(cx));
        }
        self.poll_hear(cx)
    }

    /// A ping. A client that has not answered the one before is dead, unless it is still taking,
    /// however slowly, what is in front of the ping.
    fn beat(&mut self, cx: &mut task::Context<'_>) -> Result<(), End> {
        let taking = std::mem::take(&mut self.wire.taking);
        if self.unanswered && !taking {
            return Err(End::Gone);
        }
        self.unanswered = true;
        if self.unflushed {
            // Stuck behind answers or another ping, and the room for those is bounded.
            return Ok(());
        }
        self.speak(cx, |protocol, wire| protocol.write(wire, Message::Ping(Bytes::new())))
    }

    /// Everything out that must go before the next update.
    fn poll_flush(&mut self, cx: &mut task::Context<'_>) -> Poll<Result<(), End>> {
        if self.wire.poll_unsent(cx)?.is_pending() {
            return Poll::Pending;
        }
        if self.unflushed {
            self.speak(cx, |protocol, wire| protocol.flush(wire))?;
            if self.unflushed {
                return Poll::Pending;
            }
        }
        Poll::Ready(Ok(()))
    }

    /// One message from the client, if the socket has something to read.
    fn poll_hear(&mut self, cx: &mut task::Context<'_>) -> Poll<Result<(), End>> {
        if !self.hearing {
            ready!(self.wire.stream.poll_read_ready(cx))?;
        }
        let mut protocol = self.protocol.take().unwrap_or_else(|| self.new_protocol(&[]));
        let read = protocol.read(&mut self.wire.with(cx));
        self.protocol = Some(protocol);
        let message = match read {
            Ok(message) => message,
            Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                self.hearing = false;
                return Poll::Pending;
            }
            Err(error) => return Poll::Ready(Err(End::of(&error))),
        };
        self.hearing = true;
        self.wire.unparsed = 0;
        self.unanswered = false;
        // A ping or a close has been answered into tungstenite's buffer.
        self.unflushed = true;
        Poll::Ready(match message {
            Message::Text(text) if self.context.allow_publish => self.publish(&text),
            Message::Text(_) => Err(End::Close(CloseCode::Policy, "publishing is not allowed")),
            Message::Binary(_) if !self.context.allow_publish => {
                Err(End::Close(CloseCode::Policy, "publishing is not allowed"))
            }
            Message::Binary(_) => {
                Err(End::Close(CloseCode::Unsupported, "a payload is a text message"))
            }
            Message::Close(_) => Err(End::Closed),
            _ => Ok(()),
        })
    }

    fn publish(&self, text: &str) -> Result<(), End> {
        let Ok(payload) = Payload::parse(text.as_bytes()) else {
            return Err(End::Close(CloseCode::Invalid, "a payload is JSON on one line"));
        };
        self.context.feed.publish([payload]);
        Ok(())
    }

    /// Lets tungstenite write; what does not fit into the socket is remembered as unflushed.
    fn speak(
        &mut self,
        cx: &mut task::Context<'_>,
        say: impl FnOnce(&mut WebSocketContext, &mut Polled<'_, '_>) -> Result<(), Error>,
    ) -> Result<(), End> {
        let mut protocol = self.protocol.take().unwrap_or_else(|| self.new_protocol(&[]));
        let mut wire = self.wire.with(cx);
        let said = say(&mut protocol, &mut wire).and_then(|()| protocol.flush(&mut wire));
        self.protocol = Some(protocol);
        self.unflushed = match said {
            Ok(()) => false,
            Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => true,
            Err(error) => return Err(End::of(&error)),
        };
        Ok(())
    }

    /// A close frame, or the answer to the client's, all the way out, and a short wait for the
    /// client; one that still takes what is in front of the frame is given time for it.
    async fn close(mut self, mut frame: Option<CloseFrame>) {
        self.wire.taking = false;
        loop {
            let good_bye = poll_fn(|cx| self.poll_good_bye(cx, &mut frame));
            let waited = tokio::time::timeout(CLOSE_WAIT, good_bye).await;
            if waited.is_ok() || !std::mem::take(&mut self.wire.taking) {
                return;
            }
        }
    }

    fn poll_good_bye(
        &mut self,
        cx: &mut task::Context<'_>,
        frame: &mut Option<CloseFrame>,
    ) -> Poll<()> {
        if self.watch.poll_phase(cx) == Phase::Now {
            return Poll::Ready(());
        }
        // First what is stuck: it could leave no room for the frame.
        while let Ok(()) = ready!(self.poll_flush(cx)) {
            let Some(frame) = frame.take() else {
                let _ = ready!(Pin::new(&mut self.wire.stream).poll_shutdown(cx));
                return self.wire.poll_drained(cx);
            };
            if self.speak(cx, |protocol, wire| protocol.close(wire, Some(frame))).is_err() {
                break;
            }
        }
        Poll::Ready(())
    }

    fn new_protocol(&self, already_read: &[u8]) -> Box<WebSocketContext> {
        let config = WebSocketConfig::default()
            .read_buffer_size(self.context.params.integer(&READ_BUFFER_BYTES) as usize)
            .write_buffer_size(0)
            .max_write_buffer_size(WRITE_BUFFER_BYTES)
            .max_message_size(Some(MESSAGE_BYTES))
            .max_frame_size(Some(MESSAGE_BYTES));
        Box::new(WebSocketContext::from_partially_read(
            already_read.to_vec(),
            Role::Server,
            Some(config),
        ))
    }
}
