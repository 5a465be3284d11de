//! The calibration: what predictions need to know of this machine, measured in trials of its own
//! and never in the run that is predicted.

mod empty;

use std::time::Duration;

use anyhow::{Result, bail};
use results::{Verdict, Warning, verdict};
use scenarios::predict::mean_digits;
use scenarios::{Calibration, Schedule, Sizes, TransportSizes};

use crate::clock::{self, SECOND_NS};
use crate::dial::record::{CONTENT_BYTES_MAX, OVERHEAD_BYTES};
use crate::measured::{self, Place};
use crate::meter::Counters;
use crate::order::Sample;
use crate::stage::Stage;
use crate::trial::{Seen, Trial};

/// Deliveries per second in a calibration trial: as many as the scenario has, because with fewer
/// cores fall asleep in between, and each client seems to cost up to twice as much. But at most so
/// many, which leaves one core little to spare (long polls cost 12 to 20 us each); and where a
/// scenario has fewer, this many save time and are far from that.
const DELIVERIES_PER_SECOND_MAX: u64 = 50_000;
const DELIVERIES_PER_SECOND: u64 = 20_000;
/// Publishes of a trial, as many as the floor's median needs, and the time that they may take.
const PUBLISHES: u64 = 40;
/// Publishes of the other trials, which give sums and slopes.
const SLOPES: u64 = 20;
/// The least time of a trial, and the most that its publishes may take.
const TRIAL_NS_MIN: u64 = 400_000_000;
const TRIAL_NS_MAX: u64 = 2 * SECOND_NS;
/// Fewest publishes that tell the slope of a fan-out.
const PUBLISHES_MIN: u64 = 5;
/// Publishes that a 99th percentile needs, in the same time.
const TAIL_PUBLISHES: u64 = 2000;
/// Heartbeats are predicted apart, so those of a short period should not be in an update's size.
const NO_HEARTBEAT: &str = "1h";
/// The calibration's polls come twice as often as the updates, so that some answers are empty and
/// some are not, within these bounds.
const POLL_INTERVAL_NS: (u64, u64) = (1_000_000, 20_000_000);
/// Time for which long polls replay, and how often that is tried: the median is not moved by one
/// hiccup.
const CYCLE: Duration = Duration::from_millis(400);
const CYCLES: usize = 3;
/// A replaying server works without a pause. With 200 clients it is as busy as with 1,000, and what
/// is sought is its time per exchange.
const CYCLE_CLIENTS_MAX: u32 = 200;
/// A longer pause before a re-arm is cut to this and the rest added: a pause is as long as it says,
/// and ten of the longest would take ten minutes.
const REARM_DELAY_NS_MAX: u64 = 200_000_000;

/// What was found.
#[derive(Clone, Debug)]
pub struct Calibrated {
    /// For the model.
    pub calibration: Calibration,
    /// Sizes as the codecs counted them.
    pub sizes: Sizes,
    /// What publishing one update costs a server without clients, ns of CPU.
    pub ingest_ns_per_publish: Option<f64>,
    /// What the rules say about the trials: a prediction is no better than its calibration.
    pub warnings: Vec<Warning>,
}

/// Measures the floor, each transport's cost per position, the re-arm gap, the sizes and the cost
/// of publishing.
///
/// # Errors
/// When a trial cannot be run.
pub async fn calibrate(stage: &Stage) -> Result<Calibrated> {
    let mut bench = Bench { stage, warnings: Vec::new() };
    let mut calibration = Calibration {
        clock_digits: Some(clock::now_ns().max(1).ilog10() + 1),
        ..Calibration::default()
    };
    let mut sizes = Sizes::default();
    let envelope_bytes = bench.floor(&mut calibration).await?;
    let names: Vec<&String> = stage.scenario.transports.keys().collect();
    let seen = bench.run(quiet(stage, names[0], 0, SLOPES), "publishing without clients").await?;
    let ingest_ns_per_publish = per(seen.server.cpu_ns, seen.window.published());
    for name in &names {
        let sample = bench.transport(name, ingest_ns_per_publish, &mut calibration).await?;
        // A comma as well, between the updates of an answer.
        let comma = if sample.counters.requests > 0 { 1.0 } else { 0.0 };
        let envelope_bytes = envelope_bytes + calibration.sequence_digits[*name] + comma;
        let mut sizes_of_one = transport_sizes(&sample, envelope_bytes);
        if !stage.keeps_alive(name) {
            sizes_of_one.tls_connect_bytes = tls_connect_bytes(&sample);
        }
        sizes.0.insert((*name).clone(), sizes_of_one);
    }
    bench.empty_heads(&mut sizes, &calibration).await?;
    if names.iter().any(|name| *name == "long-poll") {
        calibration.rearm_gap_ns = bench.rearm_gap_ns().await?;
    }
    let ingest_ns_per_publish = Some(ingest_ns_per_publish);
    Ok(Calibrated { calibration, sizes, ingest_ns_per_publish, warnings: bench.warnings })
}

