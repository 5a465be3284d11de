//! What `predict` says of ages and bytes, against the closed forms, brute force and sums by hand.
#![allow(clippy::unwrap_used)] // a panic is how a test fails

mod common;

use common::{
    RIGHT,
    predicting::{FLOOR, calibration, near, ns, one, pooled, scenario, sizes},
};
use scenarios::{
    Calibration, Prediction,
    predict::{closed, predict},
};

#[test]
fn freshness_follows_the_closed_forms_in_a_long_window() {
    let calibration = Calibration {
        floor_mean_ns: 20e6,
        floor_p50_ns: 20e6,
        floor_p99_ns: 20e6,
        ..Calibration::default()
    };
    let all = |sets: &[&str], transport: &str| {
        let p = one(&scenario(sets), &calibration, transport, None);
        (ns(p.age_mean_ns.unwrap()) / 1e9, ns(p.age_peak_ns.unwrap()) / 1e9, p.in_sync.unwrap())
    };
    let sets = [
        "feed.rate=10/s",
        "measure.duration=5000s",
        "measure.repeat=1",
        "transports.short-poll.interval=500ms",
    ];
    let push = closed::Push { floor: 0.02 };
    let poll = closed::ShortPoll { cycle: 0.5, floor: 0.02 };
    let close =
        |got: f64, expected: f64| assert!((got / expected - 1.0).abs() < 0.02, "{got} {expected}");
    let (age, peak, in_sync) = all(&sets, "tcp");
    close(age, push.age_poisson(10.0));
    close(peak, push.age_poisson(10.0));
    close(in_sync, push.in_sync_poisson(10.0));
    let (age, peak, in_sync) = all(&sets, "short-poll");
    close(age, poll.age_poisson(10.0));
    close(peak, poll.age_peak_poisson(10.0));
    close(in_sync, poll.in_sync_poisson(10.0));

    let sets = [
        "feed.kind=periodic",
        "feed.rate=1/s",
        "measure.duration=500s",
        "measure.repeat=1",
        "transports.short-poll.interval=300ms",
    ];
    let poll = closed::ShortPoll { cycle: 0.3, floor: 0.02 };
    let (age, peak, in_sync) = all(&sets, "tcp");
    close(age, push.age_periodic(1.0));
    close(peak, 1.0 + 0.02);
    close(in_sync, push.in_sync_periodic(1.0));
    let (age, peak, in_sync) = all(&sets, "short-poll");
    close(age, poll.age_periodic(1.0));
    close(peak, 1.0 + 0.15 + 0.02);
    // a ~ U(floor, floor + C), all below the period: 1 − E[a]/X.
    close(in_sync, 1.0 - 0.17);
}

/// Bursts have no closed form: 500 clients, each with its own phase, their ages added up in steps
/// of 0.1 ms.
#[test]
fn the_age_of_a_bursty_feed_is_what_brute_force_says() {
    let scenario = scenario(&[
        "feed.kind=bursts",
        "feed.on=300ms",
        "feed.off=700ms",
        "measure.duration=4s",
        "measure.repeat=1",
    ]);
    let updates: Vec<_> =
        scenario.schedule(1).offsets_ns.iter().map(|at| *at as f64 / 1e9).collect();
    let (cycle, floor, step) = (1.0, FLOOR / 1e9, 1e-4);
    let end = *updates.last().unwrap();
    let (mut age, mut time, mut in_sync) = (0.0, 0.0, 0.0);
    for client in 0..500 {
        let phase = f64::from(client) / 500.0 * cycle;
        let mut now = updates[0];
        while now < end {
            // The newest update of the last look whose answer is here.
            let look = phase + ((now - floor - phase) / cycle).floor() * cycle;
            if let Some(held) = updates.partition_point(|at| *at <= look).checked_sub(1) {
                age += (now - updates[held]) * step;
                in_sync +=
                    f64::from(u8::from(updates.partition_point(|at| *at <= now) == held + 1))
                        * step;
                time += step;
            }
            now += step;
        }
    }
    let p = one(&scenario, &calibration(0.0), "short-poll", None);
    near(ns(p.age_mean_ns.unwrap()), age / time * 1e9, 0.005);
    assert!((p.in_sync.unwrap() - in_sync / time).abs() < 0.005);
}

