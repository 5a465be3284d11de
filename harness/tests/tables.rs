//! The table of servers and the table of clients are two halves of one thing.
#![allow(clippy::unwrap_used)] // a test that unwraps fails with the line that is wrong

use harness::client;

#[test]
fn every_transport_has_a_server_and_a_client_in_the_same_order() {
    let servers: Vec<_> = servers::ALL.iter().map(|transport| transport.name).collect();
    let clients: Vec<_> = client::ALL.iter().map(|client| client.name).collect();
    assert_eq!(servers, clients);
}

#[test]
fn no_knob_is_read_by_both_sides_with_two_meanings() {
    for pair in servers::ALL.iter().zip(client::ALL) {
        let (server, client) = pair;
        for knob in client.knobs {
            assert!(server.knobs.iter().all(|other| other.name != knob.name), "{}", knob.name);
        }
    }
}

#[test]
fn every_knobs_default_is_allowed() {
    let client_knobs = client::ALL.iter().flat_map(|client| client.knobs);
    for knob in servers::ALL.iter().flat_map(|transport| transport.knobs).chain(client_knobs) {
        knob.check(&knob.default_value()).unwrap();
    }
}

#[test]
fn every_built_in_scenario_resolves_and_publishes_something() {
    for builtin in scenarios::builtin() {
        let scenario = harness::cmd::load(builtin.name, &[]).unwrap();
        for repetition in 1..=scenario.measure.repeat {
            assert!(!scenario.schedule(repetition).offsets_ns.is_empty(), "{}", builtin.name);
        }
    }
}
