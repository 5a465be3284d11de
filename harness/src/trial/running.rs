//! A trial while it runs: its processes are there, and each step is theirs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Result, bail};

use super::{ACKNOWLEDGED_NS, Crossing, DRAIN_NS, LEAVE_NS, PAUSE_NS, Seen, Trial, join};
use crate::clock::{self, SECOND_NS};
use crate::crew::Crew;
use crate::freeze::Freezer;
use crate::link::Conversation;
use crate::link::order::{Mark, Report};
use crate::machine::Cores;
use crate::meter::Counters;
use crate::order::Sample;
use crate::probe::{self, Cost};
use crate::publish::{self, Door, Kept};
use crate::tally::Window;
use crate::watch::{self, Glance};

/// See the module.
pub struct Running<'a> {
    pub trial: &'a Trial,
    /// Where the server takes updates.
    pub door: Door,
    /// The server's process, where it is known.
    pub server_pid: Option<u32>,
    pub link_pid: Option<u32>,
    pub awake_pid: Option<u32>,
    pub cores: &'a Cores,
    pub crew: Crew,
    pub link: Option<&'a mut Conversation>,
}

impl Running<'_> {
    pub async fn run(&mut self) -> Result<Seen> {
        let (trial, pid) = (self.trial, self.server_pid);
        // Of a server whose process is not known the sockets may be elsewhere.
        let socket_memory_bytes = || pid.and_then(|_| probe::socket_memory_bytes());
        let socket_memory_before = socket_memory_bytes();
        // Not sooner: the pages of the program that the workers share with the server count for
        // less once they run.
        let pss_empty_bytes = pid.and_then(probe::pss_bytes);
        let overflows_before = pid.map_or(0, probe::accept_overflows);
        self.crew.ramp().await?;
        let (last, unready) = self.warm_up().await?;
        self.crew.pause().await?;
        let mut seen = self.measure(last + 1).await?;
        seen.unready = unready;
        seen.pss_empty_bytes = pss_empty_bytes;
        seen.accept_overflows =
            pid.map_or(0, probe::accept_overflows).saturating_sub(overflows_before);
        seen.pss_bytes = pid.and_then(probe::pss_bytes);
        seen.socket_memory_bytes = socket_memory_bytes()
            .zip(socket_memory_before)
            .map(|(after, before)| after.saturating_sub(before));
        seen.descriptors = pid.map_or(0, probe::descriptors);
        let patience_ns = trial.patience_ns + PAUSE_NS + trial.longest_round_trip_ns();
        seen.samples = self.crew.close(clock::now_ns() + patience_ns).await?;
        if let (Some(link), Some(crossing)) = (&mut self.link, &mut seen.crossing) {
            let again_ns = 4 * trial.longest_round_trip_ns() + trial.longest_repair_ns();
            let deadline_ns = clock::now_ns() + LEAVE_NS + again_ns;
            (crossing.life, crossing.staying) = self.crew.leave(deadline_ns).await?;
            crossing.report = link.finish(deadline_ns + SECOND_NS).await?;
        }
        Ok(seen)
    }

    pub async fn cycle(&mut self, time: Duration) -> Result<Sample> {
        self.crew.ramp().await?;
        let now = vec![clock::now_ns()];
        let stop = Arc::new(AtomicBool::new(false));
        let plan = self.trial.plan(1, now, Vec::new(), stop);
        join(publish::start(&self.door, plan)?).await?;
        let behind = self.crew.reach(1, clock::now_ns() + DRAIN_NS).await?;
        if behind > 0 {
            bail!("{behind} of {} clients did not get the only update in 5 s", self.trial.clients);
        }
        let time_ns = time.as_nanos() as u64;
        let window = self.crew.open(&[], &[], |start_ns| {
            let (end_ns, last) = (start_ns + time_ns, u64::MAX - 1);
            Window { first: 2, last, start_ns, last_intended_ns: end_ns, end_ns }
        });
        let end_ns = window.await?.end_ns;
        tokio::time::sleep(clock::until(end_ns)).await;
        Ok(Sample::sum(&self.crew.close(end_ns).await?))
    }

    /// Publishes until every connected client has had an update, at least for the warm-up, and
    /// then waits until all is delivered. Returns the last number, and how many clients it has not
    /// reached.
    async fn warm_up(&mut self) -> Result<(u64, u64)> {
        let trial = self.trial;
        let began_ns = clock::now_ns();
        let longest_ns = trial.warmup.as_nanos() as u64
            + 2 * trial.patience_ns
            + 30 * SECOND_NS
            + trial.longest_detour_ns();
        // As fast as the feed, but at least once a second: a quiet feed would warm up for hours.
        let period_ns = trial.schedule.mean_period_ns.clamp(1_000_000, SECOND_NS);
        let times = (0..=longest_ns / period_ns).map(|k| began_ns + k * period_ns).collect();
        let stop = Arc::new(AtomicBool::new(false));
        let plan = trial.plan(1, times, Vec::new(), stop.clone());
        let publisher = publish::start(&self.door, plan)?;
        self.crew.reach(1, began_ns + longest_ns).await?;
        let rest = (began_ns + trial.warmup.as_nanos() as u64).saturating_sub(clock::now_ns());
        tokio::time::sleep(Duration::from_nanos(rest)).await;
        stop.store(true, Ordering::Relaxed);
        let kept = join(publisher).await?;
        let again_ns = 10 * trial.longest_round_trip_ns() + trial.longest_repair_ns();
        let patience_ns = 2 * trial.patience_ns + DRAIN_NS + again_ns;
        let behind = self.crew.reach(kept.last, clock::now_ns() + patience_ns).await?;
        self.rest().await;
        Ok((kept.last, behind))
    }

    /// What was delivered last is acknowledged after this.
    async fn rest(&self) {
        if self.link.is_some() {
            let rest_ns = ACKNOWLEDGED_NS + self.trial.longest_round_trip_ns();
            tokio::time::sleep(Duration::from_nanos(rest_ns)).await;
        }
    }

    async fn measure(&mut self, first: u64) -> Result<Seen> {
        let (window, times) = self.open(first).await?;
        let never = Arc::new(AtomicBool::new(false));
        let fields = self.trial.schedule.fields.clone();
        let plan = self.trial.plan(first, times, fields, never);
        let publisher = publish::start(&self.door, plan)?;
        let freezer = self.freezer(window)?;
        // The first look comes before the first publish; one wake-up of ours is not the server's.
        tokio::time::sleep(clock::until(window.start_ns.saturating_sub(5_000_000))).await;
        let marked = self.mark().await?;
        let before = self.glance();
        let looks = watch::looks(self.server_pid, &self.crew, self.cores, &before, window).await;
        tokio::time::sleep(clock::until(window.end_ns)).await;
        let after = self.glance();
        // Who asks on a timer goes on asking: its window ends here.
        let asks_on_a_timer = self.trial.patience_ns > 0;
        let at_end = if asks_on_a_timer { self.mark().await? } else { None };
        let frozen = match freezer {
            Some(freezer) => tokio::task::spawn_blocking(|| freezer.finish()).await?,
            None => Vec::new(),
        };
        let (kept, drain_cpu_ns) = self.drain(&after.server, publisher, window).await?;
        self.rest().await;
        let at_end = if asks_on_a_timer { at_end } else { self.mark().await? };
        let relay_cpu_ns = after.relay.cpu_ns - before.relay.cpu_ns;
        let crossing = marked.zip(at_end).map(|(before, after)| Crossing {
            before,
            after,
            relay_cpu_ns,
            life: Counters::default(),
            staying: 0,
            report: Report::default(),
        });
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
            load: after.load.since(&before.load).idle_too(after.awake.since(&before.awake).cpu_ns),
            looks,
            accept_overflows: 0,
            pss_empty_bytes: None,
            pss_bytes: None,
            socket_memory_bytes: None,
            descriptors: 0,
            crossing,
        })
    }

    fn glance(&self) -> Glance {
        Glance::take(self.server_pid, self.link_pid, self.awake_pid, &self.crew, self.cores)
    }

    async fn mark(&mut self) -> Result<Option<Mark>> {
        match &mut self.link {
            Some(link) => link.mark().await.map(Some),
            None => Ok(None),
        }
    }

    fn freezer(&self, window: Window) -> Result<Option<Freezer>> {
        let freezes = &self.trial.freezes;
        if freezes.is_empty() {
            return Ok(None);
        }
        let at = |after: Duration| window.start_ns + after.as_nanos() as u64;
        let times = freezes.iter().map(|(begin, end)| (at(*begin), at(*end))).collect();
        self.server_pid.map(|pid| Freezer::start(pid, times)).transpose()
    }

    /// Opens the window of this trial's schedule; returns it with its publish times.
    async fn open(&mut self, first: u64) -> Result<(Window, Vec<u64>)> {
        let trial = self.trial;
        let offsets = &trial.schedule.offsets_ns;
        let (Some(&first_offset), Some(&last_offset)) = (offsets.first(), offsets.last()) else {
            bail!("nothing is published in the window: make measure.duration longer");
        };
        let last = first + offsets.len() as u64 - 1;
        let sighted = trial.sighted(first..=last);
        let mut outdated = Vec::new();
        if trial.latest_value {
            outdated.extend(offsets.iter().map(|offset| offset - first_offset));
        }
        let window = self.crew.open(&sighted, &outdated, |start_ns| {
            let last_intended_ns = start_ns + last_offset - first_offset;
            let end_ns = last_intended_ns + trial.schedule.mean_period_ns;
            Window { first, last, start_ns, last_intended_ns, end_ns }
        });
        let window = window.await?;
        if let Some(link) = &mut self.link {
            link.open_window(window.start_ns).await?;
        }
        let time = |offset: &u64| window.start_ns + (offset - first_offset);
        Ok((window, offsets.iter().map(time).collect()))
    }

    /// Waits until the window's updates are delivered. Returns the CPU that the server needed for
    /// those that a client waited for longer than it has the patience to: a server that is behind
    /// at the window's end has not yet paid for all that was published in it.
    async fn drain(
        &mut self,
        at_end: &Cost,
        publisher: JoinHandle<Result<Kept>>,
        window: Window,
    ) -> Result<(Kept, u64)> {
        let (trial, pid) = (self.trial, self.server_pid);
        let on_the_way_ns = trial.longest_round_trip_ns();
        let again_ns = 10 * on_the_way_ns + trial.longest_repair_ns();
        let due_ns = window.end_ns + trial.patience_ns + on_the_way_ns;
        let behind = self.crew.reach(window.last, due_ns).await?;
        // Who has no patience is owed all from the end on; a poller's next poll is in the window's
        // cost as its first one was.
        let before = if trial.patience_ns == 0 { *at_end } else { Cost::of(pid) };
        let kept = join(publisher).await?;
        if behind == 0 {
            return Ok((kept, 0));
        }
        // The publisher may itself have come late to the end.
        let ended_ns = (window.end_ns + 2 * trial.patience_ns).max(clock::now_ns());
        self.crew.reach(window.last, ended_ns + DRAIN_NS + again_ns).await?;
        Ok((kept, Cost::of(pid).since(&before).cpu_ns))
    }
}
