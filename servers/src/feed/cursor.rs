//! One client's place in the log.

use std::future::poll_fn;
use std::task::{Context, Poll};

use super::{Encoded, Encoder, Feed, Gap, Limit, Place, Reason, Slice, Start, Update};
use crate::waiters::Seat;

/// What a client has got so far, and whether it lost something.
pub struct Cursor {
    feed: Feed,
    after: u64,
    gap: Option<Gap>,
    seat: Seat,
}

/// The next thing to tell a client.
#[derive(Debug, Clone)]
pub enum Delivery {
    /// These updates are lost to it; what follows starts at the cursor.
    Gap(Gap),
    /// Updates, in the framing that was asked for.
    Updates(Encoded),
}

impl Cursor {
    pub(super) fn new(feed: Feed, start: Start) -> Self {
        let seat = Seat::new(&feed.0.waiters);
        let (after, gap) = {
            let log = feed.log();
            let (oldest, head) = (log.before_oldest(), log.head());
            let gap = |reason, lost| Some(Gap { reason, lost });
            match start {
                Start::Now => (head, None),
                Start::Oldest => (oldest, None),
                Start::After(seq) if seq > head => (oldest, gap(Reason::Future, None)),
                Start::After(seq) if seq < oldest => {
                    (oldest, gap(Reason::Evicted, Some(oldest - seq)))
                }
                Start::After(seq) => (seq, None),
                Start::OtherEpoch => (oldest, gap(Reason::Epoch, None)),
            }
        };
        Self { feed, after, gap, seat }
    }

    /// The last update that was delivered, or the place where delivery starts, after any gap.
    pub fn seq(&self) -> u64 {
        self.after
    }

    /// The same, as a client writes it.
    pub fn place(&self) -> Place<'_> {
        self.feed.place(self.after)
    }

    /// Whether there is something to tell.
    pub fn is_ready(&self) -> bool {
        self.gap.is_some() || self.feed.head() > self.after
    }

    /// Waits until there is something to tell. The task stays enlisted: later polls cost one load.
    pub fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.seat.sit(cx.waker());
        if self.is_ready() { Poll::Ready(()) } else { Poll::Pending }
    }

    /// Everything after me, now, in the encoder's framing and within its limit.
    pub fn ready(&mut self, encoder: &Encoder) -> Option<Delivery> {
        if let Some(gap) = self.gap.take() {
            return Some(Delivery::Gap(gap));
        }
        let head = self.feed.head();
        if head <= self.after {
            return None;
        }
        let updates = if let Some(updates) = encoder.remembered(self.after, head) {
            updates
        } else {
            let log = self.feed.log();
            let oldest = log.before_oldest();
            if self.after < oldest {
                let lost = Some(oldest - self.after);
                self.after = oldest;
                return Some(Delivery::Gap(Gap { reason: Reason::Evicted, lost }));
            }
            encoder.encode(&log.slice(self.feed.epoch(), self.after, encoder.limit()), log.head())
        };
        self.after = updates.last;
        Some(Delivery::Updates(updates))
    }

    /// A gap that could not be told after all: it is told with the next read.
    pub fn put_back(&mut self, gap: Gap) {
        self.gap = Some(gap);
    }

    /// Waits, then the same.
    pub async fn next(&mut self, encoder: &Encoder) -> Delivery {
        loop {
            poll_fn(|cx| self.poll_ready(cx)).await;
            if let Some(delivery) = self.ready(encoder) {
                return delivery;
            }
        }
    }

    /// Shows a gap, if there is one to tell, and everything after it within a limit, in one look at
    /// the log; goes past both.
    pub fn read<T>(&mut self, limit: Limit, show: impl FnOnce(Option<Gap>, &Slice<'_>) -> T) -> T {
        let log = self.feed.log();
        let mut gap = self.gap.take();
        let oldest = log.before_oldest();
        if self.after < oldest {
            let lost = oldest - self.after;
            self.after = oldest;
            gap = Some(match gap {
                // About to tell of a gap already: it has grown, if its size can be known at all.
                Some(gap) => Gap { lost: gap.lost.map(|before| before + lost), ..gap },
                None => Gap { reason: Reason::Evicted, lost: Some(lost) },
            });
        }
        let slice = log.slice(self.feed.epoch(), self.after, limit);
        self.after = slice.last;
        show(gap, &slice)
    }

    /// The same as handles.
    pub fn updates(&mut self, limit: Limit) -> (Option<Gap>, Vec<Update>) {
        self.read(limit, |gap, slice| (gap, slice.updates().cloned().collect()))
    }
}
