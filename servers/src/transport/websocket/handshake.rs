//! The opening handshake, in front of tungstenite: each refusal says what to do instead.

use hyper::header::{
    CONNECTION, HeaderName, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use hyper::{Method, Request, Response, StatusCode, Version};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use crate::http::{Body, Refusal, is_token_listed};
use crate::transport::Reply;

/// The 101 for a request, or the refusal.
pub(super) fn accept<B>(request: &Request<B>) -> Result<Reply, Refusal> {
    let headers = request.headers();
    if request.method() != Method::GET {
        return Err(Refusal::method("GET"));
    }
    if request.version() < Version::HTTP_11 {
        return Err(Refusal::bad_request("a WebSocket needs HTTP/1.1"));
    }
    // RFC 9110 section 7.8: both are lists, over any number of lines.
    if !is_token_listed(headers, &UPGRADE, "websocket") {
        return Err(upgrade_required("this is a WebSocket: send Upgrade: websocket"));
    }
    if !is_token_listed(headers, &CONNECTION, "upgrade") {
        return Err(Refusal::bad_request("Connection: must list upgrade"));
    }
    match only(request, &SEC_WEBSOCKET_VERSION)? {
        Some(version) if version == "13" => {}
        // RFC 6455 section 4.4, also when it is missing: the client learns what to say.
        _ => {
            return Err(upgrade_required("Sec-WebSocket-Version: must be 13")
                .hint(SEC_WEBSOCKET_VERSION, "13"));
        }
    }
    let Some(key) = only(request, &SEC_WEBSOCKET_KEY)?.filter(|key| is_key(key.as_bytes())) else {
        return Err(Refusal::bad_request("Sec-WebSocket-Key: must be 16 bytes in base64"));
    };
    let accept = derive_accept_key(key.as_bytes());
    let mut reply = Response::new(Body::empty());
    *reply.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = reply.headers_mut();
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(
        SEC_WEBSOCKET_ACCEPT,
        HeaderValue::from_str(&accept).expect("base64 is visible ASCII"),
    );
    Ok(reply)
}

/// The value of a header that may come once (RFC 6455 section 11.3).
fn only<'a, B>(
    request: &'a Request<B>,
    name: &HeaderName,
) -> Result<Option<&'a HeaderValue>, Refusal> {
    let mut values = request.headers().get_all(name).iter();
    let value = values.next();
    if values.next().is_some() {
        return Err(Refusal::bad_request(format!("{name}: given more than once")));
    }
    Ok(value)
}

/// 16 bytes are 22 characters of base64 and two of padding; of the last character only two bits are
/// used.
fn is_key(key: &[u8]) -> bool {
    let Some((digits, padding)) = key.split_at_checked(22) else { return false };
    let is_digit = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    padding == b"=="
        && digits.iter().all(is_digit)
        && matches!(digits[21], b'A' | b'Q' | b'g' | b'w')
}

/// 426; RFC 9110 section 15.5.22 wants the protocol named.
fn upgrade_required(problem: &'static str) -> Refusal {
    let refusal = Refusal::new(StatusCode::UPGRADE_REQUIRED, problem);
    refusal.hint(UPGRADE, "websocket").hint(CONNECTION, "upgrade")
}

#[cfg(test)]
mod tests {
    use super::is_key;

    #[test]
    fn a_key_is_sixteen_bytes_in_base64() {
        assert!(is_key(b"dGhlIHNhbXBsZSBub25jZQ=="));
        for key in [
            &b""[..],
            b"dGhlIHNhbXBsZSBub25jZQ",
            b"dGhlIHNhbXBsZSBub25jZQ=",
            b"dGhlIHNhbXBsZSBub25jZR==",
            b"dGhlIHNhbXBsZSBub25j====",
            b"dGhlIHNhbXBsZSBub25jZQ==AAAA",
            b"not base64 at all !!!!==",
        ] {
            assert!(!is_key(key), "{}", String::from_utf8_lossy(key));
        }
    }
}
