use super::*;

const SECOND: u64 = 1_000_000_000;

fn scenario() -> Scenario {
    Scenario::load("baseline", &[]).expect("baseline is built in")
}

fn environment() -> Environment {
    Environment {
        cores: 2,
        workers: 1,
        profile: "release".into(),
        clocksource: "tsc".into(),
        ..Environment::default()
    }
}

/// A row that nobody can object to.
fn clean() -> Row {
    Row {
        transport: "sse".into(),
        repetition: Some(1),
        clients: 10,
        connected: 10,
        window_ns: 10 * SECOND,
        published: 200,
        expected: 2_000,
        delivered: 2_000,
        bytes_down: 3_000,
        payload_bytes: 2_000,
        framing_bytes: 1_000,
        tcp_bytes_down: 3_000,
        delay_mean_ns: Some(500_000),
        server_cpu_ns: SECOND,
        client_cpu_ns: SECOND,
        worker_cpu_share: Some(0.1),
        publisher_late_p99_ns: 90_000,
        publisher_late_publishes: Some(0),
        foreign_cpu_ns: Some(0),
        ..Row::default()
    }
}

fn fired(change: impl FnOnce(&mut Row)) -> (Vec<String>, Verdict) {
    let mut row = clean();
    change(&mut row);
    let warnings = judge(&mut row, &scenario(), &environment());
    let names = warnings.into_iter().map(|w| w.rule).collect();
    (names, row.verdict)
}

fn only(name: &str, verdict: Verdict, change: impl FnOnce(&mut Row)) {
    assert_eq!(fired(change), (vec![name.to_owned()], verdict));
}

#[test]
fn a_clean_row_is_valid_and_nobody_speaks() {
    assert_eq!(fired(|_| ()), (vec![], Verdict::Valid));
}

#[test]
fn an_unbalanced_ledger_is_invalid() {
    only("ledger", Verdict::Invalid, |row| {
        row.missing = 1;
        row.delivered -= 1;
    });
    only("ledger", Verdict::Invalid, |row| row.duplicated = 1);
    only("ledger", Verdict::Invalid, |row| row.reordered = 1);
    only("ledger", Verdict::Invalid, |row| row.delivered -= 1);
}

#[test]
fn too_few_publishes_leave_the_verdict_alone() {
    let (names, verdict) = fired(|row| {
        row.published = 3;
        row.expected = 30;
        row.delivered = 30;
        row.set_delay(&crate::hlog::histogram(), 3);
    });
    assert_eq!((names.len(), verdict), (0, Verdict::Valid));
}

#[test]
fn clients_that_stayed_away_are_named() {
    let (names, verdict) = fired(|row| {
        row.connected = 9;
        row.delivered -= 200;
        row.missing = 200;
    });
    assert_eq!(names, ["ledger", "clients-not-connected"]);
    assert_eq!(verdict, Verdict::Invalid);
}

#[test]
fn declared_losses_balance_the_ledger_but_are_suspect() {
    only("declared-lost", Verdict::Suspect, |row| {
        row.lost = 5;
        row.delivered -= 5;
    });
}

#[test]
fn instruments_that_disagree_are_named_with_their_difference() {
    let mut row = clean();
    row.tcp_bytes_down += 7;
    let warnings = judge(&mut row, &scenario(), &environment());
    assert_eq!(row.verdict, Verdict::Suspect);
    assert_eq!(
        warnings[0].to_string(),
        "sse, repetition 1: the decoders counted 3000 bytes down and the kernel 7 more: one of \
         the instruments is wrong, so do not quote bytes of this run"
    );
    only("instruments", Verdict::Suspect, |row| {
        row.framing_bytes += 1;
    });
    // TLS is a cause like the others.
    only("instruments", Verdict::Suspect, |row| {
        row.tls_bytes += 22;
    });
    let secure = fired(|row| {
        row.tls_bytes = 22;
        row.bytes_down += 22;
        row.tcp_bytes_down += 22;
    });
    assert_eq!(secure, (vec![], Verdict::Valid));
}

#[test]
fn a_late_publisher_is_told_apart_from_chance() {
    // Of 200 publishes 2 may be late on average; 8 of them come by chance once in 900 runs.
    assert_eq!(fired(|row| row.publisher_late_publishes = Some(6)).0.len(), 0);
    only("publisher-late", Verdict::Suspect, |row| {
        row.publisher_late_publishes = Some(9);
    });
    // Without the count, only a p99 that enough publishes carry is believed.
    assert_eq!(
        fired(|row| {
            row.publisher_late_publishes = None;
            row.publisher_late_p99_ns = 2_000_000;
        })
        .0
        .len(),
        0
    );
}

