//! The floor: a length, the envelope, nothing else.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{self, Poll, ready};

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{Context, Serve, Task, Transport};
use crate::feed::{Cursor, Delivery, Slice, Start};
use crate::knob::{Knob, KnobKind};
use crate::listen::Stream;
use crate::shutdown::{Phase, Watch};

pub(super) const TRANSPORT: Transport = Transport {
    name: "tcp",
    about: "the floor: a length and the envelope on a bare socket",
    knobs: &[WRITES],
    encode: write_frames,
    serve: Serve::Socket(serve),
};

/// Two small writes are what Nagle's algorithm holds back: with `server.nodelay = false` the second
/// waits until the client has acknowledged the first. A client that only listens does so as it reads
/// (`tcp_cleanup_rbuf` of Linux), so that is a round trip; the 40 ms of a delayed acknowledgement
/// (`TCP_DELACK_MIN`) need a client that talks as well.
const WRITES: Knob = Knob {
    name: "writes",
    about: "writes for what is ready together: 2 sends the first length in one of its own",
    default: "1",
    kind: KnobKind::Integer { min: 1, max: 2 },
};

/// The length's own bytes: u32, big-endian.
const PREFIX_BYTES: usize = 4;

fn serve(stream: Stream, context: Context) -> Task<()> {
    let mut connection = Connection {
        watch: context.shutdown.watch(),
        cursor: context.cursor(Start::Now),
        unsent: Bytes::new(),
        rest: Bytes::new(),
        apart: context.params.integer(&WRITES) > 1,
        stream,
        context,
    };
    Box::pin(async move {
        let _present = connection.context.enter();
        poll_fn(|cx| connection.poll_end(cx)).await;
    })
}

struct Connection {
    stream: Stream,
    context: Context,
    cursor: Cursor,
    watch: Watch,
    unsent: Bytes,
    /// What follows in a write of its own.
    rest: Bytes,
    /// Whether the length goes apart.
    apart: bool,
}

impl Connection {
    /// Carries updates until the client has gone, has been overtaken, or the server stops.
    fn poll_end(&mut self, cx: &mut task::Context<'_>) -> Poll<()> {
        match self.watch.poll_phase(cx) {
            Phase::Serving => {}
            // What was begun is ended: an update cut in two would look like a broken server.
            Phase::Stopping => {
                while !self.unsent.is_empty() {
                    if ready!(self.poll_send(cx)).is_err() {
                        break;
                    }
                }
                return Pin::new(&mut self.stream).poll_shutdown(cx).map(drop);
            }
            Phase::Now => return Poll::Ready(()),
        }
        loop {
            while !self.unsent.is_empty() {
                if let Err(Gone) = ready!(self.poll_send(cx)) {
                    return Poll::Ready(());
                }
            }
            if self.cursor.poll_ready(cx).is_pending() {
                // Asked only when there is nothing to send: a client that has gone while there is
                // something shows it by not taking it.
                return self.poll_gone(cx).map(drop);
            }
            match self.cursor.ready(self.context.push_encoder()) {
                Some(Delivery::Updates(frames)) => {
                    self.context.delivered(frames.last - frames.after);
                    self.unsent = frames.bytes;
                    if self.apart {
                        self.rest = self.unsent.split_off(PREFIX_BYTES);
                    }
                }
                // The floor has no words for a gap, and a silent one is never allowed.
                Some(Delivery::Gap(_)) => {
                    self.context.tally().gap();
                    return Poll::Ready(());
                }
                None => {}
            }
        }
    }

    fn poll_send(&mut self, cx: &mut task::Context<'_>) -> Poll<Result<(), Gone>> {
        match ready!(Pin::new(&mut self.stream).poll_write(cx, &self.unsent)) {
            Ok(0) | Err(_) => Poll::Ready(Err(Gone)),
            Ok(sent) => {
                self.unsent.advance(sent);
                if self.unsent.is_empty() {
                    self.unsent = std::mem::take(&mut self.rest);
                }
                Poll::Ready(Ok(()))
            }
        }
    }

    /// Ready when the client has closed. What it says is not listened to.
    fn poll_gone(&mut self, cx: &mut task::Context<'_>) -> Poll<Gone> {
        loop {
            if ready!(self.stream.poll_read_ready(cx)).is_err() {
                return Poll::Ready(Gone);
            }
            let mut ignored = [0; 512];
            let mut buffer = ReadBuf::new(&mut ignored);
            match ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buffer)) {
                Ok(()) if !buffer.filled().is_empty() => {}
                _ => return Poll::Ready(Gone),
            }
        }
    }
}

/// The client is not there any more.
struct Gone;

fn write_frames(slice: &Slice<'_>, out: &mut Vec<u8>) {
    for update in slice.updates() {
        let length = u32::try_from(update.bytes.len()).expect("a publish is at most 16 MiB");
        out.extend_from_slice(&length.to_be_bytes());
        out.extend_from_slice(&update.bytes);
    }
}
