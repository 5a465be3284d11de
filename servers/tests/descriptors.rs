//! A server that has run out of file descriptors, in a process of its own: the limit holds for all
//! of a process, and so for every other test.

#![allow(clippy::unwrap_used)] // a test that unwraps fails with the line that is wrong

mod raw;

use std::fs::File;
use std::process::Command;
use std::time::{Duration, Instant};

use raw::Raw;
use raw::answer::get;
use raw::served::Setup;

/// Says to the test that it is the process with the limit.
const CHILD: &str = "FEEDLAB_TEST_FEW_DESCRIPTORS";

/// As in `listen.rs`: how long the server waits before it tries again.
const ACCEPT_BACKOFF: Duration = Duration::from_millis(100);

#[test]
fn without_descriptors_those_inside_are_served_and_those_outside_wait() {
    if std::env::var_os(CHILD).is_some() {
        return tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
            .block_on(run_out());
    }
    // The shell lowers the limit, for std has no words for it.
    let child = Command::new("sh")
        .args(["-c", "ulimit -n 64 && exec \"$0\" --nocapture"])
        .arg(std::env::current_exe().unwrap())
        .env(CHILD, "")
        .output()
        .unwrap();
    let said = [child.stdout, child.stderr].concat();
    assert!(child.status.success(), "{}", String::from_utf8_lossy(&said));
}

async fn run_out() {
    let served = Setup::default().serve();
    let mut inside = served.connect().await;
    assert_eq!(inside.ask(get("/healthz")).await.status, 200);

    let mut files = Vec::new();
    while let Ok(file) = File::open("/dev/null") {
        files.push(file);
    }
    assert!(files.len() < 64, "the limit is not in force");
    // One descriptor for the client's end, none for the server's.
    files.pop();
    let begun = Instant::now();
    let mut outside = served.connect().await;
    let failed = loop {
        let failed = failed(&mut inside).await;
        if failed >= 3 {
            break u128::from(failed);
        }
    };
    let most = 1 + begun.elapsed().as_millis() / ACCEPT_BACKOFF.as_millis();
    assert!(failed <= most, "no rest between two attempts: {failed} of {most}");

    drop(files);
    assert_eq!(outside.ask(get("/healthz")).await.status, 200);
    assert_eq!(served.connect().await.ask(get("/healthz")).await.status, 200);
    served.begin_stop();
    served.stopped().await;
}

/// Accepts that have failed, asked for by a client that is inside.
async fn failed(inside: &mut Raw) -> u64 {
    let page = inside.ask(get("/metrics")).await.body;
    let line = page.lines().find_map(|line| line.strip_prefix("feedlab_accept_errors_total "));
    line.unwrap().parse().unwrap()
}
