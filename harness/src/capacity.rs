//! A search for how many clients a transport holds: each probe is a run of its own, with one
//! transport, one repetition and no calibration.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use results::capacity::{Capacity, Found, Outcome, Plan, Probe, outcome, search};
use results::verdict::Evidence;
use results::{Loaded, Run};
use scenarios::Scenario;

use crate::campaign::Campaign;
use crate::machine;
use crate::progress::Progress;
use crate::stage::Stage;

/// The first number of clients: few enough for any machine, and three doublings from a hundred.
const FIRST: u32 = 10;

/// Time between two connections of the ramp. What overflows an accept queue is no limit of a feed.
const RAMP_PER_CLIENT: Duration = Duration::from_micros(200);

/// A search while it goes on.
pub struct Search {
    /// What is known.
    pub capacity: Capacity,
    path: PathBuf,
    /// The cores that we had in the beginning: a stage pins this process to some of them.
    cores: Vec<usize>,
    quiet: bool,
}

impl Search {
    /// Makes the directory and writes what is to be found, before anything is measured.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn new(capacity: Capacity, path: &Path, quiet: bool) -> Result<Self> {
        std::fs::create_dir_all(path)
            .with_context(|| format!("while making {}", path.display()))?;
        capacity.write(path)?;
        Ok(Self { capacity, path: path.to_owned(), cores: machine::own_cores(), quiet })
    }

    /// Searches, one transport after the other. What has been probed is kept, however this ends.
    ///
    /// # Errors
    /// When a process does not start or dies, or the disk is full.
    pub async fn make(&mut self) -> Result<()> {
        let names: Vec<String> = self.capacity.scenario.transports.keys().cloned().collect();
        let ceiling = self.capacity.most;
        let plan = Plan { first: FIRST, most: ceiling.clients };
        for name in names {
            let mut found = Found::new(&name);
            self.capacity.found.push(found.clone());
            while let Some(clients) =
                search::next(&found.tried(), plan).filter(|_| found.broken.is_none())
            {
                let number = found.probes.len() + 1;
                let probe = Box::pin(self.probe(&name, clients, number)).await?;
                found.add(probe, ceiling);
                self.capacity.found.pop();
                self.capacity.found.push(found.clone());
                self.capacity.write(&self.path)?;
            }
        }
        self.capacity.partial = false;
        Ok(self.capacity.write(&self.path)?)
    }

    async fn probe(&mut self, transport: &str, clients: u32, number: usize) -> Result<Probe> {
        let directory = format!("{transport}-{number:02}-{clients}");
        let path = self.path.join(&directory);
        machine::pin(&self.cores).context("while taking back all cores")?;
        let progress = Progress::new(1, self.quiet);
        let stage = Stage::new(scenario(&self.capacity.scenario, transport, clients), progress)?;
        if self.capacity.environment.cores == 0 {
            self.capacity.environment = stage.environment.clone();
        }
        let mut campaign = Campaign::new(stage, Vec::new(), &path, None)?;
        // Who interrupts this leaves the run as it is, which says that it is partial.
        let measured = campaign.measure().await;
        campaign.finish(measured.as_ref().err())?;
        measured?;
        let loaded = Run::read(&path)?;
        Ok(probed(&loaded, clients, directory, &self.capacity))
    }
}

/// The scenario of a probe.
fn scenario(whole: &Scenario, transport: &str, clients: u32) -> Scenario {
    let mut one = whole.clone();
    one.clients = clients;
    one.measure.repeat = 1;
    one.measure.ramp = one.measure.ramp.max(RAMP_PER_CLIENT * clients);
    one.transports.retain(|name, _| name == transport);
    one
}

/// What came of a probe that was measured.
fn probed(loaded: &Loaded, clients: u32, directory: String, capacity: &Capacity) -> Probe {
    let run = &loaded.run;
    let slo = &capacity.slo;
    let measured = run.rows.first().zip(loaded.histograms.first());
    let Some((row, (.., delay))) = measured else {
        let outcome = Outcome::Broken("it left no row".into());
        return Probe { clients, directory, value_ns: None, verdict: run.verdict, outcome };
    };
    let (scenario, environment) = (&run.scenario, &run.environment);
    let evidence = Evidence { row, timeline: &loaded.timeline, scenario, environment };
    Probe {
        clients,
        directory,
        value_ns: slo.value_ns(row, delay),
        verdict: run.verdict,
        outcome: outcome(&evidence, delay, slo),
    }
}
