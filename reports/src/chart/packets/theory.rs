//! Packets per update where they can be counted on fingers; elsewhere nothing is said.
//!
//! A message that fits into a packet is one. Who receives it and has nothing to send acknowledges
//! it by a packet of its own, at once if the program reads it at once, after 40 ms at the latest
//! (Linux, `TCP_DELACK_MIN`) if the answer could have carried it.

use results::Run;
use scenarios::{Link, MTU_BYTES, TransportSizes, predict::PACKET_HEADER_BYTES};

use crate::view::Subject;

/// How long Linux waits for something that can carry an acknowledgement, at least.
const DELAYED_ACK_S: f64 = 0.040;
/// What the update and its acknowledgement take.
const PUSH: f64 = 2.0;
/// What a poll takes: request, answer, and an acknowledgement that nothing carries. For a short
/// poll that of the answer, for a long poll that of the request.
const POLL: f64 = 3.0;
/// What TLS 1.3 adds to a message in one record: header 5, content type 1, tag 16 (RFC 8446, 5.2).
const RECORD_BYTES: f64 = 22.0;

/// Packets per update; `None` where it is not as simple as that.
pub(super) fn packets_per_update(run: &Run, subject: &Subject) -> Option<f64> {
    let link = run.scenario.link.as_ref()?;
    if is_disturbed(link) || !run.scenario.server.freeze.is_empty() {
        return None;
    }
    let sizes = run.sizes.0.get(subject.name)?;
    let prediction = subject.prediction.as_ref()?;
    let row = subject.pooled;
    let seconds = row.window_ns as f64 / 1e9;
    let rate = row.published as f64 / seconds;
    let payload = f64::from(run.scenario.feed.payload_bytes);
    let record = if run.scenario.tls { RECORD_BYTES } else { 0.0 };
    let answer = |updates| answer_bytes(payload, updates, sizes) + record;
    let Some(updates) = prediction.updates_per_answer else {
        // Heartbeats take packets, too: they do not count if there are many updates to each.
        return (rate >= 1.0 && fits(answer(1.0))).then_some(PUSH);
    };
    let exchange_s = seconds * row.clients as f64 / prediction.requests as f64;
    let round_trip_s = (link.way_down().delay + link.way_up().delay).as_secs_f64();
    let settings = run.scenario.transports.get(subject.name)?;
    let connects = settings.get("keep_alive").is_some_and(|keeps| *keeps == false);
    if connects || settings.get("outstanding").is_some_and(|n| *n != 1) {
        return None; // handshakes, and requests that carry the acknowledgements of others
    }
    let waits = if settings.contains_key("interval") {
        exchange_s > DELAYED_ACK_S + round_trip_s
    } else {
        // Gaps of a feed differ, and nearly all must be long enough. The next request carries the
        // answer's acknowledgement only if the client asks again (`rearm_delay`) before it is due.
        run.calibration.rearm_gap_ns < DELAYED_ACK_S * 1e9
            && exchange_s > 10.0 * (DELAYED_ACK_S + round_trip_s)
    };
    // So do answers, and nearly all must fit.
    let fit = fits(sizes.request_head_bytes + record) && fits(answer(2.0 * updates));
    (waits && fit).then(|| POLL * prediction.requests as f64 / row.expected as f64)
}

/// Whether packets are lost, overtaken or bunched, so that their number is chance.
fn is_disturbed(link: &Link) -> bool {
    [link.way_down(), link.way_up()]
        .iter()
        .any(|way| way.loss > 0.0 || !way.cuts.is_empty() || way.reorder || !way.jitter.is_zero())
}

fn answer_bytes(payload: f64, updates: f64, sizes: &TransportSizes) -> f64 {
    let each = payload + sizes.update_envelope_bytes + sizes.update_framing_bytes;
    updates * each + sizes.answer_head_bytes + sizes.answer_envelope_bytes
}

/// Whether a message is one packet.
fn fits(bytes: f64) -> bool {
    bytes <= (MTU_BYTES - PACKET_HEADER_BYTES) as f64
}
