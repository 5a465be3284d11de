//! The load clients' decoders: they are measuring instruments, so they count each byte where it
//! arises, by cause. No I/O and no clock: bytes in, what they mean out.

use results::Causes;

pub mod answer;
pub mod envelope;
pub mod event_stream;
pub mod frame;
pub mod head;

/// What a server sent that the protocol does not allow, as a sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ProtocolError(pub String);

impl ProtocolError {
    /// A sentence from anything that can be shown.
    pub fn new(problem: impl Into<String>) -> Self {
        Self(problem.into())
    }
}

/// One update as it was found in the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// The publisher's running number.
    pub n: u64,
    /// The intended publish time, ns of `CLOCK_MONOTONIC`.
    pub intended_ns: u64,
    /// Bytes of the payload.
    pub payload_bytes: u64,
}

/// Something that a server said, in the order in which it said it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// An update.
    Update(Stamp),
    /// A gap; `None` when the server cannot know how many were lost.
    Gap(Option<u64>),
}

/// A consumer of decoded messages, told the bytes of each by cause.
pub trait Listener {
    /// One message; `causes` are all bytes that it took.
    fn hear(&mut self, said: Said, causes: Causes);
    /// Bytes that carry no message: heads, heartbeats, control frames.
    fn overhead(&mut self, causes: Causes);
}
