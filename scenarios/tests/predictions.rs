//! What `predict` hands over: all that can be predicted, in one consistent form.
#![allow(clippy::unwrap_used)] // a panic is how a test fails

mod common;

use common::predicting::{calibration, near, ns, pooled, scenario, sizes};
use scenarios::{Calibration, Prediction, Scenario, Sizes, predict::predict};

#[test]
fn every_transport_is_predicted_for_every_repetition_and_pooled() {
    let mut scenario = scenario(&["transports.carrier-pigeon.wings=2"]);
    scenario.measure.repeat = 3;
    let predictions = predict(&scenario, &sizes(), &calibration(0.0));
    let names: Vec<_> = predictions.iter().map(|p| (p.transport.as_str(), p.repetition)).collect();
    assert_eq!(
        names.len(),
        5 * 4,
        "a transport that the model does not know has no entry: {names:?}"
    );
    assert_eq!(
        names[..4],
        [
            ("long-poll", Some(1)),
            ("long-poll", Some(2)),
            ("long-poll", Some(3)),
            ("long-poll", None)
        ]
    );
    let json = serde_json::to_string(&predictions).unwrap();
    assert_eq!(serde_json::from_str::<Vec<Prediction>>(&json).unwrap(), predictions);
}

#[test]
fn the_pool_adds_counts_and_averages_over_all_publishes() {
    let scenario = scenario(&["measure.repeat=3"]);
    let all = predict(&scenario, &sizes(), &calibration(1e3));
    for transport in ["tcp", "short-poll", "long-poll"] {
        let (pool, parts): (Vec<_>, Vec<_>) =
            all.iter().filter(|p| p.transport == transport).partition(|p| p.repetition.is_none());
        let sum = |of: fn(&Prediction) -> u64| parts.iter().map(|p| of(p)).sum::<u64>();
        assert!(pool[0].requests.abs_diff(sum(|p| p.requests)) <= 3);
        assert!(pool[0].bytes_down.abs_diff(sum(|p| p.bytes_down)) <= 3);
        let publishes = |r| scenario.schedule(r).offsets_ns.len() as f64;
        let weighted: f64 =
            parts.iter().map(|p| ns(p.delay_mean_ns) * publishes(p.repetition.unwrap())).sum();
        near(ns(pool[0].delay_mean_ns), weighted / (1..=3).map(publishes).sum::<f64>(), 1e-6);
    }
}

#[test]
fn every_curve_rises_and_agrees_with_the_percentiles() {
    let mut calibration = calibration(5e3);
    (calibration.floor_mean_ns, calibration.floor_p50_ns, calibration.floor_p99_ns) =
        (120e3, 100e3, 400e3);
    for sets in
        [&["clients=1"][..], &["clients=200"], &["feed.rate=100/s"], &["feed.kind=periodic"]]
    {
        for p in predict(&scenario(sets), &sizes(), &calibration) {
            assert!(p.delay_curve.is_sorted_by(|a, b| a.0 < b.0 && a.1 <= b.1), "{p:?}");
            let at = |q: f64| {
                p.delay_curve.iter().find(|(quantile, _)| (quantile - q).abs() < 1e-9).unwrap().1
            };
            assert_eq!(
                (at(0.5), at(0.9), at(0.99)),
                (p.delay_p50_ns, p.delay_p90_ns, p.delay_p99_ns)
            );
            assert!(p.delay_max_ns >= p.delay_curve.last().unwrap().1);
        }
    }
}

#[test]
fn nothing_known_gives_no_nonsense() {
    for mut scenario in [scenario(&[]), scenario(&["clients=1"])] {
        scenario.transports.values_mut().for_each(std::collections::BTreeMap::clear);
        for p in predict(&scenario, &Sizes::default(), &Calibration::default()) {
            assert!(p.in_sync.is_none_or(|part| (0.0..=1.0).contains(&part)));
            assert!(p.delay_max_ns <= 1_000_000_000);
        }
    }
    // One update: there is no interval to speak of an age in.
    let once = pooled(
        &["feed.kind=periodic", "feed.rate=1/s", "measure.duration=1s", "measure.repeat=1"],
        0.0,
        "tcp",
    );
    assert_eq!((once.age_mean_ns, once.age_peak_ns, once.in_sync), (None, None, None));
}

#[test]
fn no_link_that_ships_is_asked_for_more_than_it_carries_and_a_mobile_one_cannot_take_the_papers() {
    let said = |name: &str, sets: &[&str]| {
        let sets: Vec<_> = sets.iter().map(ToString::to_string).collect();
        let scenario = Scenario::load(name, &sets).unwrap();
        let all = predict(&scenario, &sizes(), &calibration(0.0));
        let says = |p: &Prediction| p.assumptions.iter().any(|text| text.contains("cannot carry"));
        all.iter().filter(|p| says(p)).map(|p| p.transport.clone()).collect::<Vec<_>>()
    };
    for builtin in scenarios::builtin() {
        assert!(said(builtin.name, &[]).is_empty(), "{}", builtin.name);
    }
    assert!(said("kaazing", &["link.preset=3g"]).contains(&"short-poll".to_owned()));
}
