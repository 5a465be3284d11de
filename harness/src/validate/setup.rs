//! The runs that the checks need: each is a built-in scenario with other values.
//!
//! Rates and times are scaled from the table's where that keeps the ratios which govern the result:
//! updates per poll cycle λC, updates per re-arm gap λg, stall over period S/P.

use std::time::Duration;

use scenarios::Scenario;

/// A run.
#[derive(Clone, Copy, Debug)]
pub struct Setup {
    /// Its name, and that of its folder.
    pub name: &'static str,
    /// The built-in scenario that it starts from.
    pub base: &'static str,
    /// What differs, as `--set` takes it.
    pub sets: &'static [&'static str],
    /// What differs in the quick validation besides.
    pub quick: &'static [&'static str],
}

const fn setup(
    name: &'static str,
    sets: &'static [&'static str],
    quick: &'static [&'static str],
) -> Setup {
    Setup { name, base: "baseline", sets, quick }
}

/// What every run has in common; a setup's own values come after and win.
const COMMON: &[&str] = &["measure.repeat=1", "measure.ramp=500ms", "measure.warmup=500ms"];

/// What the quick ones have in common.
const SHORT: &[&str] = &["measure.ramp=200ms", "measure.warmup=200ms"];

/// All of them, in no order: the plan takes them as the checks come.
pub const ALL: &[Setup] = &[
    setup(
        "push",
        &[
            "clients=10",
            "link.rtt=50ms",
            "feed.rate=100/s",
            "measure.duration=22s",
            "transports={ tcp = {}, sse = {}, websocket = {} }",
        ],
        &["measure.duration=2s"],
    ),
    setup(
        "poll-uniform",
        &[
            "clients=200",
            "feed.rate=20/s",
            "measure.duration=108s",
            "transports={ short-poll = { interval = '250ms' } }",
        ],
        &[
            "feed.rate=25/s",
            "measure.duration=5s",
            "transports={ short-poll = { interval = '200ms' } }",
        ],
    ),
    setup(
        "fixed-delay",
        &[
            "clients=200",
            "link.rtt=50ms",
            "feed.rate=5/s",
            "measure.duration=60s",
            "transports={ short-poll = { interval = '1s', pacing = 'fixed-delay' } }",
        ],
        &[],
    ),
    setup(
        "poll-zero",
        &[
            "clients=20",
            "link.rtt=100ms",
            "feed.rate=20/s",
            "measure.duration=30s",
            "transports={ short-poll = { interval = '1ms' } }",
        ],
        &[],
    ),
    setup(
        "phase-lock",
        &[
            "clients=200",
            "feed.kind=periodic",
            "feed.rate=4/s",
            "measure.duration=30s",
            "transports={ short-poll = { interval = '250ms' } }",
        ],
        &["measure.duration=4s"],
    ),
    setup(
        "long-poll-low",
        &[
            "clients=10",
            "link.rtt=20ms",
            "feed.rate=2.5/s",
            "measure.duration=840s",
            "transports={ long-poll = {} }",
        ],
        &[],
    ),
    setup(
        "long-poll-high",
        &[
            "clients=10",
            "link.rtt=50ms",
            "feed.rate=100/s",
            "measure.duration=22s",
            "transports={ long-poll = {} }",
        ],
        &["measure.duration=4s"],
    ),
    knee("knee-100", &["link.rtt=200ms"]),
    knee("knee-120", &["link.rtt=240ms"]),
    knee("knee-130", &["link.rtt=260ms"]),
    knee("knee-150", &["link.rtt=300ms"]),
    setup(
        "empties",
        &[
            "clients=20",
            "feed.rate=0.5/s",
            "measure.duration=120s",
            "transports={ long-poll = { hold = '1s', rearm_delay = '100ms' } }",
        ],
        &[],
    ),
    setup(
        "empties-quiet",
        &[
            "clients=20",
            "feed.kind=periodic",
            "feed.rate=1/min",
            "measure.duration=240s",
            "transports={ long-poll = { hold = '1s' } }",
        ],
        &[],
    ),
    load("poll-load-0.1", &["feed.rate=0.1/s", "measure.duration=60s"]),
    load("poll-load-1", &["feed.rate=1/s", "measure.duration=20s"]),
    load("poll-load-100", &["feed.rate=100/s", "measure.duration=20s"]),
    setup(
        "half-empty",
        &[
            "clients=50",
            "feed.rate=4/s",
            "measure.duration=60s",
            "transports={ short-poll = { interval = '250ms' } }",
        ],
        &[],
    ),
    setup(
        "latest-value",
        &[
            "clients=50",
            "feed.rate=4/s",
            "measure.duration=60s",
            "feed.latest_value=true",
            "transports={ short-poll = { interval = '250ms' } }",
        ],
        &[],
    ),
    setup(
        "packets-slow",
        &[
            "clients=20",
            "link.rtt=0s",
            "feed.kind=periodic",
            "feed.rate=10/s",
            "measure.duration=10s",
            "transports={ short-poll = { interval = '101ms' }, long-poll = {}, websocket = {} }",
        ],
        &["measure.duration=2s"],
    ),
    setup(
        "packets-fast",
        &[
            "clients=5",
            "link.rtt=0s",
            "feed.kind=periodic",
            "feed.rate=100/s",
            "measure.duration=10s",
            "transports={ short-poll = { interval = '11ms' }, long-poll = {}, websocket = {} }",
        ],
        &["measure.duration=2s"],
    ),
    Setup {
        name: "stall",
        base: "stall",
        sets: &[
            "measure.duration=203s",
            "transports={ short-poll = { interval = '10ms' }, websocket = {} }",
        ],
        quick: &[],
    },
    setup(
        "age",
        &[
            "clients=50",
            "feed.rate=10/s",
            "measure.duration=60s",
            "transports={ short-poll = { interval = '200ms' }, websocket = {} }",
        ],
        &[
            "feed.rate=20/s",
            "measure.duration=4s",
            "transports={ short-poll = { interval = '100ms' }, websocket = {} }",
        ],
    ),
    setup(
        "coherence",
        &[
            "clients=50",
            "link.rtt=40ms",
            "feed.rate=10/s",
            "measure.duration=60s",
            "transports={ short-poll = { interval = '500ms' } }",
        ],
        &[],
    ),
    fan_out("fan-out-100", &["clients=100"]),
    fan_out("fan-out-400", &["clients=400"]),
    fan_out("fan-out-1600", &["clients=1600"]),
    fan_out("fan-out-3200", &["clients=3200"]),
    break_even("break-even-1000", &["transports={ short-poll = { interval = '1s' } }"]),
    break_even(
        "break-even-500",
        &["transports={ short-poll = { interval = '500ms' }, websocket = {} }"],
    ),
    break_even("break-even-250", &["transports={ short-poll = { interval = '250ms' } }"]),
    break_even(
        "batching-20",
        &["feed.rate=20/s", "transports={ long-poll = { rearm_delay = '100ms' }, websocket = {} }"],
    ),
    break_even(
        "batching-100",
        &[
            "feed.rate=100/s",
            "transports={ long-poll = { rearm_delay = '100ms' }, websocket = {} }",
        ],
    ),
    setup(
        "closure",
        &[
            "clients=500",
            "feed.kind=periodic",
            "feed.rate=50/s",
            "measure.duration=10s",
            "transports={ websocket = {} }",
        ],
        &[],
    ),
    tripwire("nagle-off", &["server.nodelay=false"]),
    tripwire("nagle-on", &["server.nodelay=true"]),
    setup(
        "timer-tokio",
        &[
            "clients=5",
            "feed.rate=20/s",
            "measure.duration=10s",
            "transports={ short-poll = { interval = '10ms', pacing = 'fixed-delay', timer = 'tokio' } }",
        ],
        &[],
    ),
    setup(
        "timer-exact",
        &[
            "clients=5",
            "feed.rate=20/s",
            "measure.duration=10s",
            "transports={ short-poll = { interval = '10ms', pacing = 'fixed-delay' } }",
        ],
        &[],
    ),
    memory("memory-few", &["clients=100", LIBRARYS]),
    memory("memory-many", &["clients=1000", LIBRARYS]),
    memory("memory-few-4k", &["clients=100", SMALL]),
    memory("memory-many-4k", &["clients=1000", SMALL]),
];

