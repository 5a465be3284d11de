//! What a link adds to a poll: its request goes up, its answer comes down, and both share the link
//! with those of all other clients.
//!
//! From when a poll is due until its answer is there it takes a round trip, and one or two more
//! where it makes a connection; and the request's time on the wire up and the answer's down, with as
//! many updates as an answer has on average.
//!
//! Short polls come as good as independently of each other (many clients with random phases), so at
//! the bottleneck to the clients an answer waits as in an M/G/1 queue (Pollaczek and Khinchine):
//! λE[S²]/(2(1−ρ)), where λ is the rate of all other clients' answers, S the time on the wire of one
//! of them, with updates or without, and ρ = λE[S]. Before the bottleneck to the server requests
//! wait likewise, but an update does not wait longer for that: any time is as good to look as
//! another.

use super::{Carrier, Case, Overload, bytes, network::Network};

/// The parts of a poll's time that the link makes, ns.
pub(super) struct Exchange {
    /// Round trips, those of connecting included.
    trips: f64,
    /// A request on the wire.
    pub up: f64,
    /// An answer with updates on the wire.
    pub answer: f64,
    /// An answer without on the wire.
    empty: f64,
}

impl Exchange {
    /// Of polls whose answers have so many updates, if any.
    pub fn of(case: &Case<'_>, updates_per_answer: f64) -> Self {
        let network: &Network = case.network;
        let trips = case.round_trips_before_request() + 1.0;
        Self {
            trips: trips * network.round_trip_ns(),
            up: network.wire_up_ns(bytes::request(case)),
            answer: network.wire_down_ns(bytes::answer(case, updates_per_answer)),
            empty: network.wire_down_ns(bytes::empty(case)),
        }
    }

    /// From when a poll is due until its answer is there, if this share of the answers has updates.
    pub fn mean_ns(&self, share: f64) -> f64 {
        self.trips + self.up + share * self.answer + (1.0 - share) * self.empty
    }

    /// Mean wait of an answer before the bottleneck, if `others` answers a ns come from elsewhere.
    /// Zero where there is no such mean; [`Self::overloads`] says so.
    pub fn wait_down_ns(&self, others: f64, share: f64) -> f64 {
        let moment = |n| share * self.answer.powi(n) + (1.0 - share) * self.empty.powi(n);
        let load = others * moment(1);
        if load < 1.0 { others * moment(2) / (2.0 * (1.0 - load)) } else { 0.0 }
    }

    /// Where so many exchanges in the window are more than the link carries.
    pub fn overloads(&self, answers: f64, empty: f64, window_ns: f64) -> Vec<Overload> {
        let up = Overload::of(Carrier::LinkUp, (answers + empty) * self.up, window_ns);
        let down = answers * self.answer + empty * self.empty;
        let down = Overload::of(Carrier::LinkDown, down, window_ns);
        up.into_iter().chain(down).collect()
    }
}
