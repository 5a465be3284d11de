//! `capacity.json`: how many clients each transport holds while an objective is met, and what
//! stopped it.

pub mod limit;
pub mod search;

use std::path::Path;

use hdrhistogram::Histogram;
use scenarios::Scenario;
use serde::{Deserialize, Serialize};

use crate::{Environment, Error, FORMAT_VERSION, Slo, Verdict, directory, verdict::Evidence};
pub use limit::{Limit, Stopped};
pub use search::{Bracket, Plan, Tried};

/// The answer, and all probes that it rests on.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Capacity {
    /// As of a run's files.
    pub format_version: u32,
    /// The scenario as resolved; its `clients` are not those of the probes.
    pub scenario: Scenario,
    /// What had to be kept.
    pub slo: Slo,
    /// The most clients that were allowed, and by what.
    pub most: Ceiling,
    /// When the search began, RFC 3339.
    pub started: String,
    /// The conditions of the first probe.
    pub environment: Environment,
    /// What was found, a line per transport.
    pub found: Vec<Found>,
    /// Whether transports or probes are missing that were asked for.
    pub partial: bool,
}

/// Where a search has to stop, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ceiling {
    /// Clients.
    pub clients: u32,
    /// [`Limit::Most`], or what the machine does not have more of.
    pub limit: Limit,
}

/// What was found for one transport.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Found {
    /// Name of the transport.
    pub transport: String,
    /// Between which numbers of clients its limit lies.
    pub bracket: Bracket,
    /// What stopped it; `None` while that is not known.
    pub stopped: Option<Stopped>,
    /// Why the search ended before it had an answer.
    pub broken: Option<String>,
    /// All probes, in their order.
    pub probes: Vec<Probe>,
}

/// One trial of a search.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Probe {
    /// How many clients.
    pub clients: u32,
    /// Its run, relative to the directory of `capacity.json`.
    pub directory: String,
    /// What the objective's column was, ns; `None` where it cannot be known.
    pub value_ns: Option<u64>,
    /// What the rules make of the row.
    pub verdict: Verdict,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of a probe.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The objective was met by all clients.
    Held,
    /// It was not, and this is what stopped it.
    Missed(Stopped),
    /// The numbers are not those of the feed, and not because of the load.
    Broken(String),
}

/// What to make of a probe's row and its delays. An INVALID row counts as one that missed only if
/// the load explains it: a resource ran out, and nothing came twice or out of order.
pub fn outcome(evidence: &Evidence, delay: &Histogram<u64>, slo: &Slo) -> Outcome {
    let row = evidence.row;
    if row.duplicated + row.reordered > 0 {
        let (twice, order) = (row.duplicated, row.reordered);
        return Outcome::Broken(format!(
            "{twice} updates came twice and {order} out of order, which no load explains"
        ));
    }
    let stopped = limit::limit(evidence);
    let undelivered = row.missing + row.lost;
    if undelivered > 0 {
        let found = format!("{undelivered} of {} updates did not arrive", row.expected);
        if stopped.limit == Limit::SloAlone && row.lost == 0 {
            return Outcome::Broken(format!("{found}, though no resource was used up"));
        }
        return Outcome::Missed(Stopped { why: format!("{found}; {}", stopped.why), ..stopped });
    }
    if row.verdict == Verdict::Invalid {
        return Outcome::Broken("the run is INVALID: see its warnings".into());
    }
    match slo.value_ns(row, delay) {
        Some(value) if value < slo.below_ns() => Outcome::Held,
        Some(_) => Outcome::Missed(stopped),
        None => {
            let (column, published) = (slo.column(), row.published);
            Outcome::Broken(format!(
                "{column} needs {} publishes and the window had {published}",
                slo.publishes_needed()
            ))
        }
    }
}

impl Found {
    /// Nothing yet.
    pub fn new(transport: &str) -> Self {
        Self {
            transport: transport.to_owned(),
            bracket: Bracket::default(),
            stopped: None,
            broken: None,
            probes: Vec::new(),
        }
    }

    /// What has been tried, for the search.
    pub fn tried(&self) -> Vec<Tried> {
        let tried = |probe: &Probe| match probe.outcome {
            Outcome::Held => Some(Tried { clients: probe.clients, held: true }),
            Outcome::Missed(_) => Some(Tried { clients: probe.clients, held: false }),
            Outcome::Broken(_) => None,
        };
        self.probes.iter().filter_map(tried).collect()
    }

    /// Adds a probe and draws the conclusion from all of them.
    pub fn add(&mut self, probe: Probe, ceiling: Ceiling) {
        if let Outcome::Broken(why) = &probe.outcome {
            self.broken = Some(format!("at {} clients: {why}", probe.clients));
        }
        self.probes.push(probe);
        self.bracket = Bracket::of(&self.tried());
        self.stopped = match self.bracket.fails {
            Some(fails) => self.stopper(fails.clients),
            None if self.bracket.clients() >= ceiling.clients => Some(Stopped {
                limit: ceiling.limit,
                why: format!("it held at {} clients, the most that were allowed", ceiling.clients),
            }),
            None => None,
        };
    }

    /// What most of the probes at the upper end name; of several the first.
    fn stopper(&self, clients: u32) -> Option<Stopped> {
        let all: Vec<&Stopped> = self
            .probes
            .iter()
            .filter(|probe| probe.clients == clients)
            .filter_map(|probe| match &probe.outcome {
                Outcome::Missed(stopped) => Some(stopped),
                _ => None,
            })
            .collect();
        let votes = |limit| all.iter().filter(|stopped| stopped.limit == limit).count();
        // `max_by_key` takes the last of equals.
        all.iter()
            .rev()
            .max_by_key(|stopped| votes(stopped.limit))
            .map(|stopped| (*stopped).clone())
    }

    /// Whether what was found is the least that the server holds, and not its limit.
    pub fn is_at_least(&self) -> bool {
        self.stopped.as_ref().is_none_or(|stopped| !stopped.limit.is_the_servers())
    }
}

impl Capacity {
    /// Writes `capacity.json` in one step.
    ///
    /// # Errors
    /// When the disk refuses it.
    pub fn write(&self, path: &Path) -> Result<(), Error> {
        let file = path.join("capacity.json");
        let mut text =
            serde_json::to_vec_pretty(self).map_err(|error| Error::malformed(&file, &error))?;
        text.push(b'\n');
        directory::replace(path, "capacity.json", &text)
    }

    /// Reads it back.
    ///
    /// # Errors
    /// When it is not there, or of another format.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let file = path.join("capacity.json");
        let text = std::fs::read(&file).map_err(Error::read(&file))?;
        let found: Self =
            serde_json::from_slice(&text).map_err(|error| Error::malformed(&file, &error))?;
        if found.format_version != FORMAT_VERSION {
            return Err(Error::Version { path: file, found: found.format_version.into() });
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests;