/// The read buffer as tungstenite ships it, and a small one. They are allocated when a client first
/// says something, which is its answer to a heartbeat.
const LIBRARYS: &str =
    "transports={ websocket = { read_buffer_bytes = 131072, heartbeat = '500ms' } }";
const SMALL: &str = "transports={ websocket = { read_buffer_bytes = 4096, heartbeat = '500ms' } }";

/// Four updates a second around the delay at which a long poll no longer comes back in time.
const fn knee(name: &'static str, sets: &'static [&'static str]) -> Setup {
    Setup { name, base: "validate-knee", sets, quick: &[] }
}

const fn load(name: &'static str, sets: &'static [&'static str]) -> Setup {
    Setup { name, base: "validate-load", sets, quick: &[] }
}

const fn fan_out(name: &'static str, sets: &'static [&'static str]) -> Setup {
    Setup { name, base: "validate-fan-out", sets, quick: &[] }
}

const fn break_even(name: &'static str, sets: &'static [&'static str]) -> Setup {
    Setup { name, base: "validate-break-even", sets, quick: &[] }
}

const fn tripwire(name: &'static str, sets: &'static [&'static str]) -> Setup {
    Setup { name, base: "validate-tripwire", sets, quick: &[] }
}

const fn memory(name: &'static str, sets: &'static [&'static str]) -> Setup {
    Setup { name, base: "validate-memory", sets, quick: &[] }
}

/// Setups of a family: what they have in common.
const FAMILIES: &[(&str, &[&str])] = &[
    (
        "validate-knee",
        &[
            "clients=10",
            "feed.kind=periodic",
            "feed.rate=4/s",
            "measure.duration=26s",
            "transports={ long-poll = {}, websocket = {} }",
        ],
    ),
    ("validate-load", &["clients=1000", "transports={ short-poll = { interval = '1s' } }"]),
    (
        "validate-fan-out",
        &[
            "feed.kind=periodic",
            "feed.rate=4/s",
            "measure.duration=10s",
            "transports={ websocket = {} }",
        ],
    ),
    (
        "validate-break-even",
        &[
            "clients=20",
            "link.rtt=0s",
            "feed.rate=10/s",
            "feed.payload_bytes=100",
            "measure.duration=20s",
        ],
    ),
    (
        "validate-tripwire",
        &[
            "clients=5",
            "feed.kind=periodic",
            "feed.rate=10/s",
            "measure.duration=20s",
            "transports={ short-poll = { interval = '250ms', writes = 2 } }",
        ],
    ),
    ("validate-memory", &["feed.kind=periodic", "feed.rate=1/s", "measure.duration=5s"]),
];

/// The setup of that name.
pub fn find(name: &str) -> Option<&'static Setup> {
    ALL.iter().find(|setup| setup.name == name)
}

impl Setup {
    /// The scenario's name and the values that it is given, for `feedlab run`.
    pub fn arguments(&self, quick: bool) -> (&'static str, Vec<String>) {
        let family = FAMILIES.iter().find(|(name, _)| *name == self.base);
        let (base, family) = family.map_or((self.base, &[][..]), |(_, sets)| ("baseline", *sets));
        let (common, own) = if quick { (SHORT, self.quick) } else { (&[][..], &[][..]) };
        let sets = COMMON.iter().chain(common).chain(family).chain(self.sets).chain(own);
        (base, sets.map(|set| (*set).to_owned()).collect())
    }

    /// The scenario; the error is the sentence for "not run".
    ///
    /// # Errors
    /// When this build does not know one of its keys.
    pub fn scenario(&self, quick: bool) -> Result<Scenario, String> {
        let (base, sets) = self.arguments(quick);
        let loaded = Scenario::load(base, &sets).and_then(crate::resolve::resolve);
        loaded.map_err(|error| format!("run {} cannot be made: {error}", self.name))
    }
}

/// What a run of a scenario takes on a quiet machine, roughly. A disturbed one makes some trials
/// again.
pub fn expected(scenario: &Scenario) -> Duration {
    /// The floor, its tail and publishing without clients; then one per transport.
    const CALIBRATIONS: u32 = 3;
    /// Starting and ending the processes of a trial, with what a calibration publishes.
    const PROCESSES: Duration = Duration::from_secs(1);
    /// The re-arm gap, which is tried three times.
    const REARM: Duration = Duration::from_secs(3);
    let measure = &scenario.measure;
    let trial = measure.ramp + measure.warmup + PROCESSES;
    let transports = scenario.transports.len() as u32;
    let rearm = if scenario.transports.contains_key("long-poll") { REARM } else { Duration::ZERO };
    let blocks = (trial + measure.duration) * transports * measure.repeat;
    trial * (CALIBRATIONS + transports) + rearm + blocks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setup_is_a_scenario_of_this_build() {
        for setup in ALL {
            for quick in [false, true] {
                setup.scenario(quick).unwrap();
            }
        }
    }

    #[test]
    fn names_are_unique_and_name_a_folder() {
        for (at, setup) in ALL.iter().enumerate() {
            assert!(ALL[..at].iter().all(|other| other.name != setup.name), "{}", setup.name);
            assert!(!setup.name.contains('/'));
        }
    }

    #[test]
    fn the_short_runs_keep_what_governs_the_result() {
        let per_cycle = |name: &str, quick| {
            let scenario = find(name).unwrap().scenario(quick).unwrap();
            let interval = scenario.transports["short-poll"]["interval"].as_str().unwrap();
            let cycle = humantime::parse_duration(interval).unwrap().as_secs_f64();
            scenario.feed.rate.per_second() * cycle
        };
        for (name, updates) in [("poll-uniform", 5.0), ("age", 2.0)] {
            for quick in [false, true] {
                assert!((per_cycle(name, quick) - updates).abs() < 1e-9, "{name} {quick}");
            }
        }
    }

    #[test]
    fn runs_of_which_a_p99_is_held_have_the_publishes_for_it() {
        for name in ["push", "poll-uniform", "long-poll-low", "long-poll-high", "stall"] {
            let schedule = find(name).unwrap().scenario(false).unwrap().schedule(1);
            assert!(schedule.offsets_ns.len() >= 2_000, "{name}: {}", schedule.offsets_ns.len());
        }
    }

    #[test]
    fn both_validations_fit_into_their_time() {
        let checks: Vec<_> = super::super::ALL.iter().collect();
        for (quick, most) in [(true, Duration::from_secs(120)), (false, Duration::from_secs(3600))]
        {
            let plan = super::super::plan(&checks, quick);
            let scenarios = plan.iter().filter_map(|name| find(name)?.scenario(quick).ok());
            let time: Duration = scenarios.map(|scenario| expected(&scenario)).sum();
            assert!(time <= most, "quick {quick}: {time:?}");
        }
    }
}
