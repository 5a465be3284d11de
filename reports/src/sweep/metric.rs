//! By what a transport can win.

use results::{Row, noise::CLEAR_FACTOR, noise_floor};

use super::{field::Seen, theory};
use crate::units::{bytes, time, time_tick};

/// Something of which less is better.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// Its name in JSON and CSV, and of its chart's files.
    pub name: &'static str,
    /// What it is, in a few words.
    pub title: &'static str,
    /// What it counts.
    pub about: &'static str,
    /// A value in human units.
    pub unit: fn(f64) -> String,
    /// A tick of its axis.
    pub tick: fn(f64) -> String,
    /// What was measured.
    pub measured: fn(&Seen) -> Option<f64>,
    /// What theory expects.
    pub theory: fn(&Seen) -> Option<f64>,
}

/// All of them, in the order of the panels.
pub static ALL: [Metric; 4] = [
    Metric {
        name: "delay",
        title: "delay",
        about: "mean delay from the intended publish time to the client",
        unit: time,
        tick: time_tick,
        measured: |seen| seen.row.delay_mean_ns.map(|ns| ns as f64),
        theory: |seen| seen.row.predicted_delay_mean_ns.map(|ns| ns as f64),
    },
    Metric {
        name: "bytes",
        title: "bytes on the wire",
        about: "bytes of both directions on the wire per update, packet headers and \
                acknowledgements included",
        unit: bytes,
        tick: bytes,
        measured: theory::wire_bytes,
        theory: theory::predicted_wire_bytes,
    },
    Metric {
        name: "server-cpu",
        title: "server CPU",
        about: "CPU time of the server process per delivered update",
        unit: time,
        tick: time_tick,
        measured: |seen| seen.row.server_cpu_per_update_ns(),
        theory: |_| None,
    },
    Metric {
        name: "memory",
        title: "memory",
        about: "memory that came with the clients, per client: the server process and the sockets \
                of both ends",
        unit: bytes,
        tick: bytes,
        measured: |seen| {
            let process = seen.row.memory_per_client_bytes()?;
            let both = process + seen.row.socket_memory_per_client_bytes()?;
            (both > 0.0).then_some(both)
        },
        theory: |_| None,
    },
];

/// From which quotient on two transports are told apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Floor {
    /// The quotient.
    pub ratio: f64,
    /// Whether it was measured, by the same transport under two labels.
    pub measured: bool,
}

impl Metric {
    /// The noise floor of a sweep: the largest that the twins of one of its runs tell, measured as
    /// what is compared is. Without twins it is [`CLEAR_FACTOR`], which is all that single
    /// repetitions can show.
    pub fn floor<'a>(&self, seen: impl Iterator<Item = Seen<'a>>) -> Floor {
        let of_run = |seen: Seen| {
            let value = |row: &Row| (self.measured)(&seen.with(row));
            let (ratio, _) = noise_floor::ratio_95(&noise_floor::pairs_by(&seen.run.rows, value))?;
            Some(ratio)
        };
        let measured = seen.filter_map(of_run).reduce(f64::max);
        measured.map_or(Floor { ratio: CLEAR_FACTOR, measured: false }, |ratio| Floor {
            ratio,
            measured: true,
        })
    }
}
