//! A load worker: a process with one thread that follows the feed as many clients.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io::{BufRead, Write};
use std::rc::Rc;
use std::task::Waker;
use std::time::Duration;

use anyhow::{Context, Result};
use base64::Engine;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::{Serializer, V2DeflateSerializer};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::AbortHandle;

use crate::alarm::Alarm;
use crate::client::{self, Start};
use crate::clock;
use crate::departure::Departure;
use crate::dial::{Dial, Failure, Scratch, Tls};
use crate::inbox::{Inbox, Pause};
use crate::meter::Counters;
use crate::order::{Assignment, Order, Sample, Word};
use crate::tally::Tally;

/// How often a worker looks whether its clients are where they should be, in the pauses only.
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// How long the clients that only listen may take to give their counters.
const PAUSE_MAX_NS: u64 = 2 * clock::SECOND_NS;

/// A client that is not connected so long after the ramp never will be, but for what the link adds.
const RAMP_NS: u64 = 15 * clock::SECOND_NS;

/// TCP, TLS and the first answer go through the link one after the other.
const DETOURS: u64 = 3;

/// The process: assignment and orders on stdin, words on stdout.
///
/// # Errors
/// When the assignment cannot be read or the kernel refuses a runtime.
pub fn run() -> Result<()> {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).context("a load worker got no assignment")?;
    let assignment: Assignment =
        serde_json::from_str(&line).context("a load worker cannot read its assignment")?;
    let (sender, orders) = unbounded_channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            let Ok(order) = serde_json::from_str::<Order>(&line) else { break };
            if sender.send(order).is_err() {
                break;
            }
        }
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, work(assignment, orders))
}

async fn work(assignment: Assignment, mut orders: UnboundedReceiver<Order>) -> Result<()> {
    say(&Word::Here)?;
    let mut crew = Crew::default();
    while let Some(order) = orders.recv().await {
        match order {
            Order::Ramp => {
                crew = Crew::hire(&assignment)?;
                let patience_ns = RAMP_NS + DETOURS * assignment.detour_ns;
                let deadline_ns = clock::now_ns() + assignment.ramp_ns + patience_ns;
                crew.wait(deadline_ns, Crew::ramped).await;
                crew.give_up_on_the_unconnected(patience_ns / clock::SECOND_NS);
                say(&Word::Ramped { connected: crew.tally.connected_count.get() })?;
            }
            Order::Reach { n, deadline_ns } => {
                crew.wait(deadline_ns, |crew| crew.behind(n) == 0).await;
                say(&Word::Reached { behind: crew.behind(n) })?;
            }
            Order::Pause => {
                crew.pause(Pause::Before, clock::now_ns() + PAUSE_MAX_NS).await;
                say(&Word::Paused)?;
            }
            Order::Open { window, sampled, offsets_ns } => {
                crew.tally.open(window, sampled, offsets_ns);
                crew.inboxes.iter().for_each(Inbox::put_off);
                say(&Word::Opened)?;
            }
            Order::Close { deadline_ns } => {
                crew.pause(Pause::After, deadline_ns).await;
                say(&Word::Done(Box::new(crew.sample()?)))?;
            }
            Order::Leave { deadline_ns } => say(&crew.leave(deadline_ns).await)?,
        }
    }
    Ok(())
}

fn say(word: &Word) -> Result<()> {
    let mut stdout = std::io::stdout().lock();
    serde_json::to_writer(&mut stdout, word)?;
    stdout.write_all(b"\n")?;
    Ok(stdout.flush()?)
}

/// The clients of one worker.
#[derive(Default)]
struct Crew {
    tally: Rc<Tally>,
    inboxes: Vec<Inbox>,
    tasks: Vec<Task>,
    departure: Departure,
}

/// A client at work.
struct Task {
    handle: AbortHandle,
    /// Wakes it, whatever it waits for.
    waker: Rc<RefCell<Waker>>,
}

impl Crew {
    fn hire(assignment: &Assignment) -> Result<Self> {
        let name = &assignment.transport;
        let client =
            client::find(name).with_context(|| format!("there is no client for {name}"))?;
        let tally = Rc::new(Tally::new(assignment.latest_value));
        let departure = Departure::default();
        let dial = Dial {
            server: assignment.server,
            congestion: assignment.congestion.as_str().into(),
            nodelay: assignment.nodelay,
            alarm: Alarm::start(&departure)?,
            scratch: Rc::new(RefCell::new(Scratch::default())),
            tls: assignment.tls.as_ref().map(Tls::new).transpose().map_err(anyhow::Error::msg)?,
            departure: departure.clone(),
            held_up: Duration::from_nanos(assignment.detour_ns + assignment.outage_ns),
        };
        let params = servers::Params::new(assignment.params.clone());
        let began_ns = clock::now_ns();
        let (mut inboxes, mut tasks) = (Vec::new(), Vec::new());
        for index in assignment.first_client..assignment.first_client + assignment.clients {
            let inbox = Inbox::new(tally.clone(), index);
            let share = f64::from(index) / f64::from(assignment.clients_in_all);
            // A stream per client: its phase does not depend on how clients are dealt to workers.
            let mut random = ChaCha8Rng::seed_from_u64(assignment.seed);
            random.set_stream(u64::from(index));
            let start = Start {
                at_ns: began_ns + (share * assignment.ramp_ns as f64) as u64,
                phase: random.random(),
            };
            let mut follow =
                (client.follow)(dial.of_another_client(), inbox.clone(), params.clone(), start);
            let reporter = inbox.clone();
            let waker = Rc::new(RefCell::new(Waker::noop().clone()));
            let kept = waker.clone();
            let task = tokio::task::spawn_local(async move {
                let ending = poll_fn(|context| {
                    // Costs nothing but the first time: a task's waker is always the same.
                    kept.borrow_mut().clone_from(context.waker());
                    follow.as_mut().poll(context)
                });
                match ending.await {
                    Err(Failure::Left) | Ok(()) => {}
                    Err(failure) => reporter.failed(&failure.to_string()),
                }
            });
            inboxes.push(inbox);
            tasks.push(Task { handle: task.abort_handle(), waker });
        }
        Ok(Self { tally, inboxes, tasks, departure })
    }

