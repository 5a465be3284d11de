//! The same clients against a server that runs already.

use std::io::{Read, Write};
use std::net::TcpListener;

use serde_json::Value;

use super::feedlab;
use super::server::Server;

/// A web server that knows nothing of feeds: every request is a 200 with a page.
pub fn somebody_else() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello\n");
        }
    });
    url
}

/// A tiny run against a server; its JSON.
fn run(server: &Server, sets: &[&str]) -> Value {
    let directory = tempfile::tempdir().unwrap();
    let target = format!("target={}", server.url);
    let tiny = ["clients=4", "measure.duration=1s", "measure.warmup=0s", "measure.repeat=2"];
    let output = feedlab()
        .args(["run", "quick", "--quiet", "--format", "json", "--set", &target])
        .args(tiny.iter().chain(sets).flat_map(|set| ["--set", set]))
        .current_dir(directory.path())
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{errors}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn transports(run: &Value) -> Vec<&str> {
    let mut names: Vec<&str> = run["pooled"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["transport"].as_str().unwrap())
        .collect();
    names.sort_unstable();
    names
}

fn remark<'a>(run: &'a Value, rule: &str) -> Option<&'a Value> {
    run["warnings"].as_array().unwrap().iter().find(|warning| warning["rule"] == rule)
}

#[test]
fn a_target_is_measured_with_its_process_and_the_report_says_what_it_was() {
    let server = Server::ours(&["--allow-publish"]);
    let (tcp, pid) = (format!("target_tcp={}", server.tcp), format!("target_pid={}", server.pid()));
    let run = run(&server, &[&tcp, &pid]);
    assert_eq!(transports(&run), ["long-poll", "short-poll", "sse", "tcp", "websocket"]);
    for row in run["rows"].as_array().unwrap() {
        assert_eq!(row["delivered"], row["expected"], "{row}");
        assert_eq!(row["bytes_down"], row["tcp_bytes_down"], "{row}");
        assert!(row["server_cpu_ns"].as_u64().unwrap() > 0, "{row}");
        assert!(row["server_pss_bytes"].as_u64().unwrap() > 0, "{row}");
        assert!(row["server_ingest_cpu_ns"].is_null(), "that was measured on another server");
    }
    let said = remark(&run, "target").unwrap();
    assert_eq!(said["severity"], "VALID", "a condition, and no doubt");
    assert!(said["message"].as_str().unwrap().contains(&server.url));
    assert!(remark(&run, "target-cost").is_some() && remark(&run, "target-theory").is_some());
    assert!(remark(&run, "target-left-out").is_none());
}

#[test]
fn what_a_target_does_not_speak_is_left_out_and_unknown_costs_are_no_zero() {
    let server = Server::ours(&["--allow-publish", "--transport", "sse", "--transport", "tcp"]);
    let run = run(&server, &[]);
    assert_eq!(transports(&run), ["sse"]);
    let left_out = remark(&run, "target-left-out").unwrap()["message"].as_str().unwrap();
    assert!(left_out.contains("websocket") && left_out.contains("tcp"), "{left_out}");
    let run: results::Row = serde_json::from_value(run["rows"][0].clone()).unwrap();
    assert_eq!((run.server_cpu_ns, run.server_cpu_per_update_ns()), (0, None));
    assert_eq!((run.total_cpu_per_update_ns(), run.server_pss_bytes), (None, None));
    assert_eq!((run.foreign_cpu_ns, run.socket_memory_bytes), (None, None));
}
