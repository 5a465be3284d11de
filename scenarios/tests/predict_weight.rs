//! What `predict` says of polls that pipeline, connect for each request, carry an ETag or padding.
#![allow(clippy::unwrap_used)] // a panic is how a test fails

mod common;

use common::predicting::{FLOOR, LONG, calibration, near, ns, one, pooled, scenario, sizes};
use scenarios::{
    Calibration, Prediction, Sizes,
    predict::{closed, predict},
};

fn outstanding(count: u32) -> String {
    format!("transports.long-poll.outstanding={count}")
}

/// One client, step by step: what is at the server, what is parked, what is pending.
struct Seen {
    mean_wait: f64,
    answers: f64,
    empties: f64,
}

fn simulate(publishes: &[u64], gap: f64, hold: f64, count: usize, end: f64) -> Seen {
    let step = 0.02e6;
    let mut arrivals = vec![publishes[0] as f64; count];
    let mut since: Option<f64> = None;
    let (mut now, mut next, mut taken) = (publishes[0] as f64, 0, 0);
    let (mut waits, mut answers, mut empties) = (0.0, 0.0, 0.0);
    while now < end || taken < publishes.len() {
        while next < publishes.len() && publishes[next] as f64 <= now {
            next += 1;
        }
        arrivals.sort_by(f64::total_cmp);
        if arrivals[0] <= now {
            let parked = now - *since.get_or_insert(now);
            if next > taken || parked >= hold {
                waits += publishes[taken..next].iter().map(|at| now - *at as f64).sum::<f64>();
                answers += f64::from(u8::from(next > taken));
                empties += f64::from(u8::from(next == taken));
                (taken, since, arrivals[0]) = (next, None, now + gap);
                continue;
            }
        }
        now += step;
    }
    Seen { mean_wait: waits / publishes.len() as f64, answers, empties }
}

#[test]
fn pipelined_long_polls_wait_as_a_simulation_of_their_requests_does() {
    for (rate, count) in [("50/s", 1), ("50/s", 2), ("120/s", 2), ("120/s", 3), ("2/s", 2)] {
        let rate = format!("feed.rate={rate}");
        let sets = [
            rate.as_str(),
            "measure.duration=100s",
            "measure.repeat=1",
            "transports.long-poll.hold=1s",
            &outstanding(count),
        ];
        let scenario = scenario(&sets);
        let p = one(&scenario, &calibration(0.0), "long-poll", None);
        let schedule = scenario.schedule(1);
        let publishes = &schedule.offsets_ns;
        let end = (publishes[publishes.len() - 1] + schedule.mean_period_ns) as f64;
        let seen = simulate(publishes, 20e6, 1e9, count as usize, end);
        // A step of the simulation is 20 µs, of which half is waited in the mean.
        let wait = ns(p.delay_mean_ns) - FLOOR;
        assert!((wait - seen.mean_wait + 10e3).abs() < 30e3, "{sets:?}: {wait} {}", seen.mean_wait);
        near(ns(p.requests - p.empty_responses), 10.0 * seen.answers, 0.01);
        near(ns(p.empty_responses), 10.0 * seen.empties, 0.02);
    }
}

#[test]
fn each_request_more_leaves_less_to_wait_and_many_nothing() {
    let waits: Vec<f64> = [1, 2, 3, 8]
        .into_iter()
        .map(|count| {
            let p = pooled(&[&LONG[..], &[&outstanding(count)]].concat(), 0.0, "long-poll");
            ns(p.delay_mean_ns) - FLOOR
        })
        .collect();
    assert!(waits.is_sorted_by(|more, fewer| more > fewer), "{waits:?}");
    assert!(waits[1] < waits[0] / 2.0, "{waits:?}");
    // With x = λg = 1 eight answers fall into a gap once in 100,000.
    assert!(waits[3] < 1e3, "{waits:?}");
}