#[test]
fn a_busy_worker_is_suspect_and_a_busy_server_is_a_remark() {
    only("worker-cpu", Verdict::Suspect, |row| {
        row.worker_cpu_share = Some(0.95);
    });
    only("worker-cpu", Verdict::Suspect, |row| {
        row.worker_cpu_share = None;
        row.client_cpu_ns = 95 * SECOND / 10;
    });
    only("server-cpu", Verdict::Valid, |row| {
        row.server_cpu_ns = 95 * SECOND / 10;
    });
}

#[test]
fn more_than_half_of_what_the_harness_can_record_at_all_is_suspect() {
    // A clean row has 200 deliveries a second.
    let fired = |null_arrivals_per_s, workers, harness_cpus: &str| {
        let harness_cpus = harness_cpus.to_owned();
        let limited = Environment { harness_cpus, workers, null_arrivals_per_s, ..environment() };
        let mut row = clean();
        let warnings = judge(&mut row, &scenario(), &limited);
        let names: Vec<String> = warnings.into_iter().map(|warning| warning.rule).collect();
        (names, row.verdict)
    };
    let suspect = (vec!["harness-limit".to_owned()], Verdict::Suspect);
    let valid = (vec![], Verdict::Valid);
    assert_eq!(fired(Some(399), 1, "1"), suspect);
    assert_eq!(fired(Some(400), 1, "1"), valid);
    // Two workers record twice as much on two cores, and no more on one.
    assert_eq!(fired(Some(200), 2, "1,2"), valid);
    assert_eq!(fired(Some(200), 2, "1"), suspect);
    assert_eq!(fired(None, 1, "1"), valid);
}

#[test]
fn a_server_that_is_behind_at_the_end_has_not_paid_for_all() {
    assert_eq!(fired(|row| row.server_drain_cpu_ns = SECOND / 100).0.len(), 0);
    only("drain", Verdict::Suspect, |row| row.server_drain_cpu_ns = SECOND / 10);
}

#[test]
fn the_machine_is_blamed_for_what_it_takes() {
    // 1 % of 2 cores for 10 s are 20 ticks of 10 ms.
    assert_eq!(fired(|row| row.steal_ns = 300_000_000).0.len(), 0);
    only("steal", Verdict::Suspect, |row| row.steal_ns = 500_000_000);
    only("foreign-load", Verdict::Suspect, |row| {
        row.foreign_cpu_ns = Some(2 * SECOND);
    });
    only("worker-wait", Verdict::Suspect, |row| {
        row.worker_run_queue_wait_ns = SECOND;
    });
    only("publisher-wait", Verdict::Suspect, |row| {
        row.publisher_run_queue_wait_ns = SECOND;
    });
    // 200 publishes, 0.5 ms of delay each: a tenth of that is 10 ms in all.
    assert_eq!(fired(|row| row.publisher_run_queue_wait_ns = 9_900_000).0.len(), 0);
    only("publisher-wait", Verdict::Suspect, |row| row.publisher_run_queue_wait_ns = 10_100_000);
    // One turn of another process is chance, however few the publishes.
    let one_turn = |row: &mut Row| {
        (row.publisher_run_queue_wait_ns, row.published) = (9_000_000, 3);
        (row.expected, row.delivered) = (30, 30);
    };
    assert_eq!(fired(one_turn).0.len(), 0);
    let nothing_delivered = |row: &mut Row| {
        (row.publisher_run_queue_wait_ns, row.delay_mean_ns) = (SECOND, None);
    };
    assert_eq!(fired(nothing_delivered).0.len(), 0);
}

#[test]
fn overflowing_queues_are_suspect() {
    only("accept-overflow", Verdict::Suspect, |row| {
        row.accept_overflows = 1;
    });
    only("retransmits", Verdict::Suspect, |row| row.retransmits = 1);
}

#[test]
fn a_row_without_a_window_is_judged_without_dividing_by_it() {
    let (_, verdict) = fired(|row| row.window_ns = 0);
    assert_eq!(verdict, Verdict::Valid);
}

