//! The socket under a session, as both sides of it want it: updates are shared bytes, tungstenite
//! reads and writes.

use std::io::{self, Read, Write};
use std::pin::Pin;
use std::task::{self, Poll, ready};

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::session::MESSAGE_BYTES;
use crate::listen::Stream;

/// All frames of one message together, with their headers: thousands of tiny fragments are refused
/// long before they add up to a long message.
const FRAGMENTS_BYTES: usize = 2 * MESSAGE_BYTES;

/// The socket, and the bytes of updates that go out before tungstenite may write.
pub(super) struct Wire {
    pub(super) stream: Stream,
    pub(super) unsent: Bytes,
    /// Bytes read since the last complete message.
    pub(super) unparsed: usize,
    /// The socket takes no more.
    blocked: bool,
    /// It was blocked, and has taken something since this was last looked at.
    pub(super) taking: bool,
}

impl Wire {
    pub(super) fn new(stream: Stream, unsent: Bytes) -> Self {
        Self { stream, unsent, unparsed: 0, blocked: false, taking: false }
    }

    /// Updates out, as far as the socket takes them.
    pub(super) fn poll_unsent(&mut self, cx: &mut task::Context<'_>) -> Poll<io::Result<()>> {
        while !self.unsent.is_empty() {
            match Pin::new(&mut self.stream).poll_write(cx, &self.unsent)? {
                Poll::Ready(0) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(sent) => self.unsent.advance(sent),
                Poll::Pending => {
                    self.blocked = true;
                    return Poll::Pending;
                }
            }
            self.taking |= std::mem::take(&mut self.blocked);
        }
        Poll::Ready(Ok(()))
    }

    /// Reads and forgets, until the client has closed.
    pub(super) fn poll_drained(&mut self, cx: &mut task::Context<'_>) -> Poll<()> {
        loop {
            let mut ignored = [0; 4096];
            let mut buffer = ReadBuf::new(&mut ignored);
            match ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buffer)) {
                Ok(()) if !buffer.filled().is_empty() => {}
                _ => return Poll::Ready(()),
            }
        }
    }

    pub(super) fn with<'a, 'c>(&'a mut self, cx: &'a mut task::Context<'c>) -> Polled<'a, 'c> {
        Polled { wire: self, cx }
    }
}

/// The wire as tungstenite's core wants it: pending is `WouldBlock`.
pub(super) struct Polled<'a, 'c> {
    wire: &'a mut Wire,
    cx: &'a mut task::Context<'c>,
}

impl Read for Polled<'_, '_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.wire.unparsed > FRAGMENTS_BYTES {
            return Err(io::ErrorKind::QuotaExceeded.into());
        }
        let mut buffer = ReadBuf::new(buf);
        match Pin::new(&mut self.wire.stream).poll_read(self.cx, &mut buffer) {
            Poll::Ready(read) => {
                read?;
                self.wire.unparsed += buffer.filled().len();
                Ok(buffer.filled().len())
            }
            Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
        }
    }
}

impl Write for Polled<'_, '_> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        // A frame of tungstenite's in the middle of an update would break both.
        if self.wire.poll_unsent(self.cx)?.is_pending() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        match Pin::new(&mut self.wire.stream).poll_write(self.cx, buf) {
            Poll::Ready(written) => {
                self.wire.taking |= std::mem::take(&mut self.wire.blocked);
                written
            }
            Poll::Pending => {
                self.wire.blocked = true;
                Err(io::ErrorKind::WouldBlock.into())
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
