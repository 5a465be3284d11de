//! TLS records as bytes (RFC 8446 section 5): their headers are read here and not asked of a
//! library, so that what TLS costs is counted where it arises.

use crate::decode::ProtocolError;

/// Type, version and length.
pub const HEADER_BYTES: usize = 5;

/// What an encrypted record adds to its content: the header, the byte of the true type, and the tag
/// of an AEAD, which is 16 bytes in every suite of TLS 1.3 that we offer. A server that pads (section
/// 5.4) sends more, and is told apart by the kernel's count.
pub const OVERHEAD_BYTES: u64 = HEADER_BYTES as u64 + 1 + 16;

/// Content of one record at most.
pub const CONTENT_BYTES_MAX: usize = 1 << 14;

/// A whole record at most; a ciphertext may be 256 bytes longer than its content (section 5.2).
pub const RECORD_BYTES_MAX: usize = HEADER_BYTES + CONTENT_BYTES_MAX + 256;

/// Length of the record at the start of `bytes`, with its header; `None` while it is not here whole.
///
/// # Errors
/// When the bytes are no record: whoever sent them does not speak TLS.
pub fn length(bytes: &[u8]) -> Result<Option<usize>, ProtocolError> {
    // Change of cipher, alert, handshake, application data; the version is 3.x, whatever is spoken.
    let wrong = match *bytes {
        [] => return Ok(None),
        [kind, ..] if !(20..=23).contains(&kind) => true,
        [_, major, ..] => major != 3,
        [_] => false,
    };
    let Some(&[_, _, _, high, low]) = bytes.first_chunk().filter(|_| !wrong) else {
        return if wrong { Err(no_record(bytes)) } else { Ok(None) };
    };
    let length = HEADER_BYTES + usize::from(u16::from_be_bytes([high, low]));
    if length > RECORD_BYTES_MAX {
        return Err(no_record(bytes));
    }
    Ok((bytes.len() >= length).then_some(length))
}

fn no_record(bytes: &[u8]) -> ProtocolError {
    let start = &bytes[..bytes.len().min(HEADER_BYTES)];
    ProtocolError::new(format!(
        "the server does not speak TLS there: it began with \"{}\"",
        start.escape_ascii()
    ))
}

/// How many records these bytes are; they are our own, and so are whole.
pub fn count(mut bytes: &[u8]) -> u64 {
    let mut records = 0;
    while let Ok(Some(length)) = length(bytes) {
        records += 1;
        bytes = &bytes[length..];
    }
    debug_assert!(bytes.is_empty(), "what is sealed ends with a record");
    records
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(content: usize) -> Vec<u8> {
        let length = content + OVERHEAD_BYTES as usize - HEADER_BYTES;
        let mut bytes = vec![23, 3, 3, (length >> 8) as u8, length as u8];
        bytes.resize(HEADER_BYTES + length, 7);
        bytes
    }

    #[test]
    fn a_record_is_its_content_and_22_bytes_once_all_of_it_is_here() {
        for content in [0, 1, 300, CONTENT_BYTES_MAX] {
            let mut bytes = record(content);
            for cut in [0, 1, 2, 4, 5, bytes.len() - 1] {
                assert_eq!(length(&bytes[..cut]), Ok(None), "{content} cut at {cut}");
            }
            let whole = content + OVERHEAD_BYTES as usize;
            assert_eq!(length(&bytes), Ok(Some(whole)));
            bytes.extend(record(9));
            assert_eq!((length(&bytes), count(&bytes)), (Ok(Some(whole)), 2));
        }
    }

    #[test]
    fn what_is_no_record_is_refused_by_its_first_bytes() {
        for (bytes, shown) in [
            (&b"HTTP/1.1 400 Bad Request"[..], "\"HTTP/\""),
            (&[0, 0, 1, 44, b'{'], "\"\\x00\\x00\\x01,{\""),
            (&[22, 9], "\"\\x16\\t\""),
            (&[23, 3, 3, 0xff, 0xff], "\\xff\\xff\""),
        ] {
            let problem = length(bytes).unwrap_err().to_string();
            assert!(problem.contains(shown), "{problem}");
        }
    }
}
