//! The noise floor: by how much two measurements of the same thing differ.
//!
//! Each transport of a block has a twin: the same transport with a fresh server under another
//! label. The two labels may be exchanged, so the log ratio r of a metric is symmetric about zero,
//! and its mean is known and need not be estimated. Taken for normal, the n log ratios of all blocks
//! and transports give s² = Σ r²/n with n degrees of freedom, and the next one over s follows
//! Student's t of n degrees of freedom. So |r| stays below t(0.975, n)·s in 95 % of cases, for
//! any n: few pairs give a wide floor and not a wrong one. An empirical quantile would need 20 pairs
//! for the first value beyond it. Heavier tails than the normal's, and transports of different
//! noise in one floor, widen s as well: simulated, they leave at least 91 % (3 pairs of Laplace's)
//! and at most 97 %.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::statistics::{CONFIDENCE, student};
use crate::{Row, Verdict, metric};

/// What a twin's label adds to its transport's.
const SUFFIX: &str = "-twin";

/// Metrics that have a floor, by their short names.
const FLOORED: [&str; 9] = [
    "delay_mean",
    "delay_p50",
    "delay_p90",
    "delay_p99",
    "age_mean",
    "bytes_per_update",
    "link_bytes_per_update",
    "server_cpu_per_update",
    "memory_per_client",
];

/// The noise of one metric.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NoiseFloor {
    /// Short name of the metric.
    pub metric: String,
    /// Pairs of a transport and its twin that have a value.
    pub pairs: u64,
    /// Quotient that two measurements of the same stay below in 95 % of cases, the larger over the
    /// smaller: 1.07 is ±7 %.
    pub ratio_95: f64,
}

/// A transport and its twin in one block.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair<'a> {
    /// The transport.
    pub transport: &'a str,
    /// The block, from 1.
    pub repetition: u32,
    /// Logarithm of the twin's value over the transport's.
    pub ln_ratio: f64,
}

/// The label of a transport's twin.
pub fn label(transport: &str) -> String {
    format!("{transport}{SUFFIX}")
}

/// The transport whose twin has this label.
pub fn twin_of(label: &str) -> Option<&str> {
    label.strip_suffix(SUFFIX)
}

/// The log ratios of a metric.
pub fn pairs<'a>(rows: &'a [Row], metric: &str) -> Vec<Pair<'a>> {
    metric::find(metric).map_or_else(Vec::new, |metric| pairs_by(rows, metric.value))
}

/// The log ratios of a value. Rows that are INVALID are not those of the feed, and what is not above
/// zero has no ratio.
pub fn pairs_by(rows: &[Row], value: impl Fn(&Row) -> Option<f64>) -> Vec<Pair<'_>> {
    let value =
        |row: &Row| value(row).filter(|value| *value > 0.0 && row.verdict != Verdict::Invalid);
    let pair = |twin| -> Option<Pair<'_>> {
        let twin: &Row = twin;
        let transport = twin_of(&twin.transport)?;
        let same = |row: &&Row| row.transport == transport && row.repetition == twin.repetition;
        let own = rows.iter().find(same)?;
        let ln_ratio = (value(twin)? / value(own)?).ln();
        Some(Pair { transport, repetition: twin.repetition?, ln_ratio })
    };
    rows.iter().filter_map(pair).collect()
}

/// The floor of every metric that the twins of a run tell; empty without twins.
pub fn of(rows: &[Row]) -> Vec<NoiseFloor> {
    let floor = |name: &&str| {
        let (ratio_95, pairs) = ratio_95(&pairs(rows, name))?;
        Some(NoiseFloor { metric: (*name).to_owned(), pairs, ratio_95 })
    };
    FLOORED.iter().filter_map(floor).collect()
}

/// The floor that pairs tell, and how many they are; `None` of none.
pub fn ratio_95(pairs: &[Pair]) -> Option<(f64, u64)> {
    let ratios: Vec<f64> = pairs.iter().map(|pair| pair.ln_ratio).collect();
    Some((bound_95(&ratios)?.exp(), ratios.len() as u64))
}

/// Whether two values lie within the floor of a metric; not where there is none.
pub fn within(floors: &[NoiseFloor], metric: &str, one: f64, other: f64) -> bool {
    let floor = floors.iter().find(|floor| floor.metric == metric);
    floor.is_some_and(|floor| {
        one > 0.0 && other > 0.0 && one.max(other) <= floor.ratio_95 * one.min(other)
    })
}

