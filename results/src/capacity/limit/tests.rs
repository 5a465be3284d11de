use scenarios::Scenario;

use super::*;
use crate::{Environment, Row};

const SECOND_NS: u64 = 1_000_000_000;

/// A row of ten seconds on an idle machine.
fn row() -> Row {
    Row {
        clients: 1_000,
        connected: 1_000,
        window_ns: 10 * SECOND_NS,
        published: 200,
        server_cpu_ns: 3 * SECOND_NS,
        server_pss_bytes: Some(50 << 20),
        server_descriptors: 1_020,
        worker_cpu_share: Some(0.4),
        ..Row::default()
    }
}

fn stopped(row: &Row, sets: &[&str]) -> Stopped {
    let sets: Vec<String> = sets.iter().map(ToString::to_string).collect();
    let scenario = Scenario::load("quick", &sets).unwrap();
    let environment = Environment {
        cores: 2,
        memory_bytes: 4 << 30,
        open_files: 4_096,
        port_range: "32768 60999".into(),
        ..Environment::default()
    };
    limit(&Evidence { row, timeline: &[], scenario: &scenario, environment: &environment })
}

fn limit_of(change: impl FnOnce(&mut Row)) -> Limit {
    let mut row = row();
    change(&mut row);
    stopped(&row, &[]).limit
}

#[test]
fn with_everything_to_spare_it_is_the_objective_alone() {
    let stopped = stopped(&row(), &[]);
    assert_eq!(stopped.limit, Limit::SloAlone);
    assert!(stopped.why.contains("30 %"), "{}", stopped.why);
}

#[test]
fn each_resource_that_runs_out_is_named() {
    assert_eq!(limit_of(|row| row.server_cpu_ns = 95 * SECOND_NS / 10), Limit::ServerCpu);
    assert_eq!(limit_of(|row| row.worker_cpu_share = Some(0.95)), Limit::HarnessCpu);
    assert_eq!(limit_of(|row| row.worker_run_queue_wait_ns = SECOND_NS), Limit::HarnessCpu);
    assert_eq!(limit_of(|row| row.server_pss_bytes = Some(38 << 27)), Limit::Memory);
    assert_eq!(limit_of(|row| row.foreign_cpu_ns = Some(8 * SECOND_NS)), Limit::OtherLoad);
    let descriptors = |row: &mut Row| {
        (row.clients, row.connected, row.server_descriptors) = (4_100, 4_060, 4_090);
    };
    assert_eq!(limit_of(descriptors), Limit::Descriptors);
    let ports = |row: &mut Row| {
        (row.clients, row.connected, row.server_descriptors) = (30_000, 28_000, 0);
    };
    // Such a process must have had the descriptors for it.
    let mut many = row();
    ports(&mut many);
    let scenario = Scenario::load("quick", &[]).unwrap();
    let environment = Environment {
        open_files: 1 << 20,
        port_range: "32768 60999".into(),
        ..Environment::default()
    };
    let evidence =
        Evidence { row: &many, timeline: &[], scenario: &scenario, environment: &environment };
    assert_eq!(limit(&evidence).limit, Limit::Ports);
    assert_eq!(
        limit_of(|row| (row.connected, row.accept_overflows) = (900, 7)),
        Limit::AcceptQueue
    );
}

#[test]
fn a_link_is_the_limit_when_it_is_full_or_its_queue_drops() {
    let set = ["link.rtt=20ms", "link.down=8Mbit/s"];
    let carried = |bytes| Row {
        link_bytes_down: Some(bytes),
        link_bytes_up: Some(0),
        link_queue_dropped_packets: Some(0),
        ..row()
    };
    assert_eq!(stopped(&carried(9_500_000), &set).limit, Limit::Link);
    assert_eq!(stopped(&carried(2_000_000), &set).limit, Limit::SloAlone);
    let dropped = Row { link_queue_dropped_packets: Some(3), ..carried(2_000_000) };
    assert_eq!(stopped(&dropped, &set).limit, Limit::Link);
}

#[test]
fn the_way_that_is_full_is_named_and_drops_are_blamed_on_no_way() {
    let set = ["link.rtt=20ms", "link.down=8Mbit/s", "link.up=8Mbit/s"];
    let carried = |down, up, dropped| Row {
        link_bytes_down: Some(down),
        link_bytes_up: Some(up),
        link_queue_dropped_packets: Some(dropped),
        ..row()
    };
    let why = stopped(&carried(1_000_000, 9_500_000, 7), &set).why;
    assert!(why.starts_with("the link to the server was used to 95 %"), "{why}");
    let why = stopped(&carried(2_000_000, 1_000_000, 7), &set).why;
    assert!(why.starts_with("the link's queues dropped 7 packets"), "{why}");
}

#[test]
fn the_cpu_of_a_server_whose_process_is_not_known_is_unknown_and_not_none() {
    let stopped = stopped(&Row { server_cpu_ns: 0, ..row() }, &[]);
    assert!(stopped.why.contains("unknown") && !stopped.why.contains('%'), "{}", stopped.why);
}

#[test]
fn where_both_sides_are_at_their_end_it_is_the_harness_and_not_the_server() {
    let both = |row: &mut Row| {
        (row.server_cpu_ns, row.worker_cpu_share) = (10 * SECOND_NS, Some(0.97));
    };
    let limit = limit_of(both);
    assert_eq!(limit, Limit::HarnessCpu);
    assert!(!limit.is_the_servers() && Limit::ServerCpu.is_the_servers());
}

#[test]
fn a_worker_that_waits_because_of_other_processes_is_not_the_harness() {
    let disturbed = |row: &mut Row| {
        (row.foreign_cpu_ns, row.worker_run_queue_wait_ns) = (Some(8 * SECOND_NS), 3 * SECOND_NS);
    };
    assert_eq!(limit_of(disturbed), Limit::OtherLoad);
}

#[test]
fn clients_that_all_connected_do_not_blame_descriptors_ports_or_the_accept_queue() {
    let full = |row: &mut Row| {
        (row.server_descriptors, row.accept_overflows) = (4_090, 2);
    };
    assert_eq!(limit_of(full), Limit::SloAlone);
}

#[test]
fn each_rule_has_a_reason() {
    for rule in RULES {
        assert!(rule.reason.len() > 40, "{:?}", rule.limit);
    }
}
