//! What `predict` says of polling, short and long, against the closed forms and the bounds.
#![allow(clippy::unwrap_used)] // a panic is how a test fails

mod common;

use common::predicting::{FLOOR, LONG, calibration, near, ns, one, pooled, scenario};
use scenarios::{Calibration, Carrier, Overload, predict::closed};

#[test]
fn short_polls_wait_half_a_cycle_and_never_more_than_one() {
    let p = pooled(&[], 0.0, "short-poll");
    near(ns(p.delay_mean_ns), 0.5e9 + FLOOR, 1e-9);
    near(ns(p.delay_p50_ns), 0.5e9 + FLOOR, 1e-6);
    near(ns(p.delay_p90_ns), 0.9e9 + FLOOR, 1e-6);
    near(ns(p.delay_p99_ns), 0.99e9 + FLOOR, 1e-6);
    near(ns(p.delay_max_ns), 1e9 + FLOOR, 1e-9);
    let slower = pooled(&["transports.short-poll.pacing=fixed-delay"], 0.0, "short-poll");
    near(ns(slower.delay_mean_ns), 1.005e9 / 2.0 + FLOOR, 1e-9);
}

#[test]
fn short_polls_meet_in_a_queue_that_is_next_to_nothing() {
    let mut calibration = calibration(0.0);
    calibration.send_ns.insert("short-poll".to_owned(), 50e3);
    let p = one(&scenario(&["clients=10000"]), &calibration, "short-poll", None); // a load of 0.5
    near(ns(p.delay_mean_ns), 0.5e9 + FLOOR + 25e3, 1e-9);
    let p =
        one(&scenario(&["clients=10000", "server.threads=2"]), &calibration, "short-poll", None);
    near(ns(p.delay_mean_ns), 0.5e9 + FLOOR + 0.25 / (2.0 * 0.75) * 50e3, 1e-9);
    let overloaded = one(&scenario(&["clients=30000"]), &calibration, "short-poll", None);
    assert!(overloaded.assumptions.iter().any(|text| text.contains("lower bound")));
    assert_eq!(overloaded.overloads, [Overload { carrier: Carrier::Server, load: 1.5 }]);
}

#[test]
fn a_phase_lock_is_said() {
    let said = |interval: &str| {
        let p = pooled(
            &[
                "feed.kind=periodic",
                "feed.rate=4/s",
                &format!("transports.short-poll.interval={interval}"),
            ],
            0.0,
            "short-poll",
        );
        p.assumptions.into_iter().find(|text| text.contains("phase lock"))
    };
    assert!(said("250ms").unwrap().contains("1 different"));
    assert!(
        said("125ms").unwrap().contains("1 different"),
        "every update is seen at the same phase"
    );
    assert!(said("1s").unwrap().contains("4 different"));
    assert!(said("375ms").unwrap().contains("3 different"));
    assert_eq!(said("257ms"), None);
}

#[test]
fn requests_and_empty_answers_of_short_polls_follow_the_feed() {
    let model = closed::ShortPoll { cycle: 0.02, floor: 0.0 };
    let p =
        pooled(&[&LONG[..], &["transports.short-poll.interval=20ms"]].concat(), 0.0, "short-poll");
    near(ns(p.requests), 10.0 * 2000.0 / 0.02, 1e-3);
    near(ns(p.empty_responses) / ns(p.requests), model.empty_poisson(50.0), 0.01);
    near(p.updates_per_answer.unwrap(), 1.0 / (1.0 - model.empty_poisson(50.0)), 0.01);
    let periodic = pooled(
        &["feed.kind=periodic", "feed.rate=1/s", "transports.short-poll.interval=300ms"],
        0.0,
        "short-poll",
    );
    near(ns(periodic.empty_responses) / ns(periodic.requests), 0.7, 1e-3);
}

#[test]
fn long_polls_follow_the_closed_forms_in_a_long_poisson_window() {
    let model = closed::LongPoll { rate: 50.0, gap: 0.02, hold: f64::INFINITY };
    let p = pooled(&LONG, 0.0, "long-poll");
    near(ns(p.requests), 10.0 * 2000.0 * model.answers_per_second(), 0.01);
    near(p.updates_per_answer.unwrap(), model.batch(), 0.01);
    near(ns(p.delay_mean_ns) - FLOOR, model.mean_wait() * 1e9, 0.01);
    near(ns(p.delay_p99_ns) - FLOOR, model.wait_quantile(0.99) * 1e9, 0.01);
    near(ns(p.delay_max_ns) - FLOOR, 20e6, 1e-3);
    near(ns(p.age_mean_ns.unwrap()) - FLOOR, model.age_beyond_floor() * 1e9, 0.02);
}

