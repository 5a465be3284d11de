//! Short polling: a client asks every `C`, and an update waits for the next time it does.
//!
//! The **cycle** C is the time between two looks into the log: the interval for `fixed-rate`; for
//! `fixed-delay`, which counts from the answer, the interval plus the request's round trip.
//!
//! With **keep_alive = false** a poll has a connection to make before it can look, a round trip more
//! from when it is due. At a fixed rate all looks are later by the same, so nothing waits longer;
//! with `fixed-delay` the round trip is part of the cycle, and of its calibrated one.
//!
//! A client's phase is drawn at random, so for an update published at any given time the wait for
//! that client's next look is uniform on (0, C): mean and median C/2, 99th percentile 0.99 C, at
//! most C. That holds for every update of whatever feed, on the average over phases. What differs
//! is how fast the average is reached: with a periodic feed whose period X divides C (or C·m = X·n
//! with small m, n) one client's wait takes only a few values, and the mean over K clients has the
//! standard error C/√(12K). The `assumptions` say so.
//!
//! **Empty answers**: a look finds something new if anything was published within the last C, so
//! over random phases the non-empty looks are (length of the union of all `[u_k, u_k + C)`) / C per
//! client: for a Poisson feed 1 − e^(−λC) of them, for a periodic one min(1, C/X). **Requests** are
//! N/C a second whatever the feed does. **Bytes** are counted between exchanges, until the
//! client has the last update: who polls once more in the window after that was published has it,
//! and of the others each has one exchange more, which is an answer with it.
//!
//! Of the **newest value** alone a look takes one update, so an update is seen if a look comes before
//! the next publish: with probability min(gap, C)/C, and (1 − e^(−λC))/(λC) of a Poisson feed.
//!
//! **A server that stands still** moves looks and makes some fall away: see
//! [`looks`](super::looks).
//!
//! **Queue**: the server answers N/C polls a second. What one costs it, `c`, is calibrated: the CPU
//! time of a server that only two clients poll, less what the publishes cost, over its polls, so
//! that none of it is waiting. (A busy server needs less, as polls share its wake-ups.) A poll that
//! comes while others are served waits for them. Many clients with random phases arrive as good as
//! at random, though each is regular, so they meet in an M/D/1 queue: ρc/(2(1−ρ)) on average, with
//! ρ = Nc/(C·threads), which is added to the delay. It is next to nothing until ρ is near 1.
//! Several threads are taken to have a part of the clients each. On a link with a bottleneck answers
//! wait for each other there, too: see [`exchange`](super::exchange).

use super::{
    Carrier, Case, Entered, Outcome, Overload, bytes,
    delay::Delay,
    exchange::Exchange,
    freeze::Freezes,
    freshness::{Freshness, middles, positions, sample_clients},
    looks::Rhythm,
};
use crate::{FeedKind, Schedule};

