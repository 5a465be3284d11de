//! One line of `summary.csv`: what one transport did in one repetition.
//!
//! Flat, because CSV is: no maps, no nesting. The order of the fields is the
//! order of the columns; new columns go to the end. Whoever adds one also adds
//! its line in `results/README.md`, or the test there fails.

mod derived;

use hdrhistogram::Histogram;
use scenarios::Prediction;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Direction, Verdict, Wires, lines, percentile};

/// One transport in one repetition, or, with `repetition` empty, all repetitions pooled.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Row {
    /// Name of the transport.
    pub transport: String,
    /// Counted from 1; empty in a pooled row.
    pub repetition: Option<u32>,
    /// Configured clients.
    pub clients: u64,
    /// Clients that connected and were ready when the window began.
    pub connected: u64,
    /// Intended time of the last publish − that of the first + one mean period.
    pub window_ns: u64,
    /// Publishes in the window.
    pub published: u64,
    /// `published × clients`, also for clients that never connected.
    pub expected: u64,
    /// Distinct publishes that reached a client, summed over clients.
    pub delivered: u64,
    /// Updates that gaps declared as dropped.
    pub lost: u64,
    /// Updates skipped on purpose by a latest-value feed.
    pub superseded: u64,
    /// `expected − delivered − lost − superseded`.
    pub missing: u64,
    /// Deliveries of a publish that the client already had.
    pub duplicated: u64,
    /// Deliveries with a smaller number than the one before, on the same client.
    pub reordered: u64,
    /// Half of the deliveries took at most this long since the intended publish time.
    pub delay_p50_ns: Option<u64>,
    /// Nine of ten deliveries took at most this long.
    pub delay_p90_ns: Option<u64>,
    /// All but one in a hundred deliveries took at most this long.
    pub delay_p99_ns: Option<u64>,
    /// The longest delay.
    pub delay_max_ns: Option<u64>,
    /// Mean delay.
    pub delay_mean_ns: Option<u64>,
    /// Mean delay that theory expects.
    pub predicted_delay_mean_ns: Option<u64>,
    /// Median delay that theory expects.
    pub predicted_delay_p50_ns: Option<u64>,
    /// p99 that theory expects.
    pub predicted_delay_p99_ns: Option<u64>,
    /// Age of information, averaged over time and clients.
    pub age_mean_ns: Option<u64>,
    /// Mean of the ages just before each arrival.
    pub age_peak_ns: Option<u64>,
    /// Fraction of time in which a client held the newest update.
    pub in_sync: Option<f64>,
    /// Requests in the window, over all clients.
    pub requests: u64,
    /// Requests that theory expects.
    pub predicted_requests: Option<u64>,
    /// Answers without an update (204, 304).
    pub empty_responses: u64,
    /// Bytes that the clients sent, by the decoders' count.
    pub bytes_up: u64,
    /// Bytes that the clients received, by the decoders' count.
    pub bytes_down: u64,
    /// Bytes up that theory expects.
    pub predicted_bytes_up: Option<u64>,
    /// Bytes down that theory expects.
    pub predicted_bytes_down: Option<u64>,
    /// Bytes of both directions that were the publisher's JSON.
    pub payload_bytes: u64,
    /// Bytes of both directions that were envelope.
    pub envelope_bytes: u64,
    /// Bytes of both directions that were framing.
    pub framing_bytes: u64,
    /// Bytes of both directions that were HTTP heads.
    pub head_bytes: u64,
    /// Bytes that the clients sent, by the kernel's count (`TCP_INFO`), without retransmissions.
    pub tcp_bytes_up: u64,
    /// Bytes that the clients received, by the kernel's count (`TCP_INFO`).
    pub tcp_bytes_down: u64,
    /// Segments that the clients sent, pure acknowledgements too.
    pub segments_up: u64,
    /// Segments that the clients received, pure acknowledgements too.
    pub segments_down: u64,
    /// Segments that clients sent again; the server's are not seen.
    pub retransmits: u64,
    /// CPU time of the server process, all threads.
    pub server_cpu_ns: u64,
    /// CPU time of the server for the same publishes without any client; empty if not measured.
    pub server_ingest_cpu_ns: Option<u64>,
    /// CPU time of the load workers.
    pub client_cpu_ns: u64,
    /// Proportional set size of the server process after the window.
    pub server_pss_bytes: Option<u64>,
    /// The same before the first client.
    pub server_pss_empty_bytes: Option<u64>,
    /// Kernel memory of sockets, both ends, more than before the first client.
    pub socket_memory_bytes: Option<u64>,
    /// p99 of intended time → publisher awake with the payload in hand.
    pub publisher_late_p99_ns: u64,
    /// p99 of the time a publish waited behind a publish request in flight.
    pub publisher_held_p99_ns: u64,
    /// What the rules make of this row.
    pub verdict: Verdict,
    // Beyond the contract. Add at the end.
    /// Updates per answer that carried any.
    pub updates_per_answer: Option<f64>,
    /// Median round-trip time of a request; empty without requests.
    pub request_p50_ns: Option<u64>,
    /// p99 of the round-trip time of a request; empty without requests.
    pub request_p99_ns: Option<u64>,
    /// p99 of connect to ready, outside the window.
    pub connect_p99_ns: Option<u64>,
    /// Bytes sent to connect, to upgrade and to learn the cursor.
    pub connect_bytes_up: u64,
    /// Bytes received for the same.
    pub connect_bytes_down: u64,
    /// Context switches of the server because it waited.
    pub voluntary_switches: u64,
    /// Context switches of the server because something else wanted its core.
    pub involuntary_switches: u64,
    /// Time the server's threads were runnable but had no core.
    pub run_queue_wait_ns: u64,
    /// The same for the load worker that waited most.
    pub worker_run_queue_wait_ns: u64,
    /// The same for the publisher's thread.
    pub publisher_run_queue_wait_ns: u64,
    /// CPU time of the busiest load worker over the window's length; 1 is a full core.
    pub worker_cpu_share: Option<f64>,
    /// Publishes that were more than 1 ms late; empty if not counted.
    pub publisher_late_publishes: Option<u64>,
    /// Time the hypervisor took from all cores in the window.
    pub steal_ns: u64,
    /// CPU time that processes other than ours used in the window; empty if not known.
    pub foreign_cpu_ns: Option<u64>,
    /// Connections the kernel dropped because the accept queue was full.
    pub accept_overflows: u64,
    /// Descriptors the server had open in the window.
    pub server_descriptors: u64,
    /// Place of the repetition's block in the run, counted from 1; 0 in a pooled row.
    pub block: u32,
    /// 2 when the block was repeated because the machine had spoiled it.
    pub attempt: u32,
    /// CPU time of the server after the window, to deliver what was due in it.
    #[serde(default)] // runs of before it was measured can still be read
    pub server_drain_cpu_ns: u64,
    /// Bytes that the link carried from the clients in the window, whole IP packets, at its entry; empty
    /// on loopback, as all columns of the link.
    #[serde(default)]
    pub link_bytes_up: Option<u64>,
    /// The same to the clients.
    #[serde(default)]
    pub link_bytes_down: Option<u64>,
    /// Packets from the clients in the window.
    #[serde(default)]
    pub link_packets_up: Option<u64>,
    /// Packets to the clients in the window.
    #[serde(default)]
    pub link_packets_down: Option<u64>,
    /// IP and TCP headers of packets with payload that was not sent before, both directions.
    #[serde(default)]
    pub packet_header_bytes: Option<u64>,
    /// Packets that only acknowledge, both directions.
    #[serde(default)]
    pub ack_bytes: Option<u64>,
    /// Packets that open connections and headers of those that close them, both directions.
    #[serde(default)]
    pub handshake_bytes: Option<u64>,
    /// What was sent again, headers included, both directions.
    #[serde(default)]
    pub retransmitted_bytes: Option<u64>,
    /// Packets that the link lost as the scenario asks, over the connections' whole life.
    #[serde(default)]
    pub link_lost_packets: Option<u64>,
    /// Packets that the queue before a bottleneck had no room for, over the same time.
    #[serde(default)]
    pub link_queue_dropped_packets: Option<u64>,
    /// Packets that fell into a cut.
    #[serde(default)]
    pub link_cut_packets: Option<u64>,
    /// Packets that were dropped though nothing asked for it.
    #[serde(default)]
    pub link_unasked_drops: Option<u64>,
    /// CPU time of the link's relay, in the same time as the bytes of the link.
    #[serde(default)]
    pub relay_cpu_ns: Option<u64>,
    /// The part of it in which the relay only watched the clock, because a packet was due soon.
    #[serde(default)]
    pub relay_spun_ns: Option<u64>,
    /// Median of how much later than the link says packets left it, in the window.
    #[serde(default)]
    pub relay_late_p50_ns: Option<u64>,
    /// p99 of the same.
    #[serde(default)]
    pub relay_late_p99_ns: Option<u64>,
    /// The latest packet.
    #[serde(default)]
    pub relay_late_max_ns: Option<u64>,
    /// All causes of the connections' whole life, from the first SYN to the last packet, summed up.
    #[serde(default)]
    pub life_cause_bytes: Option<u64>,
    /// What the link carried in that time; the same number, or the run is SUSPECT.
    #[serde(default)]
    pub life_link_bytes: Option<u64>,
    /// Time in which the server was stopped on purpose.
    #[serde(default)]
    pub server_frozen_ns: u64,
    /// Bytes of both directions that TLS added; 0 without TLS.
    #[serde(default)]
    pub tls_bytes: u64,
    /// TLS handshakes of clients, from the ramp on.
    #[serde(default)]
    pub tls_handshakes: u64,
    /// Those of them that resumed a session.
    #[serde(default)]
    pub tls_resumed: u64,
    /// Median time of a TLS handshake, as the client sees it; empty without TLS.
    #[serde(default)]
    pub tls_handshake_p50_ns: Option<u64>,
    /// p99 of the same.
    #[serde(default)]
    pub tls_handshake_p99_ns: Option<u64>,
    /// Median time to connect a TCP socket, which is not in the handshake's time.
    #[serde(default)]
    pub tcp_connect_p50_ns: Option<u64>,
    /// p99 of the same.
    #[serde(default)]
    pub tcp_connect_p99_ns: Option<u64>,
    /// Requests of the time that the byte columns cover; empty if not counted.
    #[serde(default)]
    pub exchanges: Option<u64>,
    /// Share of the published versions that a client has ever held, mean over the clients; empty if
    /// not counted.
    #[serde(default)]
    pub versions_seen: Option<f64>,
}

