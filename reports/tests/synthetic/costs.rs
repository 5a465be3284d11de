//! What a simulated transport costs.

use results::{Causes, Direction, Row};

use super::one::{Arrival, One};

impl One<'_> {
    pub fn causes(&self, delivered: f64, asked: f64, empty: f64) -> Direction {
        let sizes = &self.run.sizes.0[self.name];
        let payload = f64::from(self.run.scenario.feed.payload_bytes);
        let answers = asked - empty;
        let head = answers * sizes.answer_head_bytes + empty * sizes.empty_head_bytes;
        let envelope =
            delivered * sizes.update_envelope_bytes + answers * sizes.answer_envelope_bytes;
        // 22 bytes around each record, and one record a message.
        let record = if self.run.scenario.tls { 22.0 } else { 0.0 };
        let messages = if asked > 0.0 { asked } else { delivered };
        Direction {
            up: Causes {
                head: (asked * sizes.request_head_bytes) as u64,
                tls: (asked * record) as u64,
                ..Causes::default()
            },
            down: Causes {
                payload: (delivered * payload) as u64,
                envelope: envelope as u64,
                framing: (delivered * sizes.update_framing_bytes) as u64,
                head: if asked > 0.0 { head as u64 } else { 0 },
                tls: (messages * record) as u64,
            },
        }
    }

    pub fn row(
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
        let handshake = self.run.scenario.tls.then_some(1_100_000);
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
            connect_bytes_up: clients as u64 * (180 + handshake.map_or(0, |_| 420)),
            connect_bytes_down: clients as u64 * (150 + handshake.map_or(0, |_| 1_090)),
            tcp_connect_p50_ns: Some(90_000 + self.round_trip()),
            tcp_connect_p99_ns: Some(240_000 + self.round_trip()),
            tls_handshakes: if self.run.scenario.tls { clients as u64 } else { 0 },
            tls_handshake_p50_ns: handshake.map(|ns| ns + self.round_trip()),
            tls_handshake_p99_ns: handshake.map(|ns| 2 * ns + self.round_trip()),
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
