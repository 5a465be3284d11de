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
    newest_only: bool,
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
        Self { feed, after, gap, newest_only: false, seat }
    }

    /// The same for a feed of which only the newest value matters: whatever is ready, only the
    /// newest update is taken, and what lies between is skipped without a gap, also when the ring
    /// has dropped it. A cursor of another life, or beyond the head, is a gap as ever.
    #[must_use]
    pub fn newest_only(mut self) -> Self {
        self.newest_only = true;
        self.gap.take_if(|gap| gap.reason == Reason::Evicted);
        self
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
        let after = if self.newest_only { head - 1 } else { self.after };
        let updates = if let Some(updates) = encoder.remembered(after, head) {
            updates
        } else {
            let log = self.feed.log();
            if self.newest_only {
                self.after = log.head() - 1;
            }
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
        if self.newest_only {
            self.after = self.after.max(log.head().saturating_sub(1));
        }
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

#[cfg(test)]
mod tests {
    use super::super::Payload;
    use super::*;

    const KEPT: usize = 4;

    fn publish(feed: &Feed, count: u64) {
        feed.publish((0..count).map(|_| Payload::parse(b"0").expect("a number is JSON")));
    }

    fn one_by_one(updates: usize) -> Encoder {
        Encoder::new(
            |slice, out| out.extend(slice.updates().map(|update| update.seq as u8)),
            Limit { updates, bytes: usize::MAX },
        )
    }

    fn seqs(delivery: Option<Delivery>) -> Vec<u8> {
        match delivery {
            Some(Delivery::Updates(updates)) => updates.bytes.to_vec(),
            other => panic!("not updates: {other:?}"),
        }
    }

    fn evicted(delivery: Option<Delivery>) -> Option<u64> {
        match delivery {
            Some(Delivery::Gap(Gap { reason: Reason::Evicted, lost })) => lost,
            other => panic!("not an eviction: {other:?}"),
        }
    }

    /// The ring keeps four; a cursor that stands just before them has lost nothing.
    #[test]
    fn a_ring_that_has_just_reached_a_cursor_has_not_overtaken_it() {
        let (feed, encoder) = (Feed::new(KEPT, usize::MAX), one_by_one(9));
        let mut cursor = feed.cursor(Start::Now);
        publish(&feed, 4);
        assert_eq!(seqs(cursor.ready(&encoder)), [1, 2, 3, 4]);
        publish(&feed, 4);
        assert_eq!(feed.log().before_oldest(), cursor.seq());
        assert_eq!(seqs(cursor.ready(&encoder)), [5, 6, 7, 8]);
        assert!(cursor.ready(&encoder).is_none() && !cursor.is_ready());
    }

    #[test]
    fn a_ring_that_is_so_many_updates_past_a_cursor_is_a_gap_of_so_many() {
        for past in 1..=6 {
            let (feed, encoder) = (Feed::new(KEPT, usize::MAX), one_by_one(9));
            let mut cursor = feed.cursor(Start::Now);
            publish(&feed, 4 + past);
            assert_eq!(feed.log().before_oldest(), cursor.seq() + past);
            assert_eq!(evicted(cursor.ready(&encoder)), Some(past));
            assert_eq!(cursor.seq(), past, "what follows starts at the oldest kept");
            let kept: Vec<u8> = (past as u8 + 1..=past as u8 + 4).collect();
            assert_eq!(seqs(cursor.ready(&encoder)), kept);
            assert!(cursor.ready(&encoder).is_none() && !cursor.is_ready());
        }
    }

    /// The encoder still remembers the bytes that the log has dropped since: they may only be given
    /// to whoever would find the same in the log.
    #[test]
    fn what_the_encoder_remembers_hides_no_gap() {
        let (feed, encoder) = (Feed::new(KEPT, usize::MAX), one_by_one(1));
        let (mut first, mut second) = (feed.cursor(Start::Now), feed.cursor(Start::Now));
        publish(&feed, 4);
        assert_eq!(seqs(first.ready(&encoder)), [1]);
        publish(&feed, 1);
        assert_eq!(seqs(first.ready(&encoder)), [2], "stands exactly before the oldest kept");
        assert_eq!(evicted(second.ready(&encoder)), Some(1), "stands one before that");
        assert_eq!(seqs(second.ready(&encoder)), [2]);
    }

    #[test]
    fn a_ring_that_is_bounded_in_bytes_has_the_same_boundary() {
        // Envelopes of one digit are `{"seq":1,"data":0}`, so that two of them fit and three do not.
        let (feed, encoder) = (Feed::new(KEPT, 40), one_by_one(9));
        let (mut reached, mut passed) = (feed.cursor(Start::Now), feed.cursor(Start::Now));
        publish(&feed, 1);
        assert_eq!(seqs(reached.ready(&encoder)), [1]);
        publish(&feed, 2);
        assert_eq!(seqs(reached.ready(&encoder)), [2, 3]);
        assert_eq!(evicted(passed.ready(&encoder)), Some(1));
    }
}
