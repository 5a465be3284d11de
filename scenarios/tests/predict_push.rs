//! What `predict` says of push: positions in the fan-out, and fan-outs that overlap.
#![allow(clippy::unwrap_used)] // a panic is how a test fails

mod common;

use std::collections::VecDeque;

use common::predicting::{FLOOR, LONG, calibration, near, ns, one, pooled, scenario};
use scenarios::{Carrier, predict::closed};

#[test]
fn one_push_client_has_the_floor_and_nothing_else() {
    let mut calibration = calibration(0.0);
    (calibration.floor_mean_ns, calibration.floor_p50_ns, calibration.floor_p99_ns) =
        (120e3, 100e3, 400e3);
    for transport in ["tcp", "sse", "websocket"] {
        let p = one(&scenario(&["clients=1"]), &calibration, transport, None);
        assert_eq!(
            (p.delay_mean_ns, p.delay_p50_ns, p.delay_p99_ns, p.delay_max_ns),
            (120_000, 100_000, 400_000, 400_000)
        );
        assert_eq!((p.requests, p.empty_responses, p.updates_per_answer), (0, 0, None));
    }
}

#[test]
fn positions_in_the_fan_out_are_spread_evenly() {
    let p = pooled(&["clients=1000"], 20e3, "websocket");
    let spread = 999.0 * 20e3;
    near(ns(p.delay_mean_ns), FLOOR + spread / 2.0, 1e-6);
    near(ns(p.delay_p50_ns), FLOOR + spread / 2.0, 1e-3);
    near(ns(p.delay_p99_ns), FLOOR + 0.99 * spread, 1e-3);
    near(ns(p.delay_max_ns), FLOOR + spread, 1e-6);
}

#[test]
fn without_coalescing_fan_outs_queue_as_m_d_1_says() {
    let sets = [&LONG[..], &["clients=500", "server.coalesce=false"]].concat();
    let p = pooled(&sets, 20e3, "tcp"); // 10 ms a round, a load of 0.5
    let queue = closed::fan_out_wait(50.0, 0.010).unwrap() * 1e9;
    near(ns(p.delay_mean_ns), FLOOR + 499.0 * 20e3 / 2.0 + queue, 0.02);
    let overloaded =
        pooled(&[&LONG[..], &["clients=2000", "server.coalesce=false"]].concat(), 20e3, "tcp");
    assert!(
        overloaded.delay_max_ns > 1_000_000_000,
        "at a load of 2 the queue grows through the window"
    );
    assert!(overloaded.assumptions.iter().any(|text| text.contains("queue grows")));
    assert_eq!(overloaded.overloads[0].carrier, Carrier::Server);
    near(overloaded.overloads[0].load, 2.0, 0.02);
    let coalesced = pooled(&[&LONG[..], &["clients=2000"]].concat(), 20e3, "tcp");
    assert_eq!(coalesced.overloads, []);
}

/// A server that serves one client after the other, each with all that is there for it, and puts
/// those that are woken again at the end of the line.
#[test]
fn with_coalescing_the_waits_are_those_of_an_idle_server_however_fast_updates_come() {
    const CLIENTS: usize = 7;
    let cost = 10;
    for publishes in
        [vec![0_u64, 1000], vec![0, 35], vec![0, 5, 12, 44], vec![0, 69, 70, 71, 139, 300]]
    {
        let mut line = VecDeque::new();
        let mut queued = [false; CLIENTS];
        let mut seen = [0; CLIENTS];
        let mut published = 0;
        let mut waits = vec![Vec::new(); publishes.len()];
        let mut now = 0;
        loop {
            while published < publishes.len() && publishes[published] <= now {
                published += 1;
                for (client, queued) in queued.iter_mut().enumerate() {
                    if !std::mem::replace(queued, true) {
                        line.push_back(client);
                    }
                }
            }
            let Some(client) = line.pop_front() else {
                let Some(next) = publishes.get(published) else { break };
                now = *next;
                continue;
            };
            // What is published while the server writes is not in the write.
            for k in seen[client]..published {
                waits[k].push(now - publishes[k]);
            }
            seen[client] = published;
            queued[client] = false;
            now += cost;
        }
        for mut waits in waits {
            waits.sort_unstable();
            assert_eq!(waits.len(), CLIENTS);
            // i·c, but for an update that comes while a write is going on and waits for the rest of
            // it.
            let late = waits[0];
            assert!(late < cost);
            assert!((0..).zip(&waits).all(|(i, wait)| *wait == late + i * cost), "{waits:?}");
        }
    }
}

