//! What `predict` says of a server that stands still.
#![allow(clippy::unwrap_used)] // a panic is how a test fails

mod common;

use std::time::Duration;

use common::predicting::{FLOOR, calibration, near, ns, one, pooled, scenario};
use scenarios::{Calibration, Scenario};

#[test]
fn a_stall_is_in_the_tail_of_push_as_the_closed_form_says() {
    // S = 100 ms every P = 2 s: 5 % of the updates meet one and wait for U(0, S).
    let stalls = r#"server.freeze=[{ at = "1s", every = "2s", for = "100ms" }]"#;
    let sets =
        ["feed.rate=199/s", "measure.duration=200s", "measure.repeat=1", "clients=1", stalls];
    let p = pooled(&sets, 0.0, "tcp");
    near(ns(p.delay_p50_ns), FLOOR, 1e-6);
    near(ns(p.delay_p99_ns), FLOOR + 80e6, 0.03);
    near(ns(p.delay_mean_ns), FLOOR + 0.05 * 50e6, 0.05);
    near(ns(p.delay_max_ns), FLOOR + 100e6, 0.03);
}

#[test]
fn a_poller_loses_the_polls_of_a_stall_and_no_update() {
    let stalls = r#"server.freeze=[{ at = "1s", every = "2s", for = "500ms" }]"#;
    let sets = ["clients=1", "transports.short-poll.interval=100ms"];
    let without = pooled(&sets, 0.0, "short-poll");
    let with = pooled(&[&sets[..], &[stalls]].concat(), 0.0, "short-poll");
    // Five are due in each of the two stalls of each of the two repetitions, and two are sent.
    assert_eq!(without.requests - with.requests, 12);
    assert!(with.delay_p99_ns > without.delay_p99_ns + 300_000_000);
}

/// A server that stands still at times, message by message: what is there is done in the order in
/// which it came.
struct Frozen {
    freezes: Vec<(u64, u64)>,
    /// Of each update, when its request came to the server and when that was accepted.
    accepted: Vec<(u64, u64)>,
}

impl Frozen {
    /// The publisher has one request in flight, and puts all that are due into the next.
    fn of(scenario: &Scenario, turn: u64) -> Self {
        let schedule = scenario.schedule(1);
        let first = schedule.offsets_ns[0];
        let at = |after: Duration| first + after.as_nanos() as u64;
        let window = Duration::from_nanos(schedule.window_ns());
        let freezes = scenario.server.freezes(window);
        let freezes = freezes.iter().map(|(begin, end)| (at(*begin), at(*end))).collect();
        let mut server = Self { freezes, accepted: Vec::new() };
        let mut free = 0;
        while let Some(due) = schedule.offsets_ns.get(server.accepted.len()).copied() {
            let sent = due.max(free);
            let done = server.thawed(sent);
            let batch = schedule.offsets_ns[server.accepted.len()..].iter();
            let batch = batch.take_while(|due| **due <= sent).count();
            server.accepted.extend(vec![(sent, done); batch]);
            // A turn of a server that runs is too short for another update to come in it.
            free = if done > sent { done + turn } else { sent };
        }
        server
    }

    fn thawed(&self, at: u64) -> u64 {
        let inside = self.freezes.iter().find(|(begin, end)| (*begin..*end).contains(&at));
        inside.map_or(at, |(_, end)| *end)
    }

    /// How many updates are in the log when a request is read that came at `asked`.
    fn log(&self, asked: u64) -> usize {
        let read = self.thawed(asked);
        self.accepted.partition_point(|(sent, done)| (*done, *sent) <= (read, asked))
    }
}

/// What a client sees.
#[derive(Default)]
struct Seen {
    delays: Vec<u64>,
    requests: u32,
    empty: u32,
}

impl Seen {
    /// An answer that left the server at `at`, with all updates before `newest`; of those until
    /// `end` it is counted.
    fn answer(&mut self, publishes: &[u64], at: u64, newest: usize, end: u64) {
        self.requests += u32::from(at < end);
        self.empty += u32::from(at < end && newest == self.delays.len());
        let fresh = &publishes[self.delays.len()..newest];
        self.delays.extend(fresh.iter().map(|published| at - published));
    }

    fn mean(&self) -> f64 {
        self.delays.iter().sum::<u64>() as f64 / self.delays.len() as f64
    }

    fn quantile(&mut self, q: f64) -> f64 {
        self.delays.sort_unstable();
        self.delays[(q * self.delays.len() as f64) as usize] as f64
    }
}

/// A client that polls; `exchange` is from an answer's leaving to the earliest next request.
struct Poller {
    interval: u64,
    fixed_rate: bool,
    exchange: u64,
}

impl Poller {
    /// First due `phase` after the first publish, until it has all and the window is over.
    fn follow(&self, server: &Frozen, publishes: &[u64], phase: u64, end: u64) -> Seen {
        let mut seen = Seen::default();
        let (mut due, mut free) = (publishes[0] + phase, 0);
        while seen.delays.len() < publishes.len() || due < end {
            let asked = due.max(free);
            let newest = server.log(asked);
            let answered = server.thawed(asked);
            seen.answer(publishes, answered, newest, end);
            free = answered + self.exchange;
            due = if self.fixed_rate {
                let next = due + self.interval;
                next + free.saturating_sub(next) / self.interval * self.interval
            } else {
                free + self.interval
            };
        }
        seen
    }
}

