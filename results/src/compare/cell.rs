//! One transport and one metric of two runs.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Better, DEFAULT_BAND, FEWEST, METRICS, Metric};
use crate::{
    Loaded, Row, Run, noise_floor, percentile,
    statistics::{self, CONFIDENCE, Difference, bootstrap},
};

/// What is made of a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Word {
    /// B is better than A.
    #[serde(rename = "better")]
    Better,
    /// B is as A, within the band.
    #[serde(rename = "same")]
    Same,
    /// B is worse than A.
    #[serde(rename = "worse")]
    Worse,
    /// Neither is shown.
    #[serde(rename = "can't tell")]
    CantTell,
}

impl Word {
    /// The word that is printed.
    pub fn word(self) -> &'static str {
        match self {
            Self::Better => "better",
            Self::Same => "same",
            Self::Worse => "worse",
            Self::CantTell => "can't tell",
        }
    }
}

/// One transport and one metric.
#[derive(Clone, Debug, Serialize)]
pub struct Cell {
    /// The transport.
    pub transport: String,
    /// Name of the metric.
    pub metric: &'static str,
    /// Geometric mean over the repetitions of A, in the metric's unit.
    pub a: Option<f64>,
    /// The same of B.
    pub b: Option<f64>,
    /// Repetitions of A that were used.
    pub repetitions_a: usize,
    /// Repetitions of B that were used.
    pub repetitions_b: usize,
    /// B/A.
    pub ratio: Option<f64>,
    /// Lower limit of B/A.
    pub ratio_low: Option<f64>,
    /// Upper limit of B/A.
    pub ratio_high: Option<f64>,
    /// The difference of logarithms in standard deviations of a single one; empty where nothing
    /// varied.
    pub effect_size: Option<f64>,
    /// How often chance alone brings a difference as large, were this the only cell.
    pub chance: Option<f64>,
    /// Ratio up to which a difference is none.
    pub band: f64,
    /// What is made of it.
    pub word: Word,
    /// Why nothing can be told.
    pub reason: Option<String>,
}

/// The transports of a run in the order of their first rows. Twins are not among them: they have told
/// the noise floor, and a transport is not to be compared twice.
pub(super) fn transports(run: &Run) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    for row in &run.rows {
        let is_twin = noise_floor::twin_of(&row.transport).is_some();
        if !is_twin && !names.contains(&row.transport.as_str()) {
            names.push(&row.transport);
        }
    }
    names
}

/// All cells of the transports that both have, and their words.
pub(super) fn cells(a: &Loaded, b: &Loaded, paired: bool) -> Vec<Cell> {
    let others = transports(&b.run);
    let common = transports(&a.run).into_iter().filter(|name| others.contains(name));
    let (mut cells, differences): (Vec<Cell>, Vec<Option<Difference>>) = common
        .flat_map(|name| METRICS.iter().map(move |metric| (name, metric)))
        .filter_map(|(name, metric)| {
            let pair = Pair::of(a, b, name, metric, paired)?;
            pair.cell(pair.band())
        })
        .unzip();
    let known: Vec<f64> = differences.iter().flatten().map(Difference::chance).collect();
    let mut called = statistics::holm(&known, 1.0 - CONFIDENCE).into_iter();
    for (cell, difference) in cells.iter_mut().zip(differences) {
        if let Some(difference) = difference {
            cell.judge(&difference, called.next().unwrap_or_default(), known.len());
        }
    }
    cells
}

