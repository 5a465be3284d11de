//! The publish times: sorted, inside the window, a function of the seed alone, and of the law they
//! promise.

#![allow(clippy::unwrap_used)] // a panic is how a test fails

mod common;

use std::time::Duration;

use common::{RIGHT, load, load_in};
use proptest::prelude::*;
use scenarios::{Scenario, Schedule};

fn feed(lines: &[&str]) -> Scenario {
    let right = "kind = \"poisson\"\nrate = \"20/s\"";
    assert!(RIGHT.contains(right));
    load(&RIGHT.replace(right, &lines.join("\n")), &["measure.duration=100s"]).unwrap()
}

fn gaps(schedule: &Schedule) -> Vec<f64> {
    schedule.offsets_ns.windows(2).map(|pair| (pair[1] - pair[0]) as f64).collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

#[test]
fn a_periodic_feed_keeps_its_period_to_the_nanosecond() {
    let schedule = feed(&["kind = \"periodic\"", "rate = \"3/s\""]).schedule(1);
    assert_eq!(schedule.offsets_ns.len(), 300);
    assert_eq!(schedule.mean_period_ns, 333_333_333);
    assert!(gaps(&schedule).iter().all(|gap| (gap - 1e9 / 3.0).abs() <= 1.0));
    // 299 periods and one mean period.
    assert!(schedule.window_ns().abs_diff(100_000_000_000) < 1000);
}

#[test]
fn a_periodic_feed_starts_at_a_phase_of_its_own_in_every_repetition() {
    let scenario = feed(&["kind = \"periodic\"", "rate = \"1/s\""]);
    let phases: Vec<_> = (1..=1000)
        .map(|repetition| scenario.schedule(repetition).offsets_ns[0] as f64 / 1e9)
        .collect();
    // The mean of 1,000 numbers from U(0, 1) has the standard error 0.009.
    assert!((mean(&phases) - 0.5).abs() < 0.04, "{}", mean(&phases));
    assert!(phases.iter().all(|phase| (0.0..1.0).contains(phase)));
}

#[test]
fn a_poisson_feed_has_exponential_gaps() {
    let gaps: Vec<_> = (1..=20)
        .flat_map(|r| gaps(&feed(&["kind = \"poisson\"", "rate = \"100/s\""]).schedule(r)))
        .collect();
    let mean_gap = mean(&gaps);
    let variance = mean(&gaps.iter().map(|gap| (gap - mean_gap).powi(2)).collect::<Vec<_>>());
    // 200,000 gaps: standard error 0.2 % of the mean, about 0.4 % of the coefficient of variation.
    assert!((mean_gap / 1e7 - 1.0).abs() < 0.01, "{mean_gap}");
    assert!((variance.sqrt() / mean_gap - 1.0).abs() < 0.02);
    let above = gaps.iter().filter(|gap| **gap > 2e7).count() as f64 / gaps.len() as f64;
    assert!((above / (-2.0_f64).exp() - 1.0).abs() < 0.03, "{above}");
}

#[test]
fn bursts_are_silent_when_off_and_poisson_when_on() {
    let scenario = feed(&["kind = \"bursts\"", "rate = \"200/s\"", "on = \"1s\"", "off = \"3s\""]);
    let schedule = scenario.schedule(1);
    // 25 cycles of a second each: 5,000 expected, standard deviation 71.
    assert!((4600..5400).contains(&schedule.offsets_ns.len()), "{}", schedule.offsets_ns.len());
    assert_eq!(schedule.mean_period_ns, 20_000_000);
    let long: Vec<_> = gaps(&schedule).into_iter().filter(|gap| *gap > 1e9).collect();
    assert!((24..=25).contains(&long.len()), "{}", long.len());
    assert!(long.iter().all(|gap| (3e9..3.2e9).contains(gap)));
    // Within a burst nothing but the on-time passes.
    let bursts = schedule.offsets_ns.chunk_by(|a, b| b - a < 1_000_000_000);
    assert!(bursts.into_iter().all(|burst| burst[burst.len() - 1] - burst[0] <= 1_000_000_000));
}

#[test]
fn bursts_begin_anywhere_in_their_cycle() {
    let scenario = feed(&["kind = \"bursts\"", "rate = \"1000/s\"", "on = \"1s\"", "off = \"3s\""]);
    let open = (1..=400).filter(|r| scenario.schedule(*r).offsets_ns[0] < 50_000_000).count();
    // A quarter of the windows open within a burst: 100 ± 9 (and 1 % that open just before one).
    assert!((65..140).contains(&open), "{open}");
}

#[test]
fn a_trace_is_replayed_with_its_ties_its_fields_and_its_speed() {
    let folder = tempfile::tempdir().unwrap();
    let csv = "at_ms,magnitude,place\n0,1.5,\"a \"\"b\"\"\"\n2000,007,x\n2000,-3e2,y\n9000,,z\n10000,4,late\n";
    std::fs::write(folder.path().join("t.csv"), csv).unwrap();
    let text = RIGHT.replace(
        "kind = \"poisson\"\nrate = \"20/s\"",
        "kind = \"trace\"\ntrace = \"t.csv\"\nspeed = 2",
    );
    let scenario = load_in(folder.path(), &text, &[]).unwrap();
    let schedule = scenario.schedule(1);
    assert_eq!(schedule.offsets_ns, [0, 1_000_000_000, 1_000_000_000, 4_500_000_000]);
    assert_eq!(schedule.mean_period_ns, 1_500_000_000);
    assert_eq!(schedule, scenario.schedule(2), "a trace is the same in every repetition");
    assert_eq!(scenario.feed.rate.to_string(), "0.8/s");
    insta::assert_snapshot!(schedule.fields.join("\n"), @r#"
    "magnitude":1.5,"place":"a \"b\""
    "magnitude":"007","place":"x"
    "magnitude":-3e2,"place":"y"
    "magnitude":"","place":"z"
    "#);
    for fields in &schedule.fields {
        serde_json::from_str::<serde_json::Value>(&format!("{{\"n\":1,{fields}}}"))
            .expect("JSON members");
    }
}

#[test]
fn a_single_update_has_the_window_to_itself() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("t.csv"), "at_ms\n0\n").unwrap();
    let text =
        RIGHT.replace("kind = \"poisson\"\nrate = \"20/s\"", "kind = \"trace\"\ntrace = \"t.csv\"");
    let schedule = load_in(folder.path(), &text, &[]).unwrap().schedule(1);
    assert_eq!((schedule.offsets_ns.len(), schedule.fields[0].as_str()), (1, ""));
    assert_eq!(schedule.window_ns(), 5_000_000_000);
}

