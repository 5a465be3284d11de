//! Where the trials of a run take place: the resolved scenario, the cores, a private directory.

mod directory;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use results::{Environment, Warning};
use scenarios::{Scenario, Schedule};
use serde_json::Value;
use servers::Params;

use crate::certificate::{self, Certificate};
use crate::dial::Trust;
use crate::link::{self, namespace, order::Settings};
use crate::machine::{self, Cores};
use crate::process::{self, Program};
use crate::progress::Progress;
use crate::resolve::{self, Pair};
use crate::target::Target;
use crate::trial::{Seen, Trial};
use directory::Directory;

/// The stage of a run.
pub struct Stage {
    /// The scenario, resolved.
    pub scenario: Scenario,
    /// Who has which core.
    pub cores: Cores,
    /// Load workers per trial.
    pub workers: u32,
    /// What the user sees meanwhile.
    pub progress: Progress,
    /// A server that is measured instead of our own, and what to say of that.
    pub target: Option<Target>,
    /// See `target`.
    pub remarks: Vec<Warning>,
    /// The conditions that the scenario does not set.
    pub environment: Environment,
    own_path: PathBuf,
    /// The run's own, where TLS is spoken.
    certificate: Option<Certificate>,
    directory: Directory,
}

impl Stage {
    /// Pins this process and makes the private directory, which is removed with the stage.
    ///
    /// # Errors
    /// When the machine refuses either, or a target cannot be measured.
    pub fn new(mut scenario: Scenario, progress: Progress) -> Result<Self> {
        let named = scenario.transports.len();
        let (target, remarks) = Target::reach(&mut scenario)?.unzip();
        // What is left out is done.
        let left_out = (named - scenario.transports.len()) as u64;
        for _ in 0..left_out * u64::from(scenario.measure.repeat) {
            progress.step();
        }
        let share = if scenario.link.is_some() {
            link::check()?;
            Cores::share_with_relay
        } else {
            Cores::share
        };
        let cores = share(scenario.server.cpus.as_deref(), scenario.server.threads);
        machine::pin(&cores.harness)
            .with_context(|| format!("while pinning to cores {:?}", cores.harness))?;
        let directory = Directory::make(&std::env::temp_dir())
            .context("while making a private directory for the sockets")?;
        let certificate = if scenario.tls {
            let made = Certificate::make(std::time::SystemTime::now());
            let written = made.and_then(|made| made.write(directory.path()).map(|()| made));
            Some(written.context("while making a certificate for the run")?)
        } else {
            None
        };
        let workers = resolve::workers(&scenario, &cores);
        let congestion = machine::congestion_in_use(&scenario.server.congestion)?;
        let mut environment = machine::environment(&cores, workers, &congestion);
        environment.nodelay = Some(machine::nodelay_in_use(scenario.server.nodelay)?);
        if let Some(link) = &scenario.link {
            environment.link = link.to_string();
            // Both ends are where the link has set these.
            namespace::PORTS.clone_into(&mut environment.port_range);
            environment.somaxconn = environment.somaxconn.max(namespace::BACKLOG);
        }
        if target.as_ref().is_some_and(|target| !target.is_here) {
            "the network to the target".clone_into(&mut environment.link);
        }
        Ok(Self {
            environment,
            target,
            remarks: remarks.unwrap_or_default(),
            workers,
            own_path: process::own_path()?,
            scenario,
            cores,
            progress,
            certificate,
            directory,
        })
    }

    /// The private directory.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Runs a trial here.
    ///
    /// # Errors
    /// When a process does not start or dies.
    pub async fn run(&self, trial: &Trial) -> Result<Seen> {
        trial.run(self.directory(), &self.cores).await
    }

    /// A trial of one transport with the scenario's conditions and nothing to publish yet.
    pub fn trial(&self, transport: &str, clients: u32) -> Trial {
        self.trial_with(transport, clients, &[])
    }

