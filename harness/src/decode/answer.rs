//! The body of a poll: `{"cursor":"k3f9:8","updates":[…]}`.

use results::Causes;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Listener, ProtocolError, Said, envelope};

#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow)]
    cursor: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    updates: Vec<&'a RawValue>,
    gap: Option<Gap>,
}

/// A gap as every transport says it.
#[derive(Deserialize)]
pub struct Gap {
    /// How many updates were lost, where the server can know.
    pub lost: Option<u64>,
}

/// Reads a body, tells `listener` of its updates and puts the cursor into `cursor`.
///
/// Of the body's bytes the updates' payloads are payload and all the rest is envelope.
///
/// # Errors
/// When the body is not what the protocol says.
pub fn read(
    bytes: &[u8],
    cursor: &mut String,
    listener: &mut impl Listener,
) -> Result<(), ProtocolError> {
    let body: Body = serde_json::from_slice(bytes)
        .map_err(|error| ProtocolError::new(format!("a poll's answer cannot be read: {error}")))?;
    cursor.clear();
    cursor.push_str(&body.cursor);
    if let Some(gap) = body.gap {
        listener.hear(Said::Gap(gap.lost), Causes::default());
    }
    let mut around_bytes = bytes.len() as u64;
    for update in body.updates {
        let update = update.get().as_bytes();
        let stamp = envelope::read(update)?;
        around_bytes -= update.len() as u64;
        let causes = Causes {
            payload: stamp.payload_bytes,
            envelope: update.len() as u64 - stamp.payload_bytes,
            ..Causes::default()
        };
        listener.hear(Said::Update(stamp), causes);
    }
    listener.overhead(Causes { envelope: around_bytes, ..Causes::default() });
    Ok(())
}