/// Where calibration trials are run and judged.
struct Bench<'a> {
    stage: &'a Stage,
    warnings: Vec<Warning>,
}

impl Bench<'_> {
    /// Runs a trial; once more if the machine has spoiled it. Its warnings become the run's.
    async fn run(&mut self, mut trial: Trial, what: &str) -> Result<Seen> {
        self.stage.progress.say(&format!("calibration: {what}"));
        trial.label = format!("calibration of {what}");
        let mut seen = self.stage.run(&trial).await?;
        let mut warnings = self.judge(&trial, &seen)?;
        if Verdict::of(&warnings) != Verdict::Valid {
            self.stage.progress.say(&format!("calibration: {what} (again: disturbed)"));
            seen = self.stage.run(&trial).await?;
            warnings = self.judge(&trial, &seen)?;
        }
        self.warnings.extend(warnings);
        Ok(seen)
    }

    /// The rules of a row hold for a calibration, too.
    fn judge(&self, trial: &Trial, seen: &Seen) -> Result<Vec<Warning>> {
        let place = Place { repetition: 0, block: 0, attempt: 1, ingest_ns_per_publish: None };
        let mut measured = measured::measured(trial, seen, place)?;
        measured.row.repetition = None;
        let Stage { scenario, environment, .. } = self.stage;
        let mut warnings = verdict::judge(&mut measured.row, scenario, environment);
        warnings
            .extend(measured.warnings.into_iter().map(|warning| warning.about(&trial.label, None)));
        // Theory is in doubt then, and not what the rows say of the feed.
        for warning in &mut warnings {
            warning.severity = warning.severity.min(Verdict::Suspect);
        }
        Ok(warnings)
    }

    /// Measures the tcp floor with one client. Returns the envelope's bytes per update, without the
    /// digits of the sequence number.
    async fn floor(&mut self, calibration: &mut Calibration) -> Result<f64> {
        let floor = self.run(quiet(self.stage, "tcp", 1, PUBLISHES), "the floor").await?;
        let histogram = measured::merge(floor.samples.iter().map(|sample| &sample.delay))?;
        let busy = self.run(busy(self.stage), "the floor's tail").await?;
        let tail = measured::merge(busy.samples.iter().map(|sample| &sample.delay))?;
        let p50 = histogram.value_at_quantile(0.5);
        let beyond = tail.value_at_quantile(0.99) - tail.value_at_quantile(0.5);
        calibration.floor_p50_ns = p50 as f64;
        // Forty publishes carry a median and nothing else.
        calibration.floor_p99_ns = (p50 + beyond) as f64;
        calibration.floor_mean_ns =
            (p50 as f64 + tail.mean() - tail.value_at_quantile(0.5) as f64).max(0.0);
        let envelope_bytes = per(sum(&floor).counters.down.envelope, sum(&floor).delivered);
        Ok(envelope_bytes - digits(&floor))
    }

    /// Measures what one more client costs, and lets the codecs count.
    async fn transport(
        &mut self,
        name: &str,
        ingest_ns_per_publish: f64,
        calibration: &mut Calibration,
    ) -> Result<Sample> {
        let polls = name == "short-poll";
        let clients = self.stage.scenario.clients;
        let mut trial =
            quiet(self.stage, name, if polls { clients.min(2) } else { clients }, SLOPES);
        if polls {
            let (least, most) = POLL_INTERVAL_NS;
            // Whole milliseconds, as intervals are: by how much a timer of such ticks is late depends
            // on the rest.
            let half_ns = (trial.schedule.mean_period_ns / 2).clamp(least, most);
            trial.patience_ns = half_ns - half_ns % 1_000_000;
            trial.params.insert("interval".into(), format!("{}ns", trial.patience_ns).into());
        }
        let (interval_ns, trial_params) = (trial.patience_ns, trial.params.clone());
        let seen = self.run(trial, name).await?;
        let sample = sum(&seen);
        let send_ns = if polls {
            let request = measured::merge(seen.samples.iter().map(|sample| &sample.request))?;
            calibration.poll_cycle_extra_ns = request.mean();
            let knob = |name| trial_params.get(name).and_then(serde_json::Value::as_str);
            if knob("pacing") == Some("fixed-delay")
                && knob("timer") == Some("tokio")
                && sample.cycles > 0
            {
                // With the lateness of the timer, which is no part of the round trip.
                let cycle_ns = per(sample.cycle_sum_ns, sample.cycles);
                calibration.poll_cycle_extra_ns = (cycle_ns - interval_ns as f64).max(0.0);
            }
            let ingest_ns = ingest_ns_per_publish * seen.window.published() as f64;
            (seen.server.cpu_ns as f64 - ingest_ns).max(0.0) / sample.requests.max(1) as f64
        } else {
            slope_ns(&seen)
        };
        calibration.send_ns.insert(name.to_owned(), send_ns);
        calibration.sequence_digits.insert(name.to_owned(), digits(&seen));
        Ok(sample)
    }

    /// Time from a long poll's answer to the next request's being there: the cycle of clients whose
    /// requests never have to wait for news.
    async fn rearm_gap_ns(&self) -> Result<f64> {
        self.stage.progress.say("calibration: re-arm gap");
        let clients = self.stage.scenario.clients.min(CYCLE_CLIENTS_MAX);
        let mut trial = self.stage.trial("long-poll", clients);
        let rest_ns = trial.patience_ns.saturating_sub(REARM_DELAY_NS_MAX);
        trial.patience_ns -= rest_ns;
        trial.params.insert("rearm_delay".into(), format!("{}ns", trial.patience_ns).into());
        trial.params.insert("replay".into(), true.into());
        // The gap of one request; with more in flight the server does not wait for it.
        trial.params.insert("outstanding".into(), 1.into());
        // All at once: after a publish all long polls are answered, and re-arm, together.
        trial.ramp = Duration::ZERO;
        let time = CYCLE.max(Duration::from_nanos(trial.patience_ns) * 10);
        let mut gaps = Vec::new();
        for _ in 0..CYCLES {
            let sample = trial.cycle(self.stage.directory(), &self.stage.cores, time).await?;
            // Not the time over the number of requests: of those that all clients send together,
            // there is one more or one less in it.
            if sample.cycles == 0 {
                bail!("no long poll was asked twice: the server is slower than {time:?} a poll");
            }
            gaps.push(per(sample.cycle_sum_ns, sample.cycles));
        }
        gaps.sort_by(f64::total_cmp);
        Ok(gaps[CYCLES / 2] + rest_ns as f64)
    }
}