    /// The same with other values of these knobs, where the transport has them.
    pub fn trial_with(&self, transport: &str, clients: u32, knobs: &[(&str, Value)]) -> Trial {
        let scenario = &self.scenario;
        let mut params = scenario.transports.get(transport).cloned().unwrap_or_default();
        for (name, value) in knobs {
            if let Some(known) = params.get_mut(*name) {
                *known = value.clone();
            }
        }
        let patience = Pair::find(transport)
            .map(|pair| (pair.client.patience)(&Params::new(params.clone())).as_nanos() as u64);
        Trial {
            label: transport.to_owned(),
            transport: transport.to_owned(),
            program: self.own_server(transport, &params),
            target: None,
            params,
            clients,
            workers: self.workers,
            schedule: Schedule { offsets_ns: Vec::new(), fields: Vec::new(), mean_period_ns: 1 },
            payload_bytes: scenario.feed.payload_bytes as usize,
            congestion: scenario.server.congestion.clone(),
            nodelay: scenario.server.nodelay,
            latest_value: scenario.feed.latest_value,
            ramp: scenario.measure.ramp,
            warmup: scenario.measure.warmup,
            patience_ns: patience.unwrap_or(0),
            seed: scenario.measure.seed,
            sight_all: false,
            freezes: Vec::new(),
            link: self
                .scenario
                .link
                .as_ref()
                .map(|_| Settings { seed: scenario.measure.seed, ..Settings::default() }),
            tls: self.trust(),
        }
    }

    /// Whether a transport's requests share a connection.
    pub fn keeps_alive(&self, transport: &str) -> bool {
        let knobs = self.scenario.transports.get(transport);
        knobs.and_then(|knobs| knobs.get("keep_alive")) != Some(&Value::Bool(false))
    }

    /// Whom the clients trust, where TLS is spoken.
    fn trust(&self) -> Option<Trust> {
        self.certificate.as_ref().map(|certificate| Trust {
            anchor: certificate.certificate.clone(),
            name: certificate::NAME.to_owned(),
            resumption: self.scenario.tls_resumption,
        })
    }

    /// The arguments that a server takes where TLS is spoken, ours or not; else none.
    pub fn tls_arguments(&self) -> Vec<String> {
        if self.certificate.is_none() {
            return Vec::new();
        }
        let path = |name| self.directory().join(name).display().to_string();
        let resumption = self.scenario.tls_resumption.to_string();
        let arguments = [
            ("--tls-cert", path(certificate::CERTIFICATE_FILE)),
            ("--tls-key", path(certificate::KEY_FILE)),
            ("--tls-resumption", resumption),
        ];
        arguments.into_iter().flat_map(|(flag, value)| [flag.to_owned(), value]).collect()
    }

    /// `feedlab serve` with one transport and the scenario's conditions.
    fn own_server(&self, transport: &str, params: &BTreeMap<String, Value>) -> Program {
        let server = &self.scenario.server;
        let mut arguments = vec!["serve".to_owned()];
        let mut add = |flag: &str, value: String| arguments.extend([flag.to_owned(), value]);
        add("--transport", transport.to_owned());
        add("--history", server.history.to_string());
        add("--coalesce", server.coalesce.to_string());
        add("--nodelay", server.nodelay.to_string());
        add("--congestion", server.congestion.clone());
        add("--threads", server.threads.to_string());
        let knobs = Pair::find(transport).map_or(&[][..], |pair| pair.transport.knobs);
        for knob in knobs {
            if let Some(value) = params.get(knob.name) {
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                add("--set", format!("transports.{transport}.{}={text}", knob.name));
            }
        }
        if !server.burn.is_zero() {
            let burn = format!("{}ns", server.burn.as_nanos());
            arguments.extend(["--burn-per-delivery".to_owned(), burn]);
        }
        if self.scenario.feed.latest_value {
            arguments.push("--latest-value".to_owned());
        }
        arguments.extend(self.tls_arguments());
        Program { path: self.own_path.clone(), arguments }
    }
}
