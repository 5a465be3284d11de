//! Response heads (RFC 9112), parsed by httparse and measured to the byte.

use super::ProtocolError;

/// More header fields than any server of ours sends.
const FIELDS_MAX: usize = 64;

/// What a load client needs of a response head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Status code.
    pub status: u16,
    /// Bytes of the head, with the blank line.
    pub bytes: usize,
    /// `Content-Length`, if sent.
    pub content_length: Option<usize>,
    /// Whether the body is chunked.
    pub chunked: bool,
}

/// Reads a head at the start of `bytes`; `None` while it is incomplete.
///
/// # Errors
/// When the bytes are no HTTP/1.1 response head.
pub fn read(bytes: &[u8]) -> Result<Option<Head>, ProtocolError> {
    let mut fields = [httparse::EMPTY_HEADER; FIELDS_MAX];
    let mut response = httparse::Response::new(&mut fields);
    let parsed = response
        .parse(bytes)
        .map_err(|error| ProtocolError::new(format!("the answer is no HTTP/1.1: {error}")))?;
    let httparse::Status::Complete(length) = parsed else { return Ok(None) };
    let mut head = Head {
        status: response.code.unwrap_or(0),
        bytes: length,
        content_length: None,
        chunked: false,
    };
    for field in response.headers.iter() {
        let value = field.value;
        if field.name.eq_ignore_ascii_case("content-length") {
            let number = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok());
            head.content_length =
                Some(number.ok_or_else(|| {
                    ProtocolError::new("the answer's Content-Length is no number")
                })?);
        } else if field.name.eq_ignore_ascii_case("transfer-encoding") {
            head.chunked = value.eq_ignore_ascii_case(b"chunked");
        }
    }
    Ok(Some(head))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_measured_with_its_blank_line() {
        let bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
        let head = read(bytes).unwrap().unwrap();
        assert_eq!((head.status, head.bytes, head.content_length), (200, 38, Some(5)));
        assert_eq!(read(&bytes[..20]).unwrap(), None);
        assert!(read(b"SPDY!\r\n\r\n").is_err());
    }
}
