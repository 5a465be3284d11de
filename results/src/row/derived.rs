//! What follows from a row's columns: per update, per client, per second.

use super::Row;

impl Row {
    /// Bytes of both directions per delivered update.
    pub fn bytes_per_update(&self) -> Option<f64> {
        self.per_update((self.bytes_up + self.bytes_down) as f64)
    }

    /// CPU time of the server process; `None` where its process is not known. A process that has
    /// delivered anything has used some nanoseconds.
    pub fn known_server_cpu_ns(&self) -> Option<u64> {
        (self.server_cpu_ns > 0).then_some(self.server_cpu_ns)
    }

    /// Server CPU per delivered update, the cost of publishing included.
    pub fn server_cpu_per_update_ns(&self) -> Option<f64> {
        self.per_update(self.known_server_cpu_ns()? as f64)
    }

    /// Server CPU per delivered update without what publishing alone costs.
    pub fn server_cpu_per_update_without_ingest_ns(&self) -> Option<f64> {
        let ingest = self.server_ingest_cpu_ns?;
        self.per_update(self.known_server_cpu_ns()?.saturating_sub(ingest) as f64)
    }

    /// CPU of server and load workers together per delivered update: loopback
    /// bills receive work to the sender, and only the sum does not care.
    pub fn total_cpu_per_update_ns(&self) -> Option<f64> {
        self.per_update((self.known_server_cpu_ns()? + self.client_cpu_ns) as f64)
    }

    /// CPU of the relay without what it only watched the clock, which no packet costs; `None` where
    /// the two are not told apart.
    pub fn relay_work_ns(&self) -> Option<u64> {
        Some(self.relay_cpu_ns?.saturating_sub(self.relay_spun_ns?))
    }

    /// Memory of the server process that came with the clients, per client.
    pub fn memory_per_client_bytes(&self) -> Option<f64> {
        let more = self.server_pss_bytes? as f64 - self.server_pss_empty_bytes? as f64;
        (self.connected > 0).then(|| more / self.connected as f64)
    }

    /// Kernel memory of the sockets of both ends, per client.
    pub fn socket_memory_per_client_bytes(&self) -> Option<f64> {
        let bytes = self.socket_memory_bytes?;
        (self.connected > 0).then(|| bytes as f64 / self.connected as f64)
    }

    /// Requests per second of all clients together.
    pub fn requests_per_second(&self) -> Option<f64> {
        (self.window_ns > 0).then(|| self.requests as f64 * 1e9 / self.window_ns as f64)
    }

    /// Bytes of both directions that the link carried.
    pub fn link_bytes(&self) -> Option<u64> {
        Some(self.link_bytes_up? + self.link_bytes_down?)
    }

    /// What TCP and IP add on the link to what the codecs see: headers, pure acknowledgements,
    /// opening and closing of connections, and what was sent again.
    pub fn bytes_below(&self) -> Option<u64> {
        let known = self.packet_header_bytes? + self.ack_bytes? + self.handshake_bytes?;
        Some(known + self.retransmitted_bytes?)
    }

    /// Bytes on the link for each byte above TCP.
    pub fn link_bytes_per_byte(&self) -> Option<f64> {
        Some(self.link_bytes()? as f64 / self.link_bytes_above()? as f64)
    }

    /// Bytes above TCP that the link carried.
    fn link_bytes_above(&self) -> Option<u64> {
        self.link_bytes()?.checked_sub(self.bytes_below()?).filter(|&above| above > 0)
    }

    /// How much more the codecs counted than the link carried above TCP in its own time: 1 for who
    /// pushes. Of short polls the link's time ends with the window, and the codecs' with each
    /// client's last update of it.
    pub fn codecs_over_link(&self) -> Option<f64> {
        Some((self.bytes_up + self.bytes_down) as f64 / self.link_bytes_above()? as f64)
    }

    /// Bytes of both directions on the link per delivered update, in the codecs' time.
    pub fn link_bytes_per_update(&self) -> Option<f64> {
        Some(self.bytes_per_update()? * self.link_bytes_per_byte()?)
    }

    /// What a client's minute costs in bytes on the link, or above TCP where there is none: on a
    /// feed that is nearly silent, who pays for silence.
    pub fn bytes_per_client_minute(&self) -> Option<f64> {
        let bytes = self.link_bytes().unwrap_or(self.bytes_up + self.bytes_down) as f64;
        let minutes = self.window_ns as f64 / 60e9 * self.connected as f64;
        (minutes > 0.0).then(|| bytes / minutes)
    }

    /// Packets of both directions per delivered update, in the codecs' time.
    pub fn packets_per_update(&self) -> Option<f64> {
        let packets = self.link_packets_up? + self.link_packets_down?;
        self.per_update(packets as f64 * self.codecs_over_link()?)
    }

    /// Deliveries per second of all clients together.
    pub fn delivered_per_second(&self) -> Option<f64> {
        (self.window_ns > 0).then(|| self.delivered as f64 * 1e9 / self.window_ns as f64)
    }

    fn per_update(&self, total: f64) -> Option<f64> {
        (self.delivered > 0).then(|| total / self.delivered as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Short polls whose last answers come after the link's window: the codecs have counted 300
    /// bytes of an update, and the link four fifths of them with their headers.
    #[test]
    fn what_an_update_costs_on_the_link_is_never_less_than_above_tcp() {
        let row = Row {
            delivered: 10,
            bytes_up: 1_000,
            bytes_down: 2_000,
            link_bytes_up: Some(1_000),
            link_bytes_down: Some(1_712),
            link_packets_up: Some(3),
            link_packets_down: Some(3),
            packet_header_bytes: Some(208),
            ack_bytes: Some(104),
            handshake_bytes: Some(0),
            retransmitted_bytes: Some(0),
            ..Row::default()
        };
        assert_eq!(row.codecs_over_link(), Some(1.25));
        let per_update = row.link_bytes_per_update().unwrap();
        assert!((per_update - (300.0 + 31.2 * 1.25)).abs() < 1e-9, "{per_update}");
        assert_eq!(row.packets_per_update(), Some(0.75));
    }
}
