//! `{"seq":8,"data":{"n":17,"t":123456789012345,…}}`: from an envelope to the publisher's stamp.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{ProtocolError, Stamp};

/// Reads the stamp of one envelope.
///
/// Our own servers write the members without spaces and in this order, which is read without a
/// JSON parser; any other JSON that means the same takes the slower way.
///
/// # Errors
/// When the bytes are no envelope, or the payload has no stamp.
pub fn read(envelope: &[u8]) -> Result<Stamp, ProtocolError> {
    match plain(envelope) {
        Some(stamp) => Ok(stamp),
        None => any(envelope),
    }
}

fn plain(envelope: &[u8]) -> Option<Stamp> {
    let (_, rest) = digits(envelope.strip_prefix(b"{\"seq\":")?)?;
    let payload = rest.strip_prefix(b",\"data\":")?;
    let (n, rest) = digits(payload.strip_prefix(b"{\"n\":")?)?;
    let (intended_ns, rest) = digits(rest.strip_prefix(b",\"t\":")?)?;
    let ends_plainly = matches!(rest.first(), Some(b',' | b'}')) && rest.ends_with(b"}}");
    ends_plainly.then_some(Stamp { n, intended_ns, payload_bytes: payload.len() as u64 - 1 })
}

fn digits(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let length = bytes.iter().position(|byte| !byte.is_ascii_digit())?;
    if length == 0 || length > 19 {
        return None;
    }
    let value = bytes[..length].iter().fold(0_u64, |sum, byte| sum * 10 + u64::from(byte - b'0'));
    Some((value, &bytes[length..]))
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    data: &'a RawValue,
}

#[derive(Deserialize)]
struct Payload {
    n: u64,
    t: u64,
}

fn any(envelope: &[u8]) -> Result<Stamp, ProtocolError> {
    let parsed: Envelope = serde_json::from_slice(envelope)
        .map_err(|error| ProtocolError::new(format!("an update is no envelope: {error}")))?;
    let payload: Payload = serde_json::from_str(parsed.data.get())
        .map_err(|error| ProtocolError::new(format!("an update has no stamp: {error}")))?;
    Ok(Stamp {
        n: payload.n,
        intended_ns: payload.t,
        payload_bytes: parsed.data.get().len() as u64,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plain_way_and_the_json_way_read_the_same() {
        let plain_bytes = br#"{"seq":8,"data":{"n":17,"t":123456789012345,"pad":"xx"}}"#;
        let spaced = br#"{ "data": {"n": 17, "t":123456789012345}, "seq": 8 }"#;
        let stamp = read(plain_bytes).unwrap();
        assert_eq!(stamp, any(plain_bytes).unwrap());
        assert_eq!((stamp.n, stamp.intended_ns), (17, 123_456_789_012_345));
        assert_eq!(stamp.payload_bytes, 39);
        assert_eq!(read(spaced).unwrap().n, 17);
    }

    #[test]
    fn an_envelope_without_a_stamp_is_refused() {
        assert!(read(br#"{"seq":8,"data":{"x":1}}"#).is_err());
        assert!(read(b"").is_err());
        assert!(read(br#"{"seq":8,"data":{"n":17,"t":1"#).is_err());
    }
}