pub(super) fn model(case: &Case<'_>, schedule: &Schedule) -> Outcome {
    let freezes = case.freezes(schedule);
    let Entered { at_ns, .. } = case.entered(schedule, &freezes);
    let mut assumptions = Vec::new();
    // What an answer has depends on the cycle and, a little, the cycle on that: once around.
    let nearly = cycle_ns(case, Exchange::of(case, 1.0).mean_ns(1.0), &mut Vec::new());
    let looks = Found::of(&at_ns, nearly, f64::INFINITY).all;
    // Of the newest values alone, a look that finds any takes one.
    let per_answer = if case.newest_only() { 1.0 } else { at_ns.len() as f64 / looks };
    let exchange = Exchange::of(case, per_answer);
    let share = (looks * nearly / schedule.window_ns().max(1) as f64).min(1.0);
    let cycle = cycle_ns(case, exchange.mean_ns(share), &mut assumptions);
    let server = server_load(case, cycle);
    let queue =
        queue_ns(case, server) + exchange.wait_down_ns((case.clients() - 1.0) / cycle, share);
    if case.network.has_bottleneck() {
        assumptions.push(
            "polls come to the link's bottleneck independently of each other, and each answer with \
             updates has the mean number of them"
                .to_owned(),
        );
    }
    let trips = case.round_trips_before_request();
    if trips > 0.0 {
        assumptions.push(format!(
            "each poll makes a connection: it looks {trips} round trip(s) later, and an update waits \
             no longer for that, as any time is as good to look as another"
        ));
    }
    if !freezes.is_empty() {
        assumptions.push(
            "of what is published while the server stands still all but the first update comes \
             after the polls that wait for it are answered; that those of all clients come together \
             then is not in the model"
                .to_owned(),
        );
    }
    phase_lock(case, cycle, &mut assumptions);

    let wire = exchange.answer;
    let after = case.floor_mean_ns() + queue + wire;
    let rhythm = Rhythm {
        cycle,
        exchange: round_trip_ns(case, exchange.mean_ns(share)),
        fixed_delay: case.is("pacing", "fixed-delay"),
    };
    let looks = |phase| rhythm.looks(&freezes, phase);
    let clients = case.clients();
    let window = schedule.window_ns() as f64;
    let end = at_ns.first().map_or(0.0, |first| *first as f64 + window);
    let (mut freshness, mut missed, mut found) = (Freshness::default(), 0.0, Found::default());
    let samples = sample_clients(at_ns.len());
    for looks in middles(samples, cycle).map(looks) {
        let looked: Vec<f64> = schedule.offsets_ns.iter().map(|at| looks.after(*at)).collect();
        let deliveries = looked.iter().enumerate().map(|(k, look)| (look + after, k));
        freshness.follow(&schedule.offsets_ns, deliveries);
        missed += looks.missed / samples as f64;
        found.add(&looked, end, 1.0 / samples as f64);
    }
    if freezes.is_empty() {
        found = Found::of(&at_ns, cycle, window);
    }

    let requests = clients * (window / cycle - missed);
    let empty = requests - clients * found.in_window;
    let answers = clients * found.all;
    let mut overloads = exchange.overloads(requests - empty, empty, window);
    overloads.extend(Overload::of(Carrier::Server, server, 1.0));
    let seen = if case.newest_only() { answers / clients } else { at_ns.len() as f64 };
    let (up_bytes, down_bytes) = bytes::poll(case, schedule, seen, answers, empty);
    Outcome {
        delay: if case.newest_only() {
            newest(&schedule.offsets_ns, &freezes, queue + wire, rhythm)
        } else {
            delay(&schedule.offsets_ns, &freezes, queue + wire, rhythm)
        },
        freshness,
        requests,
        empty,
        answers,
        answered_updates: clients * seen,
        seen,
        up_bytes,
        down_bytes,
        overloads,
        assumptions,
        ..Outcome::default()
    }
}

/// Time between two looks of a client.
fn cycle_ns(case: &Case<'_>, on_link_ns: f64, assumptions: &mut Vec<String>) -> f64 {
    let interval =
        case.duration_ns("interval").filter(|interval| *interval > 0.0).unwrap_or_else(|| {
            assumptions.push("no interval is known: one second is taken".to_owned());
            1e9
        });
    if case.is("pacing", "fixed-delay") {
        assumptions.push(
            "the cycle is the interval plus the calibrated round trip; \
             an overloaded server or link stretches it"
                .to_owned(),
        );
        return interval + round_trip_ns(case, on_link_ns);
    }
    assumptions.push("each client polls at a fixed rate from a random phase".to_owned());
    // The next poll waits for the last one's answer.
    interval.max(round_trip_ns(case, on_link_ns))
}

/// From when a poll goes out until the next one could.
fn round_trip_ns(case: &Case<'_>, on_link_ns: f64) -> f64 {
    case.calibration.poll_cycle_extra_ns.max(0.0) + on_link_ns
}

/// Each update waits for its client's next look: U(0, C), but near a freeze, which cuts into that
/// elsewhere for each update and phase; so these are followed for the middles of many phases.
fn delay(publishes: &[u64], freezes: &Freezes, after: f64, rhythm: Rhythm) -> Delay {
    let cycle = rhythm.cycle;
    let late = rhythm.late_ns() as u64;
    let near = |at: &u64| freezes.touch(at.saturating_sub(late), *at + cycle as u64);
    let (near, free): (Vec<u64>, Vec<u64>) = publishes.iter().partition(|at| near(at));
    if freezes.is_empty() {
        return Delay::held(&vec![0.0; free.len()], after, cycle);
    }
    let parts = positions(near.len());
    let weight = 1.0 / parts as f64;
    let mut cells = Vec::with_capacity(parts * (near.len() + 1));
    for phase in middles(parts, cycle) {
        let looks = rhythm.looks(freezes, phase);
        cells.push((phase + after, free.len() as f64 * weight));
        cells.extend(near.iter().map(|at| (looks.after(*at) - *at as f64 + after, weight)));
    }
    Delay::cells(cells, cycle / parts as f64)
}

