//! A search for how many clients a transport holds: each probe is a run of its own, with one
//! transport, one repetition and no calibration.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use results::capacity::{Capacity, Found, Limit, Outcome, Plan, Probe, Stopped, outcome, search};
use results::verdict::Evidence;
use results::{Loaded, Run};
use scenarios::Scenario;

use crate::campaign::Campaign;
use crate::machine;
use crate::null;
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
    /// What the harness can record at all, measured once for all probes.
    null_arrivals_per_s: Option<u64>,
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
        let cores = machine::own_cores();
        Ok(Self { capacity, path: path.to_owned(), cores, null_arrivals_per_s: None, quiet })
    }

    /// Searches, one transport after the other. What has been probed is kept, however this ends; a
    /// process that dies ends no more than the search for its transport.
    ///
    /// # Errors
    /// When a probe cannot be begun, or the disk is full.
    pub async fn make(&mut self) -> Result<()> {
        let payload_bytes = self.capacity.scenario.feed.payload_bytes as usize;
        let most = self.capacity.most.clients;
        // A thread of its own: it takes the core for its whole time.
        let null = tokio::task::spawn_blocking(move || null::arrivals_per_s(most, payload_bytes));
        self.null_arrivals_per_s = Some(null.await??);
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
        let mut stage =
            Stage::new(scenario(&self.capacity.scenario, transport, clients), progress)?;
        stage.environment.null_arrivals_per_s = self.null_arrivals_per_s;
        if self.capacity.environment.cores == 0 {
            self.capacity.environment = stage.environment.clone();
        }
        let mut campaign = Campaign::new(stage, Vec::new(), &path, None)?;
        // Who interrupts this leaves the run as it is, which says that it is partial.
        let killed_before = machine::killed_for_memory();
        let measured = campaign.measure().await;
        let run = campaign.finish(measured.as_ref().err())?;
        if let Err(failure) = measured {
            let killed = machine::killed_for_memory() > killed_before;
            let outcome = ended(&failure, killed);
            let verdict = run.verdict;
            return Ok(Probe { clients, directory, value_ns: None, verdict, outcome });
        }
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

/// What came of a probe that did not come to its end. Who is killed for memory did not hold the
/// clients; what else ends a process says nothing of how many it holds.
fn ended(failure: &anyhow::Error, killed_for_memory: bool) -> Outcome {
    if killed_for_memory {
        let why = format!("the kernel killed a process for its memory ({failure:#})");
        Outcome::Missed(Stopped { limit: Limit::Memory, why })
    } else {
        Outcome::Broken(format!("{failure:#}"))
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_killed_for_memory_held_too_little_and_who_dies_otherwise_tells_nothing() {
        let died = || anyhow::anyhow!("the server died in mid-run (signal: 9 (SIGKILL)): ");
        let Outcome::Missed(stopped) = ended(&died(), true) else { panic!("it was killed") };
        assert_eq!(stopped.limit, Limit::Memory);
        assert!(stopped.why.contains("SIGKILL"), "{}", stopped.why);
        assert!(matches!(ended(&died(), false), Outcome::Broken(why) if why.contains("SIGKILL")));
    }
}
