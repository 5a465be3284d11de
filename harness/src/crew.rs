//! The load workers of a trial, led together: each order goes to all, and all must answer.

use anyhow::{Result, bail};

use crate::clock;
use crate::link::Side;
use crate::machine::Cores;
use crate::meter::Counters;
use crate::order::{Assignment, Order, Sample, Word};
use crate::process::Worker;
use crate::tally::Window;
use crate::trial::Trial;

/// Time between the order to open the window and its first publish, at first: a hundred times what
/// the workers need to read it.
const OPENING_NS: u64 = 100_000_000;

/// Less time than this between a worker's answer and the first publish is too little.
const OPEN_BEFORE_NS: u64 = 20_000_000;

/// As often the opening is put off, each time for twice as long: to 6.4 s.
const OPENINGS_MAX: u32 = 7;

/// The load workers of a trial.
pub struct Crew {
    /// Their processes.
    pub workers: Vec<Worker>,
}

impl Crew {
    /// Starts them and deals out the clients; nothing is connected yet.
    ///
    /// # Errors
    /// When one does not start.
    pub async fn start(
        trial: &Trial,
        server: std::net::SocketAddr,
        cores: &Cores,
        side: Option<&Side>,
    ) -> Result<Self> {
        let mut workers = Vec::new();
        let (clients, parts) = (trial.clients, trial.workers.min(trial.clients));
        for part in 0..parts {
            let first = part * clients / parts;
            let assignment = Assignment {
                transport: trial.transport.clone(),
                params: trial.params.clone(),
                server,
                congestion: trial.congestion.clone(),
                nodelay: trial.nodelay,
                latest_value: trial.latest_value,
                first_client: first,
                clients: (part + 1) * clients / parts - first,
                clients_in_all: clients,
                ramp_ns: trial.ramp.as_nanos() as u64,
                seed: trial.seed,
                tls: trial.tls.clone(),
                detour_ns: trial.longest_detour_ns(),
                outage_ns: trial.longest_outage_ns(),
            };
            workers.push(Worker::start(&assignment, &cores.harness, side).await?);
        }
        let mut crew = Self { workers };
        for worker in &mut crew.workers {
            worker.word().await?;
        }
        Ok(crew)
    }

    /// Connects the clients, over the ramp.
    ///
    /// # Errors
    /// Here and below: when a worker is gone.
    pub async fn ramp(&mut self) -> Result<()> {
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

    /// Waits until every living client has seen publish `n`, at most until the deadline. Returns how
    /// many have not.
    pub async fn reach(&mut self, n: u64, deadline_ns: u64) -> Result<u64> {
        let words = self.tell(&Order::Reach { n, deadline_ns }).await?;
        words
            .into_iter()
            .map(|word| match word {
                Word::Reached { behind } => Ok(u64::from(behind)),
                other => bail!("a load worker said {other:?} instead of what it has reached"),
            })
            .sum()
    }

    /// Takes the counters of the pause before the window.
    pub async fn pause(&mut self) -> Result<()> {
        self.tell(&Order::Pause).await.map(|_| ())
    }

    /// Opens a window of which only the start is left to choose: as soon as the workers know of it
    /// in time. Nothing of it is published before.
    ///
    /// # Errors
    /// When they never do.
    pub async fn open(
        &mut self,
        sighted: &[u64],
        offsets_ns: &[u64],
        window: impl Fn(u64) -> Window,
    ) -> Result<Window> {
        for attempt in 0..OPENINGS_MAX {
            let window = window(clock::now_ns() + (OPENING_NS << attempt));
            let (sampled, offsets_ns) = (sighted.to_vec(), offsets_ns.to_vec());
            self.tell(&Order::Open { window, sampled, offsets_ns }).await?;
            if clock::now_ns() + OPEN_BEFORE_NS < window.start_ns {
                return Ok(window);
            }
        }
        bail!("the load workers need more than 6 s to hear an order: stop what else runs")
    }

    /// Takes the last counters, at most until the deadline, and all that was seen.
    pub async fn close(&mut self, deadline_ns: u64) -> Result<Vec<Sample>> {
        let words = self.tell(&Order::Close { deadline_ns }).await?;
        words
            .into_iter()
            .map(|word| match word {
                Word::Done(sample) => Ok(*sample),
                other => bail!("a load worker said {other:?} instead of being done"),
            })
            .collect()
    }

    /// Lets the clients close their connections in order. Returns what their codecs have counted
    /// over the connections' whole life, and how many did not come to an end.
    pub async fn leave(&mut self, deadline_ns: u64) -> Result<(Counters, u64)> {
        let (mut life, mut staying) = (Counters::default(), 0);
        for word in self.tell(&Order::Leave { deadline_ns }).await? {
            let Word::Left { life: part, staying: more } = word else {
                bail!("a load worker said {word:?} instead of having left");
            };
            life.add(&part);
            staying += u64::from(more);
        }
        Ok((life, staying))
    }
}