#[test]
fn long_polls_time_out_in_a_quiet_feed() {
    let sets = [
        "feed.rate=1/10s",
        "measure.duration=20000s",
        "measure.repeat=1",
        "transports.long-poll.hold=4s",
    ];
    let model = closed::LongPoll { rate: 0.1, gap: 0.02, hold: 4.0 };
    let p = pooled(&sets, 0.0, "long-poll");
    near(ns(p.requests), 10.0 * 20_000.0 * model.answers_per_second(), 0.03);
    near(ns(p.empty_responses), 10.0 * 20_000.0 * model.empty_per_second(), 0.05);
    // Three updates 10 s apart, each followed by two holds of 4 s and a gap.
    let idle = pooled(
        &[
            "feed.kind=periodic",
            "feed.rate=1/10s",
            "measure.duration=30s",
            "measure.repeat=1",
            "transports.long-poll.hold=4s",
        ],
        0.0,
        "long-poll",
    );
    assert_eq!((idle.requests, idle.empty_responses), (10 * 3 * 3, 10 * 3 * 2));
}

#[test]
fn long_polls_of_a_periodic_feed_have_a_knee_where_the_gap_fills_the_period() {
    let mean = |gap_ns: f64| {
        let scenario = scenario(&[
            "feed.kind=periodic",
            "feed.rate=4/s",
            "measure.duration=1000s",
            "measure.repeat=1",
        ]);
        ns(one(
            &scenario,
            &Calibration { rearm_gap_ns: gap_ns, ..calibration(0.0) },
            "long-poll",
            None,
        )
        .delay_mean_ns)
            - FLOOR
    };
    assert!(mean(249e6) < 1.0, "every update finds a parked request");
    near(mean(251.3e6), 251.3e6 / 2.0, 0.05);
    near(mean(377.7e6), 377.7e6 / 2.0, 0.05);
}

#[test]
fn long_polls_are_answered_one_after_the_other() {
    // Far apart: each update finds all parked, so the waits are those of push.
    let sets = ["clients=100", "feed.kind=periodic", "feed.rate=1/s"];
    let p = pooled(&sets, 20e3, "long-poll");
    near(ns(p.delay_mean_ns), FLOOR + 99.0 * 20e3 / 2.0, 1e-3);
    near(ns(p.delay_p99_ns), FLOOR + 0.99 * 99.0 * 20e3, 0.01);
    // 1,000 clients at 40 µs need 40 ms for a round, twice the re-arm gap and the feed's period.
    let busy = pooled(&["clients=1000", "feed.kind=periodic", "feed.rate=50/s"], 40e3, "long-poll");
    assert!(busy.assumptions.iter().any(|text| text.contains("takes longer than the re-arm gap")));
    near(busy.updates_per_answer.unwrap(), 2.0, 0.1);
}

#[test]
fn a_link_lengthens_the_re_arm_gap_by_a_round_trip_and_every_delay_by_one_way() {
    // The gap of the calibration is 20 ms; d = 25 ms makes it 70 ms.
    let sets = [&LONG[..], &["clients=1", "link.rtt=50ms"]].concat();
    let p = pooled(&sets, 0.0, "long-poll");
    let closed = closed::LongPoll { rate: 50.0, gap: 0.070, hold: 25.0 };
    near(ns(p.delay_mean_ns), FLOOR + 25e6 + closed.mean_wait() * 1e9, 0.01);
    let p = pooled(&["clients=10", "link.rtt=50ms"], 0.0, "short-poll");
    near(ns(p.delay_mean_ns), FLOOR + 25e6 + 500e6, 1e-6);
    let slower = ["clients=10", "link.rtt=50ms", "transports.short-poll.pacing=fixed-delay"];
    let p = pooled(&slower, 0.0, "short-poll");
    near(ns(p.delay_mean_ns), FLOOR + 25e6 + (1000e6 + 5e6 + 50e6) / 2.0, 1e-6);
}