#[test]
fn only_the_machine_is_a_reason_to_repeat_a_block() {
    let about = |change: fn(&mut Row)| {
        let mut row = clean();
        change(&mut row);
        spoiled_by_machine(&judge(&mut row, &scenario(), &environment()), &environment())
    };
    assert!(about(|row| row.steal_ns = SECOND));
    assert!(!about(|row| row.missing = 1));
    assert!(!about(|_| ()));
}

#[test]
fn a_worker_that_shares_its_core_by_design_waits_again() {
    let mut row = Row { worker_run_queue_wait_ns: 2 * SECOND, ..clean() };
    let warnings = judge(&mut row, &scenario(), &environment());
    assert_eq!(row.verdict, Verdict::Suspect);
    assert!(spoiled_by_machine(&warnings, &environment()));
    let cores = || "1".to_owned();
    let shared = Environment { server_cpus: cores(), harness_cpus: cores(), ..environment() };
    let warnings = judge(&mut row, &scenario(), &shared);
    assert_eq!(row.verdict, Verdict::Suspect);
    assert!(warnings[0].message.contains("shares its core with the server"), "{warnings:?}");
    assert!(!spoiled_by_machine(&warnings, &shared));
}

#[test]
fn the_environment_has_rules_of_its_own() {
    let mut environment = environment();
    assert_eq!(judge_environment(&environment), []);
    environment.cores = 1;
    environment.clocksource = "hpet".into();
    environment.profile = "debug".into();
    environment.governor = Some("powersave".into());
    let warnings = judge_environment(&environment);
    let names: Vec<&str> = warnings.iter().map(|w| w.rule.as_str()).collect();
    assert_eq!(names, ["one-core", "debug-build", "clock-source", "governor"]);
    assert_eq!(Verdict::of(&warnings), Verdict::Suspect);
}

#[test]
fn every_rule_has_a_name_of_its_own_and_a_reason() {
    let mut names: Vec<&str> = rules().map(|rule| rule.name).collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
    assert!(rules().all(|rule| rule.reason.len() > 20));
}

#[test]
fn a_link_is_judged_by_its_bytes_its_drops_and_its_relay() {
    let link = |row: &mut Row| {
        row.life_cause_bytes = Some(5_000);
        row.life_link_bytes = Some(5_000);
        row.link_unasked_drops = Some(0);
        row.relay_late_p99_ns = Some(200_000);
        row.relay_cpu_ns = Some(9 * SECOND);
        row.relay_spun_ns = Some(8 * SECOND);
    };
    assert_eq!(fired(link), (vec![], Verdict::Valid));
    let with = |change: fn(&mut Row)| {
        move |row: &mut Row| {
            link(row);
            change(row);
        }
    };
    let suspect = Verdict::Suspect;
    only("link-bytes", suspect, with(|row| row.life_link_bytes = Some(5_001)));
    only("link-drops", suspect, with(|row| row.link_unasked_drops = Some(1)));
    only("relay-late", suspect, with(|row| row.relay_late_p99_ns = Some(1_500_000)));
    only("relay-cpu", suspect, with(|row| row.relay_spun_ns = Some(0)));
    only("retransmits", suspect, with(|row| row.retransmitted_bytes = Some(60)));
}

#[test]
fn a_link_that_loses_may_send_again() {
    let lost = |link_lost_packets, overrides: &str| {
        let scenario = Scenario::load("baseline", &[overrides.to_owned()]).unwrap();
        let mut row =
            Row { retransmits: 3, retransmitted_bytes: Some(900), link_lost_packets, ..clean() };
        judge(&mut row, &scenario, &environment())
    };
    assert_eq!(lost(Some(5), "link.loss=0.01"), []);
    assert_eq!(lost(Some(0), "link.loss=0.01")[0].rule, "retransmits", "nothing was lost");
    assert_eq!(lost(Some(0), "link.down=\"10Mbit/s\"")[0].rule, "retransmits");
}

/// What comes after the window is what was lost in it, unless the server was busy.
#[test]
fn only_a_busy_server_is_behind_on_a_link_that_has_lost() {
    let drains = |server_cpu_ns, link_lost_packets| {
        let server_drain_cpu_ns = server_cpu_ns / 10;
        let mut row = Row { server_cpu_ns, server_drain_cpu_ns, link_lost_packets, ..clean() };
        judge(&mut row, &scenario(), &environment()).iter().any(|warning| warning.rule == "drain")
    };
    assert!(drains(2 * SECOND, None));
    assert!(drains(2 * SECOND, Some(0)));
    assert!(!drains(2 * SECOND, Some(7)));
    assert!(drains(8 * SECOND, Some(7)));
}
