//! Bytes above TCP, over the window, for all clients.
//!
//! Per client: push sends every update as payload + envelope + framing, and a heartbeat at fixed
//! times, whatever else is sent. A poll sends a request head up; its answer is a head with, if
//! there is anything, the envelope of the answer and of each update. Connecting, upgrading and
//! closing lie outside the window. Sequence numbers grow longer than the calibration's: see
//! [`digits`](super::digits). What several updates in one chunk save of its framing is neglected,
//! and so are the digits that a longer body adds to its Content-Length or its chunk's size.
//!
//! TLS adds the same to every record. A request and an empty answer are one record each, and an
//! answer is as many as its mean size takes. An update of a push transport is written as it comes,
//! so it has the records that it had in the calibration; what several updates in one write save is
//! neglected here, too.

use super::{
    Case,
    digits::{MoreDigits, first_number},
};
use crate::Schedule;

/// Digits of a clock in ns between 28 hours and 11 days after boot.
const CLOCK_DIGITS: u32 = 15;

/// Plaintext that a record holds at most (RFC 8446 section 5.1).
const RECORD_BYTES: f64 = 16_384.0;

/// What TLS adds to a record: header 5, type 1, tag 16 (RFC 8446 section 5.2).
const RECORD_OVERHEAD_BYTES: f64 = 22.0;

/// (up, down) of a push transport, of which each client gets so many updates.
pub(super) fn push(case: &Case<'_>, schedule: &Schedule, updates: f64) -> (f64, f64) {
    let sizes = &case.sizes;
    let more = MoreDigits::of(case, schedule);
    let around = sizes.update_envelope_bytes + sizes.update_framing_bytes + more.update;
    // The calibration has one write for each.
    let apart = if case.writes() > 1 { record_bytes(case) } else { 0.0 };
    let tls = sizes.tls_bytes + apart;
    let per_client = payload_bytes(case, schedule, updates) + updates * (around + tls);
    let window = schedule.window_ns() as f64;
    let beats = case.duration_ns("heartbeat").filter(|every| *every > 0.0);
    let beats = beats.map_or(0.0, |every| window / every);
    let (beat_up, beat_down) = heartbeat(case);
    let clients = case.clients();
    (clients * beats * beat_up, clients * (per_client + beats * beat_down))
}

/// An update of a push transport, with its records.
pub(super) fn update(case: &Case<'_>) -> f64 {
    case.update_bytes() + case.sizes.tls_bytes
}

/// A poll's request, with what TLS adds.
pub(super) fn request(case: &Case<'_>) -> f64 {
    case.sizes.request_head_bytes + case.sizes.tls_bytes
}

/// A poll's answer with so many updates, in its records.
pub(super) fn answer(case: &Case<'_>, updates: f64) -> f64 {
    let sizes = &case.sizes;
    let plain =
        sizes.answer_head_bytes + sizes.answer_envelope_bytes + updates * case.update_bytes();
    plain + (plain / RECORD_BYTES).ceil() * record_bytes(case) + sizes.tls_connect_bytes
}

/// A poll's answer with nothing new.
pub(super) fn empty(case: &Case<'_>) -> f64 {
    case.sizes.empty_head_bytes + record_bytes(case) + case.sizes.tls_connect_bytes
}

/// What a record costs; without TLS there is none.
fn record_bytes(case: &Case<'_>) -> f64 {
    if case.sizes.tls_bytes > 0.0 { RECORD_OVERHEAD_BYTES } else { 0.0 }
}

/// (up, down) of one heartbeat with its records; without TLS they cost nothing.
fn heartbeat(case: &Case<'_>) -> (f64, f64) {
    let record = record_bytes(case);
    let (up, down) = beat(case);
    let sealed = |bytes: f64| if bytes > 0.0 { bytes + record } else { 0.0 };
    (sealed(up), sealed(down))
}

/// (up, down) of one heartbeat: what the codecs counted or, as a calibration is to be without
/// heartbeats lest they be in its framing as well, what the protocols say.
fn beat(case: &Case<'_>) -> (f64, f64) {
    let sizes = &case.sizes;
    match case.name {
        _ if sizes.empty_head_bytes > 0.0 => (sizes.request_head_bytes, sizes.empty_head_bytes),
        // An empty comment, ":\n\n", in a chunk of its own, "3\r\n" … "\r\n" (RFC 9112 section
        // 7.1).
        "sse" => (0.0, 8.0),
        // An empty ping, and a pong, which a client masks (RFC 6455 sections 5.2 and 5.5).
        "websocket" => (6.0, 2.0),
        _ => (0.0, 0.0),
    }
}

/// (up, down) of a polling transport, from the updates that each client gets and its answers with and without updates over all clients.
pub(super) fn poll(
    case: &Case<'_>,
    schedule: &Schedule,
    updates: f64,
    answers: f64,
    empty: f64,
) -> (f64, f64) {
    let sizes = &case.sizes;
    let more = MoreDigits::of(case, schedule);
    let around = sizes.update_envelope_bytes + sizes.update_framing_bytes + more.update;
    let per_client = payload_bytes(case, schedule, updates) + updates * around;
    let answer = sizes.answer_head_bytes + sizes.answer_envelope_bytes + more.answer;
    let none = sizes.empty_head_bytes + more.empty;
    let down = case.clients() * per_client + answers * answer + empty * none;
    let records = if answers > 0.0 {
        let mean = answer + case.clients() * per_client / answers;
        answers * (mean / RECORD_BYTES).ceil() + empty
    } else {
        empty
    };
    let exchanges = answers + empty;
    let tls = records * record_bytes(case) + exchanges * sizes.tls_connect_bytes;
    (exchanges * (sizes.request_head_bytes + more.request + sizes.tls_bytes), down + tls)
}

/// The payloads of so many updates of the window, all or their mean: padded up to the scenario's size, longer where a trace's fields need
/// more.
fn payload_bytes(case: &Case<'_>, schedule: &Schedule, updates: f64) -> f64 {
    let size = case.scenario.feed.payload_bytes as usize;
    if schedule.fields.is_empty() {
        return size as f64 * updates;
    }
    let clock = case.calibration.clock_digits.unwrap_or(CLOCK_DIGITS);
    let natural = |(n, fields): (u64, &String)| {
        // `{"n":17,"t":123456789012345,…}`
        r#"{"n":,"t":,}"#.len() + (n.ilog10() + 1 + clock) as usize + fields.len()
    };
    let rows = (first_number(case, schedule)..).zip(&schedule.fields);
    let all = rows.map(|row| natural(row).max(size)).sum::<usize>() as f64;
    all * updates / schedule.offsets_ns.len() as f64
}
