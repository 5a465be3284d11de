use std::collections::BTreeMap;

use proptest::prelude::*;
use scenarios::{Scenario, TransportSizes};

use super::*;
use crate::{Environment, Verdict};

/// Costs as a small machine has them.
fn costs() -> Costs {
    let poll = TransportSizes {
        request_head_bytes: 120.0,
        answer_head_bytes: 150.0,
        empty_head_bytes: 90.0,
        answer_envelope_bytes: 33.0,
        update_envelope_bytes: 22.0,
        ..TransportSizes::default()
    };
    let push = |framing| TransportSizes {
        update_envelope_bytes: 20.0,
        update_framing_bytes: framing,
        ..TransportSizes::default()
    };
    let cost = |sizes, operation_cpu_ns, position_ns| Cost {
        sizes,
        operation_cpu_ns,
        position_ns,
        memory_bytes: Some(12_000.0),
        heartbeat_s: Some(15.0),
        hold_s: Some(25.0),
    };
    let transports = BTreeMap::from([
        ("short-poll".to_owned(), cost(poll.clone(), 15_000.0, 0.0)),
        ("long-poll".to_owned(), cost(poll, 18_000.0, 12_000.0)),
        ("sse".to_owned(), cost(push(25.0), 4_000.0, 4_000.0)),
        ("websocket".to_owned(), cost(push(4.0), 4_000.0, 4_000.0)),
        ("tcp".to_owned(), cost(push(4.0), 3_000.0, 3_000.0)),
    ]);
    Costs {
        source: "a test".into(),
        scenario: "baseline".into(),
        machine: "a machine".into(),
        date: "2026-11-28".into(),
        profile: "release".into(),
        verdict: Verdict::Valid,
        clients: 50,
        rate_per_second: 20.0,
        payload_bytes: 256,
        rtt_ns: 0,
        conditions: Vec::new(),
        threads: 1,
        floor_p50_ns: 60e3,
        floor_p99_ns: 150e3,
        rearm_gap_ns: 120e3,
        exchange_ns: 150e3,
        ingest_cpu_ns: 20e3,
        transports,
    }
}

fn needs(clients: u64, rate: f64, max_delay: Duration) -> Needs {
    Needs {
        clients,
        rate: Rate::new(rate).unwrap(),
        max_delay,
        rtt: Duration::from_millis(60),
        payload_bytes: 300,
        browser: false,
        latest_value: false,
        poll_interval: None,
        min_interval: None,
        server_cores: 1,
        server_memory_bytes: 4 << 30,
    }
}

fn best(needs: &Needs) -> Advice {
    advise(needs, &costs(), 1_000)
}

#[test]
fn a_slow_feed_with_a_lenient_delay_is_answered_with_polling() {
    let advice = best(&needs(5_000, 1.0 / 30.0, Duration::from_secs(30)));
    assert_eq!(advice.choices[0].transport, "short-poll");
    assert!(advice.answer.starts_with("polling is fine"), "{}", advice.answer);
    assert!(advice.choices[0].meets);
}

#[test]
fn a_fast_feed_with_a_tight_delay_is_answered_with_push() {
    let advice = best(&needs(5_000, 50.0, Duration::from_millis(100)));
    assert!(["sse", "websocket"].contains(&advice.choices[0].transport.as_str()));
    assert!(advice.choices[0].meets && advice.choices[0].margin > 1.0);
}

#[test]
fn the_floor_is_shown_last_and_never_recommended() {
    let advice = best(&needs(100, 1.0, Duration::from_secs(1)));
    let last = advice.choices.last().unwrap();
    assert!(last.is_floor && last.transport == "tcp");
    assert!(!advice.answer.contains("tcp"));
}

#[test]
fn a_poll_has_the_largest_interval_that_meets_the_delay() {
    let advice = best(&needs(100, 1.0, Duration::from_secs(2)));
    let poll = advice.choices.iter().find(|choice| choice.transport == "short-poll").unwrap();
    assert!(poll.meets && poll.margin < 1.001, "{}", poll.margin);
    // (2 s − 30 ms − the floor's p99) / 0.99
    let expected = (2e9 - 30e6 - 150e3) / 0.99;
    assert!((poll.interval_ns.unwrap() as f64 / expected - 1.0).abs() < 1e-6);
}

