//! A stream that times heads: a client may be silent between requests for as long as it likes, but
//! one that has begun a head has to end it.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

use super::Requests;
use crate::listen::Stream;

/// A head that was begun must be complete after this time.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// hyper hands over a head and a body, or a chunk in three pieces. Up to here, to copy them
/// together and `send` costs about 0.2 µs less than the kernel's `writev`; above, nothing is
/// copied.
const GATHERED_BYTES: usize = 1024;

/// Of what comes while a request is being served so much is kept: as much as a head may be long. A
/// client that sends more is read on when it is that request's turn.
const AHEAD_BYTES: usize = super::HEAD_BYTES;

/// RFC 9112 section 2.1: a head ends with an empty line.
const END_OF_HEAD: &[u8] = b"\r\n\r\n";

const NONE: u8 = 0;
const BEGUN: u8 = 1;
const COMPLETE: u8 = 2;
const SERVED: u8 = 3;

/// How far the head of the next request has come.
#[derive(Default)]
pub(super) struct Head(AtomicU8);

impl Head {
    /// Said when the request has reached its service, with or without a body that is still to come.
    pub(super) fn is_complete(&self, has_body: bool) {
        self.0.store(if has_body { COMPLETE } else { SERVED }, Ordering::Relaxed);
    }

    /// Said when the answer is there: what comes now belongs to the next head.
    pub(super) fn is_answered(&self) {
        self.0.store(NONE, Ordering::Relaxed);
    }

    fn state(&self) -> u8 {
        self.0.load(Ordering::Relaxed)
    }
}

/// hyper reads a head, calls the service, writes the answer, and reads the next head. So bytes that
/// come after an answer begin a head, and a *second* read without a call in between waits for the
/// rest of it: only then is a timer made. A head that comes in one piece, as nearly all do, costs
/// nothing.
///
/// That holds as long as hyper has no bytes of a later request, and while it has some, it does not
/// even look whether the client is still there. So it is given one head at a time: what follows
/// (RFC 9112 section 9.3.2, pipelining) waits here.
pub(super) struct Patient {
    stream: Stream,
    requests: Arc<Requests>,
    deadline: Option<Pin<Box<Sleep>>>,
    /// Came behind the head that hyper has.
    ahead: Vec<u8>,
    /// How much of the end of a head was the last that hyper was given.
    ended: usize,
}

impl Patient {
    pub(super) fn new(stream: Stream, requests: Arc<Requests>) -> Self {
        Self { stream, requests, deadline: None, ahead: Vec::new(), ended: 0 }
    }

    /// The stream alone, after an upgrade, and what was read of it and not handed on.
    pub(super) fn into_parts(self) -> (Stream, Vec<u8>) {
        (self.stream, self.ahead)
    }

    fn is_out_of_time(&mut self, cx: &mut Context<'_>) -> bool {
        if self.requests.head.state() == BEGUN {
            let deadline = self.deadline.get_or_insert_with(|| Box::pin(sleep(HEAD_TIMEOUT)));
            deadline.as_mut().poll(cx).is_ready()
        } else {
            self.deadline = None;
            false
        }
    }

    /// While a request without a body is being served, hyper only wants to know of the end.
    fn poll_end(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        while self.ahead.len() < AHEAD_BYTES {
            ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
            if buf.filled().len() == before {
                return Poll::Ready(Ok(()));
            }
            self.ahead.extend_from_slice(&buf.filled()[before..]);
            buf.set_filled(before);
            self.requests.set_ahead(true);
        }
        Poll::Pending
    }

    /// Bytes for hyper, from what is here or from the stream.
    fn poll_bytes(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.ahead.is_empty() {
            return Pin::new(&mut self.stream).poll_read(cx, buf);
        }
        let length = self.ahead.len().min(buf.remaining());
        buf.put_slice(&self.ahead[..length]);
        self.ahead.drain(..length);
        if self.ahead.is_empty() {
            self.ahead = Vec::new();
            self.requests.set_ahead(false);
        }
        Poll::Ready(Ok(()))
    }

