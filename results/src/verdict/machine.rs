//! Rules about the machine: who else wanted its cores.

use super::{
    Blame, Evidence, Rule,
    measurement::{percent, remedy},
};
use crate::{Environment, Verdict, Warning, noise};

/// The kernel tells steal and idling in ticks of 10 ms.
const TICK_NS: f64 = 10_000_000.0;

/// A wait that may come once by chance, for another's turn to end: the scheduler looks every 1 to
/// 10 ms.
const TURN_NS: u64 = 10_000_000;

pub(super) static RULES: &[Rule] = &[
    Rule {
        name: "steal",
        severity: Verdict::Suspect,
        threshold: 0.01,
        reason: "time that the hypervisor gave to someone else stops every clock but the wall's",
        blames: Blame::Machine,
        fires: steal,
    },
    Rule {
        name: "foreign-load",
        severity: Verdict::Suspect,
        threshold: 0.05,
        reason: "another process takes cores, caches and memory bandwidth; a twentieth of the \
                 cores is more than an idle system and the interrupts of our own sockets need",
        blames: Blame::Machine,
        fires: foreign_load,
    },
    Rule {
        name: "worker-wait",
        severity: Verdict::Suspect,
        // The publisher and the orchestrator share the harness's cores with
        // the workers and need one or two hundredths of them.
        threshold: 0.05,
        reason: "a worker that waits for a core reads late, and its lateness is taken for the \
                 server's",
        blames: Blame::MachineUnlessShared,
        fires: worker_wait,
    },
    Rule {
        name: "publisher-wait",
        severity: Verdict::Suspect,
        threshold: 0.1,
        reason: "a publisher that waits for a core publishes late, and that is inside every delay; \
                 a tenth of it is more than undisturbed runs show",
        blames: Blame::MachineUnlessShared,
        fires: publisher_wait,
    },
];

fn steal(evidence: &Evidence, share: f64) -> Option<String> {
    let (used, fires) = of_machine(evidence, evidence.row.steal_ns, share)?;
    fires.then(|| {
        format!(
            "the hypervisor took {used:.1} % of the run's cores: repeat the run when the host \
             is quieter"
        )
    })
}

fn foreign_load(evidence: &Evidence, share: f64) -> Option<String> {
    let (used, fires) = of_machine(evidence, evidence.row.foreign_cpu_ns?, share)?;
    fires.then(|| {
        format!("other processes used {used:.1} % of the run's cores: stop them and run again")
    })
}

/// Percentage of all cores' time in the window, and whether it is more than
/// `share` by more than chance.
fn of_machine(evidence: &Evidence, ns: u64, share: f64) -> Option<(f64, bool)> {
    let cores = f64::from(evidence.environment.cores.max(1));
    let all = evidence.row.window_ns as f64 * cores;
    let fires = noise::exceeds((ns as f64 / TICK_NS) as u64, share * all / TICK_NS);
    (all > 0.0).then(|| (ns as f64 / all * 100.0, fires))
}

fn worker_wait(evidence: &Evidence, share: f64) -> Option<String> {
    let waited = of_window(evidence, evidence.row.worker_run_queue_wait_ns)?;
    (waited > share).then(|| {
        format!(
            "a load worker waited for a core {} of the time: {}",
            percent(waited),
            remedy(evidence)
        )
    })
}

fn publisher_wait(evidence: &Evidence, share: f64) -> Option<String> {
    let row = evidence.row;
    let mean_ns = row.publisher_run_queue_wait_ns as f64 / row.published.max(1) as f64;
    let of_delay = mean_ns / row.delay_mean_ns? as f64;
    (of_delay > share && row.publisher_run_queue_wait_ns > TURN_NS).then(|| {
        format!(
            "the publisher waited {:.2} ms for a core at each publish, {} of the mean delay: {}",
            mean_ns / 1e6,
            percent(of_delay),
            remedy(evidence)
        )
    })
}

fn of_window(evidence: &Evidence, ns: u64) -> Option<f64> {
    let window = evidence.row.window_ns;
    (window > 0).then(|| ns as f64 / window as f64)
}

/// Linux's clock sources that the kernel reads from a device on a bus, and those that only tick; a
/// counter of the CPU or a hypervisor's page of one is read where it is needed. One that is not
/// known here is not doubted.
const SLOW_CLOCKS: [&str; 4] = ["hpet", "acpi_pm", "jiffies", "refined-jiffies"];

impl Environment {
    /// Whether reading the time is so slow or coarse that delays and CPU suffer.
    pub fn has_slow_clock(&self) -> bool {
        SLOW_CLOCKS.contains(&self.clocksource.as_str())
    }
}

/// Facts about the machine that concern every row.
pub(super) fn environment(environment: &Environment) -> Vec<Warning> {
    let mut warnings = Vec::new();
    let mut warn = |rule: &str, severity, message: String| {
        warnings.push(Warning::new(rule, severity, message));
    };
    if environment.cores == 1 {
        warn(
            "one-core",
            Verdict::Suspect,
            "there is one core only, so server, publisher and clients take it from one another: \
             use a machine with two"
                .into(),
        );
    }
    if environment.profile == "debug" {
        warn(
            "debug-build",
            Verdict::Suspect,
            "feedlab was built without optimisation: build it with --release".into(),
        );
    }
    if environment.has_slow_clock() {
        warn(
            "clock-source",
            Verdict::Suspect,
            format!(
                "the clock source is {}, which is slow or coarse to read: boot with \
                 clocksource=tsc if the machine has a stable one",
                environment.clocksource
            ),
        );
    }
    if let Some(governor) = environment.governor.as_deref()
        && governor != "performance"
    {
        warn(
            "governor",
            Verdict::Valid,
            format!(
                "the CPU frequency governor is {governor}: CPU times of light loads are longer \
                 than at full speed"
            ),
        );
    }
    warnings
}

#[cfg(test)]
mod tests {
    use super::environment;
    use crate::Environment;

    #[test]
    fn a_run_is_doubted_exactly_where_the_clock_is_slow() {
        for (clocksource, slow) in [
            ("tsc", false),
            ("arch_sys_counter", false),
            ("kvm-clock", false),
            ("hyperv_clocksource_tsc_page", false),
            ("hpet", true),
            ("acpi_pm", true),
            ("jiffies", true),
            ("", false),
        ] {
            let machine = Environment { clocksource: clocksource.into(), ..Environment::default() };
            assert_eq!(machine.has_slow_clock(), slow, "{clocksource}");
            let doubted = environment(&machine).iter().any(|doubt| doubt.rule == "clock-source");
            assert_eq!(doubted, slow, "{clocksource}");
        }
    }
}
