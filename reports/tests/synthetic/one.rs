//! One transport in one repetition: when which update reaches whom.

use hdrhistogram::Histogram;
use results::{Direction, Loaded, Row, Run, hlog};

use super::{SECOND, machine::FLOOR, random::Random};

/// One transport in one repetition.
pub(super) struct One<'a> {
    pub run: &'a Run,
    pub name: &'a str,
    pub repetition: u32,
    pub random: Random,
}

/// One arrival: publish, client, time.
pub(super) type Arrival = (usize, usize, f64);

impl One<'_> {
    pub fn measure(&mut self, loaded: &mut Loaded) -> (Row, Direction) {
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
        let round_trip = self.way_down() + self.way_up();
        for _ in 0..asked.min(1_000) {
            let rtt = self.random.exponential(40_000.0) + 90_000.0 + round_trip;
            request.saturating_record(rtt as u64);
        }
        if self.name == "short-poll" {
            self.stalled_requests(&mut request, clients, asked);
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
        self.keep(loaded, delay, request);
        (row, causes)
    }

    fn keep(&self, loaded: &mut Loaded, delay: Histogram<u64>, request: Histogram<u64>) {
        let name = self.name.to_owned();
        loaded.histograms.push((name.clone(), self.repetition, delay));
        loaded.requests.push((name, self.repetition, request));
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
            let base = self.thawed(*at) + self.floor() + self.way_down() + self.sent_again();
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
        let interval = self.interval();
        let mut arrivals = Vec::new();
        let (mut asked, mut answered) = (0, 0);
        for client in 0..clients {
            let phase = self.random.uniform() * interval;
            let mut polls = std::collections::BTreeSet::new();
            for (publish, at) in publishes.iter().enumerate() {
                let seen = self.thawed(*at) - self.way_up();
                let poll = phase + ((seen - phase) / interval).ceil() * interval;
                polls.insert(poll as u64);
                let answered = self.thawed(poll + self.way_up());
                let arrival = answered + self.floor() + self.way_down() + self.sent_again();
                arrivals.push((publish, client, arrival));
            }
            asked += (window / interval) as u64;
            answered += polls.len() as u64;
        }
        (arrivals, asked, asked.saturating_sub(answered))
    }

    fn long_poll(&mut self, publishes: &[f64], clients: usize) -> (Vec<Arrival>, u64, u64) {
        let gap = self.run.calibration.rearm_gap_ns + self.way_down() + self.way_up();
        let step = self.send();
        let (mut arrivals, mut asked) = (Vec::new(), 0);
        for client in 0..clients {
            // When the client's next request is there, and when its last was answered.
            let (mut ready, mut answer) = (0.0_f64, f64::NEG_INFINITY);
            for (publish, &at) in publishes.iter().enumerate() {
                let at = self.thawed(at);
                if at > answer {
                    asked += 1;
                    answer = at.max(ready);
                    ready = answer + gap * (self.random.uniform() + 0.5);
                }
                let position = client as f64 * step;
                let arrival =
                    answer + position + self.floor() + self.way_down() + self.sent_again();
                arrivals.push((publish, client, arrival));
            }
        }
        (arrivals, asked, 0)
    }
}

impl One<'_> {
    pub fn interval(&self) -> f64 {
        let interval = &self.run.scenario.transports["short-poll"]["interval"];
        seconds(interval.as_str().unwrap()) * SECOND
    }
}

/// `500ms` or `3.1s` in seconds.
fn seconds(text: &str) -> f64 {
    match text.strip_suffix("ms") {
        Some(number) => number.parse::<f64>().unwrap() / 1e3,
        None => text.strip_suffix('s').unwrap().parse().unwrap(),
    }
}