    /// Takes back what follows a head. What follows one of a method that may have a body may be
    /// that: hyper knows.
    fn keep_what_follows(&mut self, buf: &mut ReadBuf<'_>, before: usize) {
        let read = &buf.filled()[before..];
        if self.requests.head.state() == NONE {
            self.ended = 0;
            if !matches!(read.first(), Some(b'G' | b'H')) {
                return;
            }
        }
        match end_of_head(self.ended, read) {
            Some(end) => {
                if end < read.len() {
                    self.ahead.splice(..0, read[end..].iter().copied());
                    buf.set_filled(before + end);
                    self.requests.set_ahead(true);
                }
                self.ended = 0;
            }
            None => self.ended = part_of_end(read),
        }
    }
}

/// Where the first head in `bytes` ends, if so many bytes of its end came before them.
fn end_of_head(ended: usize, bytes: &[u8]) -> Option<usize> {
    let rest = &END_OF_HEAD[ended..];
    if ended > 0 && bytes.starts_with(rest) {
        return Some(rest.len());
    }
    // Boyer and Moore: as far as the byte under the end of the pattern allows.
    let mut last = END_OF_HEAD.len() - 1;
    while let Some(byte) = bytes.get(last) {
        last += match byte {
            b'\n' if bytes[..=last].ends_with(END_OF_HEAD) => return Some(last + 1),
            b'\n' => 2,
            b'\r' => 1,
            _ => 4,
        };
    }
    None
}

/// How much of the end of a head `bytes` end with.
fn part_of_end(bytes: &[u8]) -> usize {
    (1..END_OF_HEAD.len()).rev().find(|part| bytes.ends_with(&END_OF_HEAD[..*part])).unwrap_or(0)
}

impl AsyncRead for Patient {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.requests.head.state() == SERVED {
            return self.poll_end(cx, buf);
        }
        let before = buf.filled().len();
        let read = self.poll_bytes(cx, buf);
        if read.is_pending() {
            // Reads as the end of the stream: hyper closes without an answer.
            return if self.is_out_of_time(cx) { Poll::Ready(Ok(())) } else { Poll::Pending };
        }
        if buf.filled().len() > before && self.requests.head.state() != COMPLETE {
            if self.requests.head.state() == NONE {
                // Each head has its own time. hyper need not have looked for bytes since the last one.
                self.deadline = None;
            }
            self.keep_what_follows(buf, before);
            self.requests.head.0.store(BEGUN, Ordering::Relaxed);
        }
        read
    }
}

impl AsyncWrite for Patient {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let length: usize = bufs.iter().map(|buf| buf.len()).sum();
        if length > GATHERED_BYTES {
            return Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        }
        let mut gathered = [0; GATHERED_BYTES];
        let mut rest = &mut gathered[..length];
        for buf in bufs {
            let (place, behind) = rest.split_at_mut(buf.len());
            place.copy_from_slice(buf);
            rest = behind;
        }
        Pin::new(&mut self.stream).poll_write(cx, &gathered[..length])
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::{END_OF_HEAD, end_of_head, part_of_end};

    #[test]
    fn the_end_of_a_head_is_found_wherever_it_is() {
        for before in 0..9 {
            for line in ["", "\r", "\n", "\r\n", "a: b\r\n", "\r\na", "\n\r\r"] {
                let text = format!("{}{line}", "x".repeat(before));
                let whole = format!("{text}\r\n\r\nGET");
                let end = whole.find("\r\n\r\n").map(|at| at + 4);
                assert_eq!(end_of_head(0, whole.as_bytes()), end, "{whole:?}");
                assert_eq!(end_of_head(0, &whole.as_bytes()[..end.unwrap() - 1]), None);
            }
        }
    }

    #[test]
    fn an_end_may_be_cut_between_two_reads() {
        for cut in 1..END_OF_HEAD.len() {
            let first = [b"Host: a", &END_OF_HEAD[..cut]].concat();
            let second = [&END_OF_HEAD[cut..], b"GET"].concat();
            assert_eq!(end_of_head(0, &first), None);
            let ended = part_of_end(&first);
            assert_eq!(end_of_head(ended, &second), Some(END_OF_HEAD.len() - cut), "{cut}");
            assert_eq!(end_of_head(ended, b"a: b"), None);
        }
    }
}
