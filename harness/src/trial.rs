//! One trial: a fresh server, its clients, a warm-up, a window, a drain.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rand::SeedableRng;
use rand::seq::IteratorRandom;
use rand_chacha::ChaCha8Rng;
use scenarios::Schedule;

use crate::clock::{self, SECOND_NS};
use crate::crew::Crew;
use crate::dial::Trust;
use crate::freeze::Freezer;
use crate::load::Load;
use crate::machine::Cores;
use crate::order::Sample;
use crate::probe::{self, Cost};
use crate::process::{Program, Server};
use crate::publish::{self, Kept, Plan};
use crate::tally::Window;
use crate::watch::{self, Glance, Look};

/// Publishes whose arrivals are kept in full for the chart of positions in the fan-out.
const SIGHTED_PUBLISHES: usize = 20;

/// What a drain may take beyond two poll intervals.
const DRAIN_NS: u64 = 5 * SECOND_NS;

/// What the last counters may take beyond one poll interval.
const PAUSE_NS: u64 = 2 * SECOND_NS;

/// What is tried.
#[derive(Clone, Debug)]
pub struct Trial {
    /// The row's name: the transport's, or another for a server that is not ours.
    pub label: String,
    /// What the clients speak.
    pub transport: String,
    /// The clients' knobs.
    pub params: BTreeMap<String, serde_json::Value>,
    /// The server.
    pub program: Program,
    /// How many follow.
    pub clients: u32,
    /// Load worker processes.
    pub workers: u32,
    /// What is published in the window.
    pub schedule: Schedule,
    /// Size of a payload.
    pub payload_bytes: usize,
    /// Congestion control of the clients' sockets.
    pub congestion: String,
    /// Time over which clients connect.
    pub ramp: Duration,
    /// Least time of warm-up publishes.
    pub warmup: Duration,
    /// Longest time that an update may wait at the server for a client's next poll.
    pub patience_ns: u64,
    /// Seed of the phases and of the sighted publishes.
    pub seed: u64,
    /// Whether every publish's arrivals are kept in full.
    pub sight_all: bool,
    /// When the server stands still: (begin, end) after the window has opened.
    pub freezes: Vec<(Duration, Duration)>,
    /// Whom the clients trust, where TLS is spoken.
    pub tls: Option<Trust>,
}

/// What came of it.
pub struct Seen {
    /// The workers' samples, one each.
    pub samples: Vec<Sample>,
    /// The publisher's record of the window.
    pub kept: Kept,
    /// The publishes that counted.
    pub window: Window,
    /// Connected clients that no update of the warm-up had reached when the window opened.
    pub unready: u64,
    /// When the server really stood still, ns of `CLOCK_MONOTONIC`.
    pub frozen: Vec<(u64, u64)>,
    /// Cost of the server over the window.
    pub server: Cost,
    /// CPU that the server used after the window to deliver what was due in it, ns.
    pub drain_cpu_ns: u64,
    /// Cost of each worker over the window.
    pub workers: Vec<Cost>,
    /// Cost of the orchestrator, the publisher in it, over the window.
    pub orchestrator: Cost,
    /// What the run's cores did meanwhile.
    pub load: Load,
    /// A look per second.
    pub looks: Vec<Look>,
    /// Connections that the kernel dropped since before the ramp.
    pub accept_overflows: u64,
    /// Memory of the server before the first client.
    pub pss_empty_bytes: Option<u64>,
    /// After the window.
    pub pss_bytes: Option<u64>,
    /// Socket memory, more than before the first client.
    pub socket_memory_bytes: Option<u64>,
    /// Open descriptors of the server after the window.
    pub descriptors: u64,
}

