//! Server-sent events: one answer that does not end.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Poll, ready};

use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, Incoming};
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::{Request, Response, StatusCode};

use super::heartbeat::{HEARTBEAT, Heartbeat};
use super::poll::after;
use super::{Context, Reply, Serve, Task, Transport};
use crate::feed::{BadCursor, Cursor, Delivery, Gap, Place, Slice, Start};
use crate::http::{self, Body, Query, Refusal, at_once};
use crate::tally::Present;

pub(super) const TRANSPORT: Transport = Transport {
    name: "sse",
    about: "one answer that never ends, an event per update",
    knobs: &[HEARTBEAT],
    encode: write_events,
    serve: Serve::Http(serve),
};

/// A comment: nothing to an EventSource, a sign of life to everything in between.
const COMMENT: &[u8] = b":\n\n";

fn serve(request: Request<Incoming>, context: Context) -> Task<Reply> {
    let start = match start(&request, &context) {
        Ok(start) => start,
        Err(refusal) => return at_once(refusal.into()),
    };
    drop(request);
    // The cursor is taken before the head is sent: whoever has seen the head misses nothing from
    // then on.
    let events = Events {
        cursor: context.cursor(start),
        heartbeat: Heartbeat::new(context.params.duration(&HEARTBEAT)),
        _present: context.enter(),
        context,
    };
    let body = if events.context.coalesce { Body::stream(events) } else { Body::paced(events) };
    let mut reply = Response::new(body);
    *reply.status_mut() = StatusCode::OK;
    let headers = reply.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Otherwise nginx holds events back until its buffer is full.
    headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    at_once(reply)
}

/// `Last-Event-ID`, which a browser sends when it comes back, wins over the `after` of the URL it
/// began with.
fn start<B>(request: &Request<B>, context: &Context) -> Result<Start, Refusal> {
    if !http::is_read(request.method()) {
        return Err(Refusal::method("GET, HEAD"));
    }
    let mut ids = request.headers().get_all("last-event-id").iter();
    let Some(id) = ids.next().filter(|id| !id.is_empty()) else {
        return after(context, Query::new(request.uri().query())).map_err(Refusal::bad_request);
    };
    if ids.next().is_some() {
        return Err(Refusal::bad_request("Last-Event-ID: given more than once"));
    }
    let read = id.to_str().ok().and_then(|id| context.feed.start(id).ok());
    read.ok_or_else(|| Refusal::bad_request(format!("Last-Event-ID: {BadCursor}")))
}

/// The body: a frame per wake-up, which hyper sends as one chunk in one write.
struct Events {
    context: Context,
    cursor: Cursor,
    heartbeat: Heartbeat,
    _present: Present,
}

impl HttpBody for Events {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let this = &mut *self;
        // hyper's connection is in this task, and watches the stop.
        if this.context.shutdown.is_stopping() {
            return Poll::Ready(None);
        }
        let bytes = loop {
            if this.cursor.poll_ready(cx).is_pending() {
                ready!(this.heartbeat.poll_due(cx));
                break Bytes::from_static(COMMENT);
            }
            match this.cursor.ready(this.context.push_encoder()) {
                Some(Delivery::Updates(events)) => {
                    this.context.delivered(events.last - events.after);
                    break events.bytes;
                }
                Some(Delivery::Gap(gap)) => {
                    this.context.tally().gap();
                    break gap_event(gap, this.cursor.place());
                }
                None => {}
            }
        };
        Poll::Ready(Some(Ok(Frame::data(bytes))))
    }
}

fn write_events(slice: &Slice<'_>, out: &mut Vec<u8>) {
    for update in slice.updates() {
        out.extend_from_slice(b"id: ");
        Place { epoch: slice.epoch, seq: update.seq }.write(out);
        out.extend_from_slice(b"\ndata: ");
        out.extend_from_slice(&update.bytes);
        out.extend_from_slice(b"\n\n");
    }
}

/// With data, because an event without is never dispatched; with the id from which a client goes
/// on.
fn gap_event(gap: Gap, place: Place<'_>) -> Bytes {
    format!("event: gap\nid: {place}\ndata: {{\"gap\":{gap}}}\n\n").into()
}