/// The values of one transport and metric, and where they are from.
struct Pair<'a> {
    runs: [&'a Loaded; 2],
    rows: [Vec<&'a Row>; 2],
    metric: &'static Metric,
    paired: bool,
}

impl<'a> Pair<'a> {
    /// `None` where the metric does not apply: nobody asks on a push transport.
    fn of(
        a: &'a Loaded,
        b: &'a Loaded,
        name: &'a str,
        metric: &'static Metric,
        paired: bool,
    ) -> Option<Self> {
        let by_repetition = |loaded: &'a Loaded| -> BTreeMap<u32, &'a Row> {
            let rows = loaded.run.rows_of(name);
            rows.filter_map(|row| Some((row.repetition?, row))).collect()
        };
        let (mut of_a, mut of_b) = (by_repetition(a), by_repetition(b));
        if paired {
            of_a.retain(|repetition, _| of_b.contains_key(repetition));
            of_b.retain(|repetition, _| of_a.contains_key(repetition));
        }
        let rows = [of_a, of_b].map(|rows| rows.into_values().collect::<Vec<_>>());
        let nothing = |row: &&Row| (metric.value)(row) == Some(0.0);
        let applies = rows.iter().flatten().count() > 0 && !rows.iter().flatten().all(nothing);
        applies.then_some(Self { runs: [a, b], rows, metric, paired })
    }

    /// Ratio up to which a difference is none.
    fn band(&self) -> f64 {
        let row = self.rows.iter().flatten().next();
        let name = self.metric.floor_name(row.is_some_and(|row| row.link_bytes().is_some()));
        let floors = self.runs.iter().flat_map(|loaded| &loaded.run.noise_floor);
        let ratios = floors.filter(|floor| floor.metric == name).map(|floor| floor.ratio_95);
        ratios.reduce(f64::max).unwrap_or(DEFAULT_BAND)
    }

    /// The cell without its word, and the difference that the word comes from.
    fn cell(&self, band: f64) -> Option<(Cell, Option<Difference>)> {
        let values = self.rows.each_ref().map(|rows| {
            rows.iter().map(|row| (self.metric.value)(row)).collect::<Option<Vec<f64>>>()
        });
        let typical = values.each_ref().map(|values| geometric_mean(values.as_deref()?));
        let found = self.difference(&values);
        let row = self.rows.iter().flatten().next()?;
        let (difference, reason) = match found {
            Ok(difference) => (Some(difference), None),
            Err(reason) => (None, Some(reason)),
        };
        let cell = Cell {
            transport: row.transport.clone(),
            metric: self.metric.name,
            a: typical[0],
            b: typical[1],
            repetitions_a: self.rows[0].len(),
            repetitions_b: self.rows[1].len(),
            ratio: None,
            ratio_low: None,
            ratio_high: None,
            effect_size: None,
            chance: None,
            band,
            word: Word::CantTell,
            reason,
        };
        Some((cell, difference))
    }

    fn difference(&self, values: &[Option<Vec<f64>>; 2]) -> Result<Difference, String> {
        for (side, rows) in ["A", "B"].into_iter().zip(&self.rows) {
            if rows.len() < FEWEST {
                return Err(self.too_few(side, rows.len()));
            }
        }
        let [Some(a), Some(b)] = values else {
            return Err(self.unknown());
        };
        let difference =
            if self.paired { statistics::paired(a, b) } else { statistics::unpaired(a, b) };
        let difference = difference.ok_or_else(|| {
            format!("{} was zero or less in a repetition, and has no ratio", self.metric.title)
        })?;
        Ok(difference.at_least(self.metric.rounding))
    }

    fn too_few(&self, side: &str, count: usize) -> String {
        let of = if self.paired { "pairs of repetitions" } else { "repetitions" };
        let mut reason = if self.paired {
            format!("A and B have {count} {of} in common")
        } else {
            format!("{side} has {count} {of}")
        };
        reason += &format!(", and a difference is told from chance with {FEWEST} or more");
        if self.metric.name == "delay_mean_ns"
            && let [Some(a), Some(b)] = self.runs.map(|run| self.within(run))
        {
            reason += &format!(
                "; within their windows the publishes tell the means to ± {a:.1} % in A and ± \
                 {b:.1} % in B, which says nothing of another window"
            );
        }
        reason
    }

    /// Half the width of the interval of a run's first mean delay, in percent.
    fn within(&self, loaded: &Loaded) -> Option<f64> {
        let row = self.rows.iter().flatten().next()?;
        let (transport, repetition) = (&row.transport, row.repetition?);
        let seed = loaded.run.seed;
        let found = bootstrap::delay_within(&loaded.positions, transport, repetition, seed)?;
        Some((found.high - found.low) / 2.0 / found.middle * 100.0)
    }

    /// Why a value is not known in every repetition.
    fn unknown(&self) -> String {
        let rows = || self.rows.iter().flatten();
        let reason = rows().find_map(|row| percentile::why_empty(self.metric.name, row.published));
        reason.map_or_else(
            || format!("{} is not known of every repetition", self.metric.title),
            |reason| reason.replace("and this row has", "and a repetition has"),
        )
    }
}

fn geometric_mean(values: &[f64]) -> Option<f64> {
    let logarithms: Vec<f64> = values.iter().map(|value| value.ln()).collect();
    let mean = statistics::mean(&logarithms).exp();
    (mean.is_finite() && mean > 0.0).then_some(mean)
}

impl Cell {
    /// `called`: whether chance does not explain the difference, among so many `looks`.
    fn judge(&mut self, difference: &Difference, called: bool, looks: usize) {
        let logarithms = difference.interval(CONFIDENCE);
        let interval = logarithms.exp();
        self.ratio = Some(interval.middle);
        self.ratio_low = Some(interval.low);
        self.ratio_high = Some(interval.high);
        self.effect_size = difference.effect_size();
        self.chance = Some(difference.chance());
        let band = self.band.ln();
        let percent = (self.band - 1.0) * 100.0;
        let beyond = logarithms.middle.abs() > band;
        if called && beyond {
            let lower = Metric::find(self.metric).is_some_and(|m| m.better == Better::Lower);
            let better = (logarithms.middle < 0.0) == lower;
            self.word = if better { Word::Better } else { Word::Worse };
        } else if -band <= logarithms.low && logarithms.high <= band {
            self.word = Word::Same;
        } else if logarithms.contains(0.0) {
            self.reason = Some(format!(
                "the interval contains no difference, and one of more than {percent:.0} %"
            ));
        } else if beyond {
            self.reason = Some(format!(
                "alone it would be a difference; among {looks} looks chance may bring it"
            ));
        } else {
            self.reason =
                Some(format!("there is a difference, and it may be less than {percent:.0} %"));
        }
    }
}