#[test]
fn a_request_and_a_mean_answer_have_their_time_on_the_wire() {
    // Every answer of a cycle of a second has the second's 20 updates of 128 + 20 bytes.
    let sets = ["feed.kind=periodic", "feed.rate=20/s", "clients=1", "measure.duration=50s"];
    let narrow = ["link.down=1Mbit/s", "link.up=100kbit/s", "link.queue=1s"];
    let with = |more: &[&str]| pooled(&[&sets[..], &narrow, more].concat(), 0.0, "short-poll");
    let (up, segments) = (152.0 * 8e4, 3.0);
    let down = (180.0 + 20.0 * 148.0 + segments * 52.0) * 8e3;
    let p = with(&[]);
    near(ns(p.delay_mean_ns), FLOOR + 500e6 + down, 0.001);
    // With fixed-delay the cycle is longer by the whole exchange.
    let p = with(&["transports.short-poll.pacing=fixed-delay"]);
    near(ns(p.delay_mean_ns), FLOOR + (1005e6 + up + down) / 2.0 + down, 0.001);
    // The gap of a long poll: 20 ms and an exchange with one update.
    let gap = 20e6 + up + (150.0 + 30.0 + 148.0 + 52.0) * 8e3;
    let knee = |period_ns: f64| {
        let rate = format!("feed.rate={}/s", 1e9 / period_ns);
        let p = pooled(&[&sets[..], &narrow, &[&rate]].concat(), 0.0, "long-poll");
        p.updates_per_answer.unwrap()
    };
    near(knee(gap * 1.01), 1.0, 1e-3);
    assert!(knee(gap * 0.9) > 1.05, "{}", knee(gap * 0.9));
}

#[test]
fn answers_of_many_clients_wait_for_each_other_before_a_bottleneck() {
    // An answer with updates in each look: 180 + 2 · 148 + 52 bytes are 1.056 ms at 4 Mbit/s.
    let sets = ["feed.kind=periodic", "feed.rate=2/s", "clients=500", "measure.duration=50s"];
    let p = pooled(&[&sets[..], &["link.down=4Mbit/s"]].concat(), 0.0, "short-poll");
    let answer = (180.0 + 2.0 * 148.0 + 52.0) * 2.0 / 1e6;
    let wait = closed::fan_out_wait(499.0, answer).unwrap();
    near(ns(p.delay_mean_ns), FLOOR + 500e6 + (answer + wait) * 1e9, 1e-3);
    // A request up is later, which no update sees.
    let up = pooled(&[&sets[..], &["link.up=4Mbit/s"]].concat(), 0.0, "short-poll");
    near(ns(up.delay_mean_ns), FLOOR + 500e6, 1e-6);
}

#[test]
fn requests_of_long_polls_that_crowd_the_way_up_lengthen_the_gap() {
    let sets = ["feed.kind=periodic", "feed.rate=50/s", "clients=100", "measure.duration=50s"];
    let batch = |up: &str| {
        let up = format!("link.up={up}");
        pooled(&[&sets[..], &[&up]].concat(), 0.0, "long-poll").updates_per_answer.unwrap()
    };
    // 152 bytes of 100 clients take 12 ms, 24 ms or 122 ms: of 20 ms a period.
    let batches = ["10Mbit/s", "5Mbit/s", "1Mbit/s"].map(batch);
    assert!(batches.is_sorted(), "{batches:?}");
    assert!((6.0..8.5).contains(&batches[2]), "{batches:?}");
}

#[test]
fn a_link_that_cannot_carry_the_polls_is_said_for_its_direction() {
    let said = |transport: &str, more: &[&str], whither: &str| {
        let sets = [&["clients=1000", "measure.duration=20s"][..], more].concat();
        let p = pooled(&sets, 0.0, transport);
        let text = format!("the link {whither} cannot carry");
        p.assumptions.iter().any(|assumption| assumption.starts_with(&text))
    };
    // 1,000 requests of 152 bytes a second are 1.2 Mbit/s, answers with 20 updates 26 Mbit/s.
    assert!(said("short-poll", &["link.up=768kbit/s"], "to the server"));
    assert!(!said("short-poll", &["link.up=768kbit/s"], "to the clients"));
    assert!(!said("short-poll", &["link.up=2Mbit/s"], "to the server"));
    assert!(said("short-poll", &["link.down=20Mbit/s"], "to the clients"));
    assert!(!said("short-poll", &["link.down=40Mbit/s"], "to the clients"));
    assert!(said("long-poll", &["link.down=10Mbit/s"], "to the clients"));
    assert!(!said("long-poll", &["link.down=1Gbit/s", "link.up=1Gbit/s"], "to the clients"));
}

#[test]
fn what_a_link_adds_and_the_model_does_not_know_is_said() {
    let said = |sets: &[&str], what: &str| {
        let all = ["tcp", "short-poll", "long-poll"].map(|name| pooled(sets, 0.0, name));
        let says = |text: &String| text.contains(what);
        let says: Vec<_> = all.iter().map(|p| p.assumptions.iter().any(says)).collect();
        assert!(says.iter().all(|one| *one == says[0]), "{what}: {says:?}");
        says[0]
    };
    assert!(said(&["link.rtt=50ms"], "slow start") && !said(&[], "slow start"));
    assert!(said(&["link.loss=0.1"], "lost packets") && !said(&["link.rtt=1ms"], "lost packets"));
}
