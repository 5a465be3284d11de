//! Looks at the processes of a trial from outside: before and after the window, and once a second.

use crate::clock::{self, SECOND_NS};
use crate::crew::Crew;
use crate::load::Load;
use crate::machine::Cores;
use crate::probe::{self, Cost};
use crate::tally::Window;

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

/// Both ends' costs at one moment.
pub struct Glance {
    /// The server's.
    pub server: Cost,
    /// Each worker's.
    pub workers: Vec<Cost>,
    /// The orchestrator's, the publisher in it.
    pub orchestrator: Cost,
    /// The relay's of the link; zeros without one.
    pub relay: Cost,
    /// Of what keeps the cores awake; zeros without it.
    pub awake: Cost,
    /// What the cores of the run did.
    pub load: Load,
}

impl Glance {
    /// Looks now.
    pub fn take(
        server: Option<u32>,
        relay: Option<u32>,
        awake: Option<u32>,
        crew: &Crew,
        cores: &Cores,
    ) -> Self {
        Self {
            server: Cost::of(server),
            workers: crew.workers.iter().map(|worker| Cost::read(worker.pid())).collect(),
            orchestrator: Cost::read(std::process::id()),
            relay: Cost::of(relay),
            awake: Cost::of(awake),
            load: Load::read(cores),
        }
    }
}

/// Looks once a second until the window ends.
pub async fn looks(
    server: Option<u32>,
    crew: &Crew,
    cores: &Cores,
    before: &Glance,
    window: Window,
) -> Vec<Look> {
    let mut looks = Vec::new();
    let mut next_ns = window.start_ns + SECOND_NS;
    while next_ns < window.end_ns {
        tokio::time::sleep(clock::until(next_ns)).await;
        let cpu_ns = |pid: u32, earlier: &Cost| {
            clock::process_cpu_ns(pid).unwrap_or(0).saturating_sub(earlier.cpu_ns)
        };
        let clients = crew.workers.iter().zip(&before.workers);
        looks.push(Look {
            at_ns: clock::now_ns() - window.start_ns,
            server_cpu_ns: server.map_or(0, |pid| cpu_ns(pid, &before.server)),
            server_rss_bytes: server.map_or(0, probe::resident_bytes),
            client_cpu_ns: clients.map(|(worker, earlier)| cpu_ns(worker.pid(), earlier)).sum(),
            steal_ns: Load::read(cores).since(&before.load).steal_ns,
        });
        next_ns += SECOND_NS;
    }
    looks
}
