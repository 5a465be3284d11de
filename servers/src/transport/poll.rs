//! What both polls have in common: the request's cursor and limit, and the page that answers it.

use bytes::Bytes;
use hyper::header::{
    CACHE_CONTROL, CONNECTION, CONTENT_TYPE, ETAG, HeaderMap, HeaderValue, IF_NONE_MATCH,
};
use hyper::{Method, Request, Response, StatusCode};

use super::{Context, Reply};
use crate::feed::{Cursor, Delivery, Gap, Limit, Slice, Start};
use crate::http::{self, Body, Query, Refusal};

/// A page, unless the request says otherwise; `limit` changes the updates, never the bytes. Those
/// only keep one answer from filling the memory: a poll that comes once an interval should find all
/// that has come meanwhile, 1,000 updates of 8 KiB. Clients that stand at the same place share the
/// page. One that has a page to itself (a gap, a limit, a place of its own) and does not read holds
/// two at most, the one on its way and the next: hyper makes no third before the first is out.
const PAGE: Limit = Limit { updates: 1000, bytes: 8 << 20 };

/// A poll that was understood.
pub(super) struct Poll {
    context: Context,
    pub(super) cursor: Cursor,
    limit: Limit,
    /// No cursor was sent: the answer is the current one, at once.
    from_now: bool,
    /// `If-None-Match`, all its lines. A copy: the original would hold the buffer that the request
    /// was read into.
    if_none_match: Option<Box<str>>,
    /// The request's, emptied, for the answer: its memory is the right size and at hand.
    headers: HeaderMap,
    /// The client gets the body, too: it stands at the page's end then.
    is_get: bool,
    /// The request asks for the end of the connection; looked up only where heads are padded.
    closes: bool,
}

impl Poll {
    /// Reads the request; a refusal is the answer.
    pub(super) fn read<B>(request: Request<B>, context: Context) -> Result<Self, Refusal> {
        let (request, _) = request.into_parts();
        if !http::is_read(&request.method) {
            return Err(Refusal::method("GET, HEAD"));
        }
        let query = Query::new(request.uri.query());
        let start = start(&context, query).map_err(Refusal::bad_request)?;
        let limit = limit(query).map_err(Refusal::bad_request)?;
        let if_none_match = if_none_match(&request.headers);
        let closes = context.answer_bytes.is_some()
            && http::is_token_listed(&request.headers, &CONNECTION, "close");
        let mut headers = request.headers;
        headers.clear();
        Ok(Self {
            cursor: context.cursor(start),
            limit: limit.map_or(PAGE, |updates| Limit { updates, ..PAGE }),
            from_now: start == Start::Now,
            if_none_match,
            headers,
            is_get: request.method == Method::GET,
            closes,
            context,
        })
    }

    /// Whether a 200 can be given now.
    pub(super) fn is_ready(&self) -> bool {
        self.from_now || self.cursor.is_ready()
    }

    /// The answer as things stand: a page, or that there is nothing new.
    pub(super) fn answer(mut self) -> Reply {
        if !self.is_ready() {
            return self.nothing_new();
        }
        let (gap, after, last, page) = self.shared_page().unwrap_or_else(|| self.own_page());
        if gap.is_some() {
            self.context.tally().gap();
        } else if self.is_known(last) {
            // A gap goes before this: it is said, never silent.
            return self.not_modified(last);
        }
        self.context.delivered(last - after);
        self.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        self.headers.insert(ETAG, self.etag(last));
        self.reply(StatusCode::OK, page, last)
    }

    /// The page of everyone who stands at the same place.
    fn shared_page(&mut self) -> Option<Page> {
        if self.from_now || self.limit != PAGE {
            return None;
        }
        match self.cursor.ready(self.context.encoder(PAGE))? {
            Delivery::Updates(page) => Some((None, page.after, page.last, page.bytes)),
            Delivery::Gap(gap) => {
                self.cursor.put_back(gap);
                None
            }
        }
    }

    /// A page for this request alone, with its gap or its limit.
    fn own_page(&mut self) -> Page {
        self.cursor.read(self.limit, |gap, slice| {
            let mut body = Vec::with_capacity(slice.bytes() + 128);
            write_page_with(gap, slice, &mut body);
            (gap, slice.after, slice.last, body.into())
        })
    }

    /// 204, or 304 where a 200, which would carry the request's own cursor, is known already.
    fn nothing_new(self) -> Reply {
        let seq = self.cursor.seq();
        if self.is_known(seq) {
            self.not_modified(seq)
        } else {
            self.reply(StatusCode::NO_CONTENT, Bytes::new(), seq)
        }
    }