impl Trial {
    /// Runs it. `directory` is private to the run and holds the sockets.
    ///
    /// # Errors
    /// When a process does not start or dies; a client that fails is counted instead.
    pub async fn run(&self, directory: &Path, cores: &Cores) -> Result<Seen> {
        let mut server =
            Server::start(&self.program, directory, &cores.server, &cores.harness).await?;
        let pid = server.pid();
        let socket_memory_before = probe::socket_memory_bytes();
        let control = server.control.clone();
        let address = server.address(&self.transport)?;
        let running = async {
            let mut crew = Crew::start(self, address, cores).await?;
            // Not sooner: the pages of the program that the workers share with the server count
            // for less once they run.
            let pss_empty_bytes = probe::pss_bytes(pid);
            let before_ramp = Load::read(cores);
            crew.ramp().await?;
            let (last, unready) = self.warm_up(&control, &mut crew).await?;
            crew.pause().await?;
            let mut seen = self.measure(&control, &mut crew, cores, pid, last + 1).await?;
            seen.unready = unready;
            seen.pss_empty_bytes = pss_empty_bytes;
            seen.accept_overflows = Load::read(cores).since(&before_ramp).accept_overflows;
            seen.pss_bytes = probe::pss_bytes(pid);
            let socket_memory = probe::socket_memory_bytes();
            seen.socket_memory_bytes = socket_memory
                .zip(socket_memory_before)
                .map(|(after, before)| after.saturating_sub(before));
            seen.descriptors = probe::descriptors(pid);
            seen.samples = crew.close(clock::now_ns() + self.patience_ns + PAUSE_NS).await?;
            Ok::<_, anyhow::Error>(seen)
        };
        let seen = tokio::select! {
            seen = running => seen,
            death = server.death() => Err(death),
        };
        let seen = seen.with_context(|| format!("while measuring {}", self.label));
        server.stop().await;
        seen
    }

    /// Lets the clients exchange as fast as they can for `time`, after one update was published.
    /// For the calibration: a long poll that replays has a cycle of one re-arm gap.
    ///
    /// # Errors
    /// As for [`Trial::run`].
    pub async fn cycle(&self, directory: &Path, cores: &Cores, time: Duration) -> Result<Sample> {
        let server = Server::start(&self.program, directory, &cores.server, &cores.harness).await?;
        let mut crew = Crew::start(self, server.address(&self.transport)?, cores).await?;
        crew.ramp().await?;
        let now = vec![clock::now_ns()];
        let stop = Arc::new(AtomicBool::new(false));
        join(publish::start(&server.control, self.plan(1, now, Vec::new(), stop))?).await?;
        let behind = crew.reach(1, clock::now_ns() + DRAIN_NS).await?;
        if behind > 0 {
            bail!("{behind} of {} clients did not get the only update in 5 s", self.clients);
        }
        let time_ns = time.as_nanos() as u64;
        let window = crew.open(&[], |start_ns| {
            let (end_ns, last) = (start_ns + time_ns, u64::MAX - 1);
            Window { first: 2, last, start_ns, last_intended_ns: end_ns, end_ns }
        });
        let end_ns = window.await?.end_ns;
        tokio::time::sleep(clock::until(end_ns)).await;
        let samples = crew.close(end_ns).await?;
        server.stop().await;
        Ok(Sample::sum(&samples))
    }

    /// Publishes until every connected client has had an update, at least for the warm-up, and
    /// then waits until all is delivered. Returns the last number, and how many clients it has not
    /// reached.
    async fn warm_up(&self, control: &Path, crew: &mut Crew) -> Result<(u64, u64)> {
        let began_ns = clock::now_ns();
        let longest_ns = self.warmup.as_nanos() as u64 + 2 * self.patience_ns + 30 * SECOND_NS;
        // As fast as the feed, but at least once a second: a quiet feed would warm up for hours.
        let period_ns = self.schedule.mean_period_ns.clamp(1_000_000, SECOND_NS);
        let times = (0..=longest_ns / period_ns).map(|k| began_ns + k * period_ns).collect();
        let stop = Arc::new(AtomicBool::new(false));
        let publisher = publish::start(control, self.plan(1, times, Vec::new(), stop.clone()))?;
        crew.reach(1, began_ns + longest_ns).await?;
        let rest = (began_ns + self.warmup.as_nanos() as u64).saturating_sub(clock::now_ns());
        tokio::time::sleep(Duration::from_nanos(rest)).await;
        stop.store(true, Ordering::Relaxed);
        let kept = join(publisher).await?;
        let deadline_ns = clock::now_ns() + 2 * self.patience_ns + DRAIN_NS;
        Ok((kept.last, crew.reach(kept.last, deadline_ns).await?))
    }

