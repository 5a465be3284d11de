//! A link, and processes on its sides.

use std::path::Path;
use std::process::Stdio;

use harness::cmd::Usage;
use harness::link::order::{Carried, Report, Settings};
use harness::link::{Link, Side};
use harness::{clock, machine, process};
use serde::de::DeserializeOwned;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout};

/// The program that makes links.
pub const FEEDLAB: &str = env!("CARGO_BIN_EXE_feedlab");

/// Longer than anything here takes on a busy machine.
pub const PATIENCE_NS: u64 = 60 * clock::SECOND_NS;

/// Makes a link; `None`, with the reason printed, where this machine cannot have one.
pub async fn link(settings: Settings) -> Option<Link> {
    let cores = machine::own_cores();
    match Link::start_by(Path::new(FEEDLAB), &settings, &cores, &cores).await {
        Ok(link) => Some(link),
        Err(error) if error.is::<Usage>() => {
            skip(&error.to_string());
            None
        }
        Err(error) => panic!("{error:#}"),
    }
}

/// A link that does only what is asked for here.
pub async fn link_with(link: scenarios::Link) -> Option<Link> {
    self::link(Settings { link, seed: 7, capture: None }).await
}

/// Ends a test that cannot be made here, with the reason printed; in CI none may be left out.
pub fn skip(reason: &str) {
    assert!(std::env::var_os("CI").is_none(), "this test may not be skipped in CI: {reason}");
    eprintln!("skipped: {reason}");
}

/// Waits for what others do, but not for ever.
pub async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let deadline_ns = clock::now_ns() + PATIENCE_NS;
    while !is_so().await {
        assert!(clock::now_ns() < deadline_ns, "not within a minute: {what}");
        tokio::task::yield_now().await;
    }
}

/// Waits until a client has sent its tenth ping.
pub async fn until_pinged(link: &mut Link) {
    let conversation = link.parts().1;
    until("ten pings are sent", async || {
        conversation.mark().await.unwrap().counters.up.offered.payload.packets >= 10
    })
    .await;
}

/// Ends a link whose processes are done. All that came in must have a fate, and nothing may be
/// dropped that nobody asked for.
pub async fn finish(mut link: Link) -> Report {
    let report = link.parts().1.finish(clock::now_ns() + PATIENCE_NS).await.unwrap();
    assert!(report.at_rest, "{report:?}");
    assert!(report.clients_device.is_none() && report.server_device.is_none(), "{report:?}");
    for Carried { offered, dropped, refused, delivered, waiting, .. } in
        [report.counters.up, report.counters.down]
    {
        let fates = [dropped.total(), refused, delivered, waiting].into_iter().sum();
        assert_eq!(offered.total(), fates);
        assert_eq!((refused.packets, waiting.packets), (0, 0));
    }
    report
}

/// A process on a side: this program again, in a role.
pub struct Actor {
    pub child: Child,
    stdout: Lines<BufReader<ChildStdout>>,
}

impl Actor {
    /// Starts one, by a given feedlab and as a given copy of this program.
    pub fn start_by(feedlab: &Path, own: &Path, side: Option<&Side>, role: &str) -> Self {
        let mut command = process::with_parent_by(feedlab, own, side);
        command
            .args(["--exact", "inside::plays_the_role_that_it_is_given", "--nocapture"])
            .env("FEEDLAB_ROLE", role)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, stdout }
    }

    /// Starts one.
    pub fn start(side: &Side, role: &str) -> Self {
        Self::start_by(Path::new(FEEDLAB), &std::env::current_exe().unwrap(), Some(side), role)
    }

    /// Starts a server, and returns when it listens.
    pub async fn listening(link: &Link, role: &str) -> Self {
        let mut actor = Self::start(&link.server, role);
        assert_eq!(actor.word::<String>().await, "listening");
        actor
    }

    /// Its next word: the test runner's own lines have no mark.
    pub async fn word<T: DeserializeOwned>(&mut self) -> T {
        loop {
            let line = self.stdout.next_line().await.unwrap();
            let line = line.expect("a process on a side says what it saw before it ends");
            if let Some(word) = line.strip_prefix('>') {
                return serde_json::from_str(word).unwrap();
            }
        }
    }

    /// Its only word, after which it ends.
    pub async fn last_word<T: DeserializeOwned>(mut self) -> T {
        let word = self.word().await;
        self.child.wait().await.unwrap();
        word
    }

    pub fn pid(&self) -> u32 {
        self.child.id().unwrap()
    }

    /// As `kill -9`.
    pub async fn kill(&mut self) {
        self.child.kill().await.unwrap();
    }
}
