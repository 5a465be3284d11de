//! A feed is a short log, a client is a cursor.
//!
//! The log is a bounded ring of updates, each encoded once; a wake-up tells whoever waits that the
//! head has moved. A cursor knows what was delivered last. One that was overtaken by the ring says
//! how many updates it lost: lag is a number, never a queue.

mod cursor;
mod encoder;
mod log;
mod payload;
mod place;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use cursor::{Cursor, Delivery};
pub use encoder::{Encode, Encoded, Encoder, Limit};
pub use log::{Slice, Update};
pub use payload::{BadPayload, Payload, Payloads};
pub use place::{BadCursor, Gap, Place, Reason, Start};

use crate::waiters::Waiters;
use log::Log;

/// What the ring keeps when nobody says otherwise.
pub const HISTORY_UPDATES: usize = 65_536;
/// What the ring keeps at most, in bytes of envelopes.
pub const HISTORY_BYTES: usize = 64 << 20;

/// A log and everyone who waits for it. A clone is the same feed.
#[derive(Clone)]
pub struct Feed(Arc<Inner>);

struct Inner {
    epoch: String,
    /// The newest seq, also outside the lock: a waiter that has everything finds out with one load.
    head: AtomicU64,
    /// A std mutex: nothing is awaited while it is held, and it is held for a few copies.
    log: Mutex<Log>,
    waiters: Waiters,
}

impl Feed {
    /// An empty log with an epoch of its own, which keeps at most so many updates and so many bytes
    /// (and always the newest update).
    pub fn new(history_updates: usize, history_bytes: usize) -> Self {
        Self::with_epoch(&place::random_epoch(), history_updates, history_bytes)
    }

    /// As `new`, for tests that compare bytes. The epoch is 1 to 16 of `[0-9a-z]`.
    pub fn with_epoch(epoch: &str, history_updates: usize, history_bytes: usize) -> Self {
        debug_assert!(place::is_epoch(epoch), "an epoch is 1 to 16 of [0-9a-z]");
        Self(Arc::new(Inner {
            epoch: epoch.to_owned(),
            head: AtomicU64::new(0),
            log: Mutex::new(Log::new(history_updates, history_bytes)),
            waiters: Waiters::default(),
        }))
    }

    /// The name of this life of the log.
    pub fn epoch(&self) -> &str {
        &self.0.epoch
    }

    /// The newest seq; 0 before the first publish.
    pub fn head(&self) -> u64 {
        self.0.head.load(Ordering::Acquire)
    }

    /// The place after `seq`, in this epoch.
    pub fn place(&self, seq: u64) -> Place<'_> {
        Place { epoch: &self.0.epoch, seq }
    }

    /// Appends the payloads, all or none, wakes everyone once, and says where the head is now.
    pub fn publish<'a>(&self, payloads: impl IntoIterator<Item = Payload<'a>>) -> u64 {
        let head = {
            let mut log = self.log();
            let head = log.append(payloads);
            self.0.head.store(head, Ordering::Release);
            head
        };
        self.0.waiters.wake_all();
        head
    }

    /// A client that starts at `start`.
    pub fn cursor(&self, start: Start) -> Cursor {
        Cursor::new(self.clone(), start)
    }

    /// Updates and bytes that are kept now, for `/metrics`.
    pub fn kept(&self) -> (usize, usize) {
        self.log().kept()
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        self.0.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