impl Row {
    /// The rows as CSV with their header; without rows the header alone.
    pub fn csv(rows: &[Self]) -> String {
        let header_only = rows.is_empty();
        let rows = if header_only { &[Self::default()] } else { rows };
        let mut text =
            String::from_utf8(lines::csv(rows, true)).expect("columns and cells are UTF-8");
        if header_only {
            text.truncate(text.find('\n').map_or(0, |end| end + 1));
        }
        text
    }

    /// Fills the delay columns; percentiles that too few publishes carry stay empty.
    ///
    /// The mean is the histogram's, right to three digits; whoever has the exact sum sets it after.
    pub fn set_delay(&mut self, delay: &Histogram<u64>, publishes: u64) {
        self.delay_p50_ns = percentile::of(delay, 0.5, publishes);
        self.delay_p90_ns = percentile::of(delay, 0.9, publishes);
        self.delay_p99_ns = percentile::of(delay, 0.99, publishes);
        let any = !delay.is_empty();
        self.delay_max_ns = any.then(|| delay.max());
        self.delay_mean_ns = any.then(|| delay.mean().round() as u64);
    }

    /// Fills the request columns. Requests are the unit here, so any number will do for a median.
    pub fn set_request(&mut self, request: &Histogram<u64>) {
        let any = !request.is_empty();
        self.request_p50_ns = any.then(|| request.value_at_quantile(0.5));
        self.request_p99_ns = any.then(|| request.value_at_quantile(0.99));
    }

