//! Nothing outlives a link: no process, no namespace, no device.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use harness::clock;
use harness::link::order::Settings;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::inside::Seen;
use crate::stage::{Actor, FEEDLAB, PATIENCE_NS, link, until, until_pinged};

/// A network namespace. It is held open, so that its number is not given to another one.
pub struct Space {
    name: PathBuf,
    _held: File,
}

impl Space {
    /// Where a process lives.
    pub fn of(pid: u32) -> io::Result<Self> {
        let path = format!("/proc/{pid}/ns/net");
        Ok(Self { name: fs::read_link(&path)?, _held: File::open(path)? })
    }

    /// Whether a process other than this one lives in it or holds it open.
    pub fn is_used(&self) -> bool {
        let files = |directory: PathBuf| fs::read_dir(directory).into_iter().flatten().flatten();
        // Beside processes there are files, and `self`, which is this one.
        let is_other = |name: &str| name.parse().is_ok_and(|pid: u32| pid != std::process::id());
        files("/proc".into())
            .filter(|process| process.file_name().to_str().is_some_and(is_other))
            .flat_map(|process| {
                files(process.path().join("ns")).chain(files(process.path().join("fd")))
            })
            .any(|file| fs::read_link(file.path()).is_ok_and(|name| name == self.name))
    }
}

/// Whether a process is gone, or has only to be buried.
pub fn is_gone(pid: u32) -> bool {
    fs::read_link(format!("/proc/{pid}/ns/net")).is_err()
}

fn has_device(pid: u32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/net/dev")).is_ok_and(|text| text.contains("feedlab0"))
}

#[tokio::test]
async fn both_sides_are_namespaces_of_their_own_and_vanish_with_the_last_process() {
    let Some(mut link) = link(Settings::default()).await else { return };
    let mut server = Actor::listening(&link, "wait").await;
    let mut client = Actor::start(&link.clients, "wait");
    assert_eq!(client.word::<String>().await, "listening");
    let spaces =
        [std::process::id(), server.pid(), client.pid()].map(|pid| Space::of(pid).unwrap());
    let names: BTreeSet<_> = spaces.iter().map(|space| &space.name).collect();
    assert_eq!(names.len(), 3);
    assert!(has_device(server.pid()) && has_device(client.pid()));
    client.kill().await;
    server.kill().await;
    assert!(link.parts().1.finish(clock::now_ns() + PATIENCE_NS).await.unwrap().at_rest);
    until("the namespaces go", async || !spaces[1].is_used() && !spaces[2].is_used()).await;
}

/// So it is read once, and not once a side.
#[tokio::test]
async fn the_memory_of_sockets_is_one_sum_for_both_sides_and_the_host() {
    let Some(link) = link(Settings::default()).await else { return };
    let server = Actor::listening(&link, "wait").await;
    let pages = |process: &str| {
        let text = fs::read_to_string(format!("/proc/{process}/net/sockstat")).unwrap();
        text.lines()
            .find_map(|line| Some(line.strip_prefix("TCP:")?.split_once(" mem ")?.1.to_owned()))
    };
    // Others on this host use sockets meanwhile.
    until("it does not change while it is read", async || {
        let own = pages("self");
        let side = pages(&server.pid().to_string());
        own.is_some() && own == side && own == pages("self")
    })
    .await;
}

#[tokio::test]
async fn a_link_that_is_killed_is_noticed_and_takes_its_devices_along() {
    let Some(mut link) = link(Settings::default()).await else { return };
    let mut server = Actor::listening(&link, "wait").await;
    let space = Space::of(server.pid()).unwrap();
    kill(Pid::from_raw(link.pid() as i32), Signal::SIGKILL).unwrap();
    let sentence = link.parts().0.death().await.to_string();
    assert!(sentence.contains("the link died") && sentence.contains('9'), "{sentence}");
    until("its devices go", async || !has_device(server.pid())).await;
    assert!(link.parts().1.mark().await.is_err());
    // Whoever would come to a side hears why not.
    let late = Actor::start(&link.clients, "wait").child.wait().await.unwrap();
    assert!(!late.success());
    server.kill().await;
    until("the namespaces go", async || !space.is_used()).await;
}

#[tokio::test]
async fn a_process_that_is_killed_on_a_side_leaves_the_link_at_rest() {
    let Some(mut link) = link(Settings::default()).await else { return };
    let mut server = Actor::listening(&link, "echo").await;
    let mut client = Actor::start(&link.clients, "ping-until 60000000000");
    until_pinged(&mut link).await;
    client.kill().await;
    let report = link.parts().1.finish(clock::now_ns() + PATIENCE_NS).await.unwrap();
    assert!(report.at_rest && report.counters.connections == 1 && report.counters.unclosed == 0);
    server.kill().await;
}

#[tokio::test]
async fn a_server_that_is_killed_on_its_side_leaves_the_link_at_rest() {
    let Some(mut link) = link(Settings::default()).await else { return };
    let mut server = Actor::listening(&link, "echo").await;
    let space = Space::of(server.pid()).unwrap();
    let mut client = Actor::start(&link.clients, "ping-until 60000000000");
    until_pinged(&mut link).await;
    server.kill().await;
    // It is told at once: its connection does not hang.
    assert!(!client.child.wait().await.unwrap().success());
    let report = link.parts().1.finish(clock::now_ns() + PATIENCE_NS).await.unwrap();
    assert!(report.at_rest && report.counters.connections == 1 && report.counters.unclosed == 0);
    until("its namespace goes", async || !space.is_used()).await;
}

#[tokio::test]
async fn a_finish_does_not_wait_for_ever_for_a_connection_that_stays() {
    let Some(mut link) = link(Settings::default()).await else { return };
    let server = Actor::listening(&link, "echo").await;
    let client = Actor::start(&link.clients, "ping-until 60000000000");
    until_pinged(&mut link).await;
    let report = link.parts().1.finish(clock::now_ns()).await.unwrap();
    assert!(!report.at_rest && report.counters.unclosed == 1);
    drop((server, client));
}

#[tokio::test]
async fn all_dies_with_an_orchestrator_that_is_killed() {
    let own = std::env::current_exe().unwrap();
    // The first link says whether there can be any; the second belongs to another orchestrator.
    if link(Settings::default()).await.is_none() {
        return;
    }
    let role = format!("parent {FEEDLAB} {}", own.display());
    let mut parent = Actor::start_by(Path::new(FEEDLAB), &own, None, &role);
    let (pids, pings, memory, cpu_ns) = parent.word::<Result<Seen, String>>().await.unwrap();
    assert_eq!(pings, 3);
    assert!(memory > 0 && cpu_ns > 0, "a process on a side is sampled from outside");
    let spaces = pids.map(|pid| Space::of(pid).unwrap());
    parent.kill().await;
    until("all processes end", async || pids.into_iter().all(is_gone)).await;
    until("the namespaces go", async || !spaces.iter().any(Space::is_used)).await;
}