#[test]
fn two_requests_move_the_knee_of_a_periodic_feed_to_twice_the_rate() {
    let mean = |count: u32, gap_rearm_ns: f64| {
        let sets = ["feed.kind=periodic", "feed.rate=4/s", "measure.duration=100s"];
        let scenario = scenario(&[&sets[..], &[&outstanding(count)]].concat());
        let calibration = Calibration { rearm_gap_ns: gap_rearm_ns, ..calibration(0.0) };
        ns(one(&scenario, &calibration, "long-poll", None).delay_mean_ns) - FLOOR
    };
    assert!(mean(1, 249e6) < 1.0 && mean(1, 251e6) > 1e6);
    assert!(mean(2, 499e6) < 1.0 && mean(2, 501e6) > 1e6);
    assert!(mean(3, 749e6) < 1.0 && mean(3, 751e6) > 1e6);
}

#[test]
fn a_second_request_leaves_the_holds_as_long_and_fills_the_gaps_between_them() {
    let sets =
        ["feed.kind=periodic", "feed.rate=1/60s", "measure.duration=60s", "measure.repeat=1"];
    let empties = |count: u32, gap_ns: f64| {
        let hold = ["transports.long-poll.hold=4s", &outstanding(count)].map(str::to_owned);
        let hold: Vec<_> = hold.iter().map(String::as_str).collect();
        let scenario = scenario(&[&sets[..], &hold].concat());
        let calibration = Calibration { rearm_gap_ns: gap_ns, ..calibration(0.0) };
        one(&scenario, &calibration, "long-poll", None).empty_responses
    };
    // An update, and then a minute: holds of 4 s, with gaps of 1 s between them or without.
    assert_eq!(empties(1, 1e9), 10 * 11);
    assert_eq!(empties(2, 1e9), 10 * 14);
    assert_eq!(empties(1, 0.0), empties(2, 0.0));
}

#[test]
fn a_connection_for_each_poll_costs_no_wait_at_a_fixed_rate_and_is_said() {
    for transport in ["short-poll", "long-poll"] {
        let sets = format!("transports.{transport}.keep_alive=false");
        let (stays, ends) = (pooled(&[], 0.0, transport), pooled(&[&sets], 0.0, transport));
        assert_eq!(stays.delay_mean_ns, ends.delay_mean_ns);
        let said =
            |p: &Prediction| p.assumptions.iter().any(|text| text.contains("1 round trip(s)"));
        assert!(said(&ends) && !said(&stays), "{:?}", ends.assumptions);
    }
}

/// A link of 50 ms, a connection for each poll, and more.
fn connecting<'a>(transport: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let ends = match transport {
        "short-poll" => "transports.short-poll.keep_alive=false",
        _ => "transports.long-poll.keep_alive=false",
    };
    [&["link.rtt=50ms", ends][..], more].concat()
}

#[test]
fn a_connection_for_each_long_poll_costs_a_round_trip_of_the_gap_and_with_tls_two() {
    let closed = |gap| closed::LongPoll { rate: 50.0, gap, hold: 25.0 };
    let with =
        |sets: &[&str]| pooled(&[&LONG[..], &["clients=1"], sets].concat(), 0.0, "long-poll");
    for (sets, gap) in [
        (vec!["link.rtt=50ms"], 0.070),
        (connecting("long-poll", &[]), 0.120),
        (connecting("long-poll", &["tls=true"]), 0.170),
    ] {
        let p = with(&sets);
        near(ns(p.delay_mean_ns), FLOOR + 25e6 + closed(gap).mean_wait() * 1e9, 0.01);
        near(ns(p.requests), 2000.0 * closed(gap).answers_per_second(), 0.01);
    }
}

#[test]
fn a_connection_for_each_poll_with_a_fixed_delay_is_a_round_trip_of_the_cycle_and_with_tls_two() {
    let slower = "transports.short-poll.pacing=fixed-delay";
    let cycle = |sets: &[&str]| {
        let p = pooled(&[sets, &[slower]].concat(), 0.0, "short-poll");
        2.0 * (ns(p.delay_mean_ns) - FLOOR - 25e6)
    };
    near(cycle(&["link.rtt=50ms"]), 1055e6, 1e-6);
    near(cycle(&connecting("short-poll", &[])), 1105e6, 1e-6);
    near(cycle(&connecting("short-poll", &["tls=true"])), 1155e6, 1e-6);
}

