//! What `predict` says of a server that stands still.
#![allow(clippy::unwrap_used)] // a panic is how a test fails

mod common;

use common::predicting::{FLOOR, calibration, near, ns, one, pooled, scenario};
use scenarios::Calibration;

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

/// A client whose server stands still in `freezes`.
struct Poller {
    interval: u64,
    fixed_rate: bool,
    freezes: Vec<(u64, u64)>,
}

impl Poller {
    fn thawed(&self, at: u64) -> u64 {
        let inside = self.freezes.iter().find(|(begin, end)| (*begin..*end).contains(&at));
        inside.map_or(at, |(_, end)| *end)
    }

    /// Its delays and how often it looks from the first publish to `end`, if it is first due
    /// `phase` after that.
    fn follow(&self, publishes: &[u64], phase: u64, end: u64) -> (Vec<u64>, u32) {
        let (mut delays, mut looks, mut due, mut look) = (Vec::new(), 0, publishes[0] + phase, 0);
        while delays.len() < publishes.len() || due < end {
            look = self.thawed(due.max(look));
            looks += u32::from(look < end);
            let fresh = publishes[delays.len()..].iter().take_while(|at| **at <= look);
            let fresh: Vec<_> = fresh.map(|at| look - at).collect();
            delays.extend(fresh);
            due = if self.fixed_rate {
                let next = due + self.interval;
                next + look.saturating_sub(next) / self.interval * self.interval
            } else {
                look + self.interval
            };
        }
        (delays, looks)
    }
}

#[test]
fn short_polls_of_a_server_that_stands_still_are_those_of_a_simulation() {
    const PHASES: u64 = 200;
    for (interval, lasts, pacing) in [
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
        let calibration = Calibration { poll_cycle_extra_ns: 0.0, ..calibration(0.0) };
        let p = one(&scenario, &calibration, "short-poll", None);

        let schedule = scenario.schedule(1);
        let first = schedule.offsets_ns[0];
        let window = std::time::Duration::from_nanos(schedule.window_ns());
        let at = |after: std::time::Duration| first + after.as_nanos() as u64;
        let freezes = scenario.server.freezes(window);
        let poller = Poller {
            interval: interval * 1_000_000,
            fixed_rate: pacing == "fixed-rate",
            freezes: freezes.iter().map(|(begin, end)| (at(*begin), at(*end))).collect(),
        };
        let (mut delays, mut looks) = (Vec::new(), 0);
        for phase in 0..PHASES {
            let phase = (2 * phase + 1) * poller.interval / (2 * PHASES);
            let (waits, polls) = poller.follow(&schedule.offsets_ns, phase, at(window));
            delays.extend(waits);
            looks += polls;
        }
        delays.sort_unstable();
        let mean = delays.iter().sum::<u64>() as f64 / delays.len() as f64;
        let of = |q: f64| delays[(q * delays.len() as f64) as usize] as f64;
        near(ns(p.delay_mean_ns) - FLOOR, mean, 0.02);
        near(ns(p.delay_p50_ns) - FLOOR, of(0.5), 0.03);
        near(ns(p.delay_p99_ns) - FLOOR, of(0.99), 0.03);
        near(ns(p.requests), 1000.0 * f64::from(looks) / PHASES as f64, 0.01);
    }
}
