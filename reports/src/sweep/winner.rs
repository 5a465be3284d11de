//! Who wins at a point, and whether that can be said at all.

use super::{
    Field,
    metric::{self, Floor, Metric},
};

/// A transport and what it costs at a point.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    /// Its name.
    pub transport: String,
    /// What was measured.
    pub value: f64,
}

/// The order of the first two at a point by a metric.
#[derive(Clone, Debug)]
pub struct Ranked {
    /// The place on each axis.
    pub point: Vec<usize>,
    /// By what.
    pub metric: &'static Metric,
    /// The noise floor that decides.
    pub floor: Floor,
    /// The best; `None` where nothing was measured.
    pub first: Option<Standing>,
    /// The next.
    pub second: Option<Standing>,
    /// Who has no value here, and might have won: nobody wins while somebody is missing.
    pub without: Vec<String>,
    /// Whom theory takes for the best.
    pub theory: Option<String>,
}

impl Ranked {
    /// How much more the second costs; `None` if there is none.
    pub fn ratio(&self) -> Option<f64> {
        Some(self.second.as_ref()?.value / self.first.as_ref()?.value)
    }

    /// Whether somebody wins: all have a value, and the quotient of the first two is beyond the noise
    /// floor.
    pub fn is_clear(&self) -> bool {
        self.without.is_empty() && self.ratio().is_some_and(|ratio| ratio > self.floor.ratio)
    }

    /// Who wins, in words.
    pub fn words(&self) -> String {
        match (&self.first, &self.second) {
            (None, _) => "–".into(),
            _ if !self.without.is_empty() => format!("? without {}", self.without.join(", ")),
            (Some(first), None) => format!("{} alone", first.transport),
            (Some(first), Some(second)) if !self.is_clear() => {
                format!("{} ≈ {}", first.transport, second.transport)
            }
            (Some(first), Some(_)) => first.transport.clone(),
        }
    }
}

/// Every point by every metric.
pub fn ranked(field: &Field) -> Vec<Ranked> {
    metric::ALL.iter().flat_map(|metric| ranked_by(field, metric)).collect()
}

fn ranked_by(field: &Field, metric: &'static Metric) -> Vec<Ranked> {
    let floor = metric.floor(field.seen());
    let rank = |point: Vec<usize>| {
        let standings = standings(field, &point, metric.measured);
        let is_there = |name: &&str| standings.iter().any(|one| one.transport == *name);
        let contenders = field.contenders().into_iter();
        let without = contenders.filter(|name| !is_there(name)).map(str::to_owned).collect();
        let mut standings = standings.into_iter();
        let theory = standings_of_all(field, &point, metric.theory);
        Ranked {
            metric,
            floor,
            first: standings.next(),
            second: standings.next(),
            without,
            theory: theory.into_iter().next().map(|standing| standing.transport),
            point,
        }
    };
    field.points().into_iter().map(rank).collect()
}

/// Those that have a value, the best first.
fn standings(
    field: &Field,
    point: &[usize],
    value: fn(&super::field::Seen) -> Option<f64>,
) -> Vec<Standing> {
    let standing = |name: &str| {
        let value = value(&field.find(name, point)?)?;
        let transport = name.to_owned();
        (value > 0.0 && value.is_finite()).then_some(Standing { transport, value })
    };
    let mut all: Vec<_> = field.contenders().into_iter().filter_map(standing).collect();
    all.sort_by(|a, b| a.value.total_cmp(&b.value));
    all
}

/// The same, or none if one has no value: who is not in the race cannot lose it.
fn standings_of_all(
    field: &Field,
    point: &[usize],
    value: fn(&super::field::Seen) -> Option<f64>,
) -> Vec<Standing> {
    let all = standings(field, point, value);
    if all.len() == field.contenders().len() { all } else { Vec::new() }
}