#[test]
fn a_schedule_never_changes_between_versions() {
    // A committed result must be reproducible with a later feedlab.
    let first = |lines: &[&str]| feed(lines).schedule(3).offsets_ns[..3].to_vec();
    insta::assert_debug_snapshot!([
        first(&["kind = \"periodic\"", "rate = \"20/s\""]),
        first(&["kind = \"poisson\"", "rate = \"20/s\""]),
        first(&["kind = \"bursts\"", "rate = \"20/s\"", "on = \"1s\"", "off = \"3s\""]),
    ]);
}

#[test]
fn a_schedule_cannot_fill_the_memory_even_without_the_loaders_checks() {
    let mut scenario =
        load(RIGHT, &["feed.rate=1000000/s", "measure.duration=1s", "measure.repeat=1"]).unwrap();
    scenario.measure.duration = Duration::from_secs(3600);
    assert_eq!(scenario.schedule(1).offsets_ns.len(), scenarios::MAX_PUBLISHES);
}

fn any_feed() -> impl Strategy<Value = Vec<String>> {
    let rate = (1_u32..2000).prop_map(|r| format!("feed.rate={r}/s"));
    let kind = prop_oneof![
        Just(vec!["feed.kind=periodic".to_owned()]),
        Just(vec!["feed.kind=poisson".to_owned()]),
        (1_u32..3000, 1_u32..3000).prop_map(|(on, off)| vec![
            "feed.kind=bursts".to_owned(),
            format!("feed.on={on}ms"),
            format!("feed.off={off}ms")
        ]),
    ];
    (rate, kind, 0_u64..1000, 1000_u32..5000).prop_map(|(rate, mut sets, seed, window)| {
        sets.extend([rate, format!("measure.seed={seed}"), format!("measure.duration={window}ms")]);
        sets
    })
}

proptest! {
    #[test]
    fn every_schedule_is_sorted_inside_the_window_and_repeatable(sets in any_feed(), repetition in 1_u32..50) {
        let sets: Vec<_> = sets.iter().map(String::as_str).collect();
        let Ok(scenario) = load(RIGHT, &sets) else { return Ok(()) };
        let schedule = scenario.schedule(repetition);
        let window = scenario.measure.duration.as_nanos() as u64;
        prop_assert!(schedule.offsets_ns.is_sorted());
        prop_assert!(schedule.offsets_ns.iter().all(|at| *at < window));
        prop_assert!(schedule.mean_period_ns > 0);
        prop_assert!(schedule.fields.is_empty());
        prop_assert_eq!(&schedule, &scenario.schedule(repetition));
        // What runs over it and for how many must not matter.
        let mut other = scenario.clone();
        other.clients = 0;
        other.transports.clear();
        prop_assert_eq!(&schedule, &other.schedule(repetition));
        if schedule.offsets_ns.len() > 3 {
            prop_assert_ne!(&schedule.offsets_ns, &scenario.schedule(repetition + 1).offsets_ns);
            other.measure.seed += 1;
            prop_assert_ne!(&schedule.offsets_ns, &other.schedule(repetition).offsets_ns);
        }
    }

    #[test]
    fn every_rate_reads_back_as_itself(per_second in scenarios::Rate::MIN_PER_SECOND..scenarios::Rate::MAX_PER_SECOND) {
        let rate = scenarios::Rate::new(per_second).unwrap();
        prop_assert_eq!(rate.to_string().parse::<scenarios::Rate>().unwrap(), rate);
    }
}

#[test]
fn rates_are_read_and_written_as_people_do() {
    for (text, per_second, written) in [
        ("50/s", 50.0, "50/s"),
        ("2/min", 2.0 / 60.0, "2/min"),
        ("1/10s", 0.1, "0.1/s"),
        (" 3 / 2min ", 0.025, "90/h"),
        ("1.5/h", 1.5 / 3600.0, "36/day"),
        ("5/100ms", 50.0, "50/s"),
    ] {
        let rate: scenarios::Rate = text.parse().unwrap();
        assert!((rate.per_second() - per_second).abs() < 1e-15, "{text}");
        assert_eq!(rate.to_string(), written, "{text}");
    }
    for text in ["", "/", "5", "5/", "/s", "s/5", "5/s/s", "5/parsec", "1e7/s", "5/-1s", "0/s"] {
        text.parse::<scenarios::Rate>().expect_err(text);
    }
}
