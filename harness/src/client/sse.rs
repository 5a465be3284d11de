//! Server-sent events: one request, one answer that never ends.

use super::request::{CONNECT_HEADERS, COOKIE_BYTES, Heads};
use super::{Client, Following, Start};
use crate::clock;
use crate::decode::event_stream::EventStream;
use crate::decode::{Listener, ProtocolError, head};
use crate::dial::{Dial, Failure};
use crate::inbox::Inbox;
use results::Causes;
use servers::Params;

pub const CLIENT: Client = Client {
    name: "sse",
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
        let mut request = Vec::new();
        let heads = Heads::new(&params, &dial.server.to_string(), start.seed());
        heads.events("/sse", &mut request);
        let asked_ns = clock::now_ns();
        socket.write(&request).await?;
        inbox.request(asked_ns, request.len());
        let mut stream: Option<EventStream> = None;
        while stream.is_none() {
            socket
                .read(&mut |bytes| {
                    let Some(head) = head::read(bytes)? else { return Ok(0) };
                    if head.status != 200 || !head.chunked {
                        let status = head.status;
                        return Err(ProtocolError::new(format!("/sse was answered by {status}")));
                    }
                    let causes = Causes { head: head.bytes as u64, ..Causes::default() };
                    (&mut &inbox).overhead(causes);
                    let mut events = EventStream::default();
                    let used = events.read(&bytes[head.bytes..], &mut &inbox)?;
                    stream = Some(events);
                    Ok(head.bytes + used)
                })
                .await?;
        }
        inbox.connected(clock::now_ns() - began_ns);
        socket.listen_only();
        let mut events = stream.take().unwrap_or_default();
        while !events.ended {
            socket.read(&mut |bytes| events.read(bytes, &mut &inbox)).await?;
        }
        Err(Failure::Connection("was ended by the server".into()))
    })
}
