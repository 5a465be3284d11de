//! The closed forms against a simulation that knows nothing of them: events in time, and ages read
//! at random instants.
#![allow(clippy::unwrap_used)] // a panic is how a test fails

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use scenarios::predict::closed::{LongPoll, Push, ShortPoll, fan_out_wait};

const UPDATES: usize = 200_000;

fn random(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

fn poisson(rate: f64, random: &mut ChaCha8Rng) -> Vec<f64> {
    let mut at = 0.0;
    (0..UPDATES)
        .map(|_| {
            at -= (1.0 - random.random::<f64>()).ln() / rate;
            at
        })
        .collect()
}

fn periodic(period: f64) -> Vec<f64> {
    (0..UPDATES).map(|k| k as f64 * period).collect()
}

/// A client's history: each update's wait, and (when, index of the newest update) of each delivery.
#[derive(Default)]
struct History {
    waits: Vec<f64>,
    deliveries: Vec<(f64, usize)>,
    exchanges: usize,
    empty: usize,
}

impl History {
    fn mean_wait(&self) -> f64 {
        self.waits.iter().sum::<f64>() / self.waits.len() as f64
    }

    fn quantile(&self, q: f64) -> f64 {
        let mut sorted = self.waits.clone();
        sorted.sort_by(f64::total_cmp);
        sorted[(q * (sorted.len() - 1) as f64) as usize]
    }

    fn seconds(&self) -> f64 {
        self.deliveries.last().unwrap().0
    }

    /// (mean age, part of the time in sync), read at random instants.
    fn freshness(&self, updates: &[f64], random: &mut ChaCha8Rng) -> (f64, f64) {
        const LOOKS: usize = 200_000;
        let (start, end) = (self.deliveries[0].0, *updates.last().unwrap());
        let (mut age, mut in_sync) = (0.0, 0.0);
        for _ in 0..LOOKS {
            let now = start + random.random::<f64>() * (end - start);
            let held = self.deliveries[self.deliveries.partition_point(|(at, _)| *at <= now) - 1].1;
            let newest = updates.partition_point(|at| *at <= now) - 1;
            age += now - updates[held];
            in_sync += f64::from(u8::from(held == newest));
        }
        (age / LOOKS as f64, in_sync / LOOKS as f64)
    }

    /// Mean age just before each delivery but the first.
    fn age_peak(&self, updates: &[f64]) -> f64 {
        let peaks = self.deliveries.windows(2).map(|pair| pair[1].0 - updates[pair[0].1]);
        peaks.sum::<f64>() / (self.deliveries.len() - 1) as f64
    }
}

/// A client that looks every `cycle` and sees what it finds `floor` later.
fn short_poll(updates: &[f64], cycle: f64, floor: f64, random: &mut ChaCha8Rng) -> History {
    let mut history = History::default();
    let mut look = random.random::<f64>() * cycle;
    let mut next = 0;
    while next < updates.len() {
        let before = next;
        while next < updates.len() && updates[next] <= look {
            history.waits.push(look - updates[next]);
            next += 1;
        }
        history.exchanges += 1;
        if next == before {
            history.empty += 1;
        } else {
            history.deliveries.push((look + floor, next - 1));
        }
        look += cycle;
    }
    history
}

/// A client whose request is at the server from `gap` after each answer, for at most `hold`.
fn long_poll(updates: &[f64], gap: f64, hold: f64, floor: f64) -> History {
    let mut history = History::default();
    let mut answered = 0.0_f64;
    let mut next = 0;
    while next < updates.len() {
        let parked = answered + gap;
        answered = updates[next].clamp(parked, parked + hold);
        let before = next;
        while next < updates.len() && updates[next] <= answered {
            history.waits.push(answered - updates[next]);
            next += 1;
        }
        history.exchanges += 1;
        if next == before {
            history.empty += 1;
        } else {
            history.deliveries.push((answered + floor, next - 1));
        }
    }
    history
}

fn push(updates: &[f64], floor: f64) -> History {
    History {
        deliveries: updates.iter().enumerate().map(|(k, at)| (at + floor, k)).collect(),
        ..History::default()
    }
}

#[track_caller]
fn near(simulated: f64, theory: f64, relative: f64) {
    assert!(
        (simulated - theory).abs() <= relative * theory.abs(),
        "simulated {simulated}, theory {theory}"
    );
}

#[test]
fn push_is_fresh_but_for_its_floor() {
    let mut random = random(1);
    let (rate, floor) = (10.0, 0.02);
    let model = Push { floor };
    let updates = poisson(rate, &mut random);
    let history = push(&updates, floor);
    let (age, in_sync) = history.freshness(&updates, &mut random);
    near(age, model.age_poisson(rate), 0.02);
    near(history.age_peak(&updates), model.age_poisson(rate), 0.02);
    near(in_sync, model.in_sync_poisson(rate), 0.01);

    let updates = periodic(0.1);
    let (age, in_sync) = push(&updates, floor).freshness(&updates, &mut random);
    near(age, model.age_periodic(0.1), 0.01);
    near(in_sync, model.in_sync_periodic(0.1), 0.01);
}

#[test]
fn fan_outs_of_a_poisson_feed_queue_like_m_d_1() {
    let mut random = random(2);
    let (rate, round) = (20.0, 0.025);
    let (mut free, mut waited) = (0.0_f64, 0.0);
    for at in poisson(rate, &mut random) {
        let start = free.max(at);
        waited += start - at;
        free = start + round;
    }
    near(waited / UPDATES as f64, fan_out_wait(rate, round).unwrap(), 0.03);
    assert_eq!(fan_out_wait(rate, 0.05), None, "at a load of 1 the queue has no mean");
}

#[test]
fn polls_with_random_phases_queue_like_m_d_1_though_each_is_regular() {
    const CLIENTS: usize = 1000;
    const ROUNDS: usize = 100;
    let mut random = random(8);
    for load in [0.2, 0.5, 0.8] {
        let cost = load / CLIENTS as f64; // of a cycle of one second
        let mut waited = 0.0;
        for _ in 0..ROUNDS {
            let mut phases: Vec<f64> = (0..CLIENTS).map(|_| random.random()).collect();
            phases.sort_by(f64::total_cmp);
            let mut free = 0.0_f64;
            // The first cycle begins with an empty queue; the second is like all that follow.
            for at in phases.iter().copied().chain(phases.iter().map(|phase| phase + 1.0)) {
                let start = free.max(at);
                waited += if at >= 1.0 { start - at } else { 0.0 };
                free = start + cost;
            }
        }
        let mean = waited / (ROUNDS * CLIENTS) as f64;
        near(mean, fan_out_wait(CLIENTS as f64, cost).unwrap(), 0.04);
    }
}

#[test]
fn short_polls_wait_evenly_up_to_a_cycle() {
    let mut random = random(3);
    let (rate, floor) = (10.0, 0.02);
    for cycle in [0.5, 0.05] {
        let model = ShortPoll { cycle, floor };
        let updates = poisson(rate, &mut random);
        let history = short_poll(&updates, cycle, floor, &mut random);
        near(history.mean_wait() + floor, model.delay_quantile(0.5), 0.01);
        for q in [0.01, 0.5, 0.9, 0.99, 1.0] {
            near(history.quantile(q) + floor, model.delay_quantile(q), 0.015);
        }
        near(history.empty as f64 / history.exchanges as f64, model.empty_poisson(rate), 0.08);
        let (age, in_sync) = history.freshness(&updates, &mut random);
        near(age, model.age_poisson(rate), 0.02);
        near(history.age_peak(&updates), model.age_peak_poisson(rate), 0.02);
        near(in_sync, model.in_sync_poisson(rate), 0.02);
    }
}

#[test]
fn short_polls_of_a_periodic_feed_wait_as_long_but_are_empty_more_regularly() {
    let mut random = random(4);
    let (period, floor) = (1.0, 0.02);
    let cycle = 2.0_f64.sqrt() / 5.0;
    let model = ShortPoll { cycle, floor };
    let updates = periodic(period);
    let history = short_poll(&updates, cycle, floor, &mut random);
    near(history.mean_wait() + floor, model.delay_quantile(0.5), 0.01);
    near(history.empty as f64 / history.exchanges as f64, model.empty_periodic(period), 0.01);
    near(history.freshness(&updates, &mut random).0, model.age_periodic(period), 0.01);
}

#[test]
fn a_client_in_phase_with_its_feed_always_waits_equally_long() {
    let mut random = random(5);
    let updates = periodic(0.25);
    let means: Vec<_> = (0..200)
        .map(|_| {
            let history = short_poll(&updates[..200], 0.25, 0.0, &mut random);
            assert!(history.waits.iter().all(|wait| (wait - history.waits[0]).abs() < 1e-9));
            history.waits[0]
        })
        .collect();
    let mean = means.iter().sum::<f64>() / 200.0;
    let sd = (means.iter().map(|wait| (wait - mean).powi(2)).sum::<f64>() / 200.0).sqrt();
    // T/2, with the standard error T/√(12·200), 4 % of it; the spread over clients is that of U(0,
    // T).
    near(mean, 0.125, 0.16);
    near(sd, 0.25 / 12.0_f64.sqrt(), 0.15);
}

#[test]
fn long_polls_batch_what_falls_into_the_gap() {
    let mut random = random(6);
    for (rate, gap) in [(1.0, 0.1), (5.0, 0.1), (20.0, 0.1), (50.0, 0.02), (100.0, 0.1)] {
        let model = LongPoll { rate, gap, hold: f64::INFINITY };
        let floor = 0.01;
        let updates = poisson(rate, &mut random);
        let history = long_poll(&updates, gap, f64::INFINITY, floor);
        near(history.exchanges as f64 / history.seconds(), model.answers_per_second(), 0.015);
        near(UPDATES as f64 / history.exchanges as f64, model.batch(), 0.015);
        let waiting =
            history.waits.iter().filter(|wait| **wait > 0.0).count() as f64 / UPDATES as f64;
        near(waiting, model.waiting(), 0.03);
        near(history.mean_wait(), model.mean_wait(), 0.03);
        for q in [0.5, 0.9, 0.99] {
            // Where the quantile leaves zero it is steep: compare on the scale of the gap.
            assert!(
                (history.quantile(q) - model.wait_quantile(q)).abs() < 0.02 * gap,
                "rate {rate}, q {q}"
            );
        }
        near(history.quantile(1.0), gap, 0.01);
        near(history.freshness(&updates, &mut random).0, floor + model.age_beyond_floor(), 0.02);
    }
}

#[test]
fn long_polls_of_a_quiet_feed_time_out() {
    let mut random = random(7);
    for (rate, gap, hold) in [(0.05, 0.1, 5.0), (0.5, 0.1, 1.0), (2.0, 0.2, 0.3)] {
        let model = LongPoll { rate, gap, hold };
        let updates = poisson(rate, &mut random);
        let history = long_poll(&updates, gap, hold, 0.0);
        near(history.exchanges as f64 / history.seconds(), model.answers_per_second(), 0.015);
        near(history.empty as f64 / history.seconds(), model.empty_per_second(), 0.02);
        let answers = history.exchanges - history.empty;
        near(UPDATES as f64 / answers as f64, model.batch(), 0.015);
        near(history.mean_wait(), model.mean_wait(), 0.05);
    }
}

#[test]
fn long_polls_of_a_periodic_feed_jump_when_the_gap_no_longer_fits() {
    // Slightly off the round number, so that the sampled phases do not repeat.
    let period = 0.25 * (1.0 + 1e-4 * 2.0_f64.sqrt());
    for gap in [0.1, 0.2, 0.248, 0.254, 0.3, 0.4] {
        let history = long_poll(&periodic(period), gap, f64::INFINITY, 0.0);
        let theory = LongPoll::mean_wait_periodic(gap, period);
        assert!(
            (history.mean_wait() - theory).abs() < 0.03 * gap,
            "gap {gap}: {} {theory}",
            history.mean_wait()
        );
    }
}

#[test]
fn the_limits_of_long_polling_are_push_and_short_polling() {
    let idle = LongPoll { rate: 0.001, gap: 0.05, hold: f64::INFINITY };
    near(idle.answers_per_second(), 0.001, 1e-3);
    near(idle.age_beyond_floor(), 1000.0, 1e-3);
    assert!(idle.wait_quantile(0.99) < 1e-12, "almost every update finds a parked request");
    let busy = LongPoll { rate: 10_000.0, gap: 0.05, hold: f64::INFINITY };
    near(busy.answers_per_second(), 20.0, 1e-3);
    near(busy.mean_wait(), 0.025, 1e-3);
    near(busy.batch(), 500.0, 1e-3);
}
