//! What a model is asked: one transport of one scenario, with what its settings mean.

use std::time::Duration;

use super::{
    Calibration, TransportSizes,
    delay::Floor,
    freeze::{Entered, Freezes},
    network::Network,
};
use crate::{Scenario, Schedule};

/// One transport of one scenario: what a model is asked.
pub(super) struct Case<'a> {
    pub scenario: &'a Scenario,
    pub name: &'a str,
    pub sizes: TransportSizes,
    pub calibration: &'a Calibration,
    pub network: &'a Network,
    /// The floor at the far end of the link.
    pub floor: &'a Floor,
}

impl Case<'_> {
    pub fn clients(&self) -> f64 {
        f64::from(self.scenario.clients)
    }

    /// `c`: the server's time for one client of the fan-out.
    pub fn send_ns(&self) -> f64 {
        self.calibration
            .send_ns
            .get(self.name)
            .copied()
            .filter(|c| c.is_finite() && *c > 0.0)
            .unwrap_or(0.0)
    }

    /// Mean time from a server's write to the client's hands.
    pub fn floor_mean_ns(&self) -> f64 {
        self.floor.mean + self.network.jitter_down_ns() / 2.0
    }

    /// The publish times as the server's log sees them.
    pub fn entered(&self, schedule: &Schedule, freezes: &Freezes) -> Entered {
        /// A thread of tokio's looks at its sockets after so many tasks, or when none is left
        /// (`event_interval`).
        const TASKS: f64 = 61.0;
        // There and back between two processes, as the floor is; and those who wait for the one
        // update are served before the next is read.
        let turn = self.calibration.floor_p50_ns.max(self.clients().min(TASKS) * self.send_ns());
        freezes.entered(schedule, turn)
    }

    /// When the server stands still.
    pub fn freezes(&self, schedule: &Schedule) -> Freezes {
        let window = Duration::from_nanos(schedule.window_ns());
        Freezes::of(schedule, &self.scenario.server.freezes(window))
    }

    /// Payload, envelope and framing of one update.
    pub fn update_bytes(&self) -> f64 {
        let around = self.sizes.update_envelope_bytes + self.sizes.update_framing_bytes;
        f64::from(self.scenario.feed.payload_bytes) + around
    }

    pub fn duration_ns(&self, setting: &str) -> Option<f64> {
        let text = self.scenario.transports.get(self.name)?.get(setting)?.as_str()?;
        humantime::parse_duration(text).ok().map(|duration: Duration| duration.as_nanos() as f64)
    }

    pub fn is(&self, setting: &str, word: &str) -> bool {
        self.setting(setting).and_then(|value| value.as_str()) == Some(word)
    }

    pub fn is_on(&self, setting: &str, default: bool) -> bool {
        self.setting(setting).and_then(serde_json::Value::as_bool).unwrap_or(default)
    }

    /// Requests in flight.
    pub fn outstanding(&self) -> usize {
        let outstanding = self.setting("outstanding").and_then(serde_json::Value::as_u64);
        outstanding.map_or(1, |count| count.max(1) as usize)
    }

    /// Whether only the newest value matters.
    pub fn newest_only(&self) -> bool {
        self.scenario.feed.latest_value
    }

    /// Writes for what is ready together, of the tcp floor.
    pub fn writes(&self) -> u64 {
        self.setting("writes").and_then(serde_json::Value::as_u64).unwrap_or(1)
    }

    /// Whether requests share a connection.
    pub fn keeps_alive(&self) -> bool {
        self.is_on("keep_alive", true)
    }

    /// Round trips of a poll before its request may go: that of connecting, where each makes a
    /// connection, and that of TLS 1.3's handshake. On top of them comes the request's own, half of
    /// it before the server looks.
    pub fn round_trips_before_request(&self) -> f64 {
        match (self.keeps_alive(), self.scenario.tls) {
            (true, _) => 0.0,
            (false, false) => 1.0,
            (false, true) => 2.0,
        }
    }

    fn setting(&self, setting: &str) -> Option<&serde_json::Value> {
        self.scenario.transports.get(self.name)?.get(setting)
    }
}
