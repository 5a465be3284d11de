//! What RFC 9110 and 9112 ask of every request and hyper leaves to us.
//!
//! hyper itself answers what it cannot frame, before there is a request to check.

use hyper::body::Body;
use hyper::header::{CONNECTION, HOST, HeaderMap, HeaderName, TRANSFER_ENCODING};
use hyper::{Request, StatusCode, Version};

use super::Refusal;

/// A query may be this long. hyper would only notice when the whole head is too large.
const QUERY_BYTES: usize = 4 << 10;

/// Refuses what no path should have to look at.
pub(super) fn request<B: Body>(request: &Request<B>) -> Result<(), Refusal> {
    host(request)?;
    // A poll has no body: it need not be searched for the coding of one.
    if !request.body().is_end_stream() {
        transfer_coding(request.headers())?;
    }
    if request.uri().query().is_some_and(|query| query.len() > QUERY_BYTES) {
        return Err(Refusal::new(StatusCode::URI_TOO_LONG, "query: longer than 4096 bytes"));
    }
    Ok(())
}

/// RFC 9112 section 3.2: 400 to an HTTP/1.1 request without Host, and to any with more than one or
/// a bad one.
fn host<B>(request: &Request<B>) -> Result<(), Refusal> {
    let headers = request.headers();
    let Some(host) = headers.get(HOST) else {
        return match request.version() {
            Version::HTTP_11 => Err(Refusal::bad_request("Host: missing")),
            _ => Ok(()),
        };
    };
    // As many names as values: nothing comes twice, and there is nothing to search for.
    let twice = headers.len() > headers.keys_len() && headers.get_all(HOST).iter().count() > 1;
    if twice {
        return Err(Refusal::bad_request("Host: more than one"));
    }
    // Enough to refuse lists, spaces and controls; which name we are called by is not our business.
    let is_allowed =
        |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+;=:[]%".contains(byte);
    if host.as_bytes().iter().all(is_allowed) {
        Ok(())
    } else {
        Err(Refusal::bad_request("Host: not a host and port"))
    }
}

/// hyper asks only that the last coding is chunked. RFC 9112 section 6.1: never chunked twice, and
/// 501 to a coding that is not understood. Whoever is in front of us may have found other chunks in
/// these bytes than hyper does, so nothing that follows on the connection is believed.
fn transfer_coding(headers: &HeaderMap) -> Result<(), Refusal> {
    let codings = || tokens(headers, &TRANSFER_ENCODING);
    let chunked = codings().filter(|coding| coding.eq_ignore_ascii_case("chunked")).count();
    let refusal = match (chunked, codings().count()) {
        (_, 0) | (1, 1) => return Ok(()),
        (0 | 1, _) => {
            Refusal::new(StatusCode::NOT_IMPLEMENTED, "Transfer-Encoding: must be chunked")
        }
        _ => Refusal::bad_request("Transfer-Encoding: chunked more than once"),
    };
    Err(refusal.hint(CONNECTION, "close"))
}

/// Whether a list-valued header, over all its lines, has this token in any case.
pub(crate) fn is_token_listed(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    tokens(headers, name).any(|item| item.eq_ignore_ascii_case(token))
}

/// The items of a list-valued header, over all its lines.
fn tokens<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    headers
        .get_all(name)
        .into_iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|item| item.trim_matches([' ', '\t']))
}