#[test]
fn a_delay_shorter_than_the_way_is_met_by_nobody_and_said() {
    let advice = best(&needs(100, 1.0, Duration::from_millis(20)));
    assert!(advice.choices.iter().all(|choice| !choice.meets));
    assert!(advice.answer.starts_with("no transport meets 20ms"), "{}", advice.answer);
}

#[test]
fn what_goes_beyond_the_measurement_is_marked_and_comes_with_a_command() {
    let far = best(&needs(1_000_000, 100.0, Duration::from_secs(2)));
    assert!(far.extrapolated.iter().any(|text| text.contains("clients in all")));
    assert!(far.extrapolated.iter().any(|text| text.contains("updates/s")));
    assert!(far.next[0].starts_with("feedlab run baseline --set clients=1000 "), "{}", far.next[0]);
    assert!(far.next[0].contains("link.rtt=60ms"), "{}", far.next[0]);
    let near = needs(100, 20.0, Duration::from_secs(2));
    let measured = Costs { rtt_ns: 50_000_000, ..costs() };
    assert_eq!(advise(&near, &measured, 1_000).extrapolated, Vec::<String>::new());
}

#[test]
fn what_is_far_below_the_measurement_is_an_extrapolation_too_and_so_is_a_way_it_had_not() {
    let slow = best(&needs(50, 0.2, Duration::from_secs(2))).extrapolated;
    assert!(slow.contains(&"0.200 updates/s are 0.0100 times the 20.0 that were measured".into()));
    assert!(slow.iter().any(|text| text.contains("round trip of 60ms")), "{slow:?}");
    let here = Needs { rtt: Duration::ZERO, ..needs(50, 20.0, Duration::from_secs(2)) };
    assert_eq!(best(&here).extrapolated, Vec::<String>::new());
    let over_link = Costs { rtt_ns: 20_000_000, ..costs() };
    assert!(advise(&here, &over_link, 1_000).extrapolated[0].contains("link of 20ms"));
}

#[test]
fn polling_is_called_no_dearer_than_the_others_only_where_it_is() {
    let slow = needs(100, 1.0 / 60.0, Duration::from_secs(60));
    let text = best(&slow).answer;
    assert!(text.contains("no other needs fewer servers; it needs no more than twice"), "{text}");
    // A transport that is late is passed over, and its few bytes are told nevertheless.
    let mut dear = costs();
    for cost in dear.transports.values_mut() {
        cost.position_ns = if cost.position_ns > 0.0 { 1e12 } else { 0.0 };
    }
    dear.transports.get_mut("short-poll").unwrap().sizes.request_head_bytes = 4_000.0;
    let text = advise(&slow, &dear, 1_000).answer;
    assert!(text.starts_with("polling is fine"), "{text}");
    assert!(text.contains("times the bytes of"), "{text}");
    // Memory that is not known is not none.
    let mut unknown = costs();
    unknown.transports.get_mut("short-poll").unwrap().memory_bytes = None;
    let advice = advise(&slow, &unknown, 1_000);
    assert_ne!(advice.choices[0].transport, "short-poll", "{}", advice.answer);
    for cost in unknown.transports.values_mut() {
        cost.memory_bytes = None;
    }
    let text = advise(&slow, &unknown, 1_000).answer;
    assert!(text.contains("memory was not measured"), "{text}");
}

