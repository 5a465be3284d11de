//! The calibration: what predictions need to know of this machine, measured in trials of its own
//! and never in the run that is predicted.

use std::time::Duration;

use anyhow::Result;
use scenarios::{Calibration, Schedule, Sizes, TransportSizes};

use crate::clock::SECOND_NS;
use crate::measured;
use crate::order::Sample;
use crate::stage::Stage;
use crate::trial::{Seen, Trial};

/// Deliveries per second in a calibration trial: far from saturating one core.
const DELIVERIES_PER_SECOND: u64 = 20_000;
/// Publishes of a trial, and the time that they may take.
const PUBLISHES: u64 = 40;
const TRIAL_NS_MAX: u64 = 2 * SECOND_NS;
/// Fewest publishes that tell the slope of a fan-out.
const PUBLISHES_MIN: u64 = 5;
/// The calibration's polls come this often, so that some answers are empty and some are not.
const POLL_INTERVAL: &str = "20ms";
/// Time for which long polls replay.
const CYCLE: Duration = Duration::from_millis(700);
/// More replaying clients than this measure a saturated server and no gap.
const CYCLE_CLIENTS_MAX: u32 = 200;

/// What was found.
pub struct Calibrated {
    /// For the model.
    pub calibration: Calibration,
    /// Sizes as the codecs counted them.
    pub sizes: Sizes,
    /// What publishing one update costs a server without clients, ns of CPU.
    pub ingest_ns_per_publish: Option<f64>,
}

/// Measures the floor, each transport's cost per position, the re-arm gap, the sizes and the cost
/// of publishing.
///
/// # Errors
/// When a trial cannot be run.
pub async fn calibrate(stage: &Stage) -> Result<Calibrated> {
    let names: Vec<String> = stage.scenario.transports.keys().cloned().collect();
    stage.progress.say("calibration: floor");
    let floor = stage.run(&quiet(stage, "tcp", 1)).await?;
    let histogram = measured::merge(floor.samples.iter().map(|sample| &sample.delay))?;
    let envelope_bytes = per(sum(&floor).counters.down.envelope, sum(&floor).delivered);
    let mut calibration = Calibration {
        floor_mean_ns: histogram.mean(),
        floor_p50_ns: histogram.value_at_quantile(0.5) as f64,
        floor_p99_ns: histogram.value_at_quantile(0.99) as f64,
        ..Calibration::default()
    };
    let mut sizes = Sizes::default();
    for name in &names {
        stage.progress.say(&format!("calibration: {name}"));
        let polls = name == "short-poll";
        let clients = if polls { stage.scenario.clients.min(2) } else { stage.scenario.clients };
        let mut trial = quiet(stage, name, clients);
        if polls {
            trial.params.insert("interval".into(), POLL_INTERVAL.into());
            trial.patience_ns = 20_000_000;
        }
        let seen = stage.run(&trial).await?;
        let sample = sum(&seen);
        sizes.0.insert(name.clone(), transport_sizes(&sample, envelope_bytes));
        if polls {
            let request = measured::merge(seen.samples.iter().map(|sample| &sample.request))?;
            calibration.poll_cycle_extra_ns = request.mean();
        } else {
            calibration.send_ns.insert(name.clone(), slope_ns(&seen));
        }
    }
    share_empty_heads(&mut sizes);
    if names.iter().any(|name| name == "long-poll") {
        stage.progress.say("calibration: re-arm gap");
        calibration.rearm_gap_ns = rearm_gap_ns(stage).await?;
    }
    stage.progress.say("calibration: publishing without clients");
    let seen = stage.run(&quiet(stage, &names[0], 0)).await?;
    let publishes = seen.window.last - seen.window.first + 1;
    let ingest_ns_per_publish = Some(per(seen.server.cpu_ns, publishes));
    Ok(Calibrated { calibration, sizes, ingest_ns_per_publish })
}

