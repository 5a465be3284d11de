//! What crosses the link: every byte has a cause, and packets come in the numbers that TCP makes.

use std::f64::consts::E;

use results::validation::{Tolerance, Unit};
use results::{CausesOf, Row};
use scenarios::predict::PACKET_HEADER_BYTES;
use scenarios::{Link, TransportSizes};

use super::{Check, Evidence, Judged, Needs};
use crate::paper::kaazing::{POLL_PACKETS, PUSH_PACKETS};

pub const ACCOUNTING: Check = Check {
    number: 14,
    name: "wire-accounting",
    condition: "every run through the link that was made, at least packets-slow and packets-fast",
    broken: "bytes on the wire would have no cause, or three instruments would disagree about \
             them, and no comparison of bytes could be believed",
    needs: Needs::Every(&["packets-slow", "packets-fast"]),
    judge: accounting,
};

pub const PACKETS: Check = Check {
    number: 15,
    name: "packets",
    condition: "no delay; updates and polls 100 ms and 10 ms apart: acknowledgements wait for 40 ms",
    broken: "the packets per update would not be those of a kernel with delayed acknowledgements, \
             so the break-evens on the wire are others",
    needs: Needs::Runs(&["packets-slow", "packets-fast"]),
    judge: packets,
};

pub const BREAK_EVEN: Check = Check {
    number: 21,
    name: "break-even",
    condition: "100 B, 10 updates/s: polls each 1, 0.5 and 0.25 s against WebSocket; long poll with \
                g = 100 ms at 20 and 100/s",
    broken: "which transport needs fewer bytes would change at another rate than theory says, and \
             advice drawn from it would be wrong",
    needs: Needs::FullRuns(&[
        "break-even-1000",
        "break-even-500",
        "break-even-250",
        "batching-20",
        "batching-100",
    ]),
    judge: break_even,
};

fn accounting(evidence: &Evidence) -> Result<Judged, String> {
    for name in ["packets-slow", "packets-fast"] {
        evidence.run(name)?;
    }
    let mut judged = Judged::default();
    for (name, loaded) in evidence.made() {
        let lossy = loaded.run.scenario.link.as_ref().is_some_and(loses);
        for row in &loaded.run.rows {
            let what = |what: &str| format!("{name} {}: {what}", row.transport);
            let mut exact = |text: &str, predicted: u64, measured: u64| {
                let (predicted, measured) = (predicted as f64, measured as f64);
                judged.hold(what(text), predicted, measured, Tolerance::Exact, Unit::Bytes);
            };
            let codec = row.bytes_up + row.bytes_down;
            exact("TCP_INFO = codecs", codec, row.tcp_bytes_up + row.tcp_bytes_down);
            let of = causes_of(&loaded.run.causes, row);
            let Some((life, wires)) = of.and_then(|causes| causes.life.zip(causes.link)) else {
                continue;
            };
            let causes: u64 = life.causes().iter().sum();
            exact("link = all causes", causes, life.link_bytes().iter().sum());
            let wire = wires.up.plus(wires.down);
            if wire.handshakes == 0 && wire.retransmitted == 0 && !lossy {
                let heads = wire.packets * PACKET_HEADER_BYTES;
                exact("heads = 52 B a packet", heads, wire.headers + wire.acks);
            }
            if !lossy {
                exact("sent again", 0, wire.retransmitted);
            }
        }
    }
    Ok(judged)
}

/// Whether TCP may have a reason to send something again.
fn loses(link: &Link) -> bool {
    link.way_up().loses() || link.way_down().loses()
}

/// What was counted beside a row.
fn causes_of<'a>(causes: &'a [CausesOf], row: &Row) -> Option<&'a CausesOf> {
    causes.iter().find(|causes| {
        causes.transport == row.transport && Some(causes.repetition) == row.repetition
    })
}

