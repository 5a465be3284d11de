//! Victoria Pimentel and Bradford Nickerson, "Communicating and Displaying Real-Time Data with
//! WebSocket", IEEE Internet Computing 16(4), 2012: one-way delays of a wind sensor's feed at 4 Hz
//! by polling, long polling and WebSocket.
//!
//! Its rule, as Van de Vyvere, Colpaert and Verborgh restate it (2020): long polling keeps up with
//! WebSocket while the network's delay is less than half the time between updates. That is the
//! condition for a long poll to be back in time: its gap is a round trip and what both ends need,
//! g = 2d + s + pc, and no update waits as long as g ≤ X, so d ≤ (X − s − pc)/2. Beyond that a
//! periodic feed finds it away each time, and the mean jumps from d to about 2d.

use results::{Paper, Run};

use super::{Published, expected, figure, ratio, row};

/// Registered in the table of papers.
pub const PUBLISHED: Published = Published { name: "pimentel", beside };

fn beside(run: &Run) -> Paper {
    let period_ms = run.scenario.feed.rate.period_ns() as f64 / 1e6;
    let ends_ms = run.calibration.rearm_gap_ns / 1e6;
    let delay_ns = run.scenario.link.as_ref().map(|link| link.way_down().delay.as_nanos() as f64);
    let over_delay = |what: &str, transport| {
        let computed = expected(run, transport).map(|of| of.delay_mean_ns as f64);
        let measured = row(run, transport).and_then(|row| row.delay_mean_ns).map(|ns| ns as f64);
        figure(what, None, ratio(computed, delay_ns), ratio(measured, delay_ns))
    };
    Paper {
        title:
            "Pimentel and Nickerson, Communicating and Displaying Real-Time Data with WebSocket \
                (IEEE Internet Computing, 2012), as restated by Van de Vyvere and others (2020)"
                .to_owned(),
        differs: "the paper measured a servlet across the Internet; here the distance is one that \
                  the link makes, and a run has one of them: feedlab sweep pimentel --over \
                  link.rtt=200ms,240ms,248ms,252ms,260ms,300ms shows where the jump is"
            .to_owned(),
        figures: vec![
            figure(
                "one-way delay up to which long polls keep up, ms",
                Some(125.0),
                Some((period_ms - ends_ms) / 2.0),
                None, // one run has one distance
            ),
            over_delay("mean delay of a long poll over the one-way delay", "long-poll"),
            over_delay("the same of WebSocket", "websocket"),
        ],
    }
}
