//! Push (sse, websocket, tcp): the server writes to every client as soon as an update is there.
//!
//! On an idle server one client has the update after the floor (network, publish and wake-up),
//! whatever the framing. One server thread serves N clients one after the other, each costing `c`,
//! so the client at position i = 0 … N−1 waits another i·c: mean (N−1)c/2, 99th percentile
//! 0.99(N−1)c, maximum (N−1)c, evenly spread.
//!
//! When the next update comes before the round is over, two designs differ:
//!
//! - **coalesce = true**: a client that is still to be served gets both in one write; one that has
//!   been served goes to the end of the line. Say the update comes when the round is at position p.
//!   Those after p have it c, 2c, …, (N−p)c later, the first p of the next round (N−p+1)c … Nc
//!   later: as a set, the same N waits as on an idle server. There is no queue to build up, at any
//!   rate, as long as a write costs the same whatever it carries.
//! - **coalesce = false**: every update costs N writes of its own and fan-outs queue. The k-th
//!   begins at `max(u_k, end of the one before)`, so the wait before it follows Lindley's recursion
//!   on the run's own publish times, `q_k = max(0, q_{k−1} + N·c − (u_k − u_{k−1}))`. (For a
//!   Poisson feed its mean tends to M/D/1's ρS/(2(1−ρ)), S = Nc.) A server that interleaves the
//!   writes of two updates changes who waits for whom but not the work, so by Little's law the mean
//!   is exact and the quantiles are those of first come, first served.
//!
//! On a link with a bottleneck an update for N clients occupies the line for N·w, whatever leaves in
//! one write: bytes add up. So fan-outs queue for the line at any setting, with Lindley's recursion
//! for N·w, and then the client at position i waits for i·max(c, w). Behind a thread that is faster,
//! c ≤ w, that is exact. Behind a slower one that coalesces it is up to 6 % more than in a
//! simulation of both with loads of 0.2 to 0.95, as the thread has spread what the line is given.

use super::{
    Carrier, Case, Entered, Outcome, Overload, bytes,
    delay::Delay,
    freshness::{Freshness, middles, sample_clients},
};
use crate::Schedule;

pub(super) fn model(case: &Case<'_>, schedule: &Schedule) -> Outcome {
    let Entered { at_ns, held_ns } = case.entered(schedule, &case.freezes(schedule));
    let line = Line::of(case);
    let Line { wire, .. } = line;
    let spread = (case.clients() - 1.0).max(0.0) * line.slower();
    let queued = line.queued(&at_ns, case.clients(), case.scenario.server.coalesce);

    let mut freshness = Freshness::default();
    let samples = if spread > 0.0 { sample_clients(at_ns.len()) } else { 1 };
    for position in middles(samples, spread) {
        let wait = case.floor_mean_ns() + wire + position;
        let deliveries = at_ns.iter().zip(&queued).enumerate();
        let deliveries = deliveries.map(|(k, (at, queued))| (*at as f64 + queued + wait, k));
        freshness.follow(&schedule.offsets_ns, deliveries);
    }

    let seen = schedule.offsets_ns.len() as f64;
    let mut assumptions = line.assumptions(case, schedule);
    if case.newest_only() {
        assumptions.push(
            "only the newest value matters: none is skipped, which holds while each update is \
             delivered to all before the next comes"
                .to_owned(),
        );
    }
    let (up_bytes, down_bytes) = bytes::push(case, schedule, seen);
    Outcome {
        delay: delay(&held_ns, &queued, wire, spread),
        freshness,
        up_bytes,
        down_bytes,
        seen,
        overloads: line.overloads(case, schedule),
        assumptions,
        ..Outcome::default()
    }
}

/// Who waits for nothing is one start, as most do.
fn delay(held_ns: &[f64], queued: &[f64], wire: f64, spread: f64) -> Delay {
    let waits: Vec<_> = held_ns.iter().zip(queued).map(|(held, queued)| held + queued).collect();
    Delay::held(&waits, wire, spread)
}

/// What makes clients wait for each other, ns for each of them.
#[derive(Clone, Copy)]
struct Line {
    /// The server's thread.
    send: f64,
    /// The bottleneck; 0 without one.
    wire: f64,
}

impl Line {
    fn of(case: &Case<'_>) -> Self {
        Self { send: case.send_ns(), wire: case.network.wire_down_ns(bytes::update(case)) }
    }

    fn slower(&self) -> f64 {
        self.send.max(self.wire)
    }

    /// How long each update waits for those before it.
    fn queued(&self, publishes: &[u64], clients: f64, coalesce: bool) -> Vec<f64> {
        let each = if coalesce { self.wire } else { self.slower() };
        queue(publishes, clients * each)
    }

    /// A server that coalesces always keeps up, if only with writes that carry more.
    fn overloads(&self, case: &Case<'_>, schedule: &Schedule) -> Vec<Overload> {
        let period = schedule.mean_period_ns as f64;
        let of = |carrier, each| Overload::of(carrier, case.clients() * each, period);
        let send = if case.scenario.server.coalesce { 0.0 } else { self.send };
        let all = [of(Carrier::LinkDown, self.wire), of(Carrier::Server, send)];
        all.into_iter().flatten().collect()
    }

    fn assumptions(&self, case: &Case<'_>, schedule: &Schedule) -> Vec<String> {
        let Self { send, wire } = *self;
        let clients = case.scenario.clients;
        let period = schedule.mean_period_ns as f64;
        let mut assumptions = Vec::new();
        if wire > send {
            assumptions.push(format!(
                "the updates of {clients} clients go over the link's bottleneck one after the \
                 other, {wire:.0} ns each, after the tcp floor"
            ));
        } else {
            assumptions.push(format!(
                "{clients} clients are served one after the other by one thread, {send:.0} ns \
                 each, after the tcp floor"
            ));
        }
        if case.scenario.server.coalesce && case.clients() * send > period && send > 0.0 {
            assumptions.push(
                "a round takes longer than the time between updates: this holds if a write costs \
                 the same whatever it carries"
                    .to_owned(),
            );
        }
        if case.scenario.server.threads > 1 && send >= wire {
            assumptions.push(
                "several server threads share a round, in which positions are then only an order"
                    .to_owned(),
            );
        }
        assumptions
    }
}

/// Lindley's recursion: the wait of each fan-out for the ones before it.
fn queue(publishes: &[u64], round: f64) -> Vec<f64> {
    let mut wait = 0.0_f64;
    let mut before = publishes.first().copied().unwrap_or(0);
    let mut waits = Vec::with_capacity(publishes.len());
    for (k, at) in publishes.iter().enumerate() {
        if k > 0 {
            wait = (wait + round - (at - before) as f64).max(0.0);
        }
        before = *at;
        waits.push(wait);
    }
    waits
}
