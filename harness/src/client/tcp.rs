//! The floor: a length and an envelope, again and again.

use super::{Client, Following, Start};
use crate::decode::{Listener, ProtocolError, Said, envelope};
use crate::dial::Dial;
use crate::inbox::Inbox;
use results::Causes;
use servers::Params;

pub const CLIENT: Client =
    Client { name: "tcp", knobs: &[], check: |_| Ok(()), patience: super::none, follow };

/// The length's own bytes: u32, big-endian.
const PREFIX_BYTES: usize = 4;

fn follow(dial: Dial, inbox: Inbox, _: Params, start: Start) -> Following {
    Box::pin(async move {
        dial.alarm.until(start.at_ns).await;
        let began_ns = crate::clock::now_ns();
        let mut socket = dial.connect(&inbox).await?;
        inbox.connected(crate::clock::now_ns() - began_ns);
        socket.listen_only();
        loop {
            socket.read(&mut |bytes| read(bytes, &mut &inbox)).await?;
        }
    })
}

pub(crate) fn read(bytes: &[u8], listener: &mut impl Listener) -> Result<usize, ProtocolError> {
    let mut used = 0;
    while let Some(prefix) = bytes[used..].first_chunk::<PREFIX_BYTES>() {
        let start = used + PREFIX_BYTES;
        let end = start + u32::from_be_bytes(*prefix) as usize;
        let Some(content) = bytes.get(start..end) else { break };
        let stamp = envelope::read(content)?;
        let causes = Causes {
            payload: stamp.payload_bytes,
            envelope: content.len() as u64 - stamp.payload_bytes,
            framing: PREFIX_BYTES as u64,
            ..Causes::default()
        };
        listener.hear(Said::Update(stamp), causes);
        used = end;
    }
    Ok(used)
}