#[test]
fn a_tls_connection_for_each_poll_has_its_bytes_in_both_directions() {
    for transport in ["short-poll", "long-poll"] {
        let mut sizes = sizes();
        let with = |sizes: &Sizes, tls: bool| {
            let sets = [format!("tls={tls}"), format!("transports.{transport}.keep_alive=false")];
            let scenario = scenario(&sets.each_ref().map(String::as_str));
            let all = predict(&scenario, sizes, &calibration(0.0));
            all.into_iter()
                .find(|p| p.transport == transport && p.repetition.is_none())
                .expect("is predicted")
        };
        let plain = with(&sizes, false);
        let own = sizes.0.get_mut(transport).unwrap();
        (own.tls_bytes, own.tls_connect_bytes) = (500.0, 900.0);
        let sealed = with(&sizes, true);
        // Each exchange: 500 bytes up; 900 and the 22 of one record down.
        let exchanges = ns(plain.bytes_up) / 100.0;
        assert_eq!(plain.requests, sealed.requests);
        near(ns(sealed.bytes_up - plain.bytes_up), exchanges * 500.0, 1e-3);
        near(ns(sealed.bytes_down - plain.bytes_down), exchanges * 922.0, 1e-3);
    }
}

#[test]
fn what_a_head_names_grows_with_the_digits_and_what_is_padded_does_not() {
    for transport in ["short-poll", "long-poll"] {
        let sets = ["feed.rate=2/s", "measure.duration=600s", "measure.repeat=1"];
        let mut calibration = calibration(0.0);
        calibration.sequence_digits = [(transport.to_owned(), 1.0)].into();
        let with = |knobs: &[&str]| {
            let knobs: Vec<_> =
                knobs.iter().map(|knob| format!("transports.{transport}.{knob}")).collect();
            let all = sets.into_iter().chain(knobs.iter().map(String::as_str)).collect::<Vec<_>>();
            one(&scenario(&all), &calibration, transport, None)
        };
        let bare = with(&[]);
        // With an update every 500 ms every second client has the last one by a poll more.
        let exchanges = ns(bare.requests) + if transport == "short-poll" { 5.0 } else { 0.0 };
        let digits = ns(bare.bytes_up) / exchanges - 100.0;
        assert!((1.5..3.0).contains(&digits), "numbers of one to four digits: {digits}");
        let request = |p: &Prediction| ns(p.bytes_up) / exchanges;
        assert!((request(&with(&["conditional=true"])) - 100.0 - 2.0 * digits).abs() < 0.05);
        assert!((request(&with(&["headers=\"kaazing\""])) - 100.0).abs() < 0.05);
        let both = with(&["headers=\"kaazing\"", "conditional=true"]);
        assert!((request(&both) - 100.0).abs() < 0.05);
        // A padded answer's body names its cursor as before.
        let answers = ns(bare.requests - bare.empty_responses);
        let less = ns(bare.bytes_down - with(&["headers=\"kaazing\""]).bytes_down);
        near(less, answers * digits, 0.01);
        let more = ns(with(&["conditional=true"]).bytes_down - bare.bytes_down);
        near(more, (exchanges - answers) * digits, 0.05);
    }
}

#[test]
fn a_request_that_continues_names_no_cursor() {
    let mut calibration = calibration(0.0);
    calibration.sequence_digits = [("long-poll".to_owned(), 1.0)].into();
    let sets = ["feed.rate=50/s", "measure.duration=600s", "measure.repeat=1", &outstanding(2)];
    let p = one(&scenario(&sets), &calibration, "long-poll", None);
    assert_eq!(p.bytes_up, p.requests * 100);
}
