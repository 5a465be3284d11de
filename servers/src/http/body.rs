//! The body of an answer: nothing, bytes, or a stream of events.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, SizeHint};

use crate::listen::Stream;

/// The body of an answer.
pub enum Body {
    /// All of it is known; empty once it was taken.
    Full(Bytes),
    /// It comes bit by bit.
    Stream(Pin<Box<dyn HttpBody<Data = Bytes, Error = Infallible> + Send>>),
    /// None; after a 101 this is what the connection is for.
    Upgrade(Upgrade),
}

/// Takes over a connection: its stream, and what was already read of it. This spawns a task: the
/// one of the HTTP connection ends, with all its buffers.
pub type Upgrade = Box<dyn FnOnce(Stream, Bytes) + Send>;

impl Body {
    /// No bytes.
    pub fn empty() -> Self {
        Self::Full(Bytes::new())
    }

    pub(super) fn take_upgrade(&mut self) -> Option<Upgrade> {
        match std::mem::replace(self, Self::empty()) {
            Self::Upgrade(upgrade) => Some(upgrade),
            body => {
                *self = body;
                None
            }
        }
    }

    /// These bytes.
    pub fn full(bytes: impl Into<Bytes>) -> Self {
        Self::Full(bytes.into())
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.get_mut() {
            Self::Full(bytes) if bytes.is_empty() => Poll::Ready(None),
            Self::Upgrade(_) => Poll::Ready(None),
            Self::Full(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Self::Stream(stream) => stream.as_mut().poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Full(bytes) => bytes.is_empty(),
            Self::Upgrade(_) => true,
            Self::Stream(stream) => stream.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Full(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Self::Upgrade(_) => SizeHint::with_exact(0),
            Self::Stream(stream) => stream.size_hint(),
        }
    }
}
