//! One trial: a fresh link where there is one, a fresh server, its clients, a warm-up, a window, a
//! drain.

mod running;

use std::collections::BTreeMap;
use std::future::pending;
use std::ops::RangeInclusive;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rand::SeedableRng;
use rand::seq::IteratorRandom;
use rand_chacha::ChaCha8Rng;
use scenarios::Schedule;

use crate::awake::Awake;
use crate::clock::SECOND_NS;
use crate::crew::Crew;
use crate::dial::Trust;
use crate::link::Link;
use crate::link::order::{Mark, Report, Settings};
use crate::load::Load;
use crate::machine::Cores;
use crate::meter::Counters;
use crate::order::Sample;
use crate::probe::Cost;
use crate::process::{Program, Server};
use crate::publish::{Door, Kept, Plan};
use crate::tally::Window;
use crate::target::Target;
use crate::watch::Look;
use running::Running;

/// Publishes whose arrivals are kept in full for the chart of positions in the fan-out.
const SIGHTED_PUBLISHES: usize = 20;

/// What a drain may take beyond two poll intervals.
const DRAIN_NS: u64 = 5 * SECOND_NS;

/// What the last counters may take beyond one poll interval.
const PAUSE_NS: u64 = 2 * SECOND_NS;

/// What connections may take to end on a link that loses: a FIN is sent again after 0.2 to 1 s,
/// and after twice as long each time.
const LEAVE_NS: u64 = 15 * SECOND_NS;

/// A delayed acknowledgement comes after 40 ms (`TCP_DELACK_MIN` of Linux), or after a round trip
/// where that is longer.
const ACKNOWLEDGED_NS: u64 = 50_000_000;

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
    /// The server that is measured instead of starting one.
    pub target: Option<Target>,
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
    /// `TCP_NODELAY` of the clients' sockets.
    pub nodelay: bool,
    /// Whether only the newest value matters.
    pub latest_value: bool,
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
    /// What lies between clients and server; `None`: loopback.
    pub link: Option<Settings>,
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
    /// Socket memory of the host, both ends in it, more than before the first client.
    pub socket_memory_bytes: Option<u64>,
    /// Open descriptors of the server after the window.
    pub descriptors: u64,
    /// What the link saw; `None` on loopback.
    pub crossing: Option<Crossing>,
}

/// What a link saw of a trial.
pub struct Crossing {
    /// Up to the window.
    pub before: Mark,
    /// Up to its end: to that of the drain, or for a transport that asks on a timer to the last
    /// publish's period.
    pub after: Mark,
    /// CPU time of the relay in the window, ns.
    pub relay_cpu_ns: u64,
    /// What the codecs have counted over the whole life of all connections.
    pub life: Counters,
    /// Clients whose connections did not end in order.
    pub staying: u64,
    /// The link's own account of that time.
    pub report: Report,
}

impl Trial {
    /// Runs it. `directory` is private to the run and holds the sockets.
    ///
    /// # Errors
    /// When a process does not start or dies; a client that fails is counted instead.
    pub async fn run(&self, directory: &Path, cores: &Cores) -> Result<Seen> {
        let work = async |mut running: Running<'_>| running.run().await;
        // Boxed, here and below: whoever makes several trials would have to be that much larger.
        let seen = Box::pin(self.on_ground(directory, cores, work)).await;
        seen.with_context(|| format!("while measuring {}", self.label))
    }

    /// Lets the clients exchange as fast as they can for `time`, after one update was published.
    /// For the calibration: a long poll that replays has a cycle of one re-arm gap.
    ///
    /// # Errors
    /// As for [`Trial::run`].
    pub async fn cycle(&self, directory: &Path, cores: &Cores, time: Duration) -> Result<Sample> {
        let work = async |mut running: Running<'_>| running.cycle(time).await;
        Box::pin(self.on_ground(directory, cores, work)).await
    }