    async fn measure(
        &self,
        control: &Path,
        crew: &mut Crew,
        cores: &Cores,
        pid: u32,
        first: u64,
    ) -> Result<Seen> {
        let (window, times) = self.open(crew, first).await?;
        let never = Arc::new(AtomicBool::new(false));
        let fields = self.schedule.fields.clone();
        let publisher = publish::start(control, self.plan(first, times, fields, never))?;
        let freezer = self.freezer(pid, window)?;
        // The first look comes before the first publish; one wake-up of ours is not the server's.
        tokio::time::sleep(clock::until(window.start_ns.saturating_sub(5_000_000))).await;
        let before = Glance::take(pid, crew, cores);
        let looks = watch::looks(pid, crew, cores, &before, window).await;
        tokio::time::sleep(clock::until(window.end_ns)).await;
        let frozen = freezer.map(Freezer::finish).unwrap_or_default();
        let after = Glance::take(pid, crew, cores);
        let (kept, drain_cpu_ns) = self.drain(crew, pid, &after.server, publisher, window).await?;
        Ok(Seen {
            samples: Vec::new(),
            kept,
            window,
            unready: 0,
            frozen,
            server: after.server.since(&before.server),
            drain_cpu_ns,
            workers: after.workers.iter().zip(&before.workers).map(|(a, b)| a.since(b)).collect(),
            orchestrator: after.orchestrator.since(&before.orchestrator),
            load: after.load.since(&before.load),
            looks,
            accept_overflows: 0,
            pss_empty_bytes: None,
            pss_bytes: None,
            socket_memory_bytes: None,
            descriptors: 0,
        })
    }

    fn freezer(&self, pid: u32, window: Window) -> Result<Option<Freezer>> {
        if self.freezes.is_empty() {
            return Ok(None);
        }
        let at = |after: Duration| window.start_ns + after.as_nanos() as u64;
        let times = self.freezes.iter().map(|(begin, end)| (at(*begin), at(*end))).collect();
        Freezer::start(pid, times).map(Some)
    }

    /// Opens the window of this trial's schedule; returns it with its publish times.
    async fn open(&self, crew: &mut Crew, first: u64) -> Result<(Window, Vec<u64>)> {
        let offsets = &self.schedule.offsets_ns;
        let (Some(&first_offset), Some(&last_offset)) = (offsets.first(), offsets.last()) else {
            bail!("nothing is published in the window: make measure.duration longer");
        };
        let last = first + offsets.len() as u64 - 1;
        let sighted = self.sighted(first..=last);
        let window = crew.open(&sighted, |start_ns| {
            let last_intended_ns = start_ns + last_offset - first_offset;
            let end_ns = last_intended_ns + self.schedule.mean_period_ns;
            Window { first, last, start_ns, last_intended_ns, end_ns }
        });
        let window = window.await?;
        let time = |offset: &u64| window.start_ns + (offset - first_offset);
        Ok((window, offsets.iter().map(time).collect()))
    }

    /// Waits until the window's updates are delivered. Returns the CPU that the server needed for
    /// those that a client waited for longer than it has the patience to: a server that is behind
    /// at the window's end has not yet paid for all that was published in it.
    async fn drain(
        &self,
        crew: &mut Crew,
        pid: u32,
        at_end: &Cost,
        publisher: JoinHandle<Result<Kept>>,
        window: Window,
    ) -> Result<(Kept, u64)> {
        let behind = crew.reach(window.last, window.end_ns + self.patience_ns).await?;
        // Who has no patience is owed all from the end on; a poller's next poll is in the window's
        // cost as its first one was.
        let before = if self.patience_ns == 0 { *at_end } else { Cost::read(pid) };
        let kept = join(publisher).await?;
        if behind == 0 {
            return Ok((kept, 0));
        }
        // The publisher may itself have come late to the end.
        let deadline_ns = (window.end_ns + 2 * self.patience_ns).max(clock::now_ns()) + DRAIN_NS;
        crew.reach(window.last, deadline_ns).await?;
        Ok((kept, Cost::read(pid).since(&before).cpu_ns))
    }

    fn sighted(&self, all: RangeInclusive<u64>) -> Vec<u64> {
        if self.sight_all {
            return all.collect();
        }
        all.sample(&mut ChaCha8Rng::seed_from_u64(self.seed), SIGHTED_PUBLISHES)
    }

    fn plan(
        &self,
        first: u64,
        intended_ns: Vec<u64>,
        fields: Vec<String>,
        stop: Arc<AtomicBool>,
    ) -> Plan {
        Plan { first, intended_ns, fields, payload_bytes: self.payload_bytes, stop }
    }
}

/// Waits for the publisher without blocking the orchestrator's other tasks.
async fn join(publisher: JoinHandle<Result<Kept>>) -> Result<Kept> {
    while !publisher.is_finished() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    publisher.join().unwrap_or_else(|_| bail!("the publisher panicked"))
}
