//! Bytes and packets at the socket: what the codec counted beside what the kernel counted.

use results::Causes;

use crate::kernel::TcpCounters;

/// A client's codec counters, by direction and cause.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Counters {
    /// From the client to the server.
    pub up: Causes,
    /// From the server to the client.
    pub down: Causes,
    /// Requests that were sent.
    pub requests: u64,
    /// Answers that carried no update.
    pub empties: u64,
    /// Bytes of those answers' heads, which `down.head` has too.
    pub empty_head_bytes: u64,
}

impl Counters {
    /// Adds another client's.
    pub fn add(&mut self, more: &Self) {
        add(&mut self.up, &more.up);
        add(&mut self.down, &more.down);
        self.requests += more.requests;
        self.empties += more.empties;
        self.empty_head_bytes += more.empty_head_bytes;
    }
}

/// Both instruments at one moment in which nothing was in flight.
#[derive(Clone, Copy, Debug, Default)]
pub struct Snapshot {
    /// Ours.
    pub codec: Counters,
    /// The kernel's.
    pub kernel: TcpCounters,
    /// Whether the window's last update had come.
    pub has_last: bool,
}

impl Snapshot {
    /// What came between an earlier snapshot and this one.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let (now, then) = (&self.kernel, &earlier.kernel);
        Self {
            codec: Counters {
                up: difference(&self.codec.up, &earlier.codec.up),
                down: difference(&self.codec.down, &earlier.codec.down),
                requests: self.codec.requests - earlier.codec.requests,
                empties: self.codec.empties - earlier.codec.empties,
                empty_head_bytes: self.codec.empty_head_bytes - earlier.codec.empty_head_bytes,
            },
            kernel: TcpCounters {
                bytes_sent: now.bytes_sent - then.bytes_sent,
                bytes_retransmitted: now.bytes_retransmitted - then.bytes_retransmitted,
                bytes_received: now.bytes_received - then.bytes_received,
                segments_out: now.segments_out - then.segments_out,
                segments_in: now.segments_in - then.segments_in,
                retransmits: now.retransmits - then.retransmits,
            },
            has_last: self.has_last,
        }
    }
}

fn add(sum: &mut Causes, more: &Causes) {
    sum.payload += more.payload;
    sum.envelope += more.envelope;
    sum.framing += more.framing;
    sum.head += more.head;
    sum.tls += more.tls;
}

fn difference(now: &Causes, then: &Causes) -> Causes {
    Causes {
        payload: now.payload - then.payload,
        envelope: now.envelope - then.envelope,
        framing: now.framing - then.framing,
        head: now.head - then.head,
        tls: now.tls - then.tls,
    }
}