    /// Fills the columns of what it took to connect. Connections are the unit, as requests are.
    pub fn set_connections(&mut self, tcp: &Histogram<u64>, tls: &Histogram<u64>) {
        let at = |histogram: &Histogram<u64>, quantile| {
            (!histogram.is_empty()).then(|| histogram.value_at_quantile(quantile))
        };
        (self.tcp_connect_p50_ns, self.tcp_connect_p99_ns) = (at(tcp, 0.5), at(tcp, 0.99));
        (self.tls_handshake_p50_ns, self.tls_handshake_p99_ns) = (at(tls, 0.5), at(tls, 0.99));
    }

    /// Fills the byte columns from the causes, so that they cannot disagree.
    pub fn set_causes(&mut self, causes: &Direction) {
        let both = causes.up.plus(causes.down);
        self.bytes_up = causes.up.total();
        self.bytes_down = causes.down.total();
        self.payload_bytes = both.payload;
        self.envelope_bytes = both.envelope;
        self.framing_bytes = both.framing;
        self.head_bytes = both.head;
        self.tls_bytes = both.tls;
    }

    /// Fills the predicted columns; without a prediction they are empty.
    pub fn set_prediction(&mut self, prediction: Option<&Prediction>) {
        self.predicted_delay_mean_ns = prediction.map(|p| p.delay_mean_ns);
        self.predicted_delay_p50_ns = prediction.map(|p| p.delay_p50_ns);
        self.predicted_delay_p99_ns = prediction.map(|p| p.delay_p99_ns);
        self.predicted_requests = prediction.map(|p| p.requests);
        self.predicted_bytes_up = prediction.map(|p| p.bytes_up);
        self.predicted_bytes_down = prediction.map(|p| p.bytes_down);
    }

    /// Fills the link's columns of the window, so that they cannot disagree.
    pub fn set_wires(&mut self, wires: &Wires) {
        let both = wires.up.plus(wires.down);
        self.link_bytes_up = Some(wires.up.bytes());
        self.link_bytes_down = Some(wires.down.bytes());
        self.link_packets_up = Some(wires.up.packets);
        self.link_packets_down = Some(wires.down.packets);
        self.packet_header_bytes = Some(both.headers);
        self.ack_bytes = Some(both.acks);
        self.handshake_bytes = Some(both.handshakes);
        self.retransmitted_bytes = Some(both.retransmitted);
    }
}
