//! The measurements, each several times.

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result};
use harness::awake::Awake;
use harness::clock::{self, SECOND_NS};
use harness::link::order::{Mark, Report, Settings};
use harness::link::{Link, Side};
use harness::machine::Cores;
use harness::{machine, process};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout};

use crate::machine::Ticks;
use crate::role::{Pinged, Received};

/// How often each figure is measured.
const REPETITIONS: u64 = 3;

/// Connections of the traffic beside the pings: on each of them messages are 80 ms apart, longer than
/// an acknowledgement is put off, so that each message has one.
const CONNECTIONS: u64 = 200;

/// Least time between pings of different threads.
const PINGS_APART_MS: u64 = 8;

/// Messages that make 5,000 packets with their acknowledgements.
const MESSAGES_PER_SECOND: u64 = 2_500;

/// Payload of a full packet and the packet, bytes (timestamps are on): goodput is that share of the
/// rate.
const FULL_PAYLOAD: f64 = 1448.0 / 1500.0;

/// Which cores there are.
pub struct Setting {
    relay: Vec<usize>,
    rest: Vec<usize>,
}

impl Setting {
    /// The first core for the link, the second for all else; with one they share it.
    pub fn of_this_machine() -> Result<Self> {
        let cores = machine::own_cores();
        let first = *cores.first().context("this process may use no core")?;
        let second = *cores.get(1).unwrap_or(&first);
        let setting = Self { relay: vec![first], rest: vec![second] };
        setting.pin_rest()?;
        println!("link on core {first}, all else on core {second}");
        Ok(setting)
    }

    /// Both, or the one that there is.
    pub fn cores(&self) -> Vec<usize> {
        let mut cores = [self.relay.as_slice(), &self.rest].concat();
        cores.dedup();
        cores
    }

    /// Lets this process, and what it starts, have the cores that are not the link's.
    pub fn pin_rest(&self) -> Result<()> {
        Ok(machine::pin(&self.rest)?)
    }

    fn block_on<T>(&self, work: impl AsyncFnOnce(&Self) -> Result<T>) -> Result<T> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let [server, harness] = [self.rest.clone(), self.rest.clone()];
        let cores = Cores { server, harness, relay: self.relay.clone() };
        runtime.block_on(async {
            // As in a run.
            let _awake = Awake::start(&cores)?;
            work(self).await
        })
    }

    async fn link(&self, link: scenarios::Link, seed: u64) -> Result<Link> {
        let settings = Settings { link, seed, capture: None };
        Link::start(&settings, &self.relay, &self.rest).await
    }
}

/// A process on a side.
struct Actor {
    child: Child,
    stdout: Lines<BufReader<ChildStdout>>,
}

impl Actor {
    fn start(side: &Side, role: &str, numbers: &[u64]) -> Result<Self> {
        let own = process::own_path()?;
        let mut command = process::with_parent_by(&own, &own, Some(side));
        command.arg("role").arg(role).args(numbers.iter().map(ToString::to_string));
        let mut child = command.stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
        let stdout = child.stdout.take().context("a role has no stdout")?;
        Ok(Self { child, stdout: BufReader::new(stdout).lines() })
    }

    /// One that listens, as soon as it does.
    async fn listening(link: &Link, role: &str, numbers: &[u64]) -> Result<Self> {
        let mut actor = Self::start(&link.server, role, numbers)?;
        actor.stdout.next_line().await?.context("a server did not start")?;
        Ok(actor)
    }

    async fn seen<T: serde::de::DeserializeOwned>(&mut self) -> Result<T> {
        let line = self.stdout.next_line().await?.context("a role ended without a word")?;
        let seen = serde_json::from_str(&line)?;
        self.child.wait().await?;
        Ok(seen)
    }
}

fn ms(ns: u64) -> f64 {
    ns as f64 / 1e6
}

fn us(ns: u64) -> f64 {
    ns as f64 / 1e3
}

fn packets(mark: &Mark) -> u64 {
    mark.counters.up.offered.total().packets + mark.counters.down.offered.total().packets
}

/// Packets per second between two marks.
fn pace(before: &Mark, after: &Mark) -> f64 {
    (packets(after) - packets(before)) as f64 * 1e9 / (after.at_ns - before.at_ns) as f64
}

