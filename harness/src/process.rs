//! The processes of a run: the server under test and the load workers, each with a core of its own.

use std::ffi::OsString;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use nix::sched::{CloneFlags, setns};
use serde::Deserialize;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};

use crate::link::order::Entrance;
use crate::link::{Side, namespace};
use crate::machine::{self, Cores};
use crate::order::{Assignment, Order, Word};

/// A process that does not say it is ready by then has failed to start.
const START_TIMEOUT: Duration = Duration::from_secs(10);

/// Longer than a graceful stop may take.
const STOP_TIMEOUT: Duration = Duration::from_secs(3);

/// How the server under test is started.
#[derive(Clone, Debug)]
pub struct Program {
    /// The executable.
    pub path: PathBuf,
    /// Its arguments, without addresses.
    pub arguments: Vec<String>,
}

/// What a server prints when it listens.
#[derive(Clone, Debug, Deserialize)]
pub struct Ready {
    /// Where its HTTP transports are.
    pub listen: Option<SocketAddr>,
    /// Where its tcp transport is.
    pub tcp: Option<SocketAddr>,
}

/// A server under test.
pub struct Server {
    child: Child,
    /// The end of what it wrote to stderr. Both pipes are read all the time: a server that logs
    /// each request would otherwise block in a write, and look frozen.
    words: Tail,
    /// Where it listens.
    pub ready: Ready,
    /// Its control socket.
    pub control: PathBuf,
}

impl Server {
    /// Starts a server on the given cores and waits until it listens.
    ///
    /// # Errors
    /// What the server said when it did not start.
    pub async fn start(
        program: &Program,
        directory: &Path,
        cores: &Cores,
        side: Option<&Side>,
    ) -> Result<Self> {
        let control = directory.join("control.socket");
        let _ = std::fs::remove_file(&control);
        let host = side.map_or(Ipv4Addr::LOCALHOST, |_| namespace::SERVER);
        let mut command = with_parent_by(&own_path()?, &program.path, side);
        let address = format!("{host}:0");
        command
            .args(&program.arguments)
            .args(["--listen", &address, "--tcp", &address, "--control"])
            .arg(&control)
            .stderr(Stdio::piped());
        let mut child = spawn(command, &cores.server, &cores.harness)
            .with_context(|| format!("while starting {}", program.path.display()))?;
        let mut stdout = lines(&mut child)?;
        let said = tokio::time::timeout(START_TIMEOUT, stdout.next_line()).await;
        let mut words = Tail::follow(child.stderr.take());
        let Ok(Ok(Some(said))) = said else {
            let _ = child.start_kill();
            bail!("the server did not start: {}", words.last().await);
        };
        tokio::spawn(async move { while let Ok(Some(_)) = stdout.next_line().await {} });
        let ready = serde_json::from_str(&said)
            .with_context(|| format!("the server's first line cannot be read: {said}"))?;
        Ok(Self { child, words, ready, control })
    }

    /// The address of a transport.
    ///
    /// # Errors
    /// When the server does not listen for it.
    pub fn address(&self, transport: &str) -> Result<SocketAddr> {
        let owns_socket = servers::find(transport)
            .is_some_and(|transport| matches!(transport.serve, servers::Serve::Socket(_)));
        let address = if owns_socket { self.ready.tcp } else { self.ready.listen };
        address.with_context(|| format!("the server does not listen for {transport}"))
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id().unwrap_or(0)
    }

    /// Resolves when the server dies, with a sentence that says how.
    pub async fn death(&mut self) -> anyhow::Error {
        let status = self.child.wait().await;
        let how = status.map_or_else(|error| error.to_string(), |status| status.to_string());
        let words = self.words.last().await;
        anyhow!("the server died in mid-run ({how}): {words}")
    }

    /// Asks it to stop and sees to it that it does.
    pub async fn stop(mut self) {
        // A process that was waited for has no id any more, and 0 would be our own group.
        let Some(pid) = self.child.id() else { return };
        let pid = nix::unistd::Pid::from_raw(pid as i32);
        // One that is still frozen could not hear the rest.
        let _ = nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGCONT);
        let _ = nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM);
        if tokio::time::timeout(STOP_TIMEOUT, self.child.wait()).await.is_err() {
            let _ = self.child.kill().await;
        }
    }
}

/// A load worker.
pub struct Worker {
    child: Child,
    stdin: ChildStdin,
    stdout: Lines<BufReader<ChildStdout>>,
}

impl Worker {
    /// Starts a worker and gives it its assignment.
    ///
    /// # Errors
    /// When it cannot be started.
    pub async fn start(
        assignment: &Assignment,
        cores: &[usize],
        side: Option<&Side>,
    ) -> Result<Self> {
        let own = own_path()?;
        let mut command = with_parent_by(&own, &own, side);
        command.arg("worker").stdin(Stdio::piped()).stderr(Stdio::inherit());
        let mut child = spawn(command, cores, cores).context("while starting a load worker")?;
        let stdout = lines(&mut child)?;
        let stdin = child.stdin.take().context("a load worker has no stdin")?;
        let mut worker = Self { child, stdin, stdout };
        worker.write(assignment).await?;
        Ok(worker)
    }

    /// Gives it an order.
    ///
    /// # Errors
    /// When it is gone.
    pub async fn order(&mut self, order: &Order) -> Result<()> {
        self.write(order).await
    }

