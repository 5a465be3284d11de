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

use super::{
    Case, Entered, Outcome, bytes,
    delay::Delay,
    freshness::{Freshness, middles, sample_clients},
};
use crate::Schedule;

pub(super) fn model(case: &Case<'_>, schedule: &Schedule) -> Outcome {
    let Entered { at_ns, held_ns } = case.entered(schedule);
    // The slower of the two makes the line: the server's thread or the bottleneck that all share.
    let wire = case.network.wire_down_ns(case.update_bytes());
    let send = case.send_ns().max(wire);
    let spread = (case.clients() - 1.0).max(0.0) * send;
    let round = case.clients() * send;
    let coalesce = case.scenario.server.coalesce;
    let queued = if coalesce { vec![0.0; at_ns.len()] } else { queue(&at_ns, round) };

    let mut freshness = Freshness::default();
    let samples = if spread > 0.0 { sample_clients(at_ns.len()) } else { 1 };
    for position in middles(samples, spread) {
        let wait = case.floor_mean_ns() + wire + position;
        let deliveries = at_ns.iter().zip(&queued).enumerate();
        let deliveries = deliveries.map(|(k, (at, queued))| (*at as f64 + queued + wait, k));
        freshness.follow(&schedule.offsets_ns, deliveries);
    }

    let mut assumptions = vec![format!(
        "{} clients are served one after the other by one thread, {send:.0} ns each, \
         after the tcp floor",
        case.scenario.clients
    )];
    if round > schedule.mean_period_ns as f64 && send > 0.0 {
        let then = if coalesce {
            "this holds if a write costs the same whatever it carries"
        } else {
            "the queue grows through the window"
        };
        assumptions.push(format!("a round takes longer than the time between updates: {then}"));
    }
    if case.scenario.server.threads > 1 {
        assumptions.push(
            "several server threads share a round, in which positions are then only an order"
                .to_owned(),
        );
    }
    let (up_bytes, down_bytes) = bytes::push(case, schedule);
    Outcome {
        delay: if coalesce {
            Delay::held(&held_ns, wire, spread)
        } else {
            let waits = held_ns.iter().zip(&queued).map(|(held, queued)| held + queued + wire);
            Delay::new(waits, spread)
        },
        freshness,
        up_bytes,
        down_bytes,
        assumptions,
        ..Outcome::default()
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
