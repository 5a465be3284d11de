//! What the simulated clients held from second to second, and who was served first.

use std::collections::BTreeMap;

use results::{Loaded, Position, Second};

use super::{
    SECOND,
    one::{Arrival, One},
};

/// Publishes whose arrivals are kept in full.
const KEPT: usize = 20;

impl One<'_> {
    pub fn timeline(
        &self,
        loaded: &mut Loaded,
        publishes: &[f64],
        arrivals: &[Arrival],
        clients: usize,
        window: f64,
    ) -> (Option<u64>, Option<u64>, Option<f64>) {
        const SAMPLES: usize = 10;
        let seconds = (window / SECOND).ceil() as usize;
        let mut lines: Vec<Second> = (0..seconds)
            .map(|second| Second {
                transport: self.name.to_owned(),
                repetition: self.repetition,
                second: second as u32,
                ..Second::default()
            })
            .collect();
        let mut sums = vec![0.0; seconds];
        for &(publish, _, at) in arrivals {
            let delay = at - publishes[publish];
            let second = ((at / SECOND) as usize).min(seconds - 1);
            lines[second].delivered += 1;
            sums[second] += delay;
            let longest = lines[second].delay_max_ns.unwrap_or_default();
            lines[second].delay_max_ns = Some(longest.max(delay as u64));
        }
        for at in publishes {
            lines[((at / SECOND) as usize).min(seconds - 1)].published += 1;
        }
        let mut held: Vec<Vec<(f64, f64)>> = vec![Vec::new(); clients];
        for &(publish, client, at) in arrivals {
            held[client].push((at, publishes[publish]));
        }
        let (mut total, mut synced, mut samples) = (0.0, 0.0, 0.0);
        for (second, line) in lines.iter_mut().enumerate() {
            let mut ages = (0.0, 0.0);
            for sample in 0..SAMPLES {
                let now = (second as f64 + (sample as f64 + 0.5) / SAMPLES as f64) * SECOND;
                let newest = publishes.iter().rev().find(|&&at| at <= now);
                for arrivals in held.iter().take(50) {
                    let holds = arrivals
                        .iter()
                        .filter(|(at, _)| *at <= now)
                        .map(|&(_, published)| published)
                        .fold(f64::NAN, f64::max);
                    if holds.is_finite() && publishes.last().is_some_and(|&last| now <= last) {
                        ages = (ages.0 + now - holds, ages.1 + 1.0);
                        synced += f64::from(newest == Some(&holds));
                    }
                }
            }
            (total, samples) = (total + ages.0, samples + ages.1);
            line.age_mean_ns = (ages.1 > 0.0).then(|| (ages.0 / ages.1) as u64);
            let delivered = line.delivered as f64;
            line.delay_mean_ns = (delivered > 0.0).then(|| (sums[second] / delivered) as u64);
        }
        loaded.timeline.extend(lines);
        if samples == 0.0 {
            return (None, None, None);
        }
        let age = total / samples;
        (Some(age as u64), Some((age * 1.6) as u64), Some(synced / samples))
    }

    pub fn positions(&self, loaded: &mut Loaded, publishes: &[f64], arrivals: &[Arrival]) {
        let stride = (publishes.len() / KEPT).max(1);
        let mut by_publish: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
        for &(publish, _, at) in arrivals.iter().filter(|(publish, ..)| publish % stride == 0) {
            by_publish.entry(publish).or_default().push(at - publishes[publish]);
        }
        for (publish, mut delays) in by_publish.into_iter().take(KEPT) {
            delays.sort_by(f64::total_cmp);
            loaded.positions.extend((0..).zip(delays).map(|(rank, delay)| Position {
                transport: self.name.to_owned(),
                repetition: self.repetition,
                publish: publish as u64,
                rank,
                delay_ns: delay as u64,
                client: None,
            }));
        }
    }
}
