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
//! With n requests **outstanding**, pipelined on the connection, the server turns to the next one as
//! soon as it has answered one, so answer k uses the request that answer k−n armed, one gap later:
//! it waits for t(k−n) + g instead of t(k−1) + g, and an update waits only if n answers fall within
//! a gap. A request's hold begins when it is its turn: at its arrival or at the answer before it,
//! whichever is later.
//!
//! With **keep_alive = false** a request has a connection to make first, which is a round trip more
//! in the gap, and with TLS two: on this machine calibrated with it, on a link added.
//!
//! Of a server that **stands still** a parked request is answered as it goes on, with the first
//! update of the freeze alone, and one that came to it meanwhile with what
//! [`freeze`](super::freeze) says: the others have the next answer, a gap later.
//!
//! One thread wakes N parked clients one after the other, each costing `c`: position i is answered
//! i·c later, with what has been published by then, and its gap starts then. And a client cannot be
//! answered twice within one round of all the others who are waiting too, so with updates pending
//! the gap is at least N·c. Several positions are followed, each standing for an equal share of the
//! clients.
//!
//! A link's bottleneck makes such a line, too. To the clients, an answer takes w each, and the larger
//! of c and w is the line's. To the server, a request takes v each: where v is larger, the client at
//! position i is i(v − c) later with its next request, and a round is N·v.

use std::collections::VecDeque;

use super::{
    Case, Entered, Outcome, bytes,
    delay::Delay,
    exchange::Exchange,
    freeze::Freezes,
    freshness::{Freshness, middles, positions},
};
use crate::Schedule;

pub(super) fn model(case: &Case<'_>, schedule: &Schedule) -> Outcome {
    let freezes = case.freezes(schedule);
    let Entered { at_ns, held_ns } = case.entered(schedule, &freezes);
    let log = Log { published: &schedule.offsets_ns, at_ns: &at_ns, freezes: &freezes };
    let mut assumptions = vec!["requests are parked when the window opens".to_owned()];
    let hold = case.duration_ns("hold").unwrap_or_else(|| {
        assumptions.push("no hold is known: requests are parked for ever".to_owned());
        f64::INFINITY
    });
    let outstanding = case.outstanding();
    if outstanding > 1 {
        assumptions.push(format!(
            "{outstanding} requests are in flight: an update waits only while none of them has \
             come back to the server"
        ));
    }
    let trips = case.round_trips_before_request();
    if trips > 0.0 {
        assumptions.push(format!(
            "each request makes a connection: {trips} round trip(s) more in the re-arm gap"
        ));
    }
    let end = at_ns.last().map_or(0.0, |last| (last + schedule.mean_period_ns) as f64);
    if case.network.has_bottleneck() {
        assumptions.push(
            "clients wait for each other before the link's bottleneck in the order in which they \
             are answered, and each answer has the mean number of updates"
                .to_owned(),
        );
    }
    let clients = Line::settled(case, hold, &log, end);
    let Line { spread, behind, ref exchange, .. } = clients;
    let wire = exchange.answer;

    let samples = if spread + behind > 0.0 { positions(at_ns.len()) } else { 1 };
    let share = case.clients() / samples as f64;
    let (mut waits, mut freshness) = (Vec::new(), Freshness::default());
    let (mut answers, mut empty, mut crowded) = (0.0, 0.0, false);
    for place in middles(samples, 1.0) {
        let client = clients.pattern(place).follow(&log, place * spread, end);
        let after = case.floor_mean_ns() + wire;
        let answers_at = client.answers.iter().map(|(at, newest)| (at + after, *newest));
        freshness.follow(&schedule.offsets_ns, answers_at);
        answers += share * client.answers.len() as f64;
        empty += share * client.empty;
        let wait = |k: usize| client.waits[k] + held_ns[k] + wire;
        if case.newest_only() {
            waits.extend(client.answers.iter().map(|(_, newest)| wait(*newest)));
        } else {
            waits.extend((0..client.waits.len()).map(wait));
        }
        crowded |= client.crowded;
    }
    if crowded {
        assumptions.push(format!(
            "with updates pending, a round of {} clients takes longer than the re-arm gap \
             and takes its place",
            case.scenario.clients
        ));
    }
    // An answer has all that came since the last one, or the newest of it.
    let all = at_ns.len() as f64;
    let seen = if case.newest_only() { answers / case.clients() } else { all };
    let (up_bytes, down_bytes) = bytes::poll(case, schedule, seen, answers, empty);
    Outcome {
        delay: Delay::new(waits, spread / samples as f64).centred(),
        freshness,
        requests: answers + empty,
        empty,
        answers,
        answered_updates: case.clients() * seen,
        seen,
        up_bytes,
        down_bytes,
        overloads: exchange.overloads(answers, empty, schedule.window_ns() as f64),
        assumptions,
        ..Outcome::default()
    }
}

/// What makes clients wait for each other, and the times of each; ns.
struct Line {
    exchange: Exchange,
    gap: f64,
    hold: f64,
    outstanding: usize,
    /// From the first client's answer to the last one's.
    spread: f64,
    /// How much later than its answer the last one's next request is there, for the line of all.
    behind: f64,
    round: f64,
}

