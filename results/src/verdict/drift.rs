//! Whether a row is the mean of one state of affairs or of two.

use scenarios::{FeedKind, Scenario};

use super::{Blame, Evidence, Rule};
use crate::{Verdict, noise, statistics};

pub(super) static RULES: &[Rule] = &[Rule {
    name: "drift",
    severity: Verdict::Suspect,
    // Smaller ones move no mean by more than 5 %, the band within which runs are called the same.
    threshold: 0.1,
    reason: "a mean over a window in which delays rise or fall is that of no state of affairs: the \
             warm-up was too short, or a queue is filling",
    blames: Blame::Run,
    fires: drift,
}];

/// A clean run may have many rows, and all of them together may trip the rule once in a thousand.
fn drift(evidence: &Evidence, share: f64) -> Option<String> {
    if !stationary(evidence) {
        return None;
    }
    let window_s = (evidence.row.window_ns / 1_000_000_000) as u32;
    let found = statistics::drift(evidence.timeline, window_s, block_seconds(evidence))?;
    let scenario = evidence.scenario;
    let drifts =
        found.chance() < noise::FALSE_ALARM / rows(scenario) && found.log_ratio.abs() > share;
    let ratio = found.log_ratio.exp();
    drifts.then(|| {
        format!(
            "the mean delay of the window's second half was {ratio:.2} times that of its first: \
             raise measure.warmup, or look for a queue that fills"
        )
    })
}

/// How many rows a run has.
fn rows(scenario: &Scenario) -> f64 {
    let twins = if scenario.measure.twins { 2.0 } else { 1.0 };
    twins * scenario.transports.len().max(1) as f64 * f64::from(scenario.measure.repeat.max(1))
}

/// Whether the scenario itself asks for the same load all the time.
fn stationary(evidence: &Evidence) -> bool {
    let scenario = evidence.scenario;
    let cut = scenario.link.as_ref().is_some_and(|link| !link.cut.is_empty());
    let steady = matches!(scenario.feed.kind, FeedKind::Periodic | FeedKind::Poisson);
    steady && !cut && scenario.server.freeze.is_empty()
}

