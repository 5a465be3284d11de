//! The ring: dense sequence numbers, bounded in updates and in bytes.

use std::collections::VecDeque;

use bytes::{BufMut, Bytes, BytesMut};

use super::{Limit, Payload};

/// One update as it travels on every transport.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Update {
    /// 1 for the first of this epoch, and one more for each that follows.
    pub seq: u64,
    /// The envelope `{"seq":8,"data":…}`, encoded once at publish and shared by all clients.
    pub bytes: Bytes,
}

pub(super) struct Log {
    ring: VecDeque<Update>,
    head: u64,
    bytes: usize,
    max_updates: usize,
    max_bytes: usize,
}

impl Log {
    pub(super) fn new(max_updates: usize, max_bytes: usize) -> Self {
        Self {
            ring: VecDeque::new(),
            head: 0,
            bytes: 0,
            max_updates: max_updates.max(1),
            max_bytes,
        }
    }

    /// Appends and evicts; returns the new head.
    pub(super) fn append<'a>(&mut self, payloads: impl IntoIterator<Item = Payload<'a>>) -> u64 {
        for payload in payloads {
            self.head += 1;
            let bytes = envelope(self.head, payload.as_str());
            self.bytes += bytes.len();
            self.ring.push_back(Update { seq: self.head, bytes });
            // The newest always stays: a feed whose last word is gone has nothing to say to a poll.
            while self.ring.len() > self.max_updates
                || (self.bytes > self.max_bytes && self.ring.len() > 1)
            {
                let Some(oldest) = self.ring.pop_front() else { break };
                self.bytes -= oldest.bytes.len();
            }
        }
        self.head
    }

    /// The newest seq.
    pub(super) fn head(&self) -> u64 {
        self.head
    }

    /// The place just before the oldest update that is kept.
    pub(super) fn before_oldest(&self) -> u64 {
        self.head - self.ring.len() as u64
    }

    pub(super) fn kept(&self) -> (usize, usize) {
        (self.ring.len(), self.bytes)
    }

    /// What follows `after`, which must be kept, up to the limit but at least one update if there
    /// is any.
    pub(super) fn slice<'a>(&'a self, epoch: &'a str, after: u64, limit: Limit) -> Slice<'a> {
        let skip = (after - self.before_oldest()) as usize;
        let mut count = (self.ring.len() - skip).min(limit.updates);
        // Summing up the sizes costs a walk over the updates, so not while they surely fit.
        if self.bytes > limit.bytes {
            let mut sum = 0;
            let fitting = self.ring.range(skip..skip + count).take_while(|update| {
                sum += update.bytes.len();
                sum <= limit.bytes
            });
            count = fitting.count().max(count.min(1));
        }
        Slice { epoch, after, last: after + count as u64, ring: &self.ring, skip }
    }
}

/// Updates that follow each other, to be encoded while the log is held.
pub struct Slice<'a> {
    /// The epoch of the log.
    pub epoch: &'a str,
    /// The place before the first update.
    pub after: u64,
    /// The seq of the last update; equal to `after` when there is none.
    pub last: u64,
    ring: &'a VecDeque<Update>,
    skip: usize,
}

impl Slice<'_> {
    /// The updates, oldest first.
    pub fn updates(&self) -> impl Iterator<Item = &Update> {
        let count = (self.last - self.after) as usize;
        self.ring.range(self.skip..self.skip + count)
    }

    /// The envelopes' bytes together, to size a buffer.
    pub fn bytes(&self) -> usize {
        self.updates().map(|update| update.bytes.len()).sum()
    }
}

fn envelope(seq: u64, payload: &str) -> Bytes {
    let mut digits = [0; 20];
    let digits = decimal(seq, &mut digits);
    let mut bytes = BytesMut::with_capacity(16 + digits.len() + payload.len());
    bytes.put_slice(b"{\"seq\":");
    bytes.put_slice(digits);
    bytes.put_slice(b",\"data\":");
    bytes.put_slice(payload.as_bytes());
    bytes.put_slice(b"}");
    bytes.freeze()
}

/// The decimal digits of `number`, without the formatting machinery.
pub fn decimal(mut number: u64, buffer: &mut [u8; 20]) -> &[u8] {
    let mut start = buffer.len();
    loop {
        start -= 1;
        buffer[start] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            return &buffer[start..];
        }
    }
}
