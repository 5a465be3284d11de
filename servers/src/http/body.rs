//! The body of an answer: nothing, bytes, or a stream of events.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, SizeHint};

use super::Requests;
use crate::listen::Stream;

/// The body of an answer.
pub enum Body {
    /// All of it is known; empty once it was taken.
    Full(Bytes),
    /// The same, a poll's: the client stands at this seq then.
    Page(Bytes, u64),
    /// It comes bit by bit.
    Stream(Events),
    /// It comes bit by bit, each in a write of its own.
    Paced(Paced),
    /// None; after a 101 this is what the connection is for.
    Upgrade(Upgrade),
}

/// The bits of a body.
type Events = Pin<Box<dyn HttpBody<Data = Bytes, Error = Infallible> + Send>>;

/// Bits that are not written together: between two of them hyper finds nothing, so that it writes
/// what it has. The connection then asks for the next one at once; to wake ourselves for each would
/// be a turn of the runtime per update, which the transports without hyper do not pay.
pub struct Paced {
    events: Events,
    pause: bool,
    requests: Option<Arc<Requests>>,
}

impl Paced {
    fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if std::mem::take(&mut self.pause)
            && let Some(requests) = &self.requests
        {
            requests.go_on();
            return Poll::Pending;
        }
        let polled = self.events.as_mut().poll_frame(cx);
        self.pause = polled.is_ready();
        polled
    }
}

/// Takes over a connection: its stream, and what was already read of it. This spawns a task: the
/// one of the HTTP connection ends, with all its buffers.
pub type Upgrade = Box<dyn FnOnce(Stream, Bytes) + Send>;

impl Body {
    /// No bytes.
    pub fn empty() -> Self {
        Self::Full(Bytes::new())
    }

    /// Tells the connection what it has to do beside writing this.
    pub(super) fn announce(&mut self, requests: &Arc<Requests>) {
        match self {
            Self::Full(_) | Self::Stream(_) => {}
            Self::Page(_, seq) => requests.set_ended(*seq),
            Self::Paced(paced) => paced.requests = Some(Arc::clone(requests)),
            Self::Upgrade(_) => {
                if let Self::Upgrade(upgrade) = std::mem::replace(self, Self::empty()) {
                    requests.put_upgrade(upgrade);
                }
            }
        }
    }

    /// These bits, as they come.
    pub fn stream<B>(events: B) -> Self
    where
        B: HttpBody<Data = Bytes, Error = Infallible> + Send + 'static,
    {
        Self::Stream(Box::pin(events))
    }

    /// These bits, each in a write of its own.
    pub fn paced<B>(events: B) -> Self
    where
        B: HttpBody<Data = Bytes, Error = Infallible> + Send + 'static,
    {
        Self::Paced(Paced { events: Box::pin(events), pause: false, requests: None })
    }

    /// These bytes.
    pub fn full(bytes: impl Into<Bytes>) -> Self {
        Self::Full(bytes.into())
    }

    /// These bytes, after which the client stands at `seq`.
    pub(crate) fn page(bytes: Bytes, seq: u64) -> Self {
        Self::Page(bytes, seq)
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
            Self::Full(bytes) | Self::Page(bytes, _) if bytes.is_empty() => Poll::Ready(None),
            Self::Upgrade(_) => Poll::Ready(None),
            Self::Full(bytes) | Self::Page(bytes, _) => {
                Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes)))))
            }
            Self::Stream(stream) => stream.as_mut().poll_frame(cx),
            Self::Paced(paced) => paced.poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Full(bytes) | Self::Page(bytes, _) => bytes.is_empty(),
            Self::Upgrade(_) => true,
            Self::Stream(stream) | Self::Paced(Paced { events: stream, .. }) => {
                stream.is_end_stream()
            }
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Full(bytes) | Self::Page(bytes, _) => SizeHint::with_exact(bytes.len() as u64),
            Self::Upgrade(_) => SizeHint::with_exact(0),
            Self::Stream(stream) | Self::Paced(Paced { events: stream, .. }) => stream.size_hint(),
        }
    }
}