#[test]
fn bytes_are_those_of_the_messages() {
    // Ten updates a second apart; ten clients.
    let sets = ["feed.kind=periodic", "feed.rate=1/s", "measure.duration=10s", "measure.repeat=1"];
    let bytes = |transport: &str, more: &[&str]| {
        let p = pooled(&[&sets[..], more].concat(), 0.0, transport);
        (p.bytes_up, p.bytes_down)
    };
    assert_eq!(bytes("tcp", &[]), (0, 10 * 10 * (128 + 19 + 4)));
    // Two thirds of a heartbeat of 8 bytes per client: every 15 s, in 10 s, on average.
    assert_eq!(bytes("sse", &[]), (0, 10 * 10 * (128 + 19 + 24) + 53));
    // A heartbeat every 300 ms: 33⅓ in 10 s on average, and the pongs.
    let beats = 10.0 * 10.0 / 0.3;
    let (up, down) = bytes("websocket", &["transports.websocket.heartbeat=300ms"]);
    near(ns(up), beats * 6.0, 0.0);
    near(ns(down), 10.0 * 10.0 * (128.0 + 19.0 + 4.0) + beats * 2.0, 0.0);
    // Every update finds a parked request.
    assert_eq!(bytes("long-poll", &[]), (10 * 10 * 100, 10 * 10 * (150 + 30 + 20 + 128)));
    // Polls of 250 ms: 40 per client, 10 of them with an update; all have the last one in time.
    let (up, down) = bytes("short-poll", &["transports.short-poll.interval=250ms"]);
    assert_eq!((up, down), (10 * 40 * 100, 10 * (10 * (150 + 30 + 20 + 128) + 30 * 90)));
    // Polls of 2 s: 5 per client, each with two updates; every second client has the last one only
    // after the window, by a poll more.
    let (up, down) = bytes("short-poll", &["transports.short-poll.interval=2s"]);
    assert_eq!((up, down), (55 * 100, 55 * (150 + 30) + 10 * 10 * (20 + 128)));
}

#[test]
fn tls_adds_its_bytes_to_every_record() {
    let sets = ["feed.kind=periodic", "feed.rate=1/s", "measure.duration=10s", "measure.repeat=1"];
    let bytes = |transport: &str, more: &[&str]| {
        let scenario = scenario(&[&sets[..], more].concat());
        let mut sizes = sizes();
        let plain = predict(&scenario, &sizes, &calibration(0.0));
        sizes.0.values_mut().for_each(|sizes| sizes.tls_bytes = 22.0);
        let secure = predict(&scenario, &sizes, &calibration(0.0));
        let of = |predictions: &[Prediction]| {
            let pooled = |p: &&Prediction| p.transport == transport && p.repetition.is_none();
            let p = predictions.iter().find(pooled).expect("the model knows it").clone();
            (p.bytes_up, p.bytes_down)
        };
        let (plain, secure) = (of(&plain), of(&secure));
        (secure.0 - plain.0, secure.1 - plain.1)
    };
    // Ten updates to ten clients, in a record each.
    assert_eq!(bytes("tcp", &[]), (0, 10 * 10 * 22));
    // Two thirds of a heartbeat per client, too.
    assert_eq!(bytes("sse", &[]), (0, 10 * 10 * 22 + 147));
    // A request and an answer are a record each, whether there is something in it or not.
    assert_eq!(bytes("long-poll", &[]), (10 * 10 * 22, 10 * 10 * 22));
    let short = "transports.short-poll.interval=250ms";
    assert_eq!(bytes("short-poll", &[short]), (10 * 40 * 22, 10 * 40 * 22));
    // An answer of 40,000 bytes takes three records; an empty one still takes one.
    let large = "feed.payload_bytes=40000";
    assert_eq!(bytes("short-poll", &[short, large]).1, 10 * (10 * 3 + 30) * 22);
}

#[test]
fn a_traces_long_rows_weigh_what_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let place = "x".repeat(200);
    std::fs::write(folder.path().join("t.csv"), format!("at_ms,place\n0,{place}\n1000,y\n"))
        .unwrap();
    let text =
        RIGHT.replace("kind = \"poisson\"\nrate = \"20/s\"", "kind = \"trace\"\ntrace = \"t.csv\"");
    let scenario = common::load_in(folder.path(), &text, &["measure.repeat=1"]).unwrap();
    let long = format!("{{\"n\":1,\"t\":123456789012345,\"place\":\"{place}\"}}").len() as u64;
    let p = one(&scenario, &calibration(0.0), "tcp", None);
    assert_eq!(p.bytes_down, 10 * (long + 128 + 2 * (19 + 4)));

    // A clock that has run for longer than eleven days.
    let later = Calibration { clock_digits: Some(16), ..calibration(0.0) };
    assert_eq!(one(&scenario, &later, "tcp", None).bytes_down, p.bytes_down + 10);
}
