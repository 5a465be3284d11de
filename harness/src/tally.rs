//! What all clients of one load worker share: the window, the histograms, the time line.
//!
//! Histograms are per worker: one per client would take 136 KiB each.

use std::cell::{Cell, RefCell};

use hdrhistogram::Histogram;

use results::hlog::histogram;

use crate::age::Stretch;
use crate::clock::SECOND_NS;
use crate::decode::Stamp;

/// The publishes that are measured, and their time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Window {
    /// First publisher's number.
    pub first: u64,
    /// Last publisher's number.
    pub last: u64,
    /// Intended time of `first`.
    pub start_ns: u64,
    /// Intended time of `last`, where age ends.
    pub last_intended_ns: u64,
    /// One mean period after it, where the window ends.
    pub end_ns: u64,
}

impl Window {
    /// How many publishes it has.
    pub fn published(&self) -> u64 {
        self.last - self.first + 1
    }

    /// Before the window is known everything is warm-up.
    pub const UNKNOWN: Self = Self {
        first: u64::MAX,
        last: u64::MAX,
        start_ns: u64::MAX,
        last_intended_ns: u64::MAX,
        end_ns: u64::MAX,
    };
}

/// One second of the time line, summed over a worker's clients.
#[derive(Clone, Copy, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct Tick {
    /// Deliveries in this second.
    pub delivered: u64,
    /// Sum of their delays, ns.
    pub delay_sum_ns: u64,
    /// Their longest delay, ns.
    pub delay_max_ns: u64,
    /// Requests sent.
    pub requests: u64,
    /// Integral of the age over the clients, ns².
    pub age_area: f64,
    /// Client time that it covers, ns.
    pub age_time_ns: f64,
}

impl Tick {
    /// Adds another worker's second.
    pub fn add(&mut self, more: &Self) {
        self.delivered += more.delivered;
        self.delay_sum_ns += more.delay_sum_ns;
        self.delay_max_ns = self.delay_max_ns.max(more.delay_max_ns);
        self.requests += more.requests;
        self.age_area += more.age_area;
        self.age_time_ns += more.age_time_ns;
    }
}

/// The arrival of a sampled publish at one client.
#[derive(Clone, Copy, Debug, serde::Serialize, serde::Deserialize)]
pub struct Sighting {
    /// Publisher's number.
    pub n: u64,
    /// Client's index.
    pub client: u32,
    /// Delay.
    pub delay_ns: u64,
}

/// A worker's shared state.
pub struct Tally {
    /// Whether only the newest value matters.
    pub latest_value: bool,
    window: Cell<Window>,
    /// Intended times of its publishes, ns after its start; empty in a full feed.
    offsets_ns: RefCell<Vec<u64>>,
    /// Publisher's numbers whose arrivals are kept in full, sorted.
    sampled: RefCell<Vec<u64>>,
    /// Delay of the window's updates.
    pub delay: RefCell<Histogram<u64>>,
    /// Round-trip time of the window's requests; never called delay.
    pub request: RefCell<Histogram<u64>>,
    /// Time from the first SYN to a connected client.
    pub connect: RefCell<Histogram<u64>>,
    /// Time to connect a TCP socket.
    pub tcp_connect: RefCell<Histogram<u64>>,
    /// Time of a TLS handshake on it.
    pub tls_handshake: RefCell<Histogram<u64>>,
    /// TLS handshakes.
    pub tls_handshakes: Cell<u64>,
    /// Those of them that resumed a session.
    pub tls_resumed: Cell<u64>,
    /// Sum of the delays, which a histogram would round.
    pub delay_sum_ns: Cell<u128>,
    /// By second since the window's start.
    pub ticks: RefCell<Vec<Tick>>,
    /// Arrivals of the sampled publishes.
    pub sightings: RefCell<Vec<Sighting>>,
    /// Requests sent within the window.
    pub requests: Cell<u64>,
    /// Those of them whose answer had no update.
    pub empty: Cell<u64>,
    /// Time between two requests of a client, both within the window: how many, and their sum in ns.
    pub cycles: Cell<(u64, u64)>,
    /// Clients that are connected.
    pub connected_count: Cell<u32>,
    /// Clients that never connected.
    pub refused_count: Cell<u32>,
    /// Clients that were connected and ended.
    pub dropped_count: Cell<u32>,
    /// The first few reasons.
    pub reasons: RefCell<Vec<String>>,
}

