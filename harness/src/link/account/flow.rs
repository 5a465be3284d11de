//! One connection, as far as the account must know it.

use super::segment::{ACK, FIN, RST, SYN, Segment};
use super::{Direction, Traffic};

/// A connection and what its two ends have sent.
#[derive(Clone, Copy, Debug, Default)]
pub struct Flow {
    state: State,
    ends: [End; 2],
    /// Who has sent a RST. Whether it was heard is seen by what the other does.
    resets: [bool; 2],
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// No SYN was seen.
    #[default]
    Unused,
    /// The client's SYN is on its way, or answered; the client has not acknowledged the answer.
    Opening,
    /// The handshake is complete.
    Open,
    /// Nothing is left to be sent again: both ends know that their FIN has arrived, or one has given
    /// up with a RST and the other knows, or needs nothing of it.
    Closed,
}

/// What one end has sent.
#[derive(Clone, Copy, Debug, Default)]
struct End {
    /// Number of its SYN.
    initial: u32,
    /// Number after the last byte that it sent; SYN and FIN count as one each.
    next: u32,
    /// Whether the two are known.
    has_sent: bool,
    /// Number after the last byte of which it knows that it has arrived.
    acknowledged: u32,
    has_finished: bool,
}

/// To which causes a packet's bytes belong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Share {
    /// All to the handshake.
    Handshake(u32),
    /// All to the acknowledgements.
    Ack(u32),
    /// All was sent before.
    Repeated(u32),
    /// The parts of a packet of which at least one byte, or the FIN, is sent for the first time.
    Parts {
        header_bytes: u32,
        /// Whether the headers carry a first FIN.
        ends: bool,
        first_bytes: u32,
        repeated_bytes: u32,
    },
}

impl Share {
    /// Enters the packet.
    pub fn enter(self, traffic: &mut Traffic) {
        match self {
            Self::Handshake(bytes) => traffic.handshake.add(bytes.into()),
            Self::Ack(bytes) => traffic.acks.add(bytes.into()),
            Self::Repeated(bytes) => traffic.retransmitted.add(bytes.into()),
            Self::Parts { header_bytes, ends, first_bytes, repeated_bytes } => {
                traffic.payload.packets += u64::from(first_bytes > 0);
                traffic.handshake.packets += u64::from(first_bytes == 0);
                let headers = if ends { &mut traffic.handshake } else { &mut traffic.headers };
                headers.bytes += u64::from(header_bytes);
                traffic.payload.bytes += u64::from(first_bytes);
                traffic.retransmitted.bytes += u64::from(repeated_bytes);
            }
        }
    }
}

/// How far `later` is behind `earlier` in a sequence that wraps (RFC 9293, section 3.4); 0 if it is
/// not.
fn distance(earlier: u32, later: u32) -> u32 {
    (later.wrapping_sub(earlier) as i32).max(0) as u32
}

impl Flow {
    /// Whether it was opened and is not closed.
    pub fn is_live(&self) -> bool {
        matches!(self.state, State::Opening | State::Open)
    }

    /// Whether this segment is the SYN of a connection that was not known.
    pub fn is_opened_by(&self, direction: Direction, segment: &Segment) -> bool {
        let end = &self.ends[direction as usize];
        let is_known = end.has_sent && end.initial == segment.sequence;
        direction == Direction::Up && segment.has(SYN) && !is_known
    }

    /// Takes note of a segment, and says where its bytes belong.
    pub fn classify(&mut self, direction: Direction, segment: &Segment) -> Share {
        if self.is_opened_by(direction, segment) {
            *self = Self { state: State::Opening, ..Self::default() };
        }
        if segment.has(SYN) {
            self.ends[direction as usize].begin(segment)
        } else if segment.has(RST) {
            self.resets[direction as usize] = true;
            self.close_if_done();
            Share::Handshake(segment.header_bytes + segment.payload_bytes)
        } else {
            self.go_on(direction, segment)
        }
    }

    /// Takes note that a segment has arrived.
    pub fn hear(&mut self, direction: Direction, segment: &Segment) {
        if segment.has(ACK) {
            self.ends[direction.reverse() as usize].hear(segment.acknowledged);
        }
        if segment.has(RST) && self.is_live() {
            self.state = State::Closed;
        }
        self.close_if_done();
    }

    fn close_if_done(&mut self) {
        let [up, down] = &self.ends;
        let have_finished = up.has_finished && down.has_finished;
        // Who has given up sends nothing again, and answers what comes with another RST.
        let is_done = |end: &End, has_reset: bool| has_reset || end.is_acknowledged();
        let are_done = is_done(up, self.resets[0]) && is_done(down, self.resets[1]);
        if self.is_live() && are_done && (have_finished || self.resets.contains(&true)) {
            self.state = State::Closed;
        }
    }

    /// A segment that is neither SYN nor RST.
    fn go_on(&mut self, direction: Direction, segment: &Segment) -> Share {
        let server = &self.ends[Direction::Down as usize];
        let completes = self.state == State::Opening
            && direction == Direction::Up
            && server.has_sent
            && segment.has(ACK)
            && segment.acknowledged == server.initial.wrapping_add(1);
        if completes {
            self.state = State::Open;
        }
        match self.ends[direction as usize].send(segment) {
            Share::Ack(bytes) if completes => Share::Handshake(bytes),
            share => share,
        }
    }
}

impl End {
    fn begin(&mut self, segment: &Segment) -> Share {
        let bytes = segment.header_bytes + segment.payload_bytes;
        if self.has_sent && self.initial == segment.sequence {
            return Share::Repeated(bytes);
        }
        let initial = segment.sequence;
        let next = initial.wrapping_add(1 + segment.payload_bytes);
        *self = Self { initial, next, has_sent: true, acknowledged: initial, has_finished: false };
        Share::Handshake(bytes)
    }

    fn send(&mut self, segment: &Segment) -> Share {
        let Segment { sequence, header_bytes, payload_bytes, .. } = *segment;
        let ends = segment.has(FIN);
        if payload_bytes == 0 && !ends {
            return Share::Ack(header_bytes);
        }
        if !self.has_sent {
            (self.has_sent, self.next, self.acknowledged) = (true, sequence, sequence);
        }
        let sent_before = distance(sequence, self.next);
        let last = sequence.wrapping_add(payload_bytes + u32::from(ends));
        if distance(self.next, last) == 0 {
            return Share::Repeated(header_bytes + payload_bytes);
        }
        self.next = last;
        self.has_finished |= ends;
        let repeated_bytes = sent_before.min(payload_bytes);
        let first_bytes = payload_bytes - repeated_bytes;
        Share::Parts { header_bytes, ends, first_bytes, repeated_bytes }
    }

    /// Hears that the other end has received all before this number.
    fn hear(&mut self, acknowledged: u32) {
        let is_sent = distance(self.next, acknowledged) == 0;
        if is_sent && distance(self.acknowledged, acknowledged) > 0 {
            self.acknowledged = acknowledged;
        }
    }

    /// Whether it knows that all it has sent has arrived.
    fn is_acknowledged(&self) -> bool {
        self.acknowledged == self.next
    }
}
