//! A link between clients and server with delay, loss, a bottleneck and cuts, and an exact account
//! of what crosses it. An ordinary user may make one.
//!
//! Clients and server are processes in two network namespaces ([`namespace`]) that nothing but a
//! process of ours connects ([`relay`]): it takes every packet from one and hands it to the other
//! ([`pump`]) when the effects of its direction ([`effect`]) say so, after it was entered in the
//! account ([`account`]). [`Link`] is that process as its orchestrator sees it.

pub mod account;
pub mod capture;
pub mod effect;
pub mod namespace;
pub mod order;
pub mod pump;
pub mod relay;

use std::io::{BufRead, Write};
use std::path::Path;
use std::process::Stdio;
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout};

use crate::cmd::Usage;
use crate::process::{self, Tail};
use order::{Entrance, Mark, Order, Report, Settings, Word};

/// A link that is not there by then has failed to start; it takes some ms.
const START_TIMEOUT: Duration = Duration::from_secs(10);

/// A link that is alive answers within a ms; a machine that is busy may take its time.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// Where a process of a run lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Side(Entrance);

impl Side {
    /// The side behind an entrance.
    pub fn new(entrance: Entrance) -> Self {
        Self(entrance)
    }

    /// The namespaces to enter.
    pub fn entrance(&self) -> &Entrance {
        &self.0
    }
}

/// The process of a link. When it is dropped, the process ends; the namespaces end with the last
/// process in them.
pub struct Link {
    process: Process,
    conversation: Conversation,
    /// Where clients go.
    pub clients: Side,
    /// Where the server goes.
    pub server: Side,
}

/// The process of a link, whose death ends what goes on over it.
pub struct Process {
    child: Child,
    /// The end of what it wrote to stderr.
    words: Tail,
}

/// What is said to a link and heard from it.
pub struct Conversation {
    stdin: ChildStdin,
    stdout: Lines<BufReader<ChildStdout>>,
}

/// A link's process died: connections do not notice, their packets only stop arriving.
#[derive(Debug, thiserror::Error)]
#[error("the link died in mid-run ({how}): {words}")]
pub struct Death {
    how: String,
    words: String,
}

impl Link {
    /// Makes a link; its process gets `cores`, and this one keeps `own_cores`.
    ///
    /// # Errors
    /// [`Usage`] where this machine cannot have one, with what to do about it.
    pub async fn start(settings: &Settings, cores: &[usize], own_cores: &[usize]) -> Result<Self> {
        Self::start_by(&process::own_path()?, settings, cores, own_cores).await
    }

    /// The same by another copy of this program.
    ///
    /// # Errors
    /// As above.
    pub async fn start_by(
        feedlab: &Path,
        settings: &Settings,
        cores: &[usize],
        own_cores: &[usize],
    ) -> Result<Self> {
        let mut command = process::with_parent_by(feedlab, feedlab, None);
        command.arg("link").stdin(Stdio::piped()).stderr(Stdio::piped());
        let mut child =
            process::spawn(command, cores, own_cores).context("while starting the link")?;
        let mut stdin = child.stdin.take().context("the link has no stdin")?;
        let mut stdout = process::lines(&mut child)?;
        let mut words = Tail::follow(child.stderr.take());
        write(&mut stdin, settings).await?;
        match tokio::time::timeout(START_TIMEOUT, read(&mut stdout)).await {
            Ok(Ok(Word::Ready { clients, server })) => {
                let (clients, server) = (Side(clients), Side(server));
                let process = Process { child, words };
                let conversation = Conversation { stdin, stdout };
                Ok(Self { process, conversation, clients, server })
            }
            Ok(Ok(Word::Refused { why })) => Err(Usage(why).into()),
            _ => {
                let _ = child.start_kill();
                bail!("the link did not start: {}", words.last().await)
            }
        }
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.process.child.id().unwrap_or(0)
    }

    /// Its two parts, so that one can talk to it and wait for its death at the same time.
    pub fn parts(&mut self) -> (&mut Process, &mut Conversation) {
        (&mut self.process, &mut self.conversation)
    }
}

impl Conversation {
    /// Tells it when the window opens, ns of `CLOCK_MONOTONIC`, from which cuts are counted. When
    /// this returns, it knows.
    ///
    /// # Errors
    /// Here and below: when it is gone.
    pub async fn open_window(&mut self, start_ns: u64) -> Result<()> {
        match self.ask(&Order::OpenWindow { start_ns }, ANSWER_TIMEOUT).await? {
            Word::Opened => Ok(()),
            other => bail!("the link said {other:?} instead of having opened the window"),
        }
    }

