use super::*;
use crate::Row;

const CEILING: Ceiling = Ceiling { clients: 100, limit: Limit::Most };

fn probe(clients: u32, outcome: Outcome) -> Probe {
    let directory = format!("sse-{clients}");
    Probe { clients, directory, value_ns: None, verdict: Verdict::Valid, outcome }
}

fn missed(limit: Limit) -> Outcome {
    Outcome::Missed(Stopped { limit, why: limit.words().into() })
}

fn judged(change: impl FnOnce(&mut Row)) -> Outcome {
    let mut row = Row {
        clients: 10,
        connected: 10,
        published: 400,
        expected: 4_000,
        delivered: 4_000,
        window_ns: 10_000_000_000,
        server_cpu_ns: 1_000_000_000,
        ..Row::default()
    };
    change(&mut row);
    let mut delay = crate::hlog::histogram();
    delay.record_n(20_000_000, 4_000).unwrap();
    let scenario = Scenario::load("quick", &[]).unwrap();
    let environment = Environment::default();
    let evidence =
        Evidence { row: &row, timeline: &[], scenario: &scenario, environment: &environment };
    outcome(&evidence, &delay, &"delay_p95 < 50ms".parse().unwrap())
}

#[test]
fn an_objective_that_is_met_holds() {
    assert_eq!(judged(|_| ()), Outcome::Held);
}

#[test]
fn what_is_missing_counts_as_a_miss_only_if_the_load_explains_it() {
    let busy = |row: &mut Row| (row.missing, row.server_cpu_ns) = (7, 9_900_000_000);
    let Outcome::Missed(stopped) = judged(busy) else { panic!("a busy server lost updates") };
    assert_eq!(stopped.limit, Limit::ServerCpu);
    assert!(stopped.why.contains("7 of 4000"), "{}", stopped.why);
    assert!(matches!(judged(|row| row.missing = 7), Outcome::Broken(_)));
    let twice = |row: &mut Row| (row.duplicated, row.server_cpu_ns) = (1, 9_900_000_000);
    assert!(matches!(judged(twice), Outcome::Broken(_)));
}

#[test]
fn a_percentile_that_too_few_publishes_carry_is_no_answer() {
    let Outcome::Broken(why) = judged(|row| row.published = 399) else { panic!("399 will not do") };
    assert!(why.contains("400") && why.contains("399"), "{why}");
}

#[test]
fn what_most_probes_at_the_upper_end_name_has_stopped_it() {
    let mut found = Found::new("sse");
    found.add(probe(10, Outcome::Held), CEILING);
    assert_eq!(found.stopped, None);
    for limit in [Limit::OtherLoad, Limit::ServerCpu, Limit::ServerCpu] {
        found.add(probe(20, missed(limit)), CEILING);
    }
    assert_eq!(found.stopped.as_ref().unwrap().limit, Limit::ServerCpu);
    assert_eq!(found.bracket.clients(), 10);
    assert!(!found.is_at_least());
}

#[test]
fn a_limit_of_the_harness_or_of_the_search_leaves_the_least_that_the_server_holds() {
    let mut harness = Found::new("sse");
    harness.add(probe(10, Outcome::Held), CEILING);
    harness.add(probe(20, missed(Limit::HarnessCpu)), CEILING);
    let mut bound = Found::new("sse");
    bound.add(probe(100, Outcome::Held), CEILING);
    assert!(harness.is_at_least() && bound.is_at_least());
    assert_eq!(bound.stopped.unwrap().limit, Limit::Most);
}

#[test]
fn what_is_written_can_be_read_back() {
    let place = tempfile::tempdir().unwrap();
    let mut found = Found::new("sse");
    found.add(probe(10, missed(Limit::Link)), CEILING);
    let capacity = Capacity {
        format_version: FORMAT_VERSION,
        scenario: Scenario::load("quick", &[]).unwrap(),
        slo: "delay_p95 < 50ms".parse().unwrap(),
        most: CEILING,
        started: "2026-11-28T03:00:00Z".into(),
        environment: Environment::default(),
        found: vec![found],
        partial: true,
    };
    capacity.write(place.path()).unwrap();
    let read = Capacity::read(place.path()).unwrap();
    assert_eq!((read.found, read.slo, read.partial), (capacity.found, capacity.slo, true));
}
