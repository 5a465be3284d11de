//! Long polling: the server keeps the request until there is an update, or until `hold` has passed
//! (RFC 6202, section 2).
//!
//! After an answer the client is not there for the **gap** g: the answer travels, the client turns
//! around, the next request travels (with `rearm_delay`, if it waits on purpose). An update that
//! finds a parked request goes out at once; one that falls into the gap waits for its end, together
//! with all others that do. So, with t the time of the last answer and u the next update not yet
//! delivered:
//!
//! ```text
//! u ≤ t + g              answered at t + g, with everything published by then
//! t + g < u ≤ t + g + H  answered at u
//! otherwise              an empty answer at t + g + H, and again from there
//! ```
//!
//! This recursion is run on the repetition's own publish times; no law of the feed is assumed. For
//! an endless Poisson feed it gives the closed forms of
//! [`closed::LongPoll`](super::closed::LongPoll).
//!
//! One thread wakes N parked clients one after the other, each costing `c`: position i is answered
//! i·c later, with what has been published by then, and its gap starts then. And a client cannot be
//! answered twice within one round of all the others who are waiting too, so with updates pending
//! the gap is at least N·c. Several positions are followed, each standing for an equal share of the
//! clients.

use super::{
    Case, Entered, Outcome, bytes,
    delay::Delay,
    freshness::{Freshness, middles},
};
use crate::Schedule;

pub(super) fn model(case: &Case<'_>, schedule: &Schedule) -> Outcome {
    let Entered { at_ns, held_ns } = case.entered(schedule);
    let wire = case.network.wire_down_ns(case.answer_bytes());
    let send = case.send_ns().max(wire);
    let spread = (case.clients() - 1.0).max(0.0) * send;
    let mut assumptions = vec!["requests are parked when the window opens".to_owned()];
    let gap = case.calibration.rearm_gap_ns.max(0.0) + case.network.round_trip_ns() + wire;
    let hold = case.duration_ns("hold").unwrap_or_else(|| {
        assumptions.push("no hold is known: requests are parked for ever".to_owned());
        f64::INFINITY
    });
    let round = case.clients() * send;
    let pattern = Pattern { gap, busy_gap: gap.max(round), hold };
    let end = at_ns.last().map_or(0.0, |last| (last + schedule.mean_period_ns) as f64);

    let samples = if spread > 0.0 { positions(at_ns.len()) } else { 1 };
    let share = case.clients() / samples as f64;
    let (mut waits, mut freshness) = (Vec::new(), Freshness::default());
    let (mut answers, mut empty, mut crowded) = (0.0, 0.0, false);
    for position in middles(samples, spread) {
        let client = pattern.follow(&at_ns, position, end);
        let after = case.floor_mean_ns() + wire;
        let answers_at = client.answers.iter().map(|(at, newest)| (at + after, *newest));
        freshness.follow(&schedule.offsets_ns, answers_at);
        answers += share * client.answers.len() as f64;
        empty += share * client.empty;
        waits.extend(client.waits.iter().zip(&held_ns).map(|(wait, held)| wait + held + wire));
        crowded |= client.crowded;
    }
    if crowded {
        assumptions.push(format!(
            "with updates pending, a round of {} clients takes longer than the re-arm gap \
             and takes its place",
            case.scenario.clients
        ));
    }
    let (up_bytes, down_bytes) = bytes::poll(case, schedule, answers, empty);
    Outcome {
        delay: Delay::new(waits, spread / samples as f64).centred(),
        freshness,
        requests: answers + empty,
        empty,
        answers,
        answered_updates: case.clients() * at_ns.len() as f64,
        up_bytes,
        down_bytes,
        assumptions,
    }
}

/// How many positions to follow: every one keeps a wait for each publish, which must fit into
/// memory.
fn positions(publishes: usize) -> usize {
    (2_000_000 / publishes.max(1)).clamp(1, 64)
}

/// The times that make the recursion, in ns.
struct Pattern {
    gap: f64,
    /// The gap when updates are pending at its end.
    busy_gap: f64,
    hold: f64,
}

/// One client's window.
#[derive(Default)]
struct Followed {
    /// (time, index of the newest update in it) of each answer with updates.
    answers: Vec<(f64, usize)>,
    /// Of each update, from its publish to the answer that has it.
    waits: Vec<f64>,
    empty: f64,
    /// Whether a round of all clients ever took the place of the gap.
    crowded: bool,
}

impl Pattern {
    fn follow(&self, publishes: &[u64], position: f64, end: f64) -> Followed {
        let mut seen = Followed::default();
        let Some(first) = publishes.first() else {
            return seen;
        };
        let mut next = 0;
        let mut armed = *first as f64;
        let mut answered_busy = f64::NEG_INFINITY;
        while let Some(published) = publishes.get(next).map(|at| *at as f64) {
            armed += self.timeouts(armed, published, &mut seen);
            // Pending when the request comes, or while the round before it is still going on.
            let ready = armed.max(answered_busy);
            let pending = next > 0 && published <= ready;
            seen.crowded |= pending && answered_busy > armed;
            let answer = if pending { ready } else { published + position };
            while let Some(at) = publishes.get(next).map(|at| *at as f64).filter(|at| *at <= answer)
            {
                seen.waits.push(answer - at);
                next += 1;
            }
            seen.answers.push((answer, next - 1));
            armed = answer + self.gap;
            answered_busy = answer + self.busy_gap;
        }
        // The silence after the last update is part of the window.
        self.timeouts(armed, end, &mut seen);
        seen
    }

    /// Empty answers of a request armed at `armed` before something comes `at`; how much later it
    /// is then armed.
    fn timeouts(&self, armed: f64, at: f64, seen: &mut Followed) -> f64 {
        let cycle = self.hold + self.gap;
        if at <= armed + self.hold || cycle <= 0.0 {
            return 0.0;
        }
        let count = ((at - armed - self.hold) / cycle).ceil();
        seen.empty += count;
        count * cycle
    }
}