/// Shares of a core between two marks: CPU time, and the part of it that only watched the clock.
fn effort(before: &Mark, after: &Mark) -> (f64, f64) {
    let share = |before_ns: u64, after_ns: u64| {
        (after_ns - before_ns) as f64 / (after.at_ns - before.at_ns) as f64 * 100.0
    };
    let (before, after) = (before.effort, after.effort);
    (share(before.cpu_ns, after.cpu_ns), share(before.spun_ns, after.spun_ns))
}

async fn finish(mut link: Link) -> Result<Report> {
    link.parts().1.finish(clock::now_ns() + 10 * SECOND_NS).await
}

/// Time to connect and round trips, with other traffic on the link.
pub fn rtt(setting: &Setting) -> Result<()> {
    println!("\nRound trips, ms, with about 5,000 packets a second beside them");
    println!(
        "  asked  connect p50    p99  ping p50      p99  packets/s  late µs p50  p99    max  core %  spun %  unasked drops"
    );
    setting.block_on(async |setting| {
        for rtt_ms in [0, 1, 10, 80, 300] {
            for seed in 1..=REPETITIONS {
                rtt_once(setting, rtt_ms, seed).await?;
            }
        }
        Ok(())
    })
}

async fn rtt_once(setting: &Setting, rtt_ms: u64, seed: u64) -> Result<()> {
    // A 99th percentile of 2,000 has 20 beyond it. Where one thread would need too long for them,
    // several ping, apart from one another so that none waits for another.
    let (pings, connects, abreast) = (2_000, 500, (rtt_ms / PINGS_APART_MS).max(1));
    // The other traffic comes first and goes last.
    let warmup_ms = 500 + 60 * rtt_ms;
    let longest_ms = (rtt_ms.max(1) * (pings + connects) / abreast).max(4_000) * 3 / 2;
    let seconds = 1 + (warmup_ms + longest_ms).div_ceil(1000);
    let rtt = Duration::from_millis(rtt_ms);
    let mut link = setting.link(scenarios::Link { rtt, ..Default::default() }, seed).await?;
    let traffic = [CONNECTIONS, MESSAGES_PER_SECOND, seconds];
    let mut sender = Actor::listening(&link, "send", &traffic).await?;
    let echo = Actor::listening(&link, "echo", &[]).await?;
    let mut receiver = Actor::start(&link.clients, "receive", &[CONNECTIONS])?;
    tokio::time::sleep(Duration::from_millis(warmup_ms)).await;
    let before = link.parts().1.mark().await?;
    let pinged: Pinged =
        Actor::start(&link.clients, "ping", &[connects, pings, abreast, PINGS_APART_MS])?
            .seen()
            .await?;
    let after = link.parts().1.mark().await?;
    drop(echo);
    let sent: u64 = sender.seen().await?;
    let got: Received = receiver.seen().await?;
    assert_eq!(sent, got.bytes, "TCP delivers all");
    let report = finish(link).await?;
    let (late, (core, spun)) = (after.lateness, effort(&before, &after));
    println!(
        "  {rtt_ms:5}  {:11.3}  {:5.3}  {:8.3}  {:7.3}  {:9.0}  {:11.1}  {:3.0}  {:5.0}  {core:6.1}  {spun:6.1}  {}",
        ms(pinged.connect.p50_ns),
        ms(pinged.connect.p99_ns),
        ms(pinged.ping.p50_ns),
        ms(pinged.ping.p99_ns),
        pace(&before, &after),
        us(late.p50_ns),
        us(late.p99_ns),
        us(late.max_ns),
        report.unasked_drops(),
    );
    Ok(())
}

/// The share of packets that is lost, and that TCP mends it.
pub fn loss(setting: &Setting) -> Result<()> {
    println!("\nLoss of 1 % at 10 ms: share that was dropped of what was sent each way");
    println!(
        "  seed  packets up   lost %  packets down   lost %  retransmitted  bytes sent = received"
    );
    setting.block_on(async |setting| {
        for seed in 1..=REPETITIONS {
            let rtt = Duration::from_millis(10);
            let asked = scenarios::Link { rtt, loss: 0.01, ..Default::default() };
            let link = setting.link(asked, seed).await?;
            let mut sender = Actor::listening(&link, "send", &[200, 14_000, 10]).await?;
            let mut receiver = Actor::start(&link.clients, "receive", &[200])?;
            let sent: u64 = sender.seen().await?;
            let got: Received = receiver.seen().await?;
            let counters = finish(link).await?.counters;
            let (up, down) = (counters.up, counters.down);
            let [up_packets, down_packets] = [up, down].map(|way| way.offered.total().packets);
            let [up_lost, down_lost] = [up, down].map(|way| {
                way.dropped.loss.packets as f64 / way.offered.total().packets as f64 * 100.0
            });
            println!(
                "  {seed:4}  {up_packets:10}  {up_lost:7.3}  {down_packets:12}  {down_lost:7.3}  {:13}  {sent} {}",
                down.offered.retransmitted.packets,
                if sent == got.bytes { "= the same" } else { "≠ not the same" },
            );
        }
        Ok(())
    })
}

