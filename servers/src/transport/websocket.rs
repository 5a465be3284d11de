//! WebSocket: an upgrade, then a text message per update.

mod end;
mod frames;
mod handshake;
mod session;
mod wire;

use bytes::Bytes;
use hyper::Request;
use hyper::body::Incoming;

use super::heartbeat::HEARTBEAT;
use super::poll::after;
use super::{Context, Reply, Serve, Task, Transport};
use crate::http::{Body, Query, Refusal, at_once};
use crate::knob::{Knob, KnobKind};
use session::Session;

pub(super) const TRANSPORT: Transport = Transport {
    name: "websocket",
    about: "an upgrade to RFC 6455, then a text message per update",
    knobs: &[HEARTBEAT, READ_BUFFER_BYTES],
    encode: frames::write_updates,
    serve: Serve::Http(serve),
};

/// tungstenite allocates this for a client that says something, and fills it with zeros at each
/// read. Its default of 128 KiB would make WebSocket look hungry for memory and CPU; what the
/// clients of a feed send is pongs of 6 bytes.
const READ_BUFFER_BYTES: Knob = Knob {
    name: "read_buffer_bytes",
    about: "tungstenite's read buffer, per client",
    default: "1024",
    kind: KnobKind::Integer { min: 128, max: 1 << 20 },
};

/// The frame that carries this text.
pub fn text_frame(text: &str) -> Bytes {
    frames::text(text)
}

fn serve(request: Request<Incoming>, context: Context) -> Task<Reply> {
    let reply = accept(&request, context).unwrap_or_else(Reply::from);
    drop(request);
    at_once(reply)
}

fn accept<B>(request: &Request<B>, context: Context) -> Result<Reply, Refusal> {
    let mut accepted = handshake::accept(request)?;
    let start = after(&context, Query::new(request.uri().query()));
    // Taken before the 101 is sent: whoever has seen it misses nothing from then on.
    let cursor = context.cursor(start.map_err(Refusal::bad_request)?);
    *accepted.body_mut() = Body::Upgrade(Box::new(|stream, read| {
        let tasks = context.clone();
        tasks.spawn(Session::new(stream, &read, cursor, context).run());
    }));
    Ok(accepted)
}
