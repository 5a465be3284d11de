//! Bad input: a sentence, the right exit code, nothing half-written.

use std::net::SocketAddr;

use predicates::prelude::*;
use predicates::str::contains;

use super::feedlab;
use super::server::Server;

/// An address at which nobody listens, and that nobody else gets meanwhile.
fn nobody() -> (socket2::Socket, String) {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    let address = socket.local_addr().unwrap().as_socket().unwrap();
    (socket, format!("http://{address}"))
}

fn one_line(arguments: &[&str], code: i32, words: &[&str]) {
    let assert = feedlab().args(arguments).assert().code(code).stdout("");
    let error = String::from_utf8(assert.get_output().stderr.clone()).unwrap();
    assert_eq!(error.trim_end().lines().count(), 1, "{error}");
    for word in words {
        assert!(error.contains(word), "{word} is not in: {error}");
    }
}

#[test]
fn an_address_that_cannot_be_one_is_a_usage_error() {
    one_line(&["conform", "127.0.0.1:8080"], 2, &["127.0.0.1:8080", "http://"]);
    one_line(&["conform", "https://127.0.0.1:1"], 2, &["https://127.0.0.1:1", "TLS"]);
    one_line(&["conform", "http://127.0.0.1:1", "--tcp", "x"], 2, &["--tcp x", "host and port"]);
    one_line(&["conform", "http://127.0.0.1:1", "--publish", "x"], 2, &["--publish x", "unix:"]);
    feedlab().args(["conform", "http://a", "--only", "pigeon"]).assert().code(2);
}

#[test]
fn a_server_that_is_not_there_is_named() {
    let (_bound, nobody) = nobody();
    one_line(&["conform", &nobody], 2, &["nobody answers", &nobody]);
    let server = Server::ours(&["--allow-publish"]);
    let gone = "unix:/nowhere/at/all";
    one_line(&["conform", &server.url, "--publish", gone], 2, &["nobody answers", gone]);
}

#[test]
fn a_server_that_takes_no_updates_is_told_how_it_could() {
    let server = Server::ours(&[]);
    one_line(&["conform", &server.url], 2, &["--allow-publish", "--publish", "/publish"]);
}

#[test]
fn a_transport_that_was_asked_for_and_is_not_spoken_is_no_conformity() {
    let server = Server::ours(&["--allow-publish", "--transport", "sse"]);
    let unspoken = "websocket   not spoken (404)";
    let conform = |more: &[&str]| feedlab().args(["conform", &server.url]).args(more).assert();
    conform(&[]).code(0).stdout(contains(unspoken).and(contains("not asked")));
    conform(&["--only", "websocket"]).code(1).stdout(contains(unspoken));
}

#[test]
fn a_run_of_a_target_that_cannot_be_measured_starts_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let results = directory.path().join("results");
    let refused = |sets: &[&str], words: &[&str]| {
        let mut arguments = vec!["run", "quick", "--results", results.to_str().unwrap()];
        arguments.extend(sets.iter().flat_map(|set| ["--set", set]));
        one_line(&arguments, 2, words);
        assert!(!results.exists(), "something was started");
    };
    let target = |url: &str| format!("target={url}");
    let (_bound, nobody) = nobody();
    refused(&[&target(&nobody)], &["--set target", "nobody answers", &nobody]);
    let closed = Server::ours(&[]);
    refused(&[&target(&closed.url)], &["--set target", "must take updates", "target_publish"]);
    let open = Server::ours(&["--allow-publish"]);
    refused(
        &[&target(&open.url), "target_pid=4194303"],
        &["--set target_pid", "there is no 4194303"],
    );
    refused(&[&target(&open.url), "link.preset=lan"], &["link", "must not be there"]);
    // Somebody answers everything, and not as the protocol says.
    let web = super::target::somebody_else();
    refused(&[&target(&web)], &["--set target", "does not conform", "publish", "Seen instead"]);
}
