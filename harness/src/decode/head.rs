//! Response heads (RFC 9112), parsed by httparse and measured to the byte.

use super::ProtocolError;

/// More header fields than any server of ours sends.
const FIELDS_MAX: usize = 64;

/// What a load client needs of a response head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head<'a> {
    /// Status code.
    pub status: u16,
    /// Bytes of the head, with the blank line.
    pub bytes: usize,
    /// `Content-Length`, if sent.
    pub content_length: Option<usize>,
    /// Whether the body is chunked.
    pub chunked: bool,
    /// `ETag`, with its quotes, if sent.
    pub etag: Option<&'a str>,
}

/// Reads a head at the start of `bytes`; `None` while it is incomplete.
///
/// # Errors
/// When the bytes are no HTTP/1.1 response head, or it announces what our decoders cannot read.
pub fn read(bytes: &[u8]) -> Result<Option<Head<'_>>, ProtocolError> {
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
        etag: None,
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
        } else if field.name.eq_ignore_ascii_case("etag") {
            head.etag = std::str::from_utf8(value).ok();
        } else if COMPRESSES.iter().any(|name| field.name.eq_ignore_ascii_case(name)) {
            return Err(compressed(field));
        }
    }
    Ok(Some(head))
}

/// Browsers allow it, and so do our requests with their heads; then bytes would no longer be those
/// of the feed.
const COMPRESSES: [&str; 2] = ["content-encoding", "sec-websocket-extensions"];

fn compressed(field: &httparse::Header<'_>) -> ProtocolError {
    let (name, value) = (field.name, String::from_utf8_lossy(field.value));
    ProtocolError::new(format!(
        "the answer is compressed ({name}: {value}): switch that off at the server, or set headers \
         = \"bare\""
    ))
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

    #[test]
    fn an_etag_keeps_its_quotes() {
        let head = read(b"HTTP/1.1 304 Not Modified\r\neTag: \"k3f9:8\"\r\n\r\n").unwrap();
        assert_eq!(head.unwrap().etag, Some("\"k3f9:8\""));
    }

    #[test]
    fn a_compressed_answer_is_refused_by_name() {
        for line in ["Content-Encoding: gzip", "Sec-WebSocket-Extensions: permessage-deflate"] {
            let answer = format!("HTTP/1.1 200 OK\r\n{line}\r\n\r\n");
            assert!(read(answer.as_bytes()).unwrap_err().0.contains(line));
        }
    }
}
