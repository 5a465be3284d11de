//! Just enough HTTP: the requests that our publisher and our load clients send, the answers that
//! they expect.

use std::io::Write;
use std::time::Duration;

use crate::log::{EPOCH, Log};

pub const NOTHING_NEW: &[u8] = b"HTTP/1.1 204 No Content\r\nCache-Control: no-store\r\n\r\n";

/// As our servers': a request waits this long unless it says otherwise.
const HOLD: Duration = Duration::from_secs(25);

pub enum Request<'a> {
    Publish(&'a [u8]),
    /// With a hold of zero it is a short poll.
    Poll {
        after: Option<u64>,
        hold: Duration,
    },
}

pub enum Parsed<'a> {
    Partial,
    Bad,
    /// And how many bytes it takes.
    Request(Request<'a>, usize),
}

pub fn parse(input: &[u8]) -> Parsed<'_> {
    let Some(head) = input.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4) else {
        return Parsed::Partial;
    };
    if input.starts_with(b"POST /publish ") {
        let Some(length) = content_length(&input[..head]) else { return Parsed::Bad };
        let end = head + length;
        return input
            .get(head..end)
            .map_or(Parsed::Partial, |body| Parsed::Request(Request::Publish(body), end));
    }
    let target =
        input.strip_prefix(b"GET ").and_then(|rest| rest.split(|byte| *byte == b' ').next());
    let Some(target) = target.and_then(|target| std::str::from_utf8(target).ok()) else {
        return Parsed::Bad;
    };
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let value = |key| query.split('&').find_map(|pair| pair.strip_prefix(key));
    // The colon may come percent-encoded.
    let seq = |cursor: &str| cursor.split([':', 'A']).next_back().and_then(|seq| seq.parse().ok());
    let hold = match path {
        "/short-poll" => Duration::ZERO,
        "/long-poll" => {
            let hold = value("hold=").and_then(|hold| hold.parse().ok());
            hold.map_or(HOLD, Duration::from_secs_f64)
        }
        _ => return Parsed::Bad,
    };
    Parsed::Request(Request::Poll { after: value("after=").and_then(seq), hold }, head)
}

fn content_length(head: &[u8]) -> Option<usize> {
    let head = std::str::from_utf8(head).ok()?;
    head.split("\r\n").find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let value = name.eq_ignore_ascii_case("content-length").then_some(value)?;
        value.trim().parse().ok()
    })
}

/// The answer to a publish.
pub fn cursor(head: u64, answer: &mut Vec<u8>) {
    let body = format!("{{\"cursor\":\"{EPOCH}:{head}\"}}");
    answer.clear();
    let _ = write!(answer, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
}

/// The answer to a poll; without a cursor the current one.
pub fn page(log: &Log, after: Option<u64>, answer: &mut Vec<u8>) {
    let head = log.head();
    answer.clear();
    if after == Some(head) {
        answer.extend_from_slice(NOTHING_NEW);
        return;
    }
    let updates = || log.after(after.unwrap_or(head));
    let digits = head.checked_ilog10().unwrap_or(0) as usize + 1;
    let (count, bytes) =
        updates().fold((0, 0), |(count, bytes), update| (count + 1, bytes + update.len()));
    let length = 12 + EPOCH.len() + digits + 13 + bytes + usize::saturating_sub(count, 1) + 2;
    let _ = write!(
        answer,
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nETag: \"{EPOCH}:{head}\"\r\nCache-Control: no-store\r\n\
         Content-Length: {length}\r\n\r\n{{\"cursor\":\"{EPOCH}:{head}\",\"updates\":["
    );
    for (index, update) in updates().enumerate() {
        if index > 0 {
            answer.push(b',');
        }
        answer.extend_from_slice(update);
    }
    answer.extend_from_slice(b"]}");
}