#[test]
fn only_commands_that_feedlab_takes_are_proposed() {
    let next = |rate, delay| best(&needs(500, rate, delay)).next;
    let hours = next(1.0 / 60.0, Duration::from_secs(7_200));
    assert!(hours.iter().any(|text| text.contains("transports.short-poll.interval=1h ")));
    assert!(hours.iter().any(|text| text.starts_with("no search for a capacity")), "{hours:?}");
    assert!(hours.iter().any(|text| text.contains("1ms to 1h")), "{hours:?}");
    assert!(!hours.iter().any(|text| text.starts_with("feedlab capacity")), "{hours:?}");
    let daily = next(1.0 / 86_400.0, Duration::from_secs(86_400));
    assert!(daily[0].starts_with("nothing") && daily.len() == 1, "{daily:?}");
    assert!(daily[0].contains("measure.duration"), "{daily:?}");
    let hourly = next(1.0 / 3_600.0, Duration::from_secs(60));
    assert!(hourly[0].starts_with("feedlab run") && hourly[1].starts_with("feedlab cap"));
    assert!(next(1e6, Duration::from_secs(1))[0].contains("more updates than"));
    for rate in [1.0 / 5_000.0, 1.0 / 60.0, 0.2, 7.0, 300.0] {
        for delay_ms in [1, 250, 60_000, 86_400_000] {
            let all = next(rate, Duration::from_millis(delay_ms));
            for command in all.iter().filter(|text| text.starts_with("feedlab ru")) {
                let mut words = command.split(' ').skip(3);
                let mut sets = Vec::new();
                while let Some("--set") = words.next() {
                    sets.extend(words.next().map(str::to_owned));
                }
                assert!(sets.len() > 4, "{command}");
                Scenario::load("baseline", &sets).unwrap_or_else(|no| panic!("{command}: {no}"));
            }
        }
    }
}

#[test]
fn an_interval_that_no_client_can_keep_is_raised_aloud() {
    let asked = Duration::from_millis(5);
    let needs = Needs { poll_interval: Some(asked), ..needs(50, 1.0, Duration::from_secs(2)) };
    let raised =
        |needs: &Needs| best(needs).assumptions.iter().any(|text| text.contains("polls every"));
    assert!(raised(&needs));
    assert!(!raised(&Needs { poll_interval: Some(Duration::from_secs(1)), ..needs }));
}

#[test]
fn an_interval_below_a_millisecond_is_not_rounded_up_to_one_that_is_too_long() {
    let asked = Needs { rtt: Duration::ZERO, ..needs(5, 100.0, Duration::from_millis(1)) };
    let advice = best(&asked);
    let poll = advice.choices.iter().find(|choice| choice.transport == "short-poll").unwrap();
    assert!(poll.meets);
    let said = rank::rounded(poll.interval_ns.unwrap());
    assert!(said < Duration::from_millis(1) && said.as_nanos() as u64 <= poll.interval_ns.unwrap());
}

#[test]
fn a_run_under_other_conditions_than_the_plain_ones_is_told() {
    let of = |sets: &[&str]| {
        let sets: Vec<String> = sets.iter().map(ToString::to_string).collect();
        unlike(&Scenario::load("quick", &sets).unwrap(), &Scenario::load("quick", &[]).unwrap())
    };
    // Other feeds and clients are what costs are carried over to.
    assert_eq!(of(&["clients=7", "feed.rate=3/s", "server.threads=2"]), Vec::<String>::new());
    for set in ["link.rtt=20ms", "tls=true", "server.burn=1us", "transports.long-poll.hold=3s"] {
        let key = set.split('=').next().unwrap();
        let found = of(&[set]);
        assert!(found.iter().any(|text| text.starts_with(key)), "{set}: {found:?}");
    }
    let here = Environment { cpu: "this".into(), cores: 2, ..Environment::default() };
    let there = Environment { cpu: "that".into(), ..here.clone() };
    assert_eq!(elsewhere(&here, &here), None);
    assert!(elsewhere(&there, &here).unwrap().contains("that, 2 cores"));
    let mut costs = costs();
    costs.conditions = of(&["tls=true"]);
    let advice = advise(&needs(100, 1.0, Duration::from_secs(2)), &costs, 1_000);
    assert!(advice.assumptions.contains(&costs.conditions[0]), "{:?}", advice.assumptions);
}

#[test]
fn a_poll_costs_as_many_bytes_as_a_push_where_theory_says() {
    // C7.2 of heads 200, 150 and 100, a payload of 100, a frame of 2: 4.77 s at 1/s and 0.477 s at
    // 10/s, where the updates of an answer have no envelope and there are no heartbeats.
    let mut costs = costs();
    let poll = costs.transports.get_mut("short-poll").unwrap();
    poll.sizes = TransportSizes {
        request_head_bytes: 200.0,
        answer_head_bytes: 150.0,
        empty_head_bytes: 100.0,
        ..TransportSizes::default()
    };
    let push = costs.transports.get_mut("websocket").unwrap();
    push.sizes = TransportSizes { update_framing_bytes: 2.0, ..TransportSizes::default() };
    push.heartbeat_s = None;
    for (rate, cycle) in [(1.0, 4.77), (10.0, 0.477)] {
        let mut needs = needs(100, rate, Duration::from_secs(2));
        needs.payload_bytes = 100;
        let advice = advise(&needs, &costs, 1_000);
        let wire = |cross: &&Crossover| cross.text.contains("wire") && cross.unit.starts_with("s ");
        let found = advice.crossovers.iter().find(wire).unwrap();
        let at = found.at.unwrap();
        assert!((at / cycle - 1.0).abs() < 0.02, "{at} and not {cycle}: {}", found.text);
        assert!(found.text.contains("short-poll needs less than websocket (bytes on the wire)"));
    }
}