#[test]
fn a_link_delays_push_by_its_one_way_time_and_spreads_what_shares_its_bandwidth() {
    let link = ["clients=1", "link.rtt=80ms", "link.jitter_down=10ms"];
    let p = pooled(&link, 0.0, "websocket");
    near(ns(p.delay_mean_ns), FLOOR + 45e6, 1e-6);
    near(ns(p.delay_p99_ns), FLOOR + 40e6 + 9.9e6, 1e-6);
    // 128 + 19 + 4 bytes and 52 of headers, 1.6 Mbit/s: 1.015 ms each for 10 clients.
    let narrow = ["clients=10", "feed.kind=periodic", "link.down=1.6Mbit/s"];
    let p = pooled(&narrow, 20e3, "websocket");
    let wire = 203.0 * 8.0 / 1.6e6 * 1e9;
    near(ns(p.delay_mean_ns), FLOOR + wire + 9.0 * wire / 2.0, 1e-6);
    near(ns(p.delay_max_ns), FLOOR + 10.0 * wire, 1e-6);
}

#[test]
fn bytes_add_up_on_a_bottleneck_whatever_leaves_in_one_write() {
    // 203 bytes at 1.624 Mbit/s are 1 ms, 10 clients 10 ms, and 50 updates a second half of that.
    let narrow = [&LONG[..], &["link.down=1624kbit/s"]].concat();
    let queue = closed::fan_out_wait(50.0, 0.010).unwrap() * 1e9;
    let p = pooled(&narrow, 0.0, "tcp");
    near(ns(p.delay_mean_ns), FLOOR + 1e6 + 9e6 / 2.0 + queue, 0.02);
    let apart = pooled(&[&narrow[..], &["server.coalesce=false"]].concat(), 0.0, "tcp");
    assert_eq!(p.delay_mean_ns, apart.delay_mean_ns);
    assert!(
        p.assumptions.iter().any(|text| text.contains("link's bottleneck one after the other"))
    );
    assert!(!p.assumptions.iter().any(|text| text.contains("one thread")), "{:?}", p.assumptions);
    assert!(!p.assumptions.iter().any(|text| text.contains("cannot carry")), "{:?}", p.assumptions);
}

/// A server that serves one client after the other, each with all that is there for it, and a line
/// behind it that sends one update for one client after the other: the mean delay, ns.
fn thread_and_line(publishes: &[u64], clients: usize, write: u64, wire: u64) -> f64 {
    let mut waiting: VecDeque<usize> = VecDeque::new();
    let mut seen = vec![0; clients];
    let (mut log, mut now, mut free, mut sum) = (0, 0, 0, 0);
    loop {
        while publishes.get(log).is_some_and(|at| *at <= now) {
            log += 1;
            let idle = |client: &usize| !waiting.contains(client);
            let idle: Vec<_> = (0..clients).filter(idle).collect();
            waiting.extend(idle);
        }
        let Some(client) = waiting.pop_front() else {
            let Some(next) = publishes.get(log) else { break };
            now = *next;
            continue;
        };
        for at in &publishes[seen[client]..log] {
            free = now.max(free) + wire;
            sum += free - at;
        }
        seen[client] = log;
        now += write;
    }
    sum as f64 / (publishes.len() * clients) as f64
}

#[test]
fn push_waits_for_thread_and_line_as_a_simulation_of_both_does() {
    let narrow = ["feed.rate=50/s", "measure.duration=200s", "measure.repeat=1"];
    let scenario = scenario(&[&narrow[..], &["link.down=1624kbit/s"]].concat());
    let publishes = scenario.schedule(1).offsets_ns;
    for (write, error) in [(1000, 1e-3), (500_000, 1e-3), (1_000_000, 1e-3), (2_000_000, 0.1)] {
        let p = one(&scenario, &calibration(write as f64), "tcp", None);
        let simulated = thread_and_line(&publishes, 10, write, 1_000_000);
        near(ns(p.delay_mean_ns) - FLOOR, simulated, error);
    }
}

#[test]
fn a_thread_that_is_slower_than_the_line_is_what_the_clients_wait_for() {
    let sets = ["feed.kind=periodic", "link.down=1624kbit/s"];
    let p = pooled(&sets, 2e6, "tcp");
    near(ns(p.delay_mean_ns), FLOOR + 1e6 + 9.0 * 2e6 / 2.0, 1e-6);
    assert!(p.assumptions.iter().any(|text| text.contains("one thread, 2000000 ns")));
}

#[test]
fn a_link_that_cannot_carry_the_feed_is_said_and_the_queue_grows() {
    let narrow = [&LONG[..], &["link.down=800kbit/s"]].concat();
    let p = pooled(&narrow, 0.0, "websocket");
    assert!(p.delay_max_ns > 10_000_000_000, "a load of 1.015 for 2,000 s: {}", p.delay_max_ns);
    let said = "the link to the clients cannot carry what is asked of it, 1.0 times";
    assert!(p.assumptions.iter().any(|text| text.starts_with(said)), "{:?}", p.assumptions);
}