/// More reasons would say the same again.
const REASONS_MAX: usize = 5;

impl Default for Tally {
    fn default() -> Self {
        Self {
            latest_value: false,
            window: Cell::new(Window::UNKNOWN),
            offsets_ns: RefCell::default(),
            sampled: RefCell::default(),
            delay: RefCell::new(histogram()),
            request: RefCell::new(histogram()),
            connect: RefCell::new(histogram()),
            tcp_connect: RefCell::new(histogram()),
            tls_handshake: RefCell::new(histogram()),
            tls_handshakes: Cell::default(),
            tls_resumed: Cell::default(),
            delay_sum_ns: Cell::default(),
            ticks: RefCell::default(),
            sightings: RefCell::default(),
            requests: Cell::default(),
            empty: Cell::default(),
            cycles: Cell::default(),
            connected_count: Cell::default(),
            refused_count: Cell::default(),
            dropped_count: Cell::default(),
            reasons: RefCell::default(),
        }
    }
}

fn count<T: Copy + std::ops::Add<Output = T> + From<u8>>(cell: &Cell<T>) {
    cell.set(cell.get() + T::from(1));
}

impl Tally {
    /// Of a feed of which only the newest value matters, or of one that is to arrive whole.
    pub fn new(latest_value: bool) -> Self {
        Self { latest_value, ..Self::default() }
    }

    /// Opens the window; `sampled` publishes are kept in full. What was counted in a window that was
    /// put off is forgotten; nothing of it was published. `offsets_ns` are the intended times of its
    /// publishes after its start, where some may be skipped.
    pub fn open(&self, window: Window, mut sampled: Vec<u64>, offsets_ns: Vec<u64>) {
        self.requests.set(0);
        self.empty.set(0);
        self.cycles.set((0, 0));
        self.request.borrow_mut().reset();
        self.ticks.borrow_mut().clear();
        sampled.sort_unstable();
        *self.sampled.borrow_mut() = sampled;
        *self.offsets_ns.borrow_mut() = offsets_ns;
        self.window.set(window);
    }

    /// When publish `n` of the window is due, ns of `CLOCK_MONOTONIC`, where that was told.
    pub fn intended_ns(&self, n: u64) -> Option<u64> {
        let Window { first, start_ns, .. } = self.window.get();
        let place = usize::try_from(n.checked_sub(first)?).ok()?;
        self.offsets_ns.borrow().get(place).map(|offset| start_ns + offset)
    }

    /// The window, or `UNKNOWN`.
    pub fn window(&self) -> Window {
        self.window.get()
    }

    /// A client is connected.
    pub fn connected(&self, took_ns: u64) {
        count(&self.connected_count);
        self.connect.borrow_mut().saturating_record(took_ns);
    }

    /// A TCP connection was made.
    pub fn dialled(&self, took_ns: u64) {
        self.tcp_connect.borrow_mut().saturating_record(took_ns);
    }

    /// A TLS handshake on it is over.
    pub fn secured(&self, took_ns: u64, resumed: bool) {
        self.tls_handshake.borrow_mut().saturating_record(took_ns);
        count(&self.tls_handshakes);
        if resumed {
            count(&self.tls_resumed);
        }
    }

    /// A client ended before the run did.
    pub fn failed(&self, was_connected: bool, reason: &str) {
        count(if was_connected { &self.dropped_count } else { &self.refused_count });
        let mut reasons = self.reasons.borrow_mut();
        if reasons.len() < REASONS_MAX && !reasons.iter().any(|known| known == reason) {
            reasons.push(reason.to_owned());
        }
    }

