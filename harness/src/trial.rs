//! One trial: a fresh server, its clients, a warm-up, a window, a drain.

use std::collections::BTreeMap;
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
use crate::machine::{Cores, Load};
use crate::order::{Assignment, Order, Sample, Word};
use crate::probe::{self, Cost};
use crate::process::{Program, Server, Worker};
use crate::publish::{self, Kept, Plan};
use crate::tally::Window;

/// Publishes whose arrivals are kept in full for the chart of positions in the fan-out.
const SIGHTED_PUBLISHES: usize = 20;

/// Time between the order to open the window and its first publish, and more for each client:
/// long enough for the workers to take 10,000 counters.
const OPENING_NS: u64 = 200_000_000;
const OPENING_PER_CLIENT_NS: u64 = 30_000;

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
}

/// A look at the server and the workers, once a second.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// Since the window's start.
    pub at_ns: u64,
    /// Server CPU since the window's start.
    pub server_cpu_ns: u64,
    /// Its resident memory.
    pub server_rss_bytes: u64,
    /// CPU of all workers since the window's start.
    pub client_cpu_ns: u64,
    /// Steal since the window's start.
    pub steal_ns: u64,
}

/// What came of it.
pub struct Seen {
    /// The workers' samples, one each.
    pub samples: Vec<Sample>,
    /// The publisher's record of the window.
    pub kept: Kept,
    /// The publishes that counted.
    pub window: Window,
    /// Cost of the server over the window.
    pub server: Cost,
    /// Cost of each worker over the window.
    pub workers: Vec<Cost>,
    /// Cost of the orchestrator, the publisher in it, over the window.
    pub orchestrator: Cost,
    /// What the whole machine did meanwhile.
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
            let before_ramp = Load::read();
            crew.ramp().await?;
            let last = self.warm_up(&control, &mut crew).await?;
            let mut seen = self.measure(&control, &mut crew, pid, last + 1).await?;
            seen.pss_empty_bytes = pss_empty_bytes;
            seen.accept_overflows = Load::read().since(&before_ramp).accept_overflows;
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
        crew.reach(1, clock::now_ns() + DRAIN_NS).await?;
        let start_ns = clock::now_ns() + OPENING_NS;
        let end_ns = start_ns + time.as_nanos() as u64;
        let last = u64::MAX - 1;
        let window = Window { first: 2, last, start_ns, last_intended_ns: end_ns, end_ns };
        crew.open(window, Vec::new()).await?;
        tokio::time::sleep(until(end_ns)).await;
        let samples = crew.close(end_ns).await?;
        server.stop().await;
        Ok(Sample::sum(&samples))
    }

    /// Publishes until every connected client has had an update, at least for the warm-up, and
    /// then waits until all is delivered. Returns the last number.
    async fn warm_up(&self, control: &Path, crew: &mut Crew) -> Result<u64> {
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
        crew.reach(kept.last, clock::now_ns() + 2 * self.patience_ns + DRAIN_NS).await?;
        Ok(kept.last)
    }

    async fn measure(&self, control: &Path, crew: &mut Crew, pid: u32, first: u64) -> Result<Seen> {
        let opening_ns = OPENING_NS + u64::from(self.clients) * OPENING_PER_CLIENT_NS;
        let origin_ns = clock::now_ns() + opening_ns;
        let offsets = &self.schedule.offsets_ns;
        let (Some(first_offset), Some(last_offset)) = (offsets.first(), offsets.last()) else {
            bail!("nothing is published in the window: make measure.duration longer");
        };
        let base_ns = origin_ns - first_offset;
        let times: Vec<u64> = offsets.iter().map(|offset| base_ns + offset).collect();
        let window = Window {
            first,
            last: first + offsets.len() as u64 - 1,
            start_ns: origin_ns,
            last_intended_ns: base_ns + last_offset,
            end_ns: base_ns + last_offset + self.schedule.mean_period_ns,
        };
        crew.open(window, self.sighted(window)).await?;
        let never = Arc::new(AtomicBool::new(false));
        let fields = self.schedule.fields.clone();
        let publisher = publish::start(control, self.plan(first, times, fields, never))?;
        // The first look comes before the first publish; one wake-up of ours is not the server's.
        tokio::time::sleep(until(origin_ns.saturating_sub(5_000_000))).await;
        let before = Glance::take(pid, crew);
        let looks = looks(pid, crew, &before, window).await;
        tokio::time::sleep(until(window.end_ns)).await;
        let after = Glance::take(pid, crew);
        let kept = join(publisher).await?;
        crew.reach(window.last, clock::now_ns() + 2 * self.patience_ns + DRAIN_NS).await?;
        Ok(Seen {
            samples: Vec::new(),
            kept,
            window,
            server: after.server.since(&before.server),
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

    fn sighted(&self, window: Window) -> Vec<u64> {
        let all = window.first..=window.last;
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

/// Both ends' costs at one moment.
struct Glance {
    server: Cost,
    workers: Vec<Cost>,
    orchestrator: Cost,
    load: Load,
}

impl Glance {
    fn take(server: u32, crew: &Crew) -> Self {
        Self {
            server: Cost::read(server),
            workers: crew.workers.iter().map(|worker| Cost::read(worker.pid())).collect(),
            orchestrator: Cost::read(std::process::id()),
            load: Load::read(),
        }
    }
}

/// Looks once a second until the window ends.
async fn looks(pid: u32, crew: &Crew, before: &Glance, window: Window) -> Vec<Look> {
    let mut looks = Vec::new();
    let mut next_ns = window.start_ns + SECOND_NS;
    while next_ns < window.end_ns {
        tokio::time::sleep(until(next_ns)).await;
        let cpu_ns = |pid: u32, earlier: &Cost| {
            clock::process_cpu_ns(pid).unwrap_or(0).saturating_sub(earlier.cpu_ns)
        };
        let clients = crew.workers.iter().zip(&before.workers);
        looks.push(Look {
            at_ns: clock::now_ns() - window.start_ns,
            server_cpu_ns: cpu_ns(pid, &before.server),
            server_rss_bytes: probe::resident_bytes(pid),
            client_cpu_ns: clients.map(|(worker, earlier)| cpu_ns(worker.pid(), earlier)).sum(),
            steal_ns: Load::read().since(&before.load).steal_ns,
        });
        next_ns += SECOND_NS;
    }
    looks
}

fn until(instant_ns: u64) -> Duration {
    Duration::from_nanos(instant_ns.saturating_sub(clock::now_ns()))
}

/// Waits for the publisher without blocking the orchestrator's other tasks.
async fn join(publisher: JoinHandle<Result<Kept>>) -> Result<Kept> {
    while !publisher.is_finished() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    publisher.join().unwrap_or_else(|_| bail!("the publisher panicked"))
}

/// The load workers of a trial.
struct Crew {
    workers: Vec<Worker>,
}

impl Crew {
    async fn start(trial: &Trial, server: std::net::SocketAddr, cores: &Cores) -> Result<Self> {
        let mut workers = Vec::new();
        let (clients, parts) = (trial.clients, trial.workers.min(trial.clients));
        for part in 0..parts {
            let first = part * clients / parts;
            let assignment = Assignment {
                transport: trial.transport.clone(),
                params: trial.params.clone(),
                server,
                congestion: trial.congestion.clone(),
                first_client: first,
                clients: (part + 1) * clients / parts - first,
                clients_in_all: clients,
                ramp_ns: trial.ramp.as_nanos() as u64,
                seed: trial.seed,
            };
            workers.push(Worker::start(&assignment, &cores.harness).await?);
        }
        let mut crew = Self { workers };
        for worker in &mut crew.workers {
            worker.word().await?;
        }
        Ok(crew)
    }

    async fn ramp(&mut self) -> Result<()> {
        self.tell(&Order::Ramp).await.map(|_| ())
    }

    async fn tell(&mut self, order: &Order) -> Result<Vec<Word>> {
        for worker in &mut self.workers {
            worker.order(order).await?;
        }
        let mut words = Vec::new();
        for worker in &mut self.workers {
            words.push(worker.word().await?);
        }
        Ok(words)
    }

    async fn reach(&mut self, n: u64, deadline_ns: u64) -> Result<()> {
        self.tell(&Order::Reach { n, deadline_ns }).await.map(|_| ())
    }

    async fn open(&mut self, window: Window, sampled: Vec<u64>) -> Result<()> {
        self.tell(&Order::Open { window, sampled }).await.map(|_| ())
    }

    async fn close(&mut self, deadline_ns: u64) -> Result<Vec<Sample>> {
        let words = self.tell(&Order::Close { deadline_ns }).await?;
        words
            .into_iter()
            .map(|word| match word {
                Word::Done(sample) => Ok(*sample),
                other => bail!("a load worker said {other:?} instead of being done"),
            })
            .collect()
    }
}
