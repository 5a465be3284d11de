//! Runs as a machine might have measured them, from a small simulation: the
//! real publish times and the real predictions, with noise from a fixed seed.

#![allow(dead_code, clippy::unwrap_used)]

use std::{collections::BTreeMap, path::PathBuf};

use hdrhistogram::Histogram;
use results::{
    Causes, CausesOf, Direction, Environment, Loaded, Position, Row, Run, Second, TaggedHistogram,
    Verdict, Warning, hlog, pool, verdict,
};
use scenarios::{Calibration, Scenario, Sizes, TransportSizes, predict::predict};

const SECOND: f64 = 1e9;
const FLOOR: f64 = 58_000.0;
const KEPT: usize = 20;

/// A built-in scenario, run by the simulation.
pub fn run(name: &str, sets: &[&str]) -> Loaded {
    let defaults = [
        ("short-poll", "pacing=fixed-rate"),
        ("long-poll", "hold=25s"),
        ("long-poll", "rearm_delay=0s"),
        ("sse", "heartbeat=15s"),
        ("websocket", "heartbeat=15s"),
    ];
    let bare = Scenario::load(name, &[]).unwrap();
    let mut all: Vec<String> = defaults
        .iter()
        .filter(|(transport, _)| bare.transports.contains_key(*transport))
        .map(|(transport, knob)| format!("transports.{transport}.{knob}"))
        .collect();
    all.extend(sets.iter().map(ToString::to_string));
    simulate(Scenario::load(name, &all).unwrap())
}

/// The same with a verdict other than VALID.
pub fn spoil(mut loaded: Loaded, severity: Verdict, rule: &str, message: &str) -> Loaded {
    let warning = Warning::new(rule, severity, message).about("websocket", Some(1));
    loaded.run.warn([warning]);
    for row in loaded.run.rows.iter_mut().chain(&mut loaded.run.pooled) {
        if row.transport == "websocket" {
            row.verdict = severity;
        }
    }
    loaded
}

fn simulate(scenario: Scenario) -> Loaded {
    let send = [("tcp", 4_100.0), ("sse", 5_300.0), ("websocket", 4_700.0), ("long-poll", 9_000.0)];
    let calibration = Calibration {
        floor_mean_ns: FLOOR * 1.1,
        floor_p50_ns: FLOOR,
        floor_p99_ns: FLOOR * 2.2,
        send_ns: send.into_iter().map(|(name, ns)| (name.to_owned(), ns)).collect(),
        rearm_gap_ns: 190_000.0,
        poll_cycle_extra_ns: 120_000.0,
        ..Calibration::default()
    };
    let sizes = sizes();
    let predictions = predict(&scenario, &sizes, &calibration);
    let mut run = Run {
        format_version: results::FORMAT_VERSION,
        seed: scenario.measure.seed,
        started: "2026-11-21T10:00:00Z".into(),
        environment: environment(),
        calibration,
        sizes,
        predictions,
        causes: Vec::new(),
        verdict: Verdict::Valid,
        warnings: Vec::new(),
        partial: false,
        rows: Vec::new(),
        pooled: Vec::new(),
        scenario,
    };
    let mut loaded = Loaded {
        histograms: Vec::new(),
        timeline: Vec::new(),
        resources: Vec::new(),
        positions: Vec::new(),
        path: PathBuf::from(format!("results/local/{}-20261121-100000", run.scenario.name)),
        run: run.clone(),
    };
    let mut requests: Vec<TaggedHistogram> = Vec::new();
    for repetition in 1..=run.scenario.measure.repeat {
        for transport in run.scenario.transports.clone().into_keys() {
            let start = u64::from(repetition) * 1_000 + transport.len() as u64;
            let mut one = One { run: &run, name: &transport, repetition, random: Random(start) };
            let (mut row, causes) = one.measure(&mut loaded, &mut requests);
            row.set_prediction(run.prediction(&transport, Some(repetition)));
            let warnings = verdict::judge(&mut row, &run.scenario, &run.environment);
            run.warn(warnings);
            run.rows.push(row);
            run.causes.push(CausesOf { transport, repetition, up: causes.up, down: causes.down });
        }
    }
    run.pooled = pool::pool(&run.rows, &loaded.histograms, &requests, &run.predictions);
    loaded.run = run;
    loaded
}

/// One transport in one repetition.
struct One<'a> {
    run: &'a Run,
    name: &'a str,
    repetition: u32,
    random: Random,
}