/// Two rounds of polls, which share publishes with their neighbours, or four publishes.
fn block_seconds(evidence: &Evidence) -> u32 {
    let row = evidence.row;
    let window_s = row.window_ns as f64 / 1e9;
    let round_s = match row.requests {
        0 => 0.0,
        requests => window_s * row.connected as f64 / requests as f64,
    };
    let period_s = window_s / row.published.max(1) as f64;
    // A hundredth less, or 1.0001 s of a poll each second would be three.
    (0.99 * (2.0 * round_s).max(4.0 * period_s)).ceil().max(1.0) as u32
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;
    use scenarios::Scenario;

    use super::*;
    use crate::{Environment, Row, Second, verdict};

    const CLIENTS: usize = 4;
    const RATE: f64 = 10.0;
    const WINDOW_S: f64 = 21.0;

    fn exponential(random: &mut ChaCha8Rng) -> f64 {
        let uniform: f64 = random.random();
        -(-uniform).ln_1p()
    }

    /// Poisson publishes over the baseline's window, and when each reaches each client.
    fn timeline(
        random: &mut ChaCha8Rng,
        mut arrival: impl FnMut(&mut ChaCha8Rng, usize, f64) -> f64,
    ) -> Vec<Second> {
        let mut sums = [(0.0, 0_u64); 30];
        let mut at = exponential(random) / RATE;
        while at < WINDOW_S {
            for client in 0..CLIENTS {
                let arrives = arrival(random, client, at);
                let (sum, count) = &mut sums[(arrives as usize).min(29)];
                *sum += arrives - at;
                *count += 1;
            }
            at += exponential(random) / RATE;
        }
        let seconds = (0..).zip(sums).filter(|(_, (_, count))| *count > 0);
        seconds
            .map(|(second, (sum, delivered))| Second {
                second,
                delivered,
                delay_mean_ns: Some((sum / delivered as f64 * 1e9) as u64),
                ..Second::default()
            })
            .collect()
    }

    fn fires(timeline: &[Second], requests: u64) -> bool {
        let scenario = Scenario::load("baseline", &[]).unwrap();
        let row = Row {
            transport: "sse".into(),
            connected: CLIENTS as u64,
            window_ns: (WINDOW_S * 1e9) as u64,
            published: (RATE * WINDOW_S) as u64,
            requests,
            ..Row::default()
        };
        let environment = Environment::default();
        let evidence =
            Evidence { row: &row, timeline, scenario: &scenario, environment: &environment };
        drift(&evidence, RULES[0].threshold).is_some()
    }

    /// Polls once a second, each client with a phase of its own.
    fn polled(random: &mut ChaCha8Rng) -> Vec<Second> {
        let phases: Vec<f64> = (0..CLIENTS).map(|_| random.random()).collect();
        timeline(random, |_, client, at| (at - phases[client]).ceil() + phases[client])
    }

    /// Pushed, with a hiccup that is a hundred times the floor now and then.
    fn pushed(random: &mut ChaCha8Rng, slower: impl Fn(f64) -> f64) -> Vec<Second> {
        timeline(random, |random, _, at| {
            let hiccup = if random.random_bool(0.003) { 0.05 } else { 0.0 };
            let delay = 0.000_4 + 0.000_1 * exponential(random) + hiccup * exponential(random);
            at + delay * slower(at)
        })
    }

    #[test]
    fn clean_rows_drift_so_seldom_that_a_thousand_clean_runs_have_one() {
        let mut random = ChaCha8Rng::seed_from_u64(4);
        let scenario = Scenario::load("baseline", &[]).unwrap();
        let rows = scenario.transports.len() * scenario.measure.repeat as usize;
        // As many rows as 120 runs have of either kind: one in a thousand of them is less than one.
        let polls = (0..60 * rows).filter(|_| fires(&polled(&mut random), 84)).count();
        let pushes = (0..60 * rows).filter(|_| fires(&pushed(&mut random, |_| 1.0), 0)).count();
        assert_eq!((polls, pushes), (0, 0));
    }

    #[test]
    fn twins_have_rows_that_may_drift_by_chance_too() {
        let of = |set: &str| rows(&Scenario::load("baseline", &[set.to_owned()]).unwrap());
        assert!((of("measure.twins=true") / of("measure.twins=false") - 2.0).abs() < 1e-9);
    }

    /// The alarm is too seldom to be counted; what is called one time in a hundred is not.
    #[test]
    fn chance_is_what_it_says() {
        let mut random = ChaCha8Rng::seed_from_u64(7);
        let mut share = |block, clean: fn(&mut ChaCha8Rng) -> Vec<Second>| {
            let chance = |_: &u32| {
                let found = statistics::drift(&clean(&mut random), 21, block);
                found.is_some_and(|found| found.chance() < 0.01)
            };
            (0..3_000).filter(chance).count() as f64 / 3_000.0
        };
        let (polls, pushes) = (share(2, polled), share(1, |random| pushed(random, |_| 1.0)));
        assert!(polls < 0.016 && pushes < 0.016, "{polls} {pushes}");
    }

    #[test]
    fn a_queue_that_fills_is_a_drift() {
        let mut random = ChaCha8Rng::seed_from_u64(5);
        let fills = |at: f64| 1.0 + at / 4.0;
        let steady = |random: &mut ChaCha8Rng| {
            timeline(random, |random, _, at| {
                at + (0.000_4 + 0.000_1 * exponential(random)) * fills(at)
            })
        };
        let found = (0..20).filter(|_| fires(&steady(&mut random), 0)).count();
        assert_eq!(found, 20);
    }

    #[test]
    fn what_the_scenario_asks_for_is_no_drift() {
        let mut random = ChaCha8Rng::seed_from_u64(6);
        let fills = timeline(&mut random, |_, _, at| at + 0.001 * (1.0 + at));
        let mut row = Row { window_ns: 21_000_000_000, published: 210, ..Row::default() };
        let environment = Environment::default();
        let mut drifts = |sets: &[String]| {
            let scenario = Scenario::load("baseline", sets).unwrap();
            let warnings = verdict::judge_over(&mut row, &fills, &scenario, &environment);
            warnings.iter().any(|warning| warning.rule == "drift")
        };
        assert!(drifts(&[]));
        assert!(!drifts(&[r#"server.freeze=[{ at = "3s", for = "1s" }]"#.into()]));
        let bursts = ["feed.kind=bursts", "feed.on=2s", "feed.off=2s"].map(str::to_owned);
        assert!(!drifts(&bursts));
    }
}