/// What a bottleneck lets through.
pub fn rate(setting: &Setting) -> Result<()> {
    println!("\nBulk transfer at 40 ms: goodput against the rate × 1448/1500");
    println!("     rate  goodput Mbit/s  expected  ratio  queue drops  largest packet");
    setting.block_on(async |setting| {
        for (rate, queue) in [("1.6Mbit/s", "32KiB"), ("20Mbit/s", "200KiB")] {
            for seed in 1..=REPETITIONS {
                let bandwidth: scenarios::Bandwidth = rate.parse().map_err(anyhow::Error::msg)?;
                let asked = scenarios::Link {
                    rtt: Duration::from_millis(40),
                    down: Some(bandwidth),
                    queue: queue.parse().map_err(anyhow::Error::msg)?,
                    ..Default::default()
                };
                let link = setting.link(asked, seed).await?;
                let server = Actor::listening(&link, "bulk", &[14]).await?;
                let got: Received = Actor::start(&link.clients, "drain", &[4])?.seen().await?;
                drop(server);
                let report = finish(link).await?;
                let goodput = got.steady_bytes as f64 * 8e9 / got.steady_ns as f64;
                let expected = bandwidth.bits_per_second() as f64 * FULL_PAYLOAD;
                println!(
                    "  {rate:>9}  {:12.4}  {:8.4}  {:5.3}  {:11}  {:14}",
                    goodput / 1e6,
                    expected / 1e6,
                    goodput / expected,
                    report.counters.down.dropped.queue.packets,
                    report.counters.down.largest_bytes,
                );
            }
        }
        Ok(())
    })
}

/// What a load costs the link, and whether it carries all of it.
pub fn capacity(setting: &Setting) -> Result<()> {
    println!("\nMessages of 132 bytes over 1,000 connections at 10 ms, 10 s each");
    println!(
        "  messages/s  packets/s  core %  spun %  kernel %  µs/packet  late µs p50   p99    max  unasked drops  retransmitted"
    );
    setting.block_on(async |setting| {
        for per_second in [5_000, 25_000, 50_000] {
            for seed in 1..=REPETITIONS {
                capacity_once(setting, per_second, seed).await?;
            }
        }
        Ok(())
    })
}

async fn capacity_once(setting: &Setting, per_second: u64, seed: u64) -> Result<()> {
    let rtt = Duration::from_millis(10);
    let mut link = setting.link(scenarios::Link { rtt, ..Default::default() }, seed).await?;
    let mut sender = Actor::listening(&link, "send", &[1_000, per_second, 10]).await?;
    let mut receiver = Actor::start(&link.clients, "receive", &[1_000])?;
    // The load has gone on for a second.
    while link.parts().1.mark().await?.counters.down.offered.payload.packets < per_second {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let (before, ticks_before) = (link.parts().1.mark().await?, Ticks::of(&link)?);
    tokio::time::sleep(Duration::from_secs(7)).await;
    let (after, ticks_after) = (link.parts().1.mark().await?, Ticks::of(&link)?);
    let sent: u64 = sender.seen().await?;
    let got: Received = receiver.seen().await?;
    assert_eq!(sent, got.bytes, "TCP delivers all");
    let report = finish(link).await?;
    let (late, (core, spun)) = (after.lateness, effort(&before, &after));
    let pace = pace(&before, &after);
    println!(
        "  {per_second:10}  {pace:9.0}  {core:6.1}  {spun:6.1}  {:8.1}  {:9.2}  {:11.1}  {:4.0}  {:5.0}  {:13}  {:13}",
        ticks_after.kernel_share_since(ticks_before),
        core * 1e4 / pace,
        us(late.p50_ns),
        us(late.p99_ns),
        us(late.max_ns),
        report.unasked_drops(),
        report.counters.down.offered.retransmitted.packets,
    );
    Ok(())
}
