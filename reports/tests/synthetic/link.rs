//! A link and a server that stands still, as the simulated clients meet them.

use hdrhistogram::Histogram;
use results::{Causes, Direction, Life, Row, Wire, Wires};

use super::{SECOND, one::One};

/// Headers of IP and TCP with timestamps.
const HEADERS: u64 = 52;
/// What a packet carries of a stream.
const SEGMENT: u64 = 1_448;

impl One<'_> {
    /// One way to the clients, ns.
    pub fn way_down(&self) -> f64 {
        let link = self.run.scenario.link.as_ref();
        link.map_or(0.0, |link| link.way_down().delay.as_nanos() as f64)
    }

    /// One way to the server, ns.
    pub fn way_up(&self) -> f64 {
        let link = self.run.scenario.link.as_ref();
        link.map_or(0.0, |link| link.way_up().delay.as_nanos() as f64)
    }

    /// Both ways, whole ns.
    pub fn round_trip(&self) -> u64 {
        (self.way_down() + self.way_up()) as u64
    }

    /// What a lost packet costs its update: the least timeout of Linux.
    pub fn sent_again(&mut self) -> f64 {
        let loss = self.loss();
        if loss > 0.0 && self.random.uniform() < loss { 0.2 * SECOND } else { 0.0 }
    }

    fn loss(&self) -> f64 {
        self.run.scenario.link.as_ref().map_or(0.0, |link| link.way_down().loss)
    }

    fn freezes(&self) -> Vec<(f64, f64)> {
        let scenario = &self.run.scenario;
        let freezes = scenario.server.freezes(scenario.measure.duration).into_iter();
        freezes.map(|(from, to)| (from.as_nanos() as f64, to.as_nanos() as f64)).collect()
    }

    /// When a server that may stand still gets to do what is due at this time.
    pub fn thawed(&self, at: f64) -> f64 {
        let frozen = self.freezes().into_iter().find(|(from, to)| (*from..*to).contains(&at));
        frozen.map_or(at, |(_, to)| to)
    }

    /// All requests of a poller, with the one of each client that waits out a freeze.
    pub fn stalled_requests(&mut self, request: &mut Histogram<u64>, clients: usize, asked: u64) {
        let freezes = self.freezes();
        if freezes.is_empty() {
            return;
        }
        let again = asked / request.len().max(1);
        let normal = request.clone();
        (1..again).for_each(|_| request.add(&normal).unwrap());
        for (from, to) in freezes {
            for _ in 0..clients {
                let wait = to - from - self.random.uniform() * self.interval();
                request.saturating_record(wait.max(1e5) as u64);
            }
        }
    }

    /// What the link carried in the window and over the whole life; `None` on loopback.
    pub fn carried(&mut self, row: &mut Row, causes: &Direction) -> Option<(Wires, Life)> {
        let freezes = self.freezes();
        row.server_frozen_ns = freezes.iter().map(|(from, to)| to - from).sum::<f64>() as u64;
        self.run.scenario.link.as_ref()?;
        let asked = row.requests;
        let (messages, answers) = if asked > 0 { (asked, asked) } else { (row.delivered, 0) };
        let held = self.name == "long-poll";
        let down = self.wire(causes.down, messages, if held { asked } else { 0 });
        let up = self.wire(causes.up, answers, if held { 0 } else { messages });
        let window = Wires { up, down };
        let open = |wire: Wire| Wire {
            packets: wire.packets + 4 * row.clients,
            handshakes: 216 * row.clients,
            ..wire
        };
        let link = Wires { up: open(up), down: open(down) };
        let life = Life {
            up: causes.up,
            down: causes.down,
            link,
            link_bytes_up: link.up.bytes(),
            link_bytes_down: link.down.bytes(),
        };
        self.fill(row, &window, &life);
        Some((window, life))
    }

    fn wire(&self, causes: Causes, messages: u64, acks: u64) -> Wire {
        let payload = causes.total();
        let packets = if payload > 0 { messages.max(payload / SEGMENT) } else { 0 };
        let lost = (packets as f64 * self.loss()) as u64;
        Wire {
            packets: packets + acks + lost,
            payload,
            headers: packets * HEADERS,
            acks: acks * HEADERS,
            retransmitted: lost * (HEADERS + payload / packets.max(1)),
            ..Wire::default()
        }
    }

    fn fill(&mut self, row: &mut Row, window: &Wires, life: &Life) {
        row.set_wires(window);
        let packets = window.up.packets + window.down.packets;
        row.link_lost_packets = Some((packets as f64 * self.loss()) as u64);
        row.link_queue_dropped_packets = Some(0);
        row.link_cut_packets =
            Some(self.run.scenario.link.as_ref().map_or(0, |l| l.cut.len() as u64) * 31);
        row.link_unasked_drops = Some(0);
        row.relay_cpu_ns =
            Some((packets as f64 * (5_000.0 + self.random.uniform() * 500.0)) as u64);
        row.relay_spun_ns = row.relay_cpu_ns.map(|ns| ns / 3);
        row.relay_late_p50_ns = Some(61_000 + (self.random.uniform() * 9_000.0) as u64);
        row.relay_late_p99_ns = Some(190_000 + (self.random.uniform() * 60_000.0) as u64);
        row.relay_late_max_ns = Some(1_300_000 + (self.random.uniform() * 900_000.0) as u64);
        row.life_cause_bytes = Some(life.causes().iter().sum());
        row.life_link_bytes = Some(life.link_bytes().iter().sum());
    }
}
