//! Updates as a transport's bytes, made once for all clients that stand at the same place.

use std::sync::{Mutex, PoisonError};

use bytes::Bytes;

use super::Slice;

/// How much is taken at once. At least one update is always taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// In updates.
    pub updates: usize,
    /// In bytes of envelopes.
    pub bytes: usize,
}

/// Writes updates the way a transport frames them.
pub type Encode = fn(&Slice<'_>, &mut Vec<u8>);

/// Encodes, and remembers the last result.
///
/// After a publish a thousand clients ask for the very same bytes one after the other; only a
/// client that lags or that has just come asks for others.
pub struct Encoder {
    encode: Encode,
    limit: Limit,
    last: Mutex<Option<Encoded>>,
}

/// Updates in a transport's framing.
#[derive(Debug, Clone)]
pub struct Encoded {
    /// The place before the first of them.
    pub after: u64,
    /// The seq of the last of them.
    pub last: u64,
    /// What goes on the wire.
    pub bytes: Bytes,
    /// The head when this was made: until it moves, the same question has the same answer.
    head: u64,
}

impl Encoder {
    /// Frames with `encode`, at most `limit` at once.
    pub fn new(encode: Encode, limit: Limit) -> Self {
        Self { encode, limit, last: Mutex::new(None) }
    }

    /// How much is taken at once.
    pub fn limit(&self) -> Limit {
        self.limit
    }

    pub(super) fn remembered(&self, after: u64, head: u64) -> Option<Encoded> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.as_ref().filter(|encoded| encoded.after == after && encoded.head == head).cloned()
    }

    pub(super) fn encode(&self, slice: &Slice<'_>, head: u64) -> Encoded {
        let mut bytes = Vec::with_capacity(slice.bytes() + 64);
        (self.encode)(slice, &mut bytes);
        let encoded = Encoded { after: slice.after, last: slice.last, bytes: bytes.into(), head };
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(encoded.clone());
        encoded
    }
}