/// One client of the floor and as many updates as its 99th percentile needs. It is a busy feed's
/// tail: that of a quiet one would take minutes.
fn busy(stage: &Stage) -> Trial {
    let mut trial = quiet(stage, "tcp", 1, PUBLISHES);
    let period_ns = TRIAL_NS_MAX / TAIL_PUBLISHES;
    trial.schedule = periodic(TAIL_PUBLISHES, period_ns);
    trial.sight_all = false;
    trial
}

fn periodic(count: u64, period_ns: u64) -> Schedule {
    Schedule {
        offsets_ns: (0..count).map(|k| k * period_ns).collect(),
        fields: Vec::new(),
        mean_period_ns: period_ns,
    }
}

/// A short trial whose fan-outs do not overlap.
fn quiet(stage: &Stage, transport: &str, clients: u32, publishes: u64) -> Trial {
    // A second write is a trap on purpose, which theory is not to know of.
    let knobs = [("heartbeat", NO_HEARTBEAT.into()), ("writes", 1.into())];
    let mut trial = stage.trial_with(transport, clients, &knobs);
    let at = |deliveries_per_second| u64::from(clients) * SECOND_NS / deliveries_per_second;
    // The floor of a quiet feed is higher than that of a busy one, because cores fall asleep:
    // calibrate near the scenario's own rate, as far as the time allows.
    let own_ns = stage.scenario.schedule(1).mean_period_ns;
    let period_ns = own_ns
        .min(at(DELIVERIES_PER_SECOND).max(TRIAL_NS_MAX / PUBLISHES))
        .max(at(DELIVERIES_PER_SECOND_MAX).max(1_000_000));
    let most = publishes.max(TRIAL_NS_MIN / period_ns);
    let count = (TRIAL_NS_MAX / period_ns).clamp(PUBLISHES_MIN, most);
    trial.schedule = periodic(count, period_ns);
    trial.warmup = Duration::from_millis(100);
    trial.ramp = trial.ramp.min(Duration::from_micros(u64::from(clients) * 200));
    trial.sight_all = true;
    trial
}

/// Mean digits of a trial's sequence numbers: its log begins with it, so they are the publisher's.
fn digits(seen: &Seen) -> f64 {
    mean_digits(seen.window.first, seen.window.last)
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
        tls_bytes: if polls {
            per(counters.up.tls, counters.requests)
        } else {
            per(counters.down.tls, sample.delivered)
        },
        tls_connect_bytes: 0.0,
    }
}

/// What TLS adds to the answer of a poll with a connection of its own, beside the answer's records.
fn tls_connect_bytes(sample: &Sample) -> f64 {
    let Counters { down, requests, .. } = sample.counters;
    if down.tls == 0 {
        return 0.0;
    }
    let records = per(down.total() - down.tls, requests) / CONTENT_BYTES_MAX as f64;
    per(down.tls, requests) - records.ceil() * OVERHEAD_BYTES as f64
}
