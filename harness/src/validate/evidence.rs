//! What the runs of a validation saw, by the name of their setup.

use std::collections::BTreeMap;

use results::compare::Alike;
use results::validation::Looked;
use results::{Loaded, Row, Verdict};
use scenarios::Prediction;

/// See the module.
pub struct Evidence {
    /// Whether the runs are the short ones.
    pub quick: bool,
    runs: BTreeMap<&'static str, Result<Loaded, String>>,
    /// Comparisons of transports with themselves in stored runs, by metric.
    pub twins: Vec<Alike>,
}

/// One transport of a run, with what was expected of it.
pub struct Seen<'a> {
    /// The run.
    pub loaded: &'a Loaded,
    /// What was measured.
    pub row: &'a Row,
    /// What theory expects on the run's own publish times.
    pub theory: &'a Prediction,
}

impl Evidence {
    /// Of nothing yet.
    pub fn new(quick: bool) -> Self {
        Self { quick, runs: BTreeMap::new(), twins: Vec::new() }
    }

    /// A setup was run, or could not be.
    pub fn add(&mut self, name: &'static str, run: Result<Loaded, String>) {
        self.runs.insert(name, run);
    }

    /// A run that can be believed.
    ///
    /// # Errors
    /// Why there is none.
    pub fn run(&self, name: &str) -> Result<&Loaded, String> {
        let loaded = match self.runs.get(name) {
            Some(Ok(loaded)) => loaded,
            Some(Err(reason)) => return Err(reason.clone()),
            None => return Err(format!("run {name} was not made")),
        };
        if loaded.run.verdict == Verdict::Invalid {
            let reasons = reasons(loaded, Verdict::Invalid).join("; ");
            return Err(format!("run {name} is INVALID: {reasons}"));
        }
        if loaded.run.partial {
            return Err(format!("run {name} was interrupted"));
        }
        Ok(loaded)
    }

    /// One transport of a run that can be believed.
    ///
    /// # Errors
    /// Why there is none.
    pub fn seen<'a>(&'a self, name: &str, transport: &'a str) -> Result<Seen<'a>, String> {
        let loaded = self.run(name)?;
        let row = loaded.run.rows_of(transport).next();
        let theory = loaded.run.prediction(transport, Some(1));
        row.zip(theory)
            .map(|(row, theory)| Seen { loaded, row, theory })
            .ok_or_else(|| format!("run {name} has no {transport}"))
    }

    /// All runs that were made, believable or not.
    pub fn made(&self) -> impl Iterator<Item = (&'static str, &Loaded)> {
        self.runs.iter().filter_map(|(name, run)| Some((*name, run.as_ref().ok()?)))
    }

    /// What speaks against a run that is believed all the same.
    pub fn doubt(&self, name: &str) -> Option<String> {
        let loaded = self.run(name).ok()?;
        let reasons = reasons(loaded, Verdict::Suspect);
        (!reasons.is_empty()).then(|| format!("run {name} is SUSPECT: {}", reasons.join("; ")))
    }

    /// The runs for `validate.json`, in the order of the plan.
    pub fn looked(&self, plan: &[&'static str]) -> Vec<Looked> {
        let of = |name: &&'static str| {
            let run = self.runs.get(name)?;
            Some(match run {
                Ok(loaded) => Looked {
                    name: (*name).to_owned(),
                    directory: loaded.path.display().to_string(),
                    verdict: loaded.run.verdict.word().to_owned(),
                    reasons: reasons(loaded, loaded.run.verdict),
                },
                Err(reason) => Looked {
                    name: (*name).to_owned(),
                    directory: String::new(),
                    verdict: String::new(),
                    reasons: vec![reason.clone()],
                },
            })
        };
        plan.iter().filter_map(of).collect()
    }
}

/// The rules that made a run what it is, each once.
fn reasons(loaded: &Loaded, severity: Verdict) -> Vec<String> {
    if severity == Verdict::Valid {
        return Vec::new();
    }
    let mut rules: Vec<String> = Vec::new();
    for warning in loaded.run.warnings.iter().filter(|warning| warning.severity == severity) {
        if !rules.contains(&warning.rule) {
            rules.push(warning.rule.clone());
        }
    }
    rules
}

impl Seen<'_> {
    /// The one-way delay of the link to the clients; 0 on loopback.
    pub fn one_way_ns(&self) -> f64 {
        let link = self.loaded.run.scenario.link.as_ref();
        link.map_or(0.0, |link| link.way_down().delay.as_nanos() as f64)
    }

    /// The measured tcp floor and the relay's own lateness.
    pub fn eps_ns(&self) -> f64 {
        let relay = self.row.relay_late_p50_ns.unwrap_or(0) as f64;
        self.loaded.run.calibration.floor_p50_ns + relay
    }

    /// Clients times the window's seconds.
    pub fn client_seconds(&self) -> f64 {
        self.row.clients as f64 * self.row.window_ns as f64 / 1e9
    }

    /// What crossed the link in the window, both directions, per client and second.
    pub fn wire_bytes(&self) -> Result<f64, String> {
        let both = self.row.link_bytes_up.zip(self.row.link_bytes_down);
        let (up, down) = both.ok_or("the run had no link")?;
        Ok((up + down) as f64 / self.client_seconds())
    }

    /// A setting of the transport as a time, ns.
    pub fn setting_ns(&self, name: &str) -> Result<f64, String> {
        let settings = self.loaded.run.scenario.transports.get(&self.row.transport);
        let text = settings.and_then(|settings| settings.get(name)?.as_str());
        let time = text.and_then(|text| humantime::parse_duration(text).ok());
        let time = time.ok_or_else(|| format!("{} has no {name}", self.row.transport))?;
        Ok(time.as_nanos() as f64)
    }
}

/// A column that may be empty, as a number.
///
/// # Errors
/// When it is.
pub fn known(column: Option<u64>, name: &str) -> Result<f64, String> {
    column.map(|value| value as f64).ok_or_else(|| format!("{name} is not known"))
}