#[test]
fn long_polls_are_cheaper_than_push_from_the_rate_that_theory_says() {
    // C7.3: 47.7/s with a gap of 100 ms and the sizes above.
    let mut costs = costs();
    let long = costs.transports.get_mut("long-poll").unwrap();
    long.sizes = TransportSizes {
        request_head_bytes: 200.0,
        answer_head_bytes: 150.0,
        empty_head_bytes: 100.0,
        ..TransportSizes::default()
    };
    let push = costs.transports.get_mut("websocket").unwrap();
    push.sizes = TransportSizes { update_framing_bytes: 2.0, ..TransportSizes::default() };
    push.heartbeat_s = None;
    costs.rearm_gap_ns = 40e6;
    let mut needs = needs(100, 20.0, Duration::from_secs(2));
    needs.payload_bytes = 1;
    let advice = advise(&needs, &costs, 1_000);
    let found = advice.crossovers.iter().find(|cross| cross.text.contains("long-poll")).unwrap();
    assert!((found.at.unwrap() / 47.7 - 1.0).abs() < 0.02, "{}", found.text);
}

fn servers(advice: &Advice) -> BTreeMap<String, u64> {
    let count = |choice: &Choice| choice.servers.map_or(u64::MAX, |servers| servers.count);
    advice.choices.iter().map(|choice| (choice.transport.clone(), count(choice))).collect()
}

fn bytes(advice: &Advice) -> BTreeMap<String, f64> {
    let of = |choice: &Choice| (choice.transport.clone(), choice.bytes_per_client_day);
    advice.choices.iter().map(of).collect()
}

proptest! {
    #[test]
    fn more_clients_never_need_fewer_servers(
        clients in 1_u64..1_000_000, more in 1_u64..1_000_000, rate in 0.001_f64..200.0,
        delay_ms in 1_u64..100_000,
    ) {
        let delay = Duration::from_millis(delay_ms);
        let few = servers(&best(&needs(clients, rate, delay)));
        for (name, count) in servers(&best(&needs(clients + more, rate, delay))) {
            prop_assert!(count >= few[&name], "{}: {} and then {}", name, few[&name], count);
        }
    }

    #[test]
    fn a_longer_delay_never_raises_the_bytes(
        clients in 1_u64..1_000_000, rate in 0.001_f64..200.0, delay_ms in 1_u64..100_000,
        longer_ms in 1_u64..100_000, latest_value: bool,
    ) {
        let at = |ms| {
            let needs = needs(clients, rate, Duration::from_millis(ms));
            bytes(&best(&Needs { latest_value, ..needs }))
        };
        let short = at(delay_ms);
        for (name, bytes) in at(delay_ms + longer_ms) {
            prop_assert!(bytes <= short[&name] * 1.000_001, "{}: {} then {}", name, short[&name], bytes);
        }
    }

    #[test]
    fn numbers_are_finite_whatever_is_asked(
        clients in 1_u64..=1_000_000, rate in 0.000_02_f64..1e6, delay_ms in 1_u64..86_400_000,
    ) {
        for choice in best(&needs(clients, rate, Duration::from_millis(delay_ms))).choices {
            prop_assert!(choice.bytes_per_client_day.is_finite() && choice.bytes_per_client_day > 0.0);
            prop_assert!(choice.server_cores.is_finite() && choice.margin.is_finite());
            prop_assert!(choice.delay_p50_ns <= choice.delay_p99_ns);
            prop_assert!(choice.servers.is_none_or(|servers| servers.count >= 1));
        }
    }
}
