//! The runs of a sweep on the grid of its axes.

use results::{Row, Run, Verdict, noise_floor, sweep::Axis};

use super::Swept;
use crate::palette;

/// What was measured, by transport and point.
#[derive(Debug)]
pub struct Field<'a> {
    /// One or two.
    pub axes: &'a [Axis],
    seen: Vec<Seen<'a>>,
    /// Transports of the cells that are not made yet.
    awaited: Vec<&'a str>,
}

/// One transport in one run.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// Its run.
    pub run: &'a Run,
    /// All its repetitions together.
    pub row: &'a Row,
    at: &'a [Option<usize>],
}

impl<'a> Field<'a> {
    /// Puts the runs in their places.
    pub fn new(swept: &'a Swept) -> Self {
        let seen = swept.runs.iter().flat_map(|(cell, loaded)| {
            loaded.run.pooled.iter().map(|row| Seen { run: &loaded.run, row, at: &cell.at })
        });
        let seen = seen.filter(|seen| noise_floor::twin_of(&seen.row.transport).is_none());
        let sweep = &swept.sweep;
        let missing = sweep.cells.iter().filter(|cell| cell.run.is_none());
        let awaited = missing.flat_map(|cell| &cell.transports).map(String::as_str);
        Self { axes: &sweep.axes, seen: seen.collect(), awaited: awaited.collect() }
    }

    /// The transports, from the one that asks most to the floor.
    pub fn transports(&self) -> Vec<&'a str> {
        let mut names: Vec<&str> =
            self.seen.iter().map(|seen| seen.row.transport.as_str()).collect();
        names.sort_by_key(|name| palette::rank(name));
        names.dedup();
        names
    }

    /// Those that may win, measured or not yet: the floor is the measure.
    pub fn contenders(&self) -> Vec<&'a str> {
        let mut names = self.transports();
        names.extend(&self.awaited);
        names.retain(|name| *name != "tcp");
        names.sort_by_key(|name| palette::rank(name));
        names.dedup();
        names
    }

    /// What was seen of a transport at a point, unless its ledger does not balance.
    pub fn find(&self, transport: &str, point: &[usize]) -> Option<Seen<'a>> {
        let here = |seen: &&Seen| {
            seen.row.transport == transport
                && seen.at.iter().zip(point).all(|(at, here)| at.is_none_or(|at| at == *here))
        };
        let seen = self.seen.iter().find(here)?;
        (seen.row.verdict != Verdict::Invalid).then_some(*seen)
    }

    /// Every run's row, once: a transport that does not depend on an axis is there once for all of
    /// its points.
    pub fn seen(&self) -> impl Iterator<Item = Seen<'a>> {
        self.seen.iter().copied().filter(|seen| seen.row.verdict != Verdict::Invalid)
    }

    /// All points of the grid, the last axis the fastest.
    pub fn points(&self) -> Vec<Vec<usize>> {
        self.axes.iter().fold(vec![Vec::new()], |points, axis| {
            let more = |point: Vec<usize>| {
                (0..axis.values.len()).map(move |at| [&point[..], &[at]].concat())
            };
            points.into_iter().flat_map(more).collect()
        })
    }

    /// Where a point lies, in the words of the command line: `1/s`, `500ms`.
    pub fn words(&self, point: &[usize]) -> Vec<String> {
        point.iter().zip(self.axes).map(|(at, axis)| axis.values[*at].text.clone()).collect()
    }
}

impl<'a> Seen<'a> {
    /// Another row of the same run.
    pub(super) fn with(self, row: &'a Row) -> Self {
        Self { row, ..self }
    }

    /// Where it lies; `–` on an axis that makes no difference to it.
    pub fn words(&self, axes: &[Axis]) -> Vec<String> {
        let word = |(at, axis): (&Option<usize>, &Axis)| {
            at.map_or_else(|| "–".to_owned(), |at| axis.values[at].text.clone())
        };
        self.at.iter().zip(axes).map(word).collect()
    }
}