    /// A client's request goes out, after the one at `before_ns`.
    pub fn request(&self, now_ns: u64, before_ns: u64) {
        if self.is_inside(now_ns) {
            count(&self.requests);
            if self.is_inside(before_ns) {
                let (cycles, sum_ns) = self.cycles.get();
                self.cycles.set((cycles + 1, sum_ns + (now_ns - before_ns)));
            }
            self.tick(now_ns, |tick| tick.requests += 1);
        }
    }

    /// A request's answer is here.
    pub fn answered(&self, asked_ns: u64, now_ns: u64, empty: bool) {
        if self.is_inside(asked_ns) {
            self.request.borrow_mut().saturating_record(now_ns.saturating_sub(asked_ns));
            if empty {
                count(&self.empty);
            }
        }
    }

    /// An update of the window arrived at a client.
    pub fn deliver(&self, client: u32, stamp: Stamp, now_ns: u64, stretch: Option<Stretch>) {
        let delay_ns = now_ns.saturating_sub(stamp.intended_ns);
        self.delay.borrow_mut().saturating_record(delay_ns);
        self.delay_sum_ns.set(self.delay_sum_ns.get() + u128::from(delay_ns));
        self.tick(now_ns, |tick| {
            tick.delivered += 1;
            tick.delay_sum_ns += delay_ns;
            tick.delay_max_ns = tick.delay_max_ns.max(delay_ns);
        });
        if let Some(stretch) = stretch {
            self.aged(stretch);
        }
        if self.sampled.borrow().binary_search(&stamp.n).is_ok() {
            self.sightings.borrow_mut().push(Sighting { n: stamp.n, client, delay_ns });
        }
    }

    /// Enters a stretch of age into the seconds that it crosses.
    pub fn aged(&self, stretch: Stretch) {
        let start_ns = self.window.get().start_ns;
        let mut from_ns = stretch.from_ns;
        while from_ns < stretch.to_ns {
            let second = from_ns.saturating_sub(start_ns) / SECOND_NS;
            let to_ns = stretch.to_ns.min(start_ns + (second + 1) * SECOND_NS);
            let part = Stretch { from_ns, to_ns, held_ns: stretch.held_ns };
            self.tick(from_ns, |tick| {
                tick.age_area += part.area();
                tick.age_time_ns += (to_ns - from_ns) as f64;
            });
            from_ns = to_ns;
        }
    }

    fn is_inside(&self, now_ns: u64) -> bool {
        let window = self.window.get();
        (window.start_ns..window.end_ns).contains(&now_ns)
    }

    fn tick(&self, now_ns: u64, change: impl FnOnce(&mut Tick)) {
        let second = (now_ns.saturating_sub(self.window.get().start_ns) / SECOND_NS) as usize;
        let mut ticks = self.ticks.borrow_mut();
        if ticks.len() <= second {
            ticks.resize(second + 1, Tick::default());
        }
        change(&mut ticks[second]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_that_was_put_off_leaves_nothing_behind() {
        let window = |start_ns| Window {
            first: 1,
            last: 9,
            start_ns,
            last_intended_ns: start_ns + 8,
            end_ns: start_ns + 9,
        };
        let tally = Tally::default();
        tally.open(window(100), Vec::new(), Vec::new());
        tally.request(105, 0);
        tally.answered(105, 106, true);
        tally.open(window(200), Vec::new(), Vec::new());
        assert_eq!((tally.requests.get(), tally.empty.get()), (0, 0));
        assert!(tally.request.borrow().is_empty() && tally.ticks.borrow().is_empty());
        tally.request(205, 105);
        assert_eq!((tally.requests.get(), tally.cycles.get()), (1, (0, 0)));
        tally.request(208, 205);
        assert_eq!((tally.requests.get(), tally.cycles.get()), (2, (1, 3)));
    }
}