fn packets(evidence: &Evidence) -> Result<Judged, String> {
    let mut judged = Judged::default();
    for (name, polls) in [("packets-slow", POLL_PACKETS), ("packets-fast", 2)] {
        let pace = if name == "packets-slow" { "100 ms" } else { "10 ms" };
        for (transport, predicted) in
            [("websocket", PUSH_PACKETS), ("short-poll", polls), ("long-poll", polls)]
        {
            let row = evidence.seen(name, transport)?.row;
            let packets = row.link_packets_up.zip(row.link_packets_down);
            let (up, down) = packets.ok_or("the run had no link")?;
            let operations = if row.requests > 0 { row.requests } else { row.delivered };
            judged.hold(
                format!("packets per update or exchange, {transport}, {pace}"),
                predicted as f64,
                (up + down) as f64 / operations as f64,
                Tolerance::Within(0.1),
                Unit::Number,
            );
        }
    }
    Ok(judged)
}

/// What decides, by the sizes of the codecs: of polls or long polls, and of WebSocket.
struct Rivals<'a> {
    polls: &'a TransportSizes,
    push: &'a TransportSizes,
    rate: f64,
    payload: f64,
}

impl Rivals<'_> {
    /// Bytes on the wire of a WebSocket client a second, one frame per update.
    fn push(&self) -> f64 {
        let around = self.push.update_envelope_bytes + self.push.update_framing_bytes;
        let heads = (PUSH_PACKETS * PACKET_HEADER_BYTES) as f64;
        self.rate * (self.payload + around + heads)
    }

    /// The same of a client that asks `asks` times a second and finds something `finds` times.
    fn asking(&self, asks: f64, finds: f64) -> f64 {
        let sizes = self.polls;
        let heads = (POLL_PACKETS * PACKET_HEADER_BYTES) as f64;
        let answer = sizes.answer_head_bytes + sizes.answer_envelope_bytes;
        asks * (sizes.request_head_bytes + heads)
            + finds * answer
            + (asks - finds) * sizes.empty_head_bytes
            + self.rate * (self.payload + sizes.update_envelope_bytes)
    }

    /// The same of a short poll with this cycle, s, of a Poisson feed.
    fn polling(&self, cycle: f64) -> f64 {
        let finds = 1.0 - E.powf(-self.rate * cycle);
        self.asking(1.0 / cycle, finds / cycle)
    }

    /// The same of a long poll with this gap, s, that is held for ever.
    fn long_polling(&self, gap: f64) -> f64 {
        let x = self.rate * gap;
        let answers = self.rate / (x + E.powf(-x));
        self.asking(answers, answers)
    }

    /// The cycle from which on polling needs fewer bytes than WebSocket; by bisection, as the
    /// bytes of polling only fall with it.
    fn break_even(&self) -> f64 {
        let (mut low, mut high) = (1e-3_f64, 1e4_f64);
        for _ in 0..100 {
            let middle = (low * high).sqrt();
            if self.polling(middle) > self.push() { low = middle } else { high = middle }
        }
        low
    }
}

/// Where the line through measured points (cycle, bytes) on logarithmic scales meets `level`.
fn crossing(points: &[(f64, f64)], level: f64) -> Option<f64> {
    let pair = points.windows(2).find(|pair| (pair[0].1 > level) != (pair[1].1 > level))?;
    let [(x0, y0), (x1, y1)] = [pair[0], pair[1]].map(|(x, y)| (x.ln(), y.ln()));
    Some((x0 + (level.ln() - y0) * (x1 - x0) / (y1 - y0)).exp())
}