    /// RFC 9110 section 15.4.5: with the ETag and Cache-Control that a 200 would have.
    fn not_modified(mut self, seq: u64) -> Reply {
        self.headers.insert(ETAG, self.etag(seq));
        self.reply(StatusCode::NOT_MODIFIED, Bytes::new(), seq)
    }

    /// RFC 6202 section 5.6: no cache between us may answer in our place.
    fn reply(mut self, status: StatusCode, body: Bytes, ended: u64) -> Reply {
        self.headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        let body = if self.is_get { Body::page(body, ended) } else { Body::full(body) };
        let mut reply = Response::new(body);
        *reply.status_mut() = status;
        *reply.headers_mut() = self.headers;
        if let Some(bytes) = self.context.answer_bytes {
            http::pad(&mut reply, bytes, self.closes || self.context.shutdown.is_stopping());
        }
        reply
    }

    fn etag(&self, seq: u64) -> HeaderValue {
        let mut tag = Vec::with_capacity(40);
        tag.push(b'"');
        self.context.feed.place(seq).write(&mut tag);
        tag.push(b'"');
        HeaderValue::from_bytes(&tag).expect("an epoch and digits are visible ASCII")
    }

    /// Whether `If-None-Match` names the ETag of `seq`; weakly, as RFC 9110 section 13.1.2 says.
    fn is_known(&self, seq: u64) -> bool {
        let Some(known) = &self.if_none_match else { return false };
        let etag = self.etag(seq);
        known.split(',').map(str::trim).any(|tag| {
            tag == "*" || tag.strip_prefix("W/").unwrap_or(tag).as_bytes() == etag.as_bytes()
        })
    }
}

/// The gap, the places before and after, and the body.
type Page = (Option<Gap>, u64, u64, Bytes);

fn if_none_match(headers: &HeaderMap) -> Option<Box<str>> {
    if !headers.contains_key(IF_NONE_MATCH) {
        return None;
    }
    let lines = headers.get_all(IF_NONE_MATCH).iter();
    let lines: Vec<_> = lines.filter_map(|line| line.to_str().ok()).collect();
    Some(lines.join(",").into())
}

/// Where a poll wants to start: by `after`, or by `continue` where the last answer on its connection
/// ended, which a client cannot know that asks before that answer is there (RFC 6202 section 5.2:
/// pipelining).
fn start(context: &Context, query: Query<'_>) -> Result<Start, String> {
    let Some(value) = query.get("continue")? else { return after(context, query) };
    if !value.is_empty() {
        return Err(format!("continue: takes no value, not \"{value}\""));
    }
    if query.get("after")?.is_some() {
        return Err("continue: stands instead of after, not beside it".to_owned());
    }
    let ended = context.ended.map(Start::After);
    ended.ok_or_else(|| {
        "continue: no poll was answered on this connection before; begin with after, or without"
            .to_owned()
    })
}

/// Where a request wants to start, by `after`.
pub(super) fn after(context: &Context, query: Query<'_>) -> Result<Start, String> {
    match query.get("after")? {
        None => Ok(Start::Now),
        Some(after) => context.feed.start(&after).map_err(|problem| format!("after: {problem}")),
    }
}

fn limit(query: Query<'_>) -> Result<Option<usize>, String> {
    let Some(limit) = query.get("limit")? else { return Ok(None) };
    let digits = limit.bytes().all(|byte| byte.is_ascii_digit());
    match limit.parse() {
        Ok(updates) if digits && updates > 0 => Ok(Some(updates)),
        _ => Err(format!("limit: must be a whole number from 1, not \"{limit}\"")),
    }
}

pub(super) fn write_page(slice: &Slice<'_>, out: &mut Vec<u8>) {
    write_page_with(None, slice, out);
}

/// `{"cursor":"k3f9:8","gap":{…},"updates":[{"seq":8,"data":…}]}`
fn write_page_with(gap: Option<Gap>, slice: &Slice<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"cursor\":\"");
    crate::feed::Place { epoch: slice.epoch, seq: slice.last }.write(out);
    out.push(b'"');
    if let Some(gap) = gap {
        out.extend_from_slice(format!(",\"gap\":{gap}").as_bytes());
    }
    out.extend_from_slice(b",\"updates\":[");
    for (index, update) in slice.updates().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        out.extend_from_slice(&update.bytes);
    }
    out.extend_from_slice(b"]}");
}