const EXCHANGE: u64 = 8_000_000;
const TURN: u64 = FLOOR as u64;

#[test]
fn short_polls_of_a_server_that_stands_still_are_those_of_a_simulation() {
    const PHASES: u64 = 200;
    for (interval, lasts, pacing) in [
        (10, 100, "fixed-rate"),
        (10, 100, "fixed-delay"),
        (100, 500, "fixed-rate"),
        (100, 500, "fixed-delay"),
        (400, 300, "fixed-rate"),
        (400, 300, "fixed-delay"),
        (1500, 200, "fixed-rate"),
    ] {
        let text = [
            format!(r#"server.freeze=[{{ at = "500ms", every = "2s", for = "{lasts}ms" }}]"#),
            format!("transports.short-poll.interval={interval}ms"),
            format!("transports.short-poll.pacing={pacing}"),
        ];
        let sets = ["feed.rate=40/s", "measure.duration=60s", "measure.repeat=1", "clients=1000"];
        let sets = [&sets[..], &text.each_ref().map(String::as_str)].concat();
        let scenario = scenario(&sets);
        let extra = EXCHANGE as f64;
        let calibration = Calibration { poll_cycle_extra_ns: extra, ..calibration(0.0) };
        let p = one(&scenario, &calibration, "short-poll", None);

        let schedule = scenario.schedule(1);
        let (publishes, end) =
            (&schedule.offsets_ns, schedule.offsets_ns[0] + schedule.window_ns());
        let server = Frozen::of(&scenario, TURN);
        let fixed_rate = pacing == "fixed-rate";
        let poller = Poller { interval: interval * 1_000_000, fixed_rate, exchange: EXCHANGE };
        let cycle = poller.interval + if fixed_rate { 0 } else { EXCHANGE };
        let mut all = Seen::default();
        for phase in 0..PHASES {
            let phase = (2 * phase + 1) * cycle / (2 * PHASES);
            let seen = poller.follow(&server, publishes, phase, end);
            all.delays.extend(seen.delays);
            all.requests += seen.requests;
            all.empty += seen.empty;
        }
        near(ns(p.delay_mean_ns) - FLOOR, all.mean(), 0.01);
        near(ns(p.delay_p50_ns) - FLOOR, all.quantile(0.5), 0.03);
        near(ns(p.delay_p99_ns) - FLOOR, all.quantile(0.99), 0.01);
        let of_all = |count| 1000.0 * f64::from(count) / PHASES as f64;
        near(ns(p.requests), of_all(all.requests), 0.01);
        let empty = ns(p.empty_responses) - of_all(all.empty);
        assert!(empty.abs() <= 0.002 * ns(p.requests), "{empty} of {}", p.requests);
    }
}

#[test]
fn long_polls_of_a_server_that_stands_still_are_those_of_a_simulation() {
    for (rate, lasts) in [("199/s", 100), ("40/s", 500), ("3/s", 900)] {
        let freeze =
            format!(r#"server.freeze=[{{ at = "500ms", every = "2s", for = "{lasts}ms" }}]"#);
        let rate = format!("feed.rate={rate}");
        let sets = ["measure.duration=100s", "measure.repeat=1", "clients=1", &rate, &freeze];
        let scenario = scenario(&sets);
        let calibration = Calibration { rearm_gap_ns: EXCHANGE as f64, ..calibration(0.0) };
        let p = one(&scenario, &calibration, "long-poll", None);

        let publishes = &scenario.schedule(1).offsets_ns;
        let server = Frozen::of(&scenario, TURN);
        let (mut seen, mut asked) = (Seen::default(), publishes[0]);
        while seen.delays.len() < publishes.len() {
            let had = seen.delays.len();
            let ready = server.log(asked);
            // Parked, it is answered with what is accepted next.
            let parked = server.accepted[had.min(publishes.len() - 1)].1;
            let (answered, newest) = if ready > had {
                (server.thawed(asked), ready)
            } else {
                (parked, server.accepted.partition_point(|(_, done)| *done <= parked))
            };
            seen.answer(publishes, answered, newest, u64::MAX);
            asked = answered + EXCHANGE;
        }
        assert_eq!(p.requests, u64::from(seen.requests));
        near(ns(p.delay_mean_ns) - FLOOR, seen.mean(), 0.001);
        near(ns(p.delay_p99_ns) - FLOOR, seen.quantile(0.99), 0.001);
    }
}

#[test]
fn a_stall_costs_a_poller_a_round_trip_more_than_a_push() {
    let stalls = r#"server.freeze=[{ at = "1s", every = "2s", for = "100ms" }]"#;
    let sets = [
        "feed.kind=periodic",
        "feed.rate=199/s",
        "measure.duration=121s",
        "measure.repeat=1",
        "link.rtt=8ms",
        "transports.short-poll.interval=10ms",
        stalls,
    ];
    let calibration =
        Calibration { rearm_gap_ns: 1e6, poll_cycle_extra_ns: 1e6, ..calibration(0.0) };
    let p99 = |transport| ns(one(&scenario(&sets), &calibration, transport, None).delay_p99_ns);
    let push = p99("tcp");
    near(push, 0.8 * 100e6 + 4e6 + FLOOR, 0.02);
    // At least the link's; what was published before the freeze and is found after it adds to the
    // tail.
    for poll in ["short-poll", "long-poll"] {
        let more = p99(poll) - push;
        assert!((8e6..8e6 + 10e6).contains(&more), "{poll}: {more}");
    }
}
