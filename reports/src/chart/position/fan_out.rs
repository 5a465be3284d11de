//! What became of an update from the first client to the last.

use std::collections::BTreeMap;

use crate::view::View;

/// Medians over the updates that were kept in full.
pub(super) struct FanOut {
    pub first: f64,
    pub middle: f64,
    pub last: f64,
    /// From the first to the last arrival of the same update, which is not the last median less
    /// the first.
    pub between: f64,
    pub kept: u64,
}

impl FanOut {
    pub fn of(view: &View, transport: &str) -> Option<Self> {
        let mut updates: BTreeMap<(u32, u64), Vec<u64>> = BTreeMap::new();
        for position in view.loaded.positions.iter().filter(|p| p.transport == transport) {
            let update = (position.repetition, position.publish);
            updates.entry(update).or_default().push(position.delay_ns);
        }
        for delays in updates.values_mut() {
            delays.sort_unstable();
        }
        let over = |value: fn(&[u64]) -> u64| median(updates.values().map(|all| value(all)));
        Some(Self {
            first: over(|delays| delays[0])?,
            middle: over(|delays| delays[(delays.len() - 1) / 2])?,
            last: over(|delays| delays[delays.len() - 1])?,
            between: over(|delays| delays[delays.len() - 1] - delays[0])?,
            kept: updates.len() as u64,
        })
    }
}

/// The middle one, or the mean of the two in the middle.
pub(super) fn median(values: impl Iterator<Item = u64>) -> Option<f64> {
    let mut values: Vec<u64> = values.collect();
    values.sort_unstable();
    let middle = values.len().checked_sub(1)? / 2;
    Some(f64::midpoint(values[middle] as f64, values[values.len() / 2] as f64))
}