    async fn wait(&self, deadline_ns: u64, is_so: impl Fn(&Self) -> bool) {
        while !is_so(self) && clock::now_ns() < deadline_ns {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    fn ramped(&self) -> bool {
        let tally = &self.tally;
        let known = tally.connected_count.get() + tally.refused_count.get();
        known as usize >= self.inboxes.len()
    }

    /// They are counted, and stay in the denominator; that they come later is ruled out.
    fn give_up_on_the_unconnected(&self, after_s: u64) {
        let problem =
            format!("the server accepted the connection but did not answer in {after_s} s");
        for (inbox, task) in self.inboxes.iter().zip(&self.tasks) {
            if !inbox.is_connected() && !inbox.has_failed() {
                task.handle.abort();
                inbox.failed(&problem);
            }
        }
    }

    fn behind(&self, n: u64) -> u32 {
        let behind = |inbox: &&Inbox| !inbox.has(n) && !inbox.has_failed();
        self.inboxes.iter().filter(behind).count() as u32
    }

    /// Takes the counters: those of clients that only listen are asked for, the others take their
    /// own between two exchanges.
    async fn pause(&self, pause: Pause, deadline_ns: u64) {
        for inbox in self.inboxes.iter().filter(|inbox| !inbox.has_failed()) {
            inbox.want(pause);
        }
        let waiting = |inbox: &Inbox| !inbox.has_failed() && !inbox.is_metered(pause);
        self.wait(deadline_ns, |crew| !crew.inboxes.iter().any(waiting)).await;
    }

    async fn leave(&self, deadline_ns: u64) -> Word {
        self.departure.announce();
        self.tasks.iter().for_each(|task| task.waker.borrow().wake_by_ref());
        // A task that is finished has dropped its socket.
        let staying =
            |crew: &Self| crew.tasks.iter().filter(|task| !task.handle.is_finished()).count();
        self.wait(deadline_ns, |crew| staying(crew) == 0).await;
        let mut life = Counters::default();
        for inbox in &self.inboxes {
            life.add(&inbox.counted());
        }
        Word::Left { life: Box::new(life), staying: staying(self) as u32 }
    }

    fn sample(&self) -> Result<Sample> {
        let tally = &self.tally;
        let (cycles, cycle_sum_ns) = tally.cycles.get();
        let mut sample = Sample {
            cycles,
            cycle_sum_ns,
            connected: u64::from(tally.connected_count.get()),
            refused: u64::from(tally.refused_count.get()),
            dropped: u64::from(tally.dropped_count.get()),
            reasons: tally.reasons.borrow().clone(),
            requests: tally.requests.get(),
            empty_responses: tally.empty.get(),
            tls_handshakes: tally.tls_handshakes.get(),
            tls_resumed: tally.tls_resumed.get(),
            ..Sample::default()
        };
        for inbox in &self.inboxes {
            let account = inbox.account();
            sample.delivered += account.delivered;
            sample.duplicated += account.duplicated;
            sample.reordered += account.reordered;
            sample.lost += account.lost;
            sample.superseded += account.superseded;
            sample.age.add(&account.age);
            sample.connect.add(&account.connect);
            if let Some(stretch) = account.stretch {
                tally.aged(stretch);
            }
            let Some(used) = account.used else {
                sample.unmetered += u64::from(!inbox.has_failed());
                continue;
            };
            let up = used.kernel.bytes_sent - used.kernel.bytes_retransmitted;
            let agree = used.codec.up.total() == up
                && used.codec.down.total() == used.kernel.bytes_received;
            sample.disagreeing += u64::from(!agree);
            sample.counters.add(&used.codec);
            sample.kernel.add(&used.kernel);
        }
        sample.delay_sum_ns = tally.delay_sum_ns.get();
        sample.delay = encode(&tally.delay.borrow())?;
        sample.request = encode(&tally.request.borrow())?;
        sample.connect_time = encode(&tally.connect.borrow())?;
        sample.tcp_connect_time = encode(&tally.tcp_connect.borrow())?;
        sample.tls_handshake_time = encode(&tally.tls_handshake.borrow())?;
        sample.ticks = tally.ticks.take();
        sample.sightings = tally.sightings.take();
        Ok(sample)
    }
}

fn encode(histogram: &Histogram<u64>) -> Result<String> {
    let mut bytes = Vec::new();
    V2DeflateSerializer::new()
        .serialize(histogram, &mut bytes)
        .map_err(|error| anyhow::anyhow!("a histogram cannot be written: {error:?}"))?;
    Ok(base64::engine::general_purpose::STANDARD.encode(bytes))
}