fn break_even(evidence: &Evidence) -> Result<Judged, String> {
    let mut judged = Judged::default();
    let push = evidence.seen("break-even-500", "websocket")?;
    let level = push.wire_bytes()?;
    let sizes = |seen: &super::evidence::Seen<'_>| {
        let name = &seen.row.transport;
        seen.loaded.run.sizes.0.get(name).cloned().ok_or_else(|| format!("{name} has no sizes"))
    };
    let push_sizes = sizes(&push)?;
    let polled = evidence.seen("break-even-500", "short-poll")?;
    let poll_sizes = sizes(&polled)?;
    let payload = f64::from(polled.loaded.run.scenario.feed.payload_bytes);
    let rivals = Rivals { polls: &poll_sizes, push: &push_sizes, rate: 10.0, payload };
    let cycle = rivals.break_even();
    let mut points = Vec::new();
    for name in ["break-even-250", "break-even-500", "break-even-1000"] {
        let seen = evidence.seen(name, "short-poll")?;
        let interval = seen.setting_ns("interval")? / 1e9;
        let ratio = seen.wire_bytes()? / level;
        let side = if interval > cycle { Tolerance::AtMost(0.0) } else { Tolerance::AtLeast };
        judged.hold(
            format!("short-poll ÷ websocket, C = {interval} s"),
            1.0,
            ratio,
            side,
            Unit::Number,
        );
        points.push((interval, seen.wire_bytes()?));
    }
    let found = crossing(&points, level).unwrap_or(f64::NAN);
    judged.time("C* on the wire", 1e9 * cycle, 1e9 * found, Tolerance::Relative(0.1));
    for (name, rate) in [("batching-20", 20.0), ("batching-100", 100.0)] {
        let (long, push) = (evidence.seen(name, "long-poll")?, evidence.seen(name, "websocket")?);
        let (polls, push_sizes) = (sizes(&long)?, sizes(&push)?);
        let rivals = Rivals { polls: &polls, push: &push_sizes, rate, payload };
        let fewer = rivals.long_polling(0.1) < rivals.push();
        let side = if fewer { Tolerance::AtMost(0.0) } else { Tolerance::AtLeast };
        let ratio = long.wire_bytes()? / push.wire_bytes()?;
        judged.hold(format!("long-poll ÷ websocket at {rate}/s"), 1.0, ratio, side, Unit::Number);
    }
    Ok(judged)
}

#[cfg(test)]
mod tests {
    use results::Causes;

    use super::*;

    /// The sizes of the theory's example: hq = 200, hr = 150, hn = 100, w = 2, no envelopes.
    fn example() -> (TransportSizes, TransportSizes) {
        let polls = TransportSizes {
            request_head_bytes: 200.0,
            answer_head_bytes: 150.0,
            empty_head_bytes: 100.0,
            ..TransportSizes::default()
        };
        let push = TransportSizes { update_framing_bytes: 2.0, ..TransportSizes::default() };
        (polls, push)
    }

    #[test]
    fn the_break_even_of_the_examples_sizes_is_theorys() {
        let (polls, push) = example();
        for (rate, cycle) in [(1.0, 4.77), (10.0, 0.477), (100.0, 0.048)] {
            let rivals = Rivals { polls: &polls, push: &push, rate, payload: 100.0 };
            let found = rivals.break_even();
            assert!((found / cycle - 1.0).abs() < 0.01, "{rate}: {found}");
        }
    }

    #[test]
    fn a_long_poll_with_a_gap_of_100_ms_needs_fewer_bytes_from_47_7_updates_a_second_on() {
        let (polls, push) = example();
        for (rate, fewer) in [(20.0, false), (47.0, false), (48.5, true), (100.0, true)] {
            let rivals = Rivals { polls: &polls, push: &push, rate, payload: 100.0 };
            assert_eq!(rivals.long_polling(0.1) < rivals.push(), fewer, "{rate}");
        }
    }

    #[test]
    fn a_link_that_loses_one_way_only_gives_tcp_a_reason_to_send_again() {
        assert!(!loses(&Link { rtt: std::time::Duration::from_millis(50), ..Link::default() }));
        assert!(loses(&Link { loss_up: Some(0.01), ..Link::default() }));
        assert!(loses(&Link { loss_down: Some(0.01), ..Link::default() }));
    }

    #[test]
    fn a_row_is_compared_with_what_was_counted_in_its_own_repetition() {
        let causes = [("tcp", 2), ("sse", 1), ("sse", 2)].map(|(transport, repetition)| CausesOf {
            transport: transport.into(),
            repetition,
            up: Causes::default(),
            down: Causes::default(),
            link: None,
            life: None,
        });
        let of = |repetition| {
            let row =
                Row { transport: "sse".into(), repetition: Some(repetition), ..Row::default() };
            causes_of(&causes, &row)
        };
        assert_eq!(of(2), Some(&causes[2]));
        assert_eq!((of(1), of(3)), (Some(&causes[1]), None));
    }

    #[test]
    fn a_crossing_is_found_between_two_points_and_none_outside_them() {
        let points = [(0.25, 4.0), (0.5, 2.0), (1.0, 1.0)];
        let found = crossing(&points, 2.0_f64.sqrt()).unwrap();
        assert!((found - 0.5_f64.sqrt()).abs() < 1e-9, "{found}");
        assert!(crossing(&points, 9.0).is_none());
    }
}