    /// Makes the link, the server and the load workers, does `work` with them, and ends with the
    /// first that dies.
    async fn on_ground<T>(
        &self,
        directory: &Path,
        cores: &Cores,
        work: impl AsyncFnOnce(Running<'_>) -> Result<T>,
    ) -> Result<T> {
        let mut link = match &self.link {
            Some(settings) => Some(Link::start(settings, &cores.relay, &cores.harness).await?),
            None => None,
        };
        let keeps_awake = self.link.as_ref().is_some_and(|settings| settings.link.keep_awake);
        let awake = keeps_awake.then(|| Awake::start(cores)).transpose()?;
        let awake_pid = awake.as_ref().and_then(Awake::pid);
        let link_pid = link.as_ref().map(Link::pid);
        let sides = link.as_ref().map(|link| (link.server.clone(), link.clients.clone()));
        let (servers_side, clients_side) = sides.unzip();
        let (process, link) = link.as_mut().map(Link::parts).unzip();
        let mut server = None;
        let working = async {
            if let Some(target) = &self.target {
                let crew = Crew::start(self, target.address(&self.transport), cores, None).await?;
                let (door, server_pid) = (target.door.clone(), target.pid);
                let (link_pid, link) = (None, None);
                return work(Running {
                    trial: self,
                    door,
                    server_pid,
                    link_pid,
                    awake_pid,
                    cores,
                    crew,
                    link,
                })
                .await;
            }
            let side = servers_side.as_ref();
            let server = server.insert(Server::start(&self.program, directory, cores, side).await?);
            let (address, control) = (server.address(&self.transport)?, server.control.clone());
            let (door, server_pid) = (Door::Unix(control), Some(server.pid()));
            let measuring = async {
                let crew = Crew::start(self, address, cores, clients_side.as_ref()).await?;
                let trial = self;
                work(Running { trial, door, server_pid, link_pid, awake_pid, cores, crew, link })
                    .await
            };
            tokio::select! {
                biased;
                done = measuring => done,
                death = server.death() => Err(death),
            }
        };
        let mut link_death = pin!(async {
            match process {
                Some(process) => process.death().await,
                None => pending().await,
            }
        });
        // Work comes first: a link that has given its report is gone, too.
        let done = tokio::select! {
            biased;
            done = working => match done {
                // Who talked to the link, or began on it, may have noticed first, and knows less.
                Err(error) if link_pid.is_some() => {
                    let told = tokio::time::timeout(Duration::from_millis(200), link_death).await;
                    Err(told.unwrap_or(error))
                }
                done => done,
            },
            death = &mut link_death => Err(death),
        };
        if let Some(server) = server {
            server.stop().await;
        }
        done
    }

    /// Whether nothing is known of the server's process.
    pub fn is_unseen(&self) -> bool {
        self.target.as_ref().is_some_and(|target| target.pid.is_none())
    }

    /// See [`scenarios::Link::longest_round_trip`].
    fn longest_round_trip_ns(&self) -> u64 {
        self.of_link(scenarios::Link::longest_round_trip)
    }

    /// The longest time that what was lost may need to come after all: by chance, or in cuts that
    /// are over.
    fn longest_repair_ns(&self) -> u64 {
        self.of_link(|link| link.longest_wait_after_outage() + link.longest_recovery())
    }

    /// How much later an answer of the server may come because of what the link does at any time.
    pub fn longest_detour_ns(&self) -> u64 {
        self.of_link(|link| link.longest_round_trip() + link.longest_recovery())
    }

    /// How much later than that it may come because of cuts and freezes, which only the window has. A
    /// server that stands still drops connections when its queue of them is full, and TCP tries again
    /// as after a cut.
    pub fn longest_outage_ns(&self) -> u64 {
        let freezes = self.freezes.iter().map(|(begin, end)| end.saturating_sub(*begin));
        let frozen_ns =
            freezes.max().map_or(0, |longest| 2 * longest.as_nanos() as u64 + SECOND_NS);
        frozen_ns + self.of_link(|link| link.longest_outage() + link.longest_wait_after_outage())
    }

    /// Zero on loopback.
    fn of_link(&self, longest: impl Fn(&scenarios::Link) -> Duration) -> u64 {
        let ns = |settings: &Settings| longest(&settings.link).as_nanos() as u64;
        self.link.as_ref().map_or(0, ns)
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