/// A short trial whose fan-outs do not overlap.
fn quiet(stage: &Stage, transport: &str, clients: u32) -> Trial {
    let mut trial = stage.trial(transport, clients);
    let busy_ns = u64::from(clients) * SECOND_NS / DELIVERIES_PER_SECOND;
    // The floor of a quiet feed is higher than that of a busy one, because cores fall asleep:
    // calibrate near the scenario's own rate, as far as the time allows.
    let own_ns = stage.scenario.schedule(1).mean_period_ns;
    let period_ns = own_ns.min(TRIAL_NS_MAX / PUBLISHES).max(busy_ns).max(1_000_000);
    let count = (TRIAL_NS_MAX / period_ns).clamp(PUBLISHES_MIN, PUBLISHES);
    trial.schedule = Schedule {
        offsets_ns: (0..count).map(|k| k * period_ns).collect(),
        fields: Vec::new(),
        mean_period_ns: period_ns,
    };
    trial.warmup = Duration::from_millis(100);
    trial.ramp = trial.ramp.min(Duration::from_micros(u64::from(clients) * 200));
    trial.sight_all = true;
    trial
}

async fn rearm_gap_ns(stage: &Stage) -> Result<f64> {
    let clients = stage.scenario.clients.min(CYCLE_CLIENTS_MAX);
    let mut trial = stage.trial("long-poll", clients);
    trial.params.insert("replay".into(), true.into());
    // All at once: after a publish all long polls are answered, and re-arm, together.
    trial.ramp = Duration::ZERO;
    let time = CYCLE.max(Duration::from_nanos(trial.patience_ns) * 10);
    let sample = trial.cycle(stage.directory(), &stage.cores, time).await?;
    Ok(f64::from(clients) * time.as_nanos() as f64 / sample.requests.max(1) as f64)
}

fn sum(seen: &Seen) -> Sample {
    Sample::sum(&seen.samples)
}

fn per(total: u64, count: u64) -> f64 {
    if count == 0 { 0.0 } else { total as f64 / count as f64 }
}

/// Median over the publishes of the delay that one more position in the fan-out adds.
fn slope_ns(seen: &Seen) -> f64 {
    let sample = sum(seen);
    let place = seen.window.first..=seen.window.last;
    let mut slopes: Vec<f64> = place
        .filter_map(|n| {
            let delays = || sample.sightings.iter().filter(|s| s.n == n).map(|s| s.delay_ns);
            let count = delays().count();
            let (first, last) = (delays().min()?, delays().max()?);
            (count > 1).then(|| (last - first) as f64 / (count - 1) as f64)
        })
        .collect();
    slopes.sort_by(f64::total_cmp);
    slopes.get(slopes.len() / 2).copied().unwrap_or(0.0)
}

/// Bytes per request, answer and update, from counters that are sums over all clients.
fn transport_sizes(sample: &Sample, envelope_bytes: f64) -> TransportSizes {
    let counters = &sample.counters;
    let answers = counters.requests - counters.empties;
    let around = counters.down.envelope as f64 - sample.delivered as f64 * envelope_bytes;
    let polls = counters.requests > 0;
    TransportSizes {
        request_head_bytes: per(counters.up.head, counters.requests),
        answer_head_bytes: per(counters.down.head - counters.empty_head_bytes, answers),
        empty_head_bytes: per(counters.empty_head_bytes, counters.empties),
        answer_envelope_bytes: if polls { around.max(0.0) / answers.max(1) as f64 } else { 0.0 },
        update_envelope_bytes: envelope_bytes,
        update_framing_bytes: per(counters.down.framing, sample.delivered),
    }
}

/// A long poll is rarely empty in a short trial; the same code writes its 204 as a short poll's.
fn share_empty_heads(sizes: &mut Sizes) {
    let known = sizes.0.values().map(|sizes| sizes.empty_head_bytes).fold(0.0, f64::max);
    for sizes in sizes.0.values_mut() {
        if sizes.request_head_bytes > 0.0 && sizes.empty_head_bytes == 0.0 {
            sizes.empty_head_bytes = known;
        }
    }
}