/// One arrival: publish, client, time.
type Arrival = (usize, usize, f64);

impl One<'_> {
    fn measure(
        &mut self,
        loaded: &mut Loaded,
        requests: &mut Vec<TaggedHistogram>,
    ) -> (Row, Direction) {
        let schedule = self.run.scenario.schedule(self.repetition);
        let publishes: Vec<f64> = schedule.offsets_ns.iter().map(|&ns| ns as f64).collect();
        let clients = self.run.scenario.clients as usize;
        let window = schedule.window_ns() as f64;
        let (arrivals, asked, empty) = match self.name {
            "short-poll" => self.short_poll(&publishes, clients, window),
            "long-poll" => self.long_poll(&publishes, clients),
            _ => self.push(&publishes, clients),
        };
        let mut delay = hlog::histogram();
        let mut request = hlog::histogram();
        let mut sum = 0.0;
        for &(publish, _, at) in &arrivals {
            sum += at - publishes[publish];
            delay.saturating_record((at - publishes[publish]) as u64);
        }
        for _ in 0..asked.min(1_000) {
            let rtt = self.random.exponential(40_000.0) + 90_000.0;
            request.saturating_record(rtt as u64);
        }
        let (age, peak, sync) = self.timeline(loaded, &publishes, &arrivals, clients, window);
        self.positions(loaded, &publishes, &arrivals);
        let causes = self.causes(arrivals.len() as f64, asked as f64, empty as f64);
        let mut row = self.row(&arrivals, clients, window, asked, empty);
        row.published = publishes.len() as u64;
        row.expected = row.published * row.clients;
        row.set_delay(&delay, row.published);
        row.delay_mean_ns = (!arrivals.is_empty()).then(|| (sum / arrivals.len() as f64) as u64);
        row.set_request(&request);
        row.set_causes(&causes);
        (row.tcp_bytes_up, row.tcp_bytes_down) = (row.bytes_up, row.bytes_down);
        (row.age_mean_ns, row.age_peak_ns, row.in_sync) = (age, peak, sync);
        self.keep(loaded, requests, delay, request);
        (row, causes)
    }

    fn keep(
        &self,
        loaded: &mut Loaded,
        requests: &mut Vec<TaggedHistogram>,
        delay: Histogram<u64>,
        request: Histogram<u64>,
    ) {
        let name = self.name.to_owned();
        loaded.histograms.push((name.clone(), self.repetition, delay));
        requests.push((name, self.repetition, request));
    }

    fn send(&self) -> f64 {
        self.run.calibration.send_ns.get(self.name).copied().unwrap_or_default()
    }

    /// The floor with the tail that every scheduler has.
    fn floor(&mut self) -> f64 {
        FLOOR * 0.9 + self.random.exponential(FLOOR * 0.2)
    }

    fn push(&mut self, publishes: &[f64], clients: usize) -> (Vec<Arrival>, u64, u64) {
        let send = self.send();
        let mut arrivals = Vec::new();
        for (publish, at) in publishes.iter().enumerate() {
            let base = at + self.floor();
            for client in 0..clients {
                arrivals.push((publish, client, base + client as f64 * send));
            }
        }
        (arrivals, 0, 0)
    }

    fn short_poll(
        &mut self,
        publishes: &[f64],
        clients: usize,
        window: f64,
    ) -> (Vec<Arrival>, u64, u64) {
        let interval = &self.run.scenario.transports["short-poll"]["interval"];
        let interval = seconds(interval.as_str().unwrap()) * SECOND;
        let mut arrivals = Vec::new();
        let (mut asked, mut answered) = (0, 0);
        for client in 0..clients {
            let phase = self.random.uniform() * interval;
            let mut polls = std::collections::BTreeSet::new();
            for (publish, at) in publishes.iter().enumerate() {
                let poll = phase + ((at - phase) / interval).ceil() * interval;
                polls.insert(poll as u64);
                arrivals.push((publish, client, poll + self.floor()));
            }
            asked += (window / interval) as u64;
            answered += polls.len() as u64;
        }
        (arrivals, asked, asked.saturating_sub(answered))
    }

    fn long_poll(&mut self, publishes: &[f64], clients: usize) -> (Vec<Arrival>, u64, u64) {
        let gap = self.run.calibration.rearm_gap_ns;
        let step = self.send();
        let (mut arrivals, mut asked) = (Vec::new(), 0);
        for client in 0..clients {
            // When the client's next request is there.
            let mut ready = 0.0;
            for (publish, &at) in publishes.iter().enumerate() {
                let answered = at.max(ready) + client as f64 * step;
                if at >= ready {
                    asked += 1;
                    ready = answered + gap * (self.random.uniform() + 0.5);
                }
                arrivals.push((publish, client, answered + self.floor()));
            }
        }
        (arrivals, asked, 0)
    }

    fn timeline(
        &self,
        loaded: &mut Loaded,
        publishes: &[f64],
        arrivals: &[Arrival],
        clients: usize,
        window: f64,
    ) -> (Option<u64>, Option<u64>, Option<f64>) {
        const SAMPLES: usize = 10;
        let seconds = (window / SECOND).ceil() as usize;
        let mut lines: Vec<Second> = (0..seconds)
            .map(|second| Second {
                transport: self.name.to_owned(),
                repetition: self.repetition,
                second: second as u32,
                ..Second::default()
            })
            .collect();
        let mut sums = vec![0.0; seconds];
        for &(publish, _, at) in arrivals {
            let delay = at - publishes[publish];
            let second = ((at / SECOND) as usize).min(seconds - 1);
            lines[second].delivered += 1;
            sums[second] += delay;
            let longest = lines[second].delay_max_ns.unwrap_or_default();
            lines[second].delay_max_ns = Some(longest.max(delay as u64));
        }
        for at in publishes {
            lines[((at / SECOND) as usize).min(seconds - 1)].published += 1;
        }
        let mut held: Vec<Vec<(f64, f64)>> = vec![Vec::new(); clients];
        for &(publish, client, at) in arrivals {
            held[client].push((at, publishes[publish]));
        }
        let (mut total, mut synced, mut samples) = (0.0, 0.0, 0.0);
        for (second, line) in lines.iter_mut().enumerate() {
            let mut ages = (0.0, 0.0);
            for sample in 0..SAMPLES {
                let now = (second as f64 + (sample as f64 + 0.5) / SAMPLES as f64) * SECOND;
                let newest = publishes.iter().rev().find(|&&at| at <= now);
                for arrivals in held.iter().take(50) {
                    let holds = arrivals
                        .iter()
                        .filter(|(at, _)| *at <= now)
                        .map(|&(_, published)| published)
                        .fold(f64::NAN, f64::max);
                    if holds.is_finite() && publishes.last().is_some_and(|&last| now <= last) {
                        ages = (ages.0 + now - holds, ages.1 + 1.0);
                        synced += f64::from(newest == Some(&holds));
                    }
                }
            }
            (total, samples) = (total + ages.0, samples + ages.1);
            line.age_mean_ns = (ages.1 > 0.0).then(|| (ages.0 / ages.1) as u64);
            let delivered = line.delivered as f64;
            line.delay_mean_ns = (delivered > 0.0).then(|| (sums[second] / delivered) as u64);
        }
        loaded.timeline.extend(lines);
        if samples == 0.0 {
            return (None, None, None);
        }
        let age = total / samples;
        (Some(age as u64), Some((age * 1.6) as u64), Some(synced / samples))
    }

    fn positions(&self, loaded: &mut Loaded, publishes: &[f64], arrivals: &[Arrival]) {
        let stride = (publishes.len() / KEPT).max(1);
        let mut by_publish: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
        for &(publish, _, at) in arrivals.iter().filter(|(publish, ..)| publish % stride == 0) {
            by_publish.entry(publish).or_default().push(at - publishes[publish]);
        }
        for (publish, mut delays) in by_publish.into_iter().take(KEPT) {
            delays.sort_by(f64::total_cmp);
            loaded.positions.extend((0..).zip(delays).map(|(rank, delay)| Position {
                transport: self.name.to_owned(),
                repetition: self.repetition,
                publish: publish as u64,
                rank,
                delay_ns: delay as u64,
            }));
        }
    }

    fn causes(&self, delivered: f64, asked: f64, empty: f64) -> Direction {
        let sizes = &self.run.sizes.0[self.name];
        let payload = f64::from(self.run.scenario.feed.payload_bytes);
        let answers = asked - empty;
        let head = answers * sizes.answer_head_bytes + empty * sizes.empty_head_bytes;
        let envelope =
            delivered * sizes.update_envelope_bytes + answers * sizes.answer_envelope_bytes;
        Direction {
            up: Causes { head: (asked * sizes.request_head_bytes) as u64, ..Causes::default() },
            down: Causes {
                payload: (delivered * payload) as u64,
                envelope: envelope as u64,
                framing: (delivered * sizes.update_framing_bytes) as u64,
                head: if asked > 0.0 { head as u64 } else { 0 },
            },
        }
    }

    fn row(
        &mut self,
        arrivals: &[Arrival],
        clients: usize,
        window: f64,
        asked: u64,
        empty: u64,
    ) -> Row {
        let delivered = arrivals.len() as f64;
        let noise = 0.95 + self.random.uniform() * 0.1;
        let (per_update, per_client) = match self.name {
            "short-poll" => (2_100.0, 2_900.0),
            "long-poll" => (13_500.0, 11_800.0),
            "sse" => (6_200.0, 9_700.0),
            "websocket" => (5_600.0, 6_900.0),
            _ => (4_900.0, 3_100.0),
        };
        let answers = asked.saturating_sub(empty) as f64;
        Row {
            transport: self.name.to_owned(),
            repetition: Some(self.repetition),
            clients: clients as u64,
            connected: clients as u64,
            window_ns: window as u64,
            delivered: arrivals.len() as u64,
            requests: asked,
            empty_responses: empty,
            segments_up: (delivered * 1.1) as u64,
            segments_down: delivered as u64,
            server_cpu_ns: (per_update * delivered * noise) as u64 + asked * 9_000,
            server_ingest_cpu_ns: Some((window * 0.0006) as u64),
            client_cpu_ns: (delivered * 5_100.0 * noise) as u64 + asked * 7_000,
            server_pss_bytes: Some(3_400_000 + (per_client * clients as f64 * noise) as u64),
            server_pss_empty_bytes: Some(3_400_000),
            socket_memory_bytes: Some((7_800.0 * clients as f64) as u64),
            publisher_late_p99_ns: 84_000,
            publisher_held_p99_ns: 31_000,
            updates_per_answer: (answers > 0.0).then(|| delivered / answers),
            connect_p99_ns: Some(2_400_000),
            worker_cpu_share: Some(0.2),
            publisher_late_publishes: Some(0),
            foreign_cpu_ns: Some(0),
            server_descriptors: clients as u64 + 14,
            block: self.repetition,
            attempt: 1,
            ..Row::default()
        }
    }
}

