//! Heads of a given weight: what requests and answers cost is often theirs, and a comparison with
//! others' figures needs heads as long as others had.

use hyper::StatusCode;
use hyper::body::Body as _;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderValue, SERVER};

use super::Body;
use crate::knob::{Knob, KnobKind, Params};
use crate::transport::Reply;

/// How heavy the heads of a poll are. The client needs it for its requests, the server for its
/// answers.
pub const HEADERS: Knob = Knob {
    name: "headers",
    about: "heads of requests: bare: the least; browser: a desktop browser's; kaazing: of 716 bytes, \
            and answers' of 193, as in \"HTML5 WebSocket: A Quantum Leap in Scalability\"",
    default: "bare",
    kind: KnobKind::Choice(&["bare", "browser", KAAZING]),
};

const KAAZING: &str = "kaazing";

/// An answer's head with `headers = "kaazing"`, all line ends counted (Lubbers and Greco, 2010: the
/// article prints its heads in full and counts them without).
pub const ANSWER_BYTES: usize = 193;

/// What an answer's head is filled up with, from its beginning: a token, wherever it is cut (RFC
/// 9110 section 10.2.4: a product).
const SERVER_NAME: &str = "feedlab.with-a-name-as-long-as-it-takes-to-make-this-head-as-heavy-as-\
                           that-of-an-application-server-which-tells-its-name.its-version.and-its-\
                           vendor";

/// How long a head is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeadSize {
    /// All of it, in bytes.
    pub bytes: usize,
    /// Line ends, that of the empty line too; each is two of the bytes.
    pub lines: usize,
}

/// How long the transport's heads are to be, if its knobs say.
pub(crate) fn answer_bytes(params: &Params) -> Option<usize> {
    (params.choice(&HEADERS) == KAAZING).then_some(ANSWER_BYTES)
}

/// Makes a head `bytes` long, unless it is longer already: with a name of the server or, where there
/// is no room for that, with spaces at the end of a line, which are no part of its value (RFC 9110
/// section 5.5). `closes`: it will end the connection.
pub(crate) fn pad(reply: &mut Reply, bytes: usize, closes: bool) {
    let missing = bytes.saturating_sub(size(reply, closes).bytes);
    let name = missing.saturating_sub("server: \r\n".len());
    if name > 0 {
        let name = &SERVER_NAME[..name.min(SERVER_NAME.len())];
        reply.headers_mut().insert(SERVER, HeaderValue::from_static(name));
    } else if let Some(line) = reply.headers_mut().get_mut(CACHE_CONTROL) {
        let mut value = line.as_bytes().to_vec();
        value.resize(value.len() + missing, b' ');
        *line = HeaderValue::from_bytes(&value).expect("spaces may stand in a value");
    }
}

/// The head as hyper will write it, which adds some lines.
fn size(reply: &Reply, closes: bool) -> HeadSize {
    let status = reply.status();
    let reason = status.canonical_reason().unwrap_or_default();
    let mut bytes = "HTTP/1.1 200 \r\n".len() + reason.len() + "\r\n".len();
    let mut lines = 2;
    let mut add = |line: usize| {
        bytes += line + "\r\n".len();
        lines += 1;
    };
    for (name, value) in reply.headers() {
        add(name.as_str().len() + ": ".len() + value.len());
    }
    add("date: Thu, 01 Jan 1970 00:00:00 GMT".len());
    if !matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) {
        let length = reply.body().size_hint().lower();
        add("content-length: ".len() + length.checked_ilog10().unwrap_or(0) as usize + 1);
    }
    if closes {
        add("connection: close".len());
    }
    HeadSize { bytes, lines }
}

/// The head of a poll's 200 with a body of so many bytes, as it is with `headers = "kaazing"` on a
/// connection that stays.
pub fn kaazing_answer(body_bytes: usize) -> HeadSize {
    let mut reply = Reply::new(Body::full(vec![0; body_bytes]));
    for (name, value) in
        [(CONTENT_TYPE, "application/json"), (ETAG, "\"k3f9ab:12\""), (CACHE_CONTROL, "no-store")]
    {
        reply.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    pad(&mut reply, ANSWER_BYTES, false);
    size(&reply, false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_is_a_token_wherever_it_is_cut() {
        let is_token = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
        assert!(SERVER_NAME.bytes().all(is_token));
        assert!(SERVER_NAME.len() >= ANSWER_BYTES - "HTTP/1.1 204 \r\n\r\n".len() - 37);
    }

    #[test]
    fn a_head_has_its_bytes_also_where_there_is_no_room_for_a_name_unless_it_has_more() {
        let bare = || {
            let mut reply = Reply::new(Body::empty());
            reply.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
            reply
        };
        let before = size(&bare(), true);
        for more in 0..30 {
            let mut reply = bare();
            pad(&mut reply, before.bytes + more, true);
            assert_eq!(size(&reply, true).bytes, before.bytes + more);
            assert_eq!(reply.headers().contains_key(SERVER), more > 10);
        }
        let mut reply = bare();
        pad(&mut reply, before.bytes - 1, true);
        assert_eq!(size(&reply, true), before);
    }
}