    async fn write(&mut self, message: &impl serde::Serialize) -> Result<()> {
        let mut line = serde_json::to_vec(message)?;
        line.push(b'\n');
        self.stdin.write_all(&line).await.context("a load worker is gone")?;
        self.stdin.flush().await.context("a load worker is gone")
    }

    /// Waits for its next word.
    ///
    /// # Errors
    /// When it dies or cannot go on.
    pub async fn word(&mut self) -> Result<Word> {
        let line = self.stdout.next_line().await?;
        let line = line.context("a load worker died; its last words are above")?;
        serde_json::from_str(&line).context("a load worker's word cannot be read")
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id().unwrap_or(0)
    }
}

/// The path of this program, which plays every role.
///
/// # Errors
/// When the kernel does not say, or the file was replaced while we run.
pub fn own_path() -> Result<PathBuf> {
    std::env::current_exe().context("while looking for the feedlab program itself")
}

/// A command by which this copy of feedlab starts `program`, ours or not, so that it dies with us;
/// on a side of a link, if there is one.
pub fn with_parent_by(feedlab: &Path, program: &Path, side: Option<&Side>) -> Command {
    let mut command = Command::new(feedlab);
    command.arg("with-parent");
    if let Some(Entrance { user, net }) = side.map(Side::entrance) {
        command.arg("--user").arg(user).arg("--net").arg(net);
    }
    command.arg(std::process::id().to_string()).arg(program);
    command
}

/// Becomes `program`, which the kernel kills when `parent` dies, whatever program it is: one that
/// outlives its orchestrator would serve or follow a feed for ever. It lives on a side of a link if
/// there is one. Returns only to say why not.
pub fn become_of(parent: u32, side: Option<&Side>, program: &[OsString]) -> anyhow::Error {
    // Before the rest: the kernel forgets the signal of a process that gets other rights.
    if let Err(error) = side.map_or(Ok(()), enter) {
        return error;
    }
    if let Err(error) = nix::sys::prctl::set_pdeathsig(nix::sys::signal::Signal::SIGKILL) {
        return anyhow!(error).context("while asking to die with the parent");
    }
    // It may have died before the kernel was asked.
    if nix::unistd::getppid().as_raw() != parent as i32 {
        return anyhow!("the process that started this one is gone");
    }
    let Some((path, arguments)) = program.split_first() else {
        return anyhow!("there is no program to become");
    };
    // The signal survives an exec (prctl(2), PR_SET_PDEATHSIG).
    let error = std::process::Command::new(path).args(arguments).exec();
    anyhow!(error).context(format!("while starting {}", path.display()))
}

/// Enters the namespaces of a side. The user namespace comes first, because the right to enter the
/// other is had only in it; the caller has one thread, as the kernel asks (setns(2)).
fn enter(side: &Side) -> Result<()> {
    let Entrance { user, net } = side.entrance();
    let open = |path: &Path| {
        let gone = || format!("the link is gone: there is no {}", path.display());
        std::fs::File::open(path).with_context(gone)
    };
    let (user, net) = (open(user)?, open(net)?);
    setns(user, CloneFlags::CLONE_NEWUSER).context("while entering the link's user namespace")?;
    setns(net, CloneFlags::CLONE_NEWNET).context("while entering a side of the link")
}

/// Starts a process on cores of its own: it inherits ours at the fork, before it has threads.
/// It has its own process group, so that Ctrl-C reaches the orchestrator alone.
pub(crate) fn spawn(mut command: Command, cores: &[usize], own: &[usize]) -> Result<Child> {
    command.stdout(Stdio::piped()).kill_on_drop(true).process_group(0);
    machine::pin(cores).with_context(|| format!("while pinning to cores {cores:?}"))?;
    let child = command.spawn();
    machine::pin(own).with_context(|| format!("while pinning to cores {own:?}"))?;
    Ok(child?)
}

pub(crate) fn lines(child: &mut Child) -> Result<Lines<BufReader<ChildStdout>>> {
    let stdout = child.stdout.take().context("a process has no stdout")?;
    Ok(BufReader::new(stdout).lines())
}

/// The last line that a process wrote to stderr.
pub(crate) struct Tail {
    line: Arc<Mutex<String>>,
    reading: tokio::task::JoinHandle<()>,
}

impl Tail {
    pub(crate) fn follow(stderr: Option<ChildStderr>) -> Self {
        let line = Arc::new(Mutex::new("it said nothing".to_owned()));
        let kept = line.clone();
        let reading = tokio::spawn(async move {
            let Some(stderr) = stderr else { return };
            let mut lines = BufReader::new(stderr).lines();
            while let Ok(Some(text)) = lines.next_line().await {
                if !text.trim().is_empty() {
                    text.trim()
                        .clone_into(&mut kept.lock().unwrap_or_else(PoisonError::into_inner));
                }
            }
        });
        Self { line, reading }
    }

    /// Waits for the end of the pipe, but not for a grandchild that keeps it open.
    pub(crate) async fn last(&mut self) -> String {
        // Whoever asks twice finds that it was read.
        if !self.reading.is_finished() {
            let _ = tokio::time::timeout(Duration::from_secs(1), &mut self.reading).await;
        }
        self.line.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