fn sizes() -> Sizes {
    let push = |envelope: f64, framing: f64| TransportSizes {
        update_envelope_bytes: envelope,
        update_framing_bytes: framing,
        ..TransportSizes::default()
    };
    let poll = |request: f64| TransportSizes {
        request_head_bytes: request,
        answer_head_bytes: 148.0,
        empty_head_bytes: 74.0,
        answer_envelope_bytes: 34.0,
        update_envelope_bytes: 19.0,
        update_framing_bytes: 0.0,
    };
    Sizes(BTreeMap::from([
        ("short-poll".into(), poll(76.0)),
        ("long-poll".into(), poll(83.0)),
        ("sse".into(), push(19.0, 30.0)),
        ("websocket".into(), push(19.0, 4.0)),
        ("tcp".into(), push(19.0, 4.0)),
    ]))
}

fn environment() -> Environment {
    Environment {
        feedlab: "0.1.0".into(),
        git_commit: Some("4f2a9c1".into()),
        rustc: "1.95.0".into(),
        profile: "release".into(),
        date: "2026-11-21".into(),
        cpu: "Synthetic CPU at 3 GHz".into(),
        cores: 2,
        memory_bytes: 8 << 30,
        kernel: "6.12.0".into(),
        clocksource: "tsc".into(),
        congestion: "reno".into(),
        open_files: 20_000,
        somaxconn: 4_096,
        server_cpus: "0".into(),
        harness_cpus: "1".into(),
        workers: 1,
        link: "loopback".into(),
        ..Environment::default()
    }
}

/// `500ms` or `3.1s` in seconds.
fn seconds(text: &str) -> f64 {
    match text.strip_suffix("ms") {
        Some(number) => number.parse::<f64>().unwrap() / 1e3,
        None => text.strip_suffix('s').unwrap().parse().unwrap(),
    }
}

/// Numbers that are the same in every test run.
struct Random(u64);

impl Random {
    fn uniform(&mut self) -> f64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn exponential(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.uniform()).ln()
    }
}
