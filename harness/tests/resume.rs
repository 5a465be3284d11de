//! A sweep goes on under the conditions of its runs that are done, or not at all.
#![allow(clippy::unwrap_used)] // a test that unwraps fails with the line that is wrong

use std::path::{Path, PathBuf};

use assert_cmd::Command;
use harness::{machine, resolve};
use results::sweep::{Axis, Cell, Sweep, Unit, Value};
use results::{Environment, FORMAT_VERSION, Row, Run, RunDirectory, Verdict};
use scenarios::{Calibration, Scenario, Sizes};

const SCENARIO: &str = r#"
format = 1
about = "a test"
clients = 1
[feed]
kind = "periodic"
rate = "20/s"
[measure]
duration = "4s"
[transports.sse]
"#;

const SETS: [&str; 2] = ["measure.repeat=1", "measure.twins=false"];

/// A sweep over two numbers of clients in a directory of its own, of which so many are done.
struct Begun {
    directory: tempfile::TempDir,
}

impl Begun {
    fn with(done: usize) -> Self {
        let begun = Self { directory: tempfile::tempdir().unwrap() };
        std::fs::write(begun.scenario(), SCENARIO).unwrap();
        let value = |clients: u32| Value { text: clients.to_string(), number: f64::from(clients) };
        let cell = |at: usize| Cell {
            at: vec![Some(at)],
            transports: vec!["sse".into()],
            window_ns: 4_000_000_000,
            run: (at < done).then(|| format!("00{}", at + 1)),
        };
        let sweep = Sweep {
            format_version: FORMAT_VERSION,
            scenario: begun.scenario().display().to_string(),
            sets: SETS.map(str::to_owned).into(),
            started: machine::started(),
            axes: vec![Axis {
                key: "clients".into(),
                unit: Unit::Number,
                values: vec![value(2), value(3)],
            }],
            cells: vec![cell(0), cell(1)],
        };
        sweep.write(begun.path()).unwrap();
        for at in 0..done {
            begun.make(at, |_| {});
        }
        begun
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    fn scenario(&self) -> PathBuf {
        self.path().join("s.toml")
    }

    /// Writes the run of a cell as if it had been made here, or elsewhere.
    fn make(&self, at: usize, elsewhere: fn(&mut Environment)) {
        let sets = [SETS[0], SETS[1], &format!("clients={}", at + 2)].map(str::to_owned);
        let path = self.scenario().display().to_string();
        let scenario = resolve::resolve(Scenario::load(&path, &sets).unwrap()).unwrap();
        let cores = machine::Cores::share(None, scenario.server.threads);
        let workers = resolve::workers(&scenario, &cores);
        let congestion = machine::congestion_in_use(&scenario.server.congestion).unwrap();
        let mut environment = machine::environment(&cores, workers, &congestion);
        elsewhere(&mut environment);
        let run = Run {
            format_version: FORMAT_VERSION,
            seed: scenario.measure.seed,
            scenario,
            asked: None,
            started: machine::started(),
            environment,
            calibration: Calibration::default(),
            sizes: Sizes::default(),
            predictions: Vec::new(),
            causes: Vec::new(),
            verdict: Verdict::Valid,
            warnings: Vec::new(),
            noise_floor: Vec::new(),
            expectations: Vec::new(),
            paper: None,
            partial: false,
            rows: Vec::new(),
            pooled: Vec::new(),
        };
        let path = self.path().join(format!("00{}", at + 1));
        let _ = std::fs::remove_dir_all(&path);
        let mut directory = RunDirectory::create(&path).unwrap();
        let row = Row { transport: "sse".into(), repetition: Some(1), ..Row::default() };
        std::fs::write(path.join("summary.csv"), Row::csv(std::slice::from_ref(&row))).unwrap();
        directory.finish(&run, &[row]).unwrap();
    }

    fn resume(&self) -> assert_cmd::assert::Assert {
        let mut command = Command::new(env!("CARGO_BIN_EXE_feedlab"));
        command.args(["sweep", "--no-report", "--resume"]).arg(self.path());
        command.current_dir(self.path()).assert()
    }

    fn is_refused(&self, words: &[&str]) {
        let before = std::fs::read(self.path().join("sweep.json")).unwrap();
        let assert = self.resume().code(2).stdout("");
        let error = String::from_utf8(assert.get_output().stderr.clone()).unwrap();
        for word in words {
            assert!(error.contains(word), "{word} is not in: {error}");
        }
        assert_eq!(std::fs::read(self.path().join("sweep.json")).unwrap(), before);
        assert!(!self.path().join("002").exists(), "something was started");
    }
}

#[test]
fn a_sweep_whose_scenario_was_edited_does_not_go_on() {
    for (from, to, words) in [
        ("rate = \"20/s\"", "rate = \"20/s\"\npayload_bytes = 512", "feed.payload_bytes"),
        ("duration = \"4s\"", "duration = \"4s\"\nseed = 7", "measure.seed"),
        ("clients = 1", "clients = 1\ntls = true", "tls"),
        ("[transports.sse]", "[link]\nrtt = \"5ms\"\n[transports.sse]", "link."),
        ("[transports.sse]", "[transports.sse]\nheartbeat = \"3s\"", "transports.sse.heartbeat"),
    ] {
        let begun = Begun::with(1);
        std::fs::write(begun.scenario(), SCENARIO.replace(from, to)).unwrap();
        begun.is_refused(&[words, "has changed", "run 001"]);
    }
}

#[test]
fn a_sweep_of_another_machine_or_another_feedlab_does_not_go_on() {
    type Change = fn(&mut Environment);
    let elsewhere: [(Change, &str); 4] = [
        (|it| it.cpu = "Elbrus".into(), "Elbrus"),
        (|it| it.kernel = "2.4.18".into(), "kernel has changed from \"2.4.18\""),
        (|it| it.profile = "bench".into(), "profile"),
        (|it| it.git_commit = Some("0ld".into()), "git_commit"),
    ];
    for (change, words) in elsewhere {
        let begun = Begun::with(1);
        begun.make(0, change);
        begun.is_refused(&[words, "run 001"]);
    }
}

#[test]
fn a_run_that_is_gone_or_damaged_is_found_before_the_others_are_made() {
    let begun = Begun::with(1);
    let run = begun.path().join("001");
    std::fs::write(run.join("summary.csv"), "").unwrap();
    begun.is_refused(&["001", "missing", "to null in sweep.json"]);
    std::fs::write(run.join("run.json"), "{").unwrap();
    begun.is_refused(&["run.json", "to null in sweep.json"]);
    std::fs::remove_dir_all(run).unwrap();
    begun.is_refused(&["001", "to null in sweep.json"]);
}

#[test]
fn a_sweep_that_is_done_is_shown_again_on_whatever_machine_and_with_other_words() {
    let begun = Begun::with(2);
    begun.make(1, |it| it.kernel = "2.4.18".into());
    std::fs::write(begun.scenario(), SCENARIO.replace("a test", "the test")).unwrap();
    begun.resume().success();
}
