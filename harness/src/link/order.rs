//! What the orchestrator says to the link's process and hears from it: one JSON object per line, on
//! its stdin and stdout.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::account::Traffic;
use super::effect::{Amount, Drops};

/// The first line: what the link is to do.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Settings {
    /// What it does to packets.
    pub link: scenarios::Link,
    /// Seed of loss and jitter.
    pub seed: u64,
    /// Where all packets are written to, in pcap.
    pub capture: Option<PathBuf>,
}

/// What the orchestrator says next.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// The window opens then, ns of `CLOCK_MONOTONIC`: cuts are counted from it. Say `Opened`.
    OpenWindow {
        /// ns of `CLOCK_MONOTONIC`.
        start_ns: u64,
    },
    /// Say `Marked`.
    Mark,
    /// The run is over: wait until the link is at rest, at most until the deadline, say `Finished`
    /// and end.
    Finish {
        /// ns of `CLOCK_MONOTONIC`.
        deadline_ns: u64,
    },
}

/// What the link's process says.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Word {
    /// The link is there.
    Ready {
        /// How to get to the clients' side.
        clients: Entrance,
        /// How to get to the server's side.
        server: Entrance,
    },
    /// This machine cannot have such a link; a sentence says why and what to do.
    Refused {
        /// The sentence.
        why: String,
    },
    /// Answer to `OpenWindow`.
    Opened,
    /// Answer to `Mark`.
    Marked(Box<Mark>),
    /// Answer to `Finish`.
    Finished(Box<Report>),
}

/// The namespaces of one side, as files that other processes of this user can open while the
/// link's process lives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entrance {
    /// The user namespace, to be entered first.
    pub user: PathBuf,
    /// The network namespace.
    pub net: PathBuf,
}

/// What the link has carried since it is there.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Counters {
    /// From the clients to the server.
    pub up: Carried,
    /// From the server to the clients.
    pub down: Carried,
    /// Connections that were opened.
    pub connections: u64,
    /// Those that are not closed: an end may still have something to send again.
    pub unclosed: u64,
}

/// What one direction has carried. What came in was dropped by an effect, refused by the device,
/// delivered, or is still waiting: the bytes and packets of these four add up to those of
/// `offered`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Carried {
    /// What came in, by cause.
    pub offered: Traffic,
    /// What was dropped because the scenario asks for it.
    pub dropped: Drops,
    /// What the device at the other end did not take. Nobody asked for it.
    pub refused: Amount,
    /// What was handed to the other end.
    pub delivered: Amount,
    /// What is on its way.
    pub waiting: Amount,
    /// The largest packet, bytes.
    pub largest_bytes: u64,
}

impl Carried {
    /// All packets that came in, by what became of them: their lengths as they were read, and not
    /// by cause.
    pub fn carried(&self) -> Amount {
        [self.dropped.total(), self.refused, self.delivered, self.waiting].into_iter().sum()
    }
}

/// How long after they were due packets were written. They are due so and so long after they were
/// read: how long they lay in the device until the relay woke is not in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lateness {
    /// Packets that were written.
    pub packets: u64,
    /// Median, ns.
    pub p50_ns: u64,
    /// 99th percentile, ns.
    pub p99_ns: u64,
    /// The largest, ns.
    pub max_ns: u64,
}

/// What the link's process has used of its core.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Effort {
    /// CPU time, ns.
    pub cpu_ns: u64,
    /// Time in which it only looked at the clock, because a packet was due in the next 100 µs, ns.
    /// It is within the CPU time on a core of its own; on a shared one another process may have had
    /// some of it.
    pub spun_ns: u64,
}

/// The state at one moment.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Mark {
    /// When it was, ns of `CLOCK_MONOTONIC`.
    pub at_ns: u64,
    /// All that was carried up to it.
    pub counters: Counters,
    /// Lateness since the mark before.
    pub lateness: Lateness,
    /// CPU time up to it.
    pub effort: Effort,
}

/// What there is to say at the end.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Report {
    /// All that was carried.
    pub counters: Counters,
    /// Lateness over the whole life.
    pub lateness: Lateness,
    /// Packets that the kernel dropped on the clients' device; the relay has not seen them.
    pub clients_device: DeviceDrops,
    /// The same on the server's.
    pub server_device: DeviceDrops,
    /// Whether all connections were closed and the link at rest before the deadline.
    pub at_rest: bool,
    /// What went wrong with the capture; it ended there.
    pub capture_error: Option<String>,
}

impl Report {
    /// Packets that were dropped though no effect asked for it. What a device refused its kernel
    /// may count as dropped on it, too, and it drops of what it took.
    pub fn unasked_drops(&self) -> u64 {
        let arriving = [
            (self.counters.up.refused, self.server_device.rx_dropped),
            (self.counters.down.refused, self.clients_device.rx_dropped),
        ];
        let arriving: u64 =
            arriving.iter().map(|(refused, dropped)| refused.packets.max(*dropped)).sum();
        arriving + self.clients_device.tx_dropped + self.server_device.tx_dropped
    }
}

/// Packets that the kernel dropped on one device (`/proc/net/dev`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceDrops {
    /// On the way to the relay: its queue was full.
    pub tx_dropped: u64,
    /// On the way from the relay to the side.
    pub rx_dropped: u64,
}

impl DeviceDrops {
    /// Neither way.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_that_a_device_refused_is_one_drop_and_not_two() {
        let mut report = Report::default();
        report.counters.up.refused = Amount { packets: 3, bytes: 300 };
        report.server_device.rx_dropped = 3;
        assert_eq!(report.unasked_drops(), 3);
        // It may drop what it took, or count nothing of what it refused.
        report.server_device.rx_dropped = 5;
        assert_eq!(report.unasked_drops(), 5);
        report.counters.down.refused = Amount { packets: 2, bytes: 200 };
        report.clients_device = DeviceDrops { tx_dropped: 1, rx_dropped: 0 };
        assert_eq!(report.unasked_drops(), 5 + 2 + 1);
    }
}