/// Of the newest values alone only those are seen, and wait, that are still the newest at their
/// client's next look: followed for the middles of many phases.
fn newest(publishes: &[u64], freezes: &Freezes, after: f64, rhythm: Rhythm) -> Delay {
    let cycle = rhythm.cycle;
    let parts = positions(publishes.len());
    let mut cells = Vec::new();
    for phase in middles(parts, cycle) {
        let looks = rhythm.looks(freezes, phase);
        let looked: Vec<f64> = publishes.iter().map(|at| looks.after(*at)).collect();
        for (k, look) in looked.iter().enumerate() {
            if looked.get(k + 1).is_none_or(|next| next > look) {
                cells.push((look - publishes[k] as f64 + after, 1.0));
            }
        }
    }
    Delay::cells(cells, cycle / parts as f64)
}

/// What the polls ask of the server's threads, as a share of their time.
fn server_load(case: &Case<'_>, cycle: f64) -> f64 {
    let threads = case.scenario.server.threads.max(1);
    case.clients() * case.send_ns() / (cycle * f64::from(threads))
}

/// Mean wait of a poll for those before it (M/D/1); zero where there is no such mean.
fn queue_ns(case: &Case<'_>, load: f64) -> f64 {
    if load < 1.0 { load * case.send_ns() / (2.0 * (1.0 - load)) } else { 0.0 }
}

/// With a periodic feed a client's waits take p different values, C/p apart, where p is the
/// smallest number of feed periods that are a whole number of cycles. The mean over a client's
/// updates then still depends on its phase, by up to C/p, which is uniform over the clients.
fn phase_lock(case: &Case<'_>, cycle: f64, assumptions: &mut Vec<String>) {
    /// Beyond this many values the phase moves a client's mean wait by less than 5 %.
    const FEW: u32 = 20;
    if case.scenario.feed.kind != FeedKind::Periodic {
        return;
    }
    let cycles_per_period = 1e9 / case.scenario.feed.rate.per_second() / cycle;
    let values = (1..=FEW).find(|p| {
        let cycles = cycles_per_period * f64::from(*p);
        cycles.round() >= 1.0 && (cycles - cycles.round()).abs() < 1e-6 * cycles
    });
    if let Some(values) = values {
        // sd of U(0, C/p) is C/(p√12); over N clients, against the mean C/2.
        let error = 100.0 / (f64::from(values) * (3.0 * case.clients()).sqrt());
        assumptions.push(format!(
            "phase lock: feed period and poll cycle have so simple a ratio that a client's wait \
             takes only {values} different value(s); the mean rests on {} random phases, \
             standard error {error:.1} %",
            case.scenario.clients
        ));
    }
}

/// A client's looks that find something.
#[derive(Default)]
struct Found {
    /// Until it has the last update, which may be after the window.
    all: f64,
    in_window: f64,
}

impl Found {
    /// On the average over phases, where looks are a cycle apart.
    fn of(publishes: &[u64], cycle: f64, window: f64) -> Self {
        Self {
            all: covered_ns(publishes, cycle, f64::INFINITY) / cycle,
            in_window: covered_ns(publishes, cycle, window) / cycle,
        }
    }

    /// Of one client, from the look that finds each update.
    fn add(&mut self, looked: &[f64], end: f64, weight: f64) {
        for look in looked.chunk_by(|one, next| one >= next).map(|same| same[0]) {
            self.all += weight;
            self.in_window += if look < end { weight } else { 0.0 };
        }
    }
}

/// Length of the union of `[u, u + cycle)` over all publishes, as far as it lies within `window` of
/// the first.
fn covered_ns(publishes: &[u64], cycle: f64, window: f64) -> f64 {
    let (Some(first), Some(last)) = (publishes.first(), publishes.last()) else {
        return 0.0;
    };
    let between: f64 =
        publishes.windows(2).map(|pair| ((pair[1] - pair[0]) as f64).min(cycle)).sum();
    between + cycle.min(window - (last - first) as f64)
}
