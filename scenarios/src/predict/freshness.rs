//! What a client holds, and how old it is (Kaul, Yates and Gruteser, "Real-time status: how often
//! should one update?", INFOCOM 2012), by exact integration over the publish and delivery times.
//!
//! The age at time t is t − the intended time of the newest update held: a sawtooth that rises with
//! slope 1 and falls at each delivery of something newer. It is averaged from the client's first
//! delivery to the intended time of the last publish, exactly as the measurement does, so it holds
//! for bursts, traces and short windows, where the closed forms (an endless Poisson or periodic
//! feed) do not.

/// Sums over clients and repetitions; the means are ratios of sums, so a client counts for as long
/// as it was watched.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Freshness {
    area: f64,
    time: f64,
    in_sync: f64,
    peaks: f64,
    peak_count: f64,
}

impl Freshness {
    pub fn add(&mut self, other: &Self) {
        self.area += other.area;
        self.time += other.time;
        self.in_sync += other.in_sync;
        self.peaks += other.peaks;
        self.peak_count += other.peak_count;
    }

    /// Adds one client. `deliveries` are (when, index of the newest publish then held), in order of
    /// time; times are in ns.
    pub fn follow(
        &mut self,
        publishes: &[u64],
        deliveries: impl IntoIterator<Item = (f64, usize)>,
    ) {
        let Some(end) = publishes.last().map(|last| *last as f64) else {
            return;
        };
        let mut held: Option<(f64, usize)> = None;
        let mut deliveries = deliveries.into_iter().peekable();
        while let Some((at, mut newest)) = deliveries.next().filter(|(at, _)| *at < end) {
            // What comes together (a poll's batch, a trace's ties) is one delivery: one peak, not
            // one each.
            while let Some((_, also)) = deliveries.next_if(|next| next.0 <= at) {
                newest = also;
            }
            if let Some((since, before)) = held {
                self.hold(publishes, before, since, at);
                self.peaks += at - publishes[before] as f64;
                self.peak_count += 1.0;
            }
            held = Some((at, newest));
        }
        if let Some((since, newest)) = held {
            self.hold(publishes, newest, since, end);
        }
    }

    /// The client holds publish `newest` from `from` to `to`.
    fn hold(&mut self, publishes: &[u64], newest: usize, from: f64, to: f64) {
        let span = to - from;
        self.time += span;
        self.area += span * (f64::midpoint(from, to) - publishes[newest] as f64);
        // It is the newest until the next one is published.
        let outdated = publishes.get(newest + 1).map_or(to, |next| (*next as f64).clamp(from, to));
        self.in_sync += outdated - from;
    }

    pub fn age_mean(&self) -> Option<f64> {
        (self.time > 0.0).then(|| self.area / self.time)
    }

    pub fn age_peak(&self) -> Option<f64> {
        (self.peak_count > 0.0).then(|| self.peaks / self.peak_count)
    }

    pub fn in_sync(&self) -> Option<f64> {
        (self.time > 0.0).then(|| self.in_sync / self.time)
    }
}

/// How many clients to follow instead of all: enough that their phases or positions cover a cycle
/// evenly, few enough that a long feed stays quick.
pub(super) fn sample_clients(publishes: usize) -> usize {
    (4_000_000 / publishes.max(1)).clamp(16, 256)
}

/// How many positions to follow where each keeps a wait for each publish, which must fit into
/// memory.
pub(super) fn positions(publishes: usize) -> usize {
    (2_000_000 / publishes.max(1)).clamp(1, 64)
}

/// The middles of `count` equal parts of 0..`width`.
pub(super) fn middles(count: usize, width: f64) -> impl Iterator<Item = f64> {
    (0..count).map(move |i| (i as f64 + 0.5) / count as f64 * width)
}
