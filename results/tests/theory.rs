//! Theory of the repetitions that an interrupted run has measured.

#![allow(clippy::unwrap_used)]

use results::{Row, pool};
use scenarios::{Calibration, Prediction, Scenario, Sizes, predict::predict};

fn predicted(repetitions: u32) -> (Scenario, Vec<Prediction>) {
    let sets = [
        format!("measure.repeat={repetitions}"),
        "transports.short-poll.pacing=fixed-rate".into(),
        "transports.long-poll.hold=25s".into(),
        "transports.long-poll.rearm_delay=0s".into(),
        "transports.sse.heartbeat=15s".into(),
        "transports.websocket.heartbeat=15s".into(),
    ];
    let scenario = Scenario::load("bursty", &sets).unwrap();
    let calibration = Calibration {
        floor_mean_ns: 60_000.0,
        floor_p50_ns: 55_000.0,
        floor_p99_ns: 130_000.0,
        rearm_gap_ns: 190_000.0,
        ..Calibration::default()
    };
    let predictions = predict(&scenario, &Sizes::default(), &calibration);
    (scenario, predictions)
}

fn rows(
    scenario: &Scenario,
    transport: &str,
    repetitions: std::ops::RangeInclusive<u32>,
) -> Vec<Row> {
    let row = |repetition| {
        let schedule = scenario.schedule(repetition);
        Row {
            transport: transport.into(),
            repetition: Some(repetition),
            window_ns: schedule.window_ns(),
            published: schedule.offsets_ns.len() as u64,
            ..Row::default()
        }
    };
    repetitions.map(row).collect()
}

fn theory(rows: &[Row], predictions: &[Prediction]) -> Option<Prediction> {
    pool::theory(&rows.iter().collect::<Vec<_>>(), predictions)
}

#[test]
fn of_all_repetitions_it_is_the_prediction_as_it_was_written() {
    let (scenario, predictions) = predicted(3);
    let pooled = predictions.iter().find(|p| p.transport == "sse" && p.repetition.is_none());
    assert_eq!(theory(&rows(&scenario, "sse", 1..=3), &predictions).as_ref(), pooled);
}

#[test]
fn of_some_repetitions_it_is_what_a_run_of_just_these_would_have_been_told() {
    let (scenario, predictions) = predicted(5);
    let (_, of_two) = predicted(2);
    for transport in ["short-poll", "long-poll", "sse"] {
        let mixed = theory(&rows(&scenario, transport, 1..=2), &predictions).unwrap();
        let told =
            of_two.iter().find(|p| p.transport == transport && p.repetition.is_none()).unwrap();
        let near = |one: u64, other: u64, share: f64| {
            let off = one.abs_diff(other) as f64;
            assert!(off <= share * other as f64 + 2.0, "{transport}: {one} {other}");
        };
        near(mixed.delay_mean_ns, told.delay_mean_ns, 1e-6);
        // The quantile functions are given by points, so that a mixture is a little off between.
        near(mixed.delay_p50_ns, told.delay_p50_ns, 0.02);
        near(mixed.delay_p99_ns, told.delay_p99_ns, 0.02);
        near(mixed.age_mean_ns.unwrap(), told.age_mean_ns.unwrap(), 0.02);
        near(mixed.requests, told.requests, 1e-6);
        near(mixed.bytes_down, told.bytes_down, 1e-6);
        assert!(mixed.delay_curve.is_sorted_by(|a, b| a.0 < b.0 && a.1 <= b.1), "{transport}");
    }
}

#[test]
fn of_one_repetition_it_is_its_own() {
    let (scenario, predictions) = predicted(3);
    let own = predictions
        .iter()
        .find(|p| p.transport == "short-poll" && p.repetition == Some(2))
        .unwrap();
    let mixed = theory(&rows(&scenario, "short-poll", 2..=2), &predictions).unwrap();
    assert_eq!(mixed.delay_mean_ns, own.delay_mean_ns);
    assert!(mixed.delay_p50_ns.abs_diff(own.delay_p50_ns) <= 1);
    assert_eq!(mixed.requests, own.requests);
}

#[test]
fn of_a_repetition_that_was_not_predicted_it_says_nothing() {
    let (scenario, mut predictions) = predicted(3);
    predictions.retain(|p| p.repetition != Some(1));
    assert_eq!(theory(&rows(&scenario, "sse", 1..=1), &predictions), None);
    assert_eq!(theory(&rows(&scenario, "mqtt", 1..=1), &predictions), None);
    assert_eq!(theory(&[], &predictions), None);
}
