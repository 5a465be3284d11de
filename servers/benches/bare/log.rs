//! The updates, as envelopes and as frames of the fan-out.

use std::collections::VecDeque;
use std::io::Write;

/// There is one life only.
pub const EPOCH: &str = "bare00";

/// As our servers'.
const HISTORY: usize = 65_536;

#[derive(Default)]
pub struct Log {
    envelopes: VecDeque<Vec<u8>>,
    head: u64,
    new_frames: Vec<u8>,
}

impl Log {
    pub fn head(&self) -> u64 {
        self.head
    }

    /// One payload per line, believed to be JSON.
    pub fn publish(&mut self, body: &[u8]) {
        for payload in body.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            self.head += 1;
            let mut envelope = Vec::with_capacity(payload.len() + 36);
            let _ = write!(envelope, "{{\"seq\":{},\"data\":", self.head);
            envelope.extend_from_slice(payload);
            envelope.push(b'}');
            self.new_frames.extend_from_slice(&(envelope.len() as u32).to_be_bytes());
            self.new_frames.extend_from_slice(&envelope);
            self.envelopes.push_back(envelope);
            if self.envelopes.len() > HISTORY {
                self.envelopes.pop_front();
            }
        }
    }

    /// What the followers have not been sent.
    pub fn take_new_frames(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.new_frames)
    }

    /// The envelopes after `after`, as far as they are kept.
    pub fn after(&self, after: u64) -> impl Iterator<Item = &[u8]> {
        let oldest = self.head - self.envelopes.len() as u64;
        let skip = after.clamp(oldest, self.head) - oldest;
        self.envelopes.range(skip as usize..).map(Vec::as_slice)
    }
}
