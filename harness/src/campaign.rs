//! All trials of a run: calibration, prediction, then blocks in which every transport has its
//! turn once, in a seeded random order. Each trial is written down as it ends.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;
use hdrhistogram::Histogram;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use results::{
    Asked, CausesOf, FORMAT_VERSION, Measured, Run, RunDirectory, Verdict, Warning, expect,
    noise_floor, verdict,
};
use scenarios::{Calibration, Prediction, Sizes, predict::predict};

use crate::calibrate::{self, Calibrated};
use crate::link::order::Settings;
use crate::link::{Death, capture};
use crate::machine::{self, Cores};
use crate::measured::{self, Place};
use crate::null;
use crate::paper;
use crate::process::Program;
use crate::stage::Stage;
use crate::trial::Trial;

/// A server that is not ours, measured beside the transports that it speaks.
#[derive(Clone, Debug)]
pub struct Rival {
    /// The executable; it is started like our server, with `--transport NAME`.
    pub path: PathBuf,
    /// What its rows are called: `<prefix>-<transport>`.
    pub prefix: String,
    /// The transports that it speaks.
    pub transports: Vec<String>,
}

impl Rival {
    /// What its row of a transport is called.
    pub fn label(&self, transport: &str) -> String {
        format!("{}-{transport}", self.prefix)
    }
}

/// A run while it is being made.
pub struct Campaign {
    stage: Stage,
    directory: RunDirectory,
    run: Run,
    ingest_ns_per_publish: Option<f64>,
    rivals: Vec<Rival>,
    delays: Vec<(String, u32, Histogram<u64>)>,
    requests: Vec<(String, u32, Histogram<u64>)>,
    /// Measurements of the block that is being made: an interruption keeps them, too.
    block: Vec<Measured>,
    /// What crosses the link is written to files named like this one.
    pcap: Option<PathBuf>,
    /// One that was made before and holds here, too.
    calibrated: Option<Calibrated>,
}

