//! Bytes on the wire, measured and predicted.
//!
//! Above TCP a push transport nearly always wins on bytes. On the wire each packet has a header of
//! 52 bytes as well and is acknowledged, and a poll that brings many updates spares most of those.
//! So the sweep compares bytes on the wire: on a link what it carried, on loopback what the codecs
//! counted and a header for each segment that `TCP_INFO` counted, acknowledgements too.

use scenarios::predict::PACKET_HEADER_BYTES;

use super::field::Seen;

/// How long Linux waits for something that can carry an acknowledgement, at least
/// (`TCP_DELACK_MIN`).
const DELAYED_ACK_S: f64 = 0.040;
/// Packets of an update that is pushed: itself and its acknowledgement.
const PUSH: f64 = 2.0;
/// Packets of a poll whose answer is acknowledged by the next request, and of one that comes so
/// late that the acknowledgement has a packet of its own.
const POLL: (f64, f64) = (2.0, 3.0);

/// Bytes of both directions on the wire per delivered update.
pub(super) fn wire_bytes(seen: &Seen) -> Option<f64> {
    let row = seen.row;
    if seen.run.scenario.link.is_some() {
        return row.link_bytes_per_update();
    }
    let segments = (row.segments_up + row.segments_down) as f64;
    let above = row.bytes_per_update()?;
    Some(above + segments * PACKET_HEADER_BYTES as f64 / row.delivered as f64)
}

/// The same as the codecs' sizes and the packets that can be counted on fingers make it; `None`
/// where a link loses packets or a message is more than one.
pub(super) fn predicted_wire_bytes(seen: &Seen) -> Option<f64> {
    let row = seen.row;
    let prediction = seen.run.prediction(&row.transport, None)?;
    let expected = row.expected as f64;
    let above = (row.predicted_bytes_up? + row.predicted_bytes_down?) as f64 / expected;
    let scenario = &seen.run.scenario;
    let loses = scenario.link.as_ref().is_some_and(|link| {
        [link.way_down(), link.way_up()].iter().any(|way| way.loss > 0.0 || !way.cuts.is_empty())
    });
    let largest = f64::from(scenario.feed.payload_bytes)
        * prediction.updates_per_answer.unwrap_or(1.0).max(1.0);
    if loses || (scenario.link.is_some() && largest > 1_200.0) || expected == 0.0 {
        return None;
    }
    let packets = if prediction.updates_per_answer.is_some() {
        let requests = prediction.requests as f64;
        let exchange_s = row.window_ns as f64 / 1e9 * row.clients as f64 / requests;
        let each = if exchange_s > DELAYED_ACK_S { POLL.1 } else { POLL.0 };
        each * requests / expected
    } else {
        PUSH
    };
    Some(above + packets * PACKET_HEADER_BYTES as f64)
}