    /// What it has carried up to this moment.
    pub async fn mark(&mut self) -> Result<Mark> {
        match self.ask(&Order::Mark, ANSWER_TIMEOUT).await? {
            Word::Marked(mark) => Ok(*mark),
            other => bail!("the link said {other:?} instead of its counters"),
        }
    }

    /// Waits until all connections are closed and nothing is on its way, at most until the
    /// deadline, ns of `CLOCK_MONOTONIC`; then ends the link.
    pub async fn finish(&mut self, deadline_ns: u64) -> Result<Report> {
        let patience = crate::clock::until(deadline_ns) + ANSWER_TIMEOUT;
        match self.ask(&Order::Finish { deadline_ns }, patience).await? {
            Word::Finished(report) => Ok(*report),
            other => bail!("the link said {other:?} instead of its report"),
        }
    }

    async fn ask(&mut self, order: &Order, patience: Duration) -> Result<Word> {
        let asked = async {
            write(&mut self.stdin, order).await?;
            read(&mut self.stdout).await
        };
        match tokio::time::timeout(patience, asked).await {
            Ok(word) => word,
            Err(_) => bail!("the link does not answer"),
        }
    }
}

impl Process {
    /// Resolves when the process dies, and says how: a [`Death`].
    pub async fn death(&mut self) -> anyhow::Error {
        let status = self.child.wait().await;
        let how = status.map_or_else(|error| error.to_string(), |status| status.to_string());
        Death { how, words: self.words.last().await }.into()
    }
}

async fn write(stdin: &mut ChildStdin, message: &impl serde::Serialize) -> Result<()> {
    let mut line = serde_json::to_vec(message)?;
    line.push(b'\n');
    stdin.write_all(&line).await.context("the link is gone")?;
    stdin.flush().await.context("the link is gone")
}

async fn read(stdout: &mut Lines<BufReader<ChildStdout>>) -> Result<Word> {
    let line = stdout.next_line().await?.context("the link is gone")?;
    serde_json::from_str(&line).context("what the link said cannot be read")
}

/// Makes a link, to see whether this machine can have one.
///
/// # Errors
/// One sentence that says what is missing and what to do.
pub fn check() -> Result<()> {
    let mut command = std::process::Command::new(process::own_path()?);
    command.arg("link").stderr(Stdio::null());
    check_by(command, START_TIMEOUT)
}

fn check_by(mut command: std::process::Command, patience: Duration) -> Result<()> {
    let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut child = child.context("while starting the link")?;
    let line = first_line(&mut child, patience);
    // It has nothing to do: it would end by itself, unless it hangs.
    child.kill().and_then(|()| child.wait()).context("while ending the link")?;
    match serde_json::from_str(&line?).context("the link died without a word")? {
        Word::Ready { .. } => Ok(()),
        Word::Refused { why } => Err(Usage(why).into()),
        other => bail!("the link said {other:?} instead of being ready"),
    }
}

/// What a link answers to settings that ask for nothing.
fn first_line(child: &mut std::process::Child, patience: Duration) -> Result<String> {
    let mut settings = serde_json::to_vec(&Settings::default())?;
    settings.push(b'\n');
    let mut stdin = child.stdin.take().context("the link has no stdin")?;
    let stdout = child.stdout.take().context("the link has no stdout")?;
    // Less than a pipe holds, so this does not wait for the link. It may have died.
    let written = stdin.write_all(&settings);
    let (teller, told) = mpsc::channel();
    std::thread::spawn(move || {
        let mut line = String::new();
        let read = std::io::BufReader::new(stdout).read_line(&mut line);
        // Nobody listens after the deadline.
        let _ = teller.send(read.map(|_| line));
    });
    let Ok(read) = told.recv_timeout(patience) else {
        bail!("the link did not start within {}", humantime::format_duration(patience));
    };
    written.and(read).context("while asking the link")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_that_hangs_is_given_up_and_its_process_ended() {
        let mut command = std::process::Command::new("sleep");
        command.arg("1000");
        let error = check_by(command, Duration::from_millis(50)).unwrap_err().to_string();
        assert_eq!(error, "the link did not start within 50ms");
    }
}