impl Campaign {
    /// Opens the run directory, before anything is measured.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn new(
        stage: Stage,
        rivals: Vec<Rival>,
        path: &Path,
        pcap: Option<PathBuf>,
    ) -> Result<Self> {
        let directory = RunDirectory::create(path)?;
        let mut run = Run {
            format_version: FORMAT_VERSION,
            seed: stage.scenario.measure.seed,
            scenario: stage.scenario.clone(),
            asked: None,
            started: machine::started(),
            environment: stage.environment.clone(),
            calibration: Calibration::default(),
            sizes: Sizes::default(),
            predictions: Vec::new(),
            causes: Vec::new(),
            verdict: Verdict::Valid,
            warnings: Vec::new(),
            noise_floor: Vec::new(),
            expectations: Vec::new(),
            paper: None,
            // Until the last block is done it is; so says what an interruption leaves behind.
            partial: true,
            rows: Vec::new(),
            pooled: Vec::new(),
        };
        run.warn(verdict::judge_environment(&run.environment));
        run.warn(shared_cores(&stage.cores));
        run.warn(stage.remarks.clone());
        directory.write_run(&run)?;
        Ok(Self {
            stage,
            directory,
            run,
            ingest_ns_per_publish: None,
            rivals,
            delays: Vec::new(),
            requests: Vec::new(),
            block: Vec::new(),
            pcap,
            calibrated: None,
        })
    }

    /// Takes a calibration that was made under the conditions of this run instead of making one.
    #[must_use]
    pub fn with(mut self, calibrated: Calibrated) -> Self {
        self.calibrated = Some(calibrated);
        self
    }

    /// Notes what was typed, where that alone made the scenario.
    #[must_use]
    pub fn asked(mut self, asked: Asked) -> Self {
        self.run.asked = Some(asked);
        self
    }

    /// How many trials a run of this scenario has, for the progress bar.
    pub fn steps(scenario: &scenarios::Scenario, rivals: &[Rival]) -> u64 {
        let rivals: usize = rivals.iter().map(|rival| rival.transports.len()).sum();
        let each = if scenario.measure.twins { 2 } else { 1 };
        let trials = each * scenario.transports.len() + rivals;
        1 + u64::from(scenario.measure.repeat) * trials as u64
    }

    /// Makes the run, up to the end or an error; what was measured is kept either way.
    ///
    /// # Errors
    /// When a process does not start or dies, or the disk is full.
    pub async fn make(&mut self) -> Result<()> {
        self.record_null().await?;
        let calibrated = match self.calibrated.take() {
            Some(calibrated) => calibrated,
            None => Box::pin(calibrate::calibrate(&self.stage)).await?,
        };
        let Calibrated { calibration, sizes, ingest_ns_per_publish, warnings } = calibrated;
        self.run.warn(warnings);
        // Of a server elsewhere neither the way to it nor its speed is known.
        if self.stage.target.as_ref().is_none_or(|target| target.is_here) {
            self.run.predictions = predict(&self.run.scenario, &sizes, &calibration);
        }
        self.run.calibration = calibration;
        self.run.sizes = sizes;
        self.ingest_ns_per_publish = ingest_ns_per_publish;
        self.directory.write_run(&self.run)?;
        self.stage.progress.step();
        self.measure().await
    }

    /// Measures what this harness can record at all.
    async fn record_null(&mut self) -> Result<()> {
        self.stage.progress.say("calibration: what the harness can record at all");
        let clients = self.run.scenario.clients;
        let payload_bytes = self.run.scenario.feed.payload_bytes as usize;
        // A thread of its own: it takes the core for its whole time.
        let null =
            tokio::task::spawn_blocking(move || null::arrivals_per_s(clients, payload_bytes));
        self.run.environment.null_arrivals_per_s = Some(null.await??);
        Ok(())
    }

    /// Measures all blocks without a calibration before them, so without predictions.
    ///
    /// # Errors
    /// As for [`Campaign::make`].
    pub async fn measure(&mut self) -> Result<()> {
        for repetition in 1..=self.run.scenario.measure.repeat {
            self.directory.begin_block()?;
            self.measure_block(repetition, 1).await?;
            let environment = &self.run.environment;
            let spoiled =
                |measured: &Measured| verdict::spoiled_by_machine(&measured.warnings, environment);
            if self.block.iter().any(spoiled) {
                self.directory.spoil_block()?;
                self.directory.begin_block()?;
                self.block.clear();
                self.measure_block(repetition, 2).await?;
            }
            self.keep_block();
            self.directory.write_run(&self.run)?;
        }
        self.run.partial = false;
        Ok(())
    }

    /// Pools, judges and writes what there is. Call it after [`Campaign::make`], however that ended.
    ///
    /// # Errors
    /// When the disk is full.
    pub fn finish(mut self, failure: Option<&anyhow::Error>) -> Result<Run> {
        self.stage.progress.finish();
        self.keep_block();
        if let Some(failure) = failure {
            let message = format!("the run is not complete: {failure:#}");
            // Whoever killed the link has left clients and server talking to nobody.
            let link_died = failure.chain().any(<dyn std::error::Error>::is::<Death>);
            let (rule, severity) =
                if link_died { ("link", Verdict::Invalid) } else { ("partial", Verdict::Suspect) };
            self.run.warn([Warning::new(rule, severity, message)]);
        }
        self.run.pooled = results::pool::pool(
            &self.run.rows,
            &self.delays,
            &self.requests,
            &self.run.predictions,
        );
        self.run.noise_floor = noise_floor::of(&self.run.rows);
        self.run.expectations = expect::check(&self.run.scenario, &self.run.pooled);
        self.run.paper = paper::beside(&self.run);
        self.directory.finish(&self.run, &self.run.pooled)?;
        Ok(self.run)
    }

    async fn measure_block(&mut self, repetition: u32, attempt: u32) -> Result<()> {
        let mut trials = self.trials(repetition);
        let mut random = ChaCha8Rng::seed_from_u64(self.run.seed);
        random.set_stream(u64::from(repetition));
        trials.shuffle(&mut random);
        let blocks = self.run.scenario.measure.repeat;
        for trial in trials {
            let again = if attempt > 1 { " (again: the machine was disturbed)" } else { "" };
            let label = &trial.label;
            self.stage.progress.say(&format!("block {repetition}/{blocks}: {label}{again}"));
            let seen = self.stage.run(&trial).await?;
            // What publishing costs was measured on our server: it says nothing of another's.
            let own = base(&trial.label) == trial.transport && trial.target.is_none();
            let ingest_ns_per_publish = self.ingest_ns_per_publish.filter(|_| own);
            let place = Place { repetition, block: repetition, attempt, ingest_ns_per_publish };
            let mut measured = measured::measured(&trial, &seen, place)?;
            self.judge(&mut measured, repetition);
            self.directory.append(&measured)?;
            self.block.push(measured);
            if attempt == 1 {
                self.stage.progress.step();
            }
        }
        Ok(())
    }

    fn judge(&self, measured: &mut Measured, repetition: u32) {
        let row = &mut measured.row;
        let prediction = self.run.prediction(base(&row.transport), Some(repetition));
        row.set_prediction(prediction);
        let (timeline, run) = (&measured.timeline, &self.run);
        let warnings = verdict::judge_over(row, timeline, &run.scenario, &run.environment);
        measured.warnings.extend(warnings);
        row.verdict = Verdict::of(&measured.warnings);
    }

    /// Makes the block's measurements part of the run.
    fn keep_block(&mut self) {
        for measured in std::mem::take(&mut self.block) {
            let row = measured.row;
            let (transport, repetition) = (row.transport.clone(), row.repetition.unwrap_or(0));
            let causes = measured.causes;
            self.run.causes.push(CausesOf {
                transport: transport.clone(),
                repetition,
                up: causes.up,
                down: causes.down,
                link: measured.link,
                life: measured.life,
            });
            self.delays.push((transport.clone(), repetition, measured.delay));
            self.requests.push((transport, repetition, measured.request));
            self.run.rows.push(row);
            self.run.warn(measured.warnings);
        }
    }

    /// One trial per contestant; all of a block replay the same publish times.
    fn trials(&self, repetition: u32) -> Vec<Trial> {
        let schedule = self.run.scenario.schedule(repetition);
        let clients = self.run.scenario.clients;
        let names = || self.run.scenario.transports.keys();
        let own_trial = |name: &String| Trial {
            target: self.stage.target.clone(),
            ..self.stage.trial(name, clients)
        };
        let own = names().map(own_trial);
        let twins = names()
            .filter(|_| self.run.scenario.measure.twins)
            .map(|name| Trial { label: noise_floor::label(name), ..own_trial(name) });
        let rivals = self.rivals.iter().flat_map(|rival| {
            rival.transports.iter().map(|name| {
                let mut arguments = vec!["--transport".to_owned(), name.clone()];
                arguments.extend(self.stage.tls_arguments());
                Trial {
                    label: rival.label(name),
                    program: Program { path: rival.path.clone(), arguments },
                    ..self.stage.trial(name, clients)
                }
            })
        });
        let seed = self.run.seed.wrapping_add(u64::from(repetition) << 32);
        let scenario = &self.run.scenario;
        let freezes = scenario.server.freezes(Duration::from_nanos(schedule.window_ns()));
        let block = |trial: Trial| Trial {
            schedule: schedule.clone(),
            seed,
            freezes: freezes.clone(),
            link: scenario.link.as_ref().map(|link| Settings {
                link: link.clone(),
                seed,
                capture: (self.pcap.as_ref())
                    .map(|path| capture::path_of(path, &trial.label, repetition)),
            }),
            ..trial
        };
        own.chain(twins).chain(rivals).map(block).collect()
    }
}