impl Line {
    /// With answers as large as the client in the middle gets them if each took the wire's time of
    /// one update.
    fn settled(case: &Case<'_>, hold: f64, log: &Log<'_>, end: f64) -> Self {
        let single = Self::of(case, hold, Exchange::of(case, 1.0));
        if !case.network.has_bottleneck() || case.newest_only() {
            return single;
        }
        let middle = single.pattern(0.5).follow(log, single.spread / 2.0, end);
        let updates_per_answer = log.at_ns.len() as f64 / middle.answers.len().max(1) as f64;
        Self::of(case, hold, Exchange::of(case, updates_per_answer))
    }

    fn of(case: &Case<'_>, hold: f64, exchange: Exchange) -> Self {
        let send = case.send_ns().max(exchange.answer);
        let others = (case.clients() - 1.0).max(0.0);
        Self {
            gap: case.calibration.rearm_gap_ns.max(0.0) + exchange.mean_ns(1.0),
            hold,
            outstanding: case.outstanding(),
            spread: others * send,
            behind: others * (exchange.up - send).max(0.0),
            round: case.clients() * send.max(exchange.up),
            exchange,
        }
    }

    /// The times of the client at this place, from 0 for the first to 1 for the last.
    fn pattern(&self, place: f64) -> Pattern {
        let Self { gap, hold, outstanding, behind, round, .. } = *self;
        Pattern { gap: gap + place * behind, round, hold, outstanding }
    }
}

/// What is published, as requests find it; ns.
struct Log<'a> {
    published: &'a [u64],
    /// When it is in the server's log.
    at_ns: &'a [u64],
    freezes: &'a Freezes,
}

impl Log<'_> {
    /// When update `k` is in the log.
    fn at(&self, k: usize) -> Option<f64> {
        self.at_ns.get(k).map(|at| *at as f64)
    }

    /// When a request that is ready for updates at `ready` is answered, and which of them, from
    /// `next` on, has the answer not: a frozen server answers at the end of the freeze.
    fn answered(&self, ready: f64, mut next: usize) -> (f64, usize) {
        let freeze = self.freezes.around(ready);
        let answer = freeze.map_or(ready, |freeze| freeze.end as f64);
        let is_in = |k: usize| {
            let there = self.at(k).is_some_and(|at| at <= answer);
            there && freeze.is_none_or(|freeze| freeze.answers(ready, self.published[k]))
        };
        while is_in(next) {
            next += 1;
        }
        (answer, next)
    }
}

/// The times that make the recursion, in ns.
struct Pattern {
    gap: f64,
    /// A client's next answer comes no sooner when updates are pending for all.
    round: f64,
    hold: f64,
    outstanding: usize,
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
    fn follow(&self, log: &Log<'_>, position: f64, end: f64) -> Followed {
        let mut seen = Followed::default();
        let Some(first) = log.at(0) else {
            return seen;
        };
        let mut next = 0;
        let mut requests = Requests::parked(self, first);
        let mut round_ends = f64::NEG_INFINITY;
        while let Some(published) = log.at(next) {
            requests.time_out(published, &mut seen);
            // Pending when its turn comes, or while the round before it is still going on.
            let ready = requests.turn().max(round_ends);
            let pending = next > 0 && published <= ready;
            seen.crowded |= pending && round_ends > requests.turn();
            let ready = if pending { ready } else { published + position };
            let (answer, after) = log.answered(ready, next);
            seen.waits.extend((next..after).filter_map(|k| Some(answer - log.at(k)?)));
            next = after;
            seen.answers.push((answer, next - 1));
            requests.answer(answer);
            round_ends = answer + self.round;
        }
        // The silence after the last update is part of the window.
        requests.time_out(end, &mut seen);
        seen
    }
}

/// The requests of one client, in the order in which they are answered.
struct Requests<'a> {
    pattern: &'a Pattern,
    /// When each is at the server.
    armed: VecDeque<f64>,
    /// When the one before the first was answered.
    answered: f64,
}

impl<'a> Requests<'a> {
    fn parked(pattern: &'a Pattern, at: f64) -> Self {
        let armed = vec![at; pattern.outstanding.max(1)].into();
        Self { pattern, armed, answered: f64::NEG_INFINITY }
    }

    /// From when on the server can answer the first one.
    fn turn(&self) -> f64 {
        self.armed.front().map_or(self.answered, |armed| armed.max(self.answered))
    }

    /// The first one is answered, and its successor goes out to the end of the line.
    fn answer(&mut self, at: f64) {
        self.armed.pop_front();
        self.answered = at;
        self.armed.push_back(at + self.pattern.gap);
    }

    /// The empty answers before something comes `at`.
    fn time_out(&mut self, at: f64, seen: &mut Followed) {
        let Pattern { gap, hold, .. } = *self.pattern;
        if hold + gap <= 0.0 {
            return;
        }
        while self.turn() + hold < at {
            self.answer(self.turn() + hold);
            seen.empty += 1.0;
        }
    }
}
