//! A stream that times heads: a client may be silent between requests for as long as it likes, but
//! one that has begun a head has to end it.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};
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

const NONE: u8 = 0;
const BEGUN: u8 = 1;
const COMPLETE: u8 = 2;

/// How far the head of the next request has come.
#[derive(Default)]
pub(super) struct Head(AtomicU8);

impl Head {
    /// Said when the request has reached its service.
    pub(super) fn is_complete(&self) {
        self.0.store(COMPLETE, Ordering::Relaxed);
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
pub(super) struct Patient {
    stream: Stream,
    requests: Arc<Requests>,
    deadline: Option<Pin<Box<Sleep>>>,
}

impl Patient {
    pub(super) fn new(stream: Stream, requests: Arc<Requests>) -> Self {
        Self { stream, requests, deadline: None }
    }

    /// The stream alone, after an upgrade.
    pub(super) fn into_stream(self) -> Stream {
        self.stream
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
}

impl AsyncRead for Patient {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        if read.is_pending() {
            // Reads as the end of the stream: hyper closes without an answer.
            return if self.is_out_of_time(cx) { Poll::Ready(Ok(())) } else { Poll::Pending };
        }
        if buf.filled().len() > before && self.requests.head.state() == NONE {
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
