//! Coverage by simulation: how often an interval contains the truth.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::Position;

/// Noise of a log ratio with mean zero.
type Noise = fn(&mut ChaCha8Rng) -> f64;

fn exponential(random: &mut ChaCha8Rng) -> f64 {
    let uniform: f64 = random.random();
    -(-uniform).ln_1p()
}

fn normal(random: &mut ChaCha8Rng) -> f64 {
    let angle: f64 = random.random();
    (2.0 * exponential(random)).sqrt() * (std::f64::consts::TAU * angle).cos()
}

/// Both sides are disturbed now and then, as CPU and delays are: the difference of two skewed ones.
fn disturbed(random: &mut ChaCha8Rng) -> f64 {
    exponential(random) - exponential(random)
}

/// Only one side is disturbed: as skewed as it gets.
fn skewed(random: &mut ChaCha8Rng) -> f64 {
    exponential(random) - 1.0
}

const NOISES: [(&str, Noise); 3] =
    [("normal", normal), ("disturbed", disturbed), ("skewed", skewed)];

fn draw(noise: Noise, count: usize, random: &mut ChaCha8Rng) -> Vec<f64> {
    (0..count).map(|_| 0.1 + 0.05 * noise(random)).collect()
}

/// Share of `times` in which the interval of `count` log ratios around 0.1 contains 0.1.
fn coverage(
    noise: Noise,
    count: usize,
    times: u32,
    interval: impl Fn(&[f64], u64) -> Interval,
) -> f64 {
    let mut random = ChaCha8Rng::seed_from_u64(count as u64);
    let hits = (0..times)
        .filter(|&time| interval(&draw(noise, count, &mut random), u64::from(time)).contains(0.1));
    hits.count() as f64 / f64::from(times)
}

fn student(values: &[f64], _: u64) -> Interval {
    let ones = vec![1.0; values.len()];
    let ratios: Vec<f64> = values.iter().map(|value| value.exp()).collect();
    paired(&ones, &ratios).unwrap().interval(CONFIDENCE)
}

fn studentised(values: &[f64], seed: u64) -> Interval {
    bootstrap::mean(values, seed).unwrap()
}

/// The percentile bootstrap, which nothing uses: the reason is in the test below.
fn percentile(values: &[f64], seed: u64) -> Interval {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut one = || {
        let drawn = (0..values.len()).map(|_| values[random.random_range(0..values.len())]);
        drawn.sum::<f64>() / values.len() as f64
    };
    let mut means: Vec<f64> = (0..499).map(|_| one()).collect();
    means.sort_by(f64::total_cmp);
    Interval { low: means[12], middle: mean(values), high: means[486] }
}

/// Four standard errors of a share near 95 % over so many cases.
fn error(times: u32) -> f64 {
    4.0 * (CONFIDENCE * (1.0 - CONFIDENCE) / f64::from(times)).sqrt()
}

#[test]
fn students_interval_of_log_ratios_covers_from_three_repetitions_on() {
    const TIMES: u32 = 2_000;
    for count in [3, 5, 10, 20] {
        let exact = coverage(normal, count, TIMES, student);
        assert!((exact - CONFIDENCE).abs() < error(TIMES), "normal, {count}: {exact}");
        let both = coverage(disturbed, count, TIMES, student);
        assert!(both > CONFIDENCE - error(TIMES), "disturbed, {count}: {both}");
        // What disturbs only one of the two is never known from few; but it is not lost either.
        let one = coverage(skewed, count, TIMES, student);
        assert!(one > 0.86, "skewed, {count}: {one}");
    }
}

#[test]
fn the_studentised_bootstrap_covers_from_five_clusters_on() {
    const TIMES: u32 = 150;
    for (name, noise) in NOISES {
        for count in [5, 10, 20] {
            let share = coverage(noise, count, TIMES, studentised);
            assert!(share > 0.93 - error(TIMES), "{name}, {count}: {share}");
        }
    }
}

#[test]
fn the_percentile_bootstrap_of_few_repetitions_is_too_narrow_to_be_used() {
    for (count, most) in [(3, 0.85), (5, 0.93)] {
        let share = coverage(normal, count, 300, percentile);
        assert!(share < most, "{count}: {share}");
    }
}

#[test]
fn two_runs_that_are_alike_differ_in_one_comparison_of_twenty() {
    const TIMES: u32 = 2_000;
    let mut random = ChaCha8Rng::seed_from_u64(2);
    for (name, noise) in NOISES {
        for (m, n) in [(3, 3), (5, 5), (10, 10), (3, 10)] {
            let mut values = |count| -> Vec<f64> {
                draw(noise, count, &mut random).into_iter().map(f64::exp).collect()
            };
            let differ = |_: &u32| unpaired(&values(m), &values(n)).unwrap().chance() < 0.05;
            let share = (0..TIMES).filter(differ).count() as f64 / f64::from(TIMES);
            // Of groups as different in size as in the last case, skewed ones differ more often.
            let most = if m == n { 0.05 } else { 0.09 };
            assert!(share < most + error(TIMES), "{name}, {m} and {n}: {share}");
        }
    }
}

#[test]
fn a_cluster_is_drawn_whole() {
    let mut random = ChaCha8Rng::seed_from_u64(3);
    // 100 clients share the fate of each of 20 publishes.
    let mut publishes = || -> Vec<Position> {
        let fates: Vec<f64> = (0..20).map(|_| 1e6 * (1.0 + 0.3 * normal(&mut random))).collect();
        let each = (0..).zip(fates).flat_map(|(publish, fate)| {
            (0..100).map(move |rank| Position {
                transport: "sse".into(),
                repetition: 1,
                publish,
                rank,
                client: Some(rank),
                delay_ns: (fate + 1e3 * f64::from(rank)) as u64,
            })
        });
        each.collect()
    };
    let hits = (0..40).filter(|&seed| {
        let found = bootstrap::delay_within(&publishes(), "sse", 1, seed).unwrap();
        found.contains(1e6 + 49.5e3)
    });
    // Drawn one by one, deliveries would give an interval a tenth as wide, and 4 or 5 of 40.
    assert!(hits.count() >= 34);
    assert_eq!(bootstrap::delay_within(&publishes(), "sse", 2, 0), None);
}