/// What the absolute value of the next log ratio stays below in 95 % of cases.
fn bound_95(ln_ratios: &[f64]) -> Option<f64> {
    let n = ln_ratios.len() as f64;
    let squares: f64 = ln_ratios.iter().map(|ratio| ratio * ratio).sum();
    (!ln_ratios.is_empty()).then(|| student::quantile(CONFIDENCE, n) * (squares / n).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(transport: &str, repetition: u32, mean_ns: u64) -> Row {
        Row {
            transport: transport.into(),
            repetition: Some(repetition),
            delay_mean_ns: Some(mean_ns),
            ..Row::default()
        }
    }

    #[test]
    fn a_transport_is_paired_with_its_own_twin_of_the_same_block() {
        let rows = [
            row("sse", 1, 100),
            row("tcp-twin", 1, 60),
            row("sse-twin", 1, 110),
            row("tcp", 1, 50),
            row("sse-twin", 2, 90),
            row("sse", 2, 100),
            row("tcp", 2, 50),
        ];
        let found: Vec<_> = pairs(&rows, "delay_mean")
            .into_iter()
            .map(|pair| (pair.transport, pair.repetition, (pair.ln_ratio.exp() * 100.0).round()))
            .collect();
        assert_eq!(found, [("tcp", 1, 120.0), ("sse", 1, 110.0), ("sse", 2, 90.0)]);
        let floors = of(&rows);
        assert_eq!((floors.len(), floors[0].pairs), (1, 3));
        assert!(within(&floors, "delay_mean", 100.0, 100.0 * floors[0].ratio_95 * 0.999));
        assert!(!within(&floors, "delay_mean", 100.0 * floors[0].ratio_95 * 1.001, 100.0));
        assert!(!within(&floors, "delay_p50", 100.0, 100.0), "what has no floor is not within it");
    }

    #[test]
    fn rows_that_are_invalid_or_without_a_value_make_no_pair() {
        let mut rows = vec![row("sse", 1, 100), row("sse-twin", 1, 110)];
        rows[1].verdict = Verdict::Invalid;
        assert_eq!(of(&rows), []);
        rows[1] = row("sse-twin", 1, 0);
        assert_eq!(of(&rows), []);
        assert_eq!(of(&[]), []);
    }

    /// Seeded; a sum of twelve uniforms is normal enough at two standard deviations.
    struct Random(u64);

    impl Random {
        fn uniform(&mut self) -> f64 {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (self.0 >> 11) as f64 / (1_u64 << 53) as f64
        }

        fn normal(&mut self) -> f64 {
            (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
        }

        fn laplace(&mut self) -> f64 {
            let sign = if self.uniform() < 0.5 { -1.0 } else { 1.0 };
            -sign * (1.0 - self.uniform()).ln()
        }
    }

    /// Share of cases in which the next log ratio lies within the bound of `n` earlier ones.
    fn coverage(n: usize, mut draw: impl FnMut(&mut Random) -> f64) -> f64 {
        const CASES: u32 = 20_000;
        let mut random = Random(7);
        let within = (0..CASES).filter(|_| {
            let seen: Vec<f64> = (0..n).map(|_| draw(&mut random)).collect();
            draw(&mut random).abs() <= bound_95(&seen).unwrap()
        });
        within.count() as f64 / f64::from(CASES)
    }

    #[test]
    fn the_next_ratio_lies_within_the_floor_in_95_of_100_cases_however_few_the_pairs() {
        for n in [1, 2, 3, 5, 10, 40] {
            let share = coverage(n, Random::normal);
            // Of 20,000 cases the share has a standard error of 0.15 points.
            assert!((share - 0.95).abs() < 0.006, "{n} pairs: {share}");
        }
    }

    #[test]
    fn heavy_tails_and_transports_of_different_noise_leave_at_least_91_of_100() {
        for n in [3, 5, 10, 40] {
            let heavy = coverage(n, Random::laplace);
            let mixed = coverage(n, |random| {
                let scale = if random.uniform() < 0.5 { 1.0 } else { 3.0 };
                random.normal() * scale
            });
            assert!((0.91..0.97).contains(&heavy), "{n} pairs of heavy tails: {heavy}");
            assert!((0.91..0.97).contains(&mixed), "{n} pairs of two kinds: {mixed}");
        }
    }
}