/// The transport that a row is about: a twin's is that of its pair.
fn base(label: &str) -> &str {
    noise_floor::twin_of(label).unwrap_or(label)
}

/// The predictions of a run that is not made: calibration and model alone.
///
/// # Errors
/// When a calibration trial cannot be run.
pub async fn predictions(stage: &Stage) -> Result<(Calibration, Sizes, Vec<Prediction>, Verdict)> {
    let Calibrated { calibration, sizes, warnings, .. } =
        Box::pin(calibrate::calibrate(stage)).await?;
    let verdict = Verdict::of(&warnings);
    for warning in warnings {
        eprintln!("{}: {warning}", warning.severity);
    }
    let predictions = predict(&stage.scenario, &sizes, &calibration);
    Ok((calibration, sizes, predictions, verdict))
}

/// What to say of server and harness on the same core.
fn shared_cores(cores: &Cores) -> Option<Warning> {
    if !cores.are_shared() || cores.count() == 1 {
        return None;
    }
    Some(if cores.relay.is_empty() {
        let message = "server and harness share cores, so each takes CPU from the other: leave \
                       server.cpus to feedlab, or name other cores";
        Warning::new("shared-cores", Verdict::Suspect, message)
    } else {
        let message = "the relay of the link has a core of its own, and server and harness share \
                       what is left: with three cores each would have one";
        Warning::new("shared-cores", Verdict::Valid, message)
    })
}
