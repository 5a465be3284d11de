//! The runs that the checks need: each is a built-in scenario with other values.
//!
//! Rates and times are scaled from the table's where that keeps the ratios which govern the result:
//! updates per poll cycle λC, updates per re-arm gap λg, stall over period S/P.

mod table;

use std::time::Duration;

use scenarios::Scenario;

pub use table::ALL;
use table::FAMILIES;

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

/// What every run has in common; a setup's own values come after and win.
const COMMON: &[&str] = &["measure.repeat=1", "measure.ramp=500ms", "measure.warmup=500ms"];

/// What the quick ones have in common.
const SHORT: &[&str] = &["measure.ramp=200ms", "measure.warmup=200ms"];

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
