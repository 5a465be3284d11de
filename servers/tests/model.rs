//! The log and its cursors against a model that is too simple to be wrong: a list that is never
//! shortened.

#![allow(clippy::unwrap_used)] // a test that unwraps fails with the line that is wrong

use proptest::prelude::*;
use servers::Feed;
use servers::feed::{Cursor, Delivery, Encoder, Gap, Limit, Payload, Reason, Slice, Start};

/// What may happen to a feed.
#[derive(Debug, Clone)]
enum Step {
    /// As many payloads as there are sizes, together.
    Publish(Vec<usize>),
    /// A client comes; the number picks a place around the ends of the log.
    Come(Begin, u64),
    /// A client takes what is ready, as the push transports and most polls do.
    Ready(usize),
    /// A client takes at most so many, as a poll with a limit does.
    Read(usize, usize),
    /// A client goes.
    Go(usize),
}

#[derive(Debug, Clone, Copy)]
enum Begin {
    Now,
    Oldest,
    After,
    OtherEpoch,
}

fn step() -> impl Strategy<Value = Step> {
    let begin = prop_oneof![
        Just(Begin::Now),
        Just(Begin::Oldest),
        Just(Begin::After),
        Just(Begin::OtherEpoch)
    ];
    prop_oneof![
        4 => prop::collection::vec(0..40_usize, 1..12).prop_map(Step::Publish),
        2 => (begin, 0..60_u64).prop_map(|(begin, place)| Step::Come(begin, place)),
        4 => (0..8_usize).prop_map(Step::Ready),
        2 => (0..8_usize, 1..6_usize).prop_map(|(client, limit)| Step::Read(client, limit)),
        1 => (0..8_usize).prop_map(Step::Go),
    ]
}

/// All that was ever published, as envelopes.
struct Model {
    envelopes: Vec<String>,
    max_updates: usize,
    max_bytes: usize,
}

impl Model {
    fn publish(&mut self, payload: &str) {
        let seq = self.envelopes.len() + 1;
        self.envelopes.push(format!("{{\"seq\":{seq},\"data\":{payload}}}"));
    }

    fn head(&self) -> u64 {
        self.envelopes.len() as u64
    }

    /// The place before the oldest that both bounds let stay; the newest always stays.
    fn oldest(&self) -> u64 {
        let mut bytes = 0;
        let newest_first = self.envelopes.iter().rev().enumerate();
        let kept = newest_first.take_while(|(index, envelope)| {
            bytes += envelope.len();
            *index == 0 || (*index < self.max_updates && bytes <= self.max_bytes)
        });
        self.head() - kept.count() as u64
    }

    fn between(&self, after: u64, last: u64) -> String {
        self.envelopes[after as usize..last as usize].concat()
    }
}

/// A client and what the model knows of it.
struct Client {
    cursor: Cursor,
    after: u64,
    gap: Option<Gap>,
}

impl Client {
    fn come(feed: &Feed, model: &Model, begin: Begin, place: u64) -> Self {
        let (head, oldest) = (model.head(), model.oldest());
        let gap = |reason, lost| Some(Gap { reason, lost });
        let (start, after, gap) = match begin {
            Begin::Now => (Start::Now, head, None),
            Begin::Oldest => (Start::Oldest, oldest, None),
            Begin::OtherEpoch => (Start::OtherEpoch, oldest, gap(Reason::Epoch, None)),
            Begin::After if place > head => {
                (Start::After(place), oldest, gap(Reason::Future, None))
            }
            Begin::After if place < oldest => {
                (Start::After(place), oldest, gap(Reason::Evicted, Some(oldest - place)))
            }
            Begin::After => (Start::After(place), place, None),
        };
        Self { cursor: feed.cursor(start), after, gap }
    }

    /// The ring may have overtaken it.
    fn lose(&mut self, model: &Model) {
        let oldest = model.oldest();
        if self.after < oldest {
            let lost = oldest - self.after;
            self.after = oldest;
            self.gap = Some(match self.gap {
                Some(gap) => Gap { lost: gap.lost.map(|before| before + lost), ..gap },
                None => Gap { reason: Reason::Evicted, lost: Some(lost) },
            });
        }
    }

    fn ready(&mut self, model: &Model, encoder: &Encoder) {
        // A gap from the beginning is told before the ring is looked at again.
        if self.gap.is_none() {
            self.lose(model);
        }
        assert_eq!(self.cursor.is_ready(), self.gap.is_some() || model.head() > self.after);
        match self.cursor.ready(encoder) {
            None => assert!(self.gap.is_none() && self.after == model.head()),
            Some(Delivery::Gap(gap)) => assert_eq!(Some(gap), self.gap.take()),
            Some(Delivery::Updates(updates)) => {
                assert_eq!(self.gap, None);
                assert_eq!(updates.after, self.after);
                assert!(updates.last > updates.after && updates.last <= model.head());
                assert_eq!(updates.bytes, model.between(updates.after, updates.last));
                self.fits(model, encoder.limit(), updates.last);
                self.after = updates.last;
            }
        }
        assert_eq!(self.cursor.seq(), self.after);
    }

    fn read(&mut self, model: &Model, limit: Limit) {
        self.lose(model);
        let (gap, after, last, bytes) = self.cursor.read(limit, |gap, slice| {
            let mut bytes = Vec::new();
            concatenate(slice, &mut bytes);
            (gap, slice.after, slice.last, bytes)
        });
        assert_eq!(gap, self.gap.take());
        assert_eq!(after, self.after);
        assert_eq!(bytes, model.between(after, last).as_bytes());
        self.fits(model, limit, last);
        self.after = last;
        assert_eq!(self.cursor.seq(), last);
    }

    /// As much as the limit lets through and no more, but one update at least.
    fn fits(&self, model: &Model, limit: Limit, last: u64) {
        let fits = |last: u64| {
            let updates = (last - self.after) as usize;
            updates <= 1
                || (updates <= limit.updates
                    && model.between(self.after, last).len() <= limit.bytes)
        };
        assert!(fits(last), "too much at once");
        assert!(last == model.head() || !fits(last + 1), "less than there is room for");
    }
}

fn concatenate(slice: &Slice<'_>, out: &mut Vec<u8>) {
    for update in slice.updates() {
        out.extend_from_slice(&update.bytes);
    }
}

fn payload(seq: u64, size: usize) -> String {
    format!("\"{seq}{}\"", "x".repeat(size))
}

proptest! {
    #[test]
    fn every_client_is_told_of_every_update_or_of_its_loss(
        max_updates in 0..30_usize,
        max_bytes in 0..1200_usize,
        at_once in 1..9_usize,
        at_once_bytes in 1..400_usize,
        steps in prop::collection::vec(step(), 1..80),
    ) {
        let feed = Feed::with_epoch("k3f9", max_updates, max_bytes);
        let mut model = Model { envelopes: Vec::new(), max_updates: max_updates.max(1), max_bytes };
        let encoder = Encoder::new(concatenate, Limit { updates: at_once, bytes: at_once_bytes });
        let mut clients: Vec<Client> = Vec::new();
        for step in steps {
            match step {
                Step::Publish(sizes) => {
                    let payloads: Vec<_> =
                        sizes.iter().zip(model.head() + 1..).map(|(size, seq)| payload(seq, *size)).collect();
                    let parsed = payloads.iter().map(|payload| Payload::parse(payload.as_bytes()).unwrap());
                    feed.publish(parsed);
                    for payload in &payloads {
                        model.publish(payload);
                    }
                    prop_assert_eq!(feed.head(), model.head());
                    prop_assert_eq!(feed.kept().0 as u64, model.head() - model.oldest());
                    prop_assert_eq!(feed.kept().1, model.between(model.oldest(), model.head()).len());
                }
                Step::Come(begin, place) => clients.push(Client::come(&feed, &model, begin, place)),
                Step::Ready(client) => {
                    if let Some(client) = clients.get_mut(client) {
                        client.ready(&model, &encoder);
                    }
                }
                Step::Read(client, updates) => {
                    if let Some(client) = clients.get_mut(client) {
                        client.read(&model, Limit { updates, bytes: at_once_bytes });
                    }
                }
                Step::Go(client) => {
                    if client < clients.len() {
                        clients.remove(client);
                    }
                }
            }
        }
    }

    #[test]
    fn a_cursor_that_can_be_written_can_be_read(seq: u64) {
        let feed = Feed::with_epoch("k3f9", 1, 1);
        let mut text = Vec::new();
        feed.place(seq).write(&mut text);
        let text = String::from_utf8(text).unwrap();
        prop_assert_eq!(&text, &format!("k3f9:{seq}"));
        prop_assert_eq!(feed.start(&text), Ok(Start::After(seq)));
    }

    #[test]
    fn no_text_makes_reading_a_cursor_panic(text: String) {
        let _ = Feed::with_epoch("k3f9", 1, 1).start(&text);
    }

    #[test]
    fn whatever_is_published_is_json_on_one_line_and_unchanged(body: Vec<u8>) {
        if let Ok(payloads) = Payload::lines(&body) {
            for payload in payloads {
                let text = payload.as_str();
                prop_assert!(serde_json::from_str::<serde_json::Value>(text).is_ok());
                prop_assert!(!text.contains(['\n', '\r']));
                prop_assert!(body.windows(text.len()).any(|window| window == text.as_bytes()));
            }
        }
    }
}

/// Whoever comes while updates are being published misses none and gets none twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cursor_is_taken_at_one_instant() {
    let feed = Feed::with_epoch("k3f9", 100_000, 64 << 20);
    let encoder =
        std::sync::Arc::new(Encoder::new(concatenate, Limit { updates: 7, bytes: 1 << 20 }));
    let publisher = tokio::spawn({
        let feed = feed.clone();
        async move {
            for seq in 1..=5000 {
                feed.publish([Payload::parse(payload(seq, 0).as_bytes()).unwrap()]);
                if seq % 10 == 0 {
                    tokio::task::yield_now().await;
                }
            }
        }
    });
    let followers: Vec<_> = (0..50)
        .map(|_| {
            let (feed, encoder) = (feed.clone(), encoder.clone());
            tokio::spawn(async move {
                let mut cursor = feed.cursor(Start::Now);
                while cursor.seq() < 5000 {
                    let before = cursor.seq();
                    let Delivery::Updates(updates) = cursor.next(&encoder).await else {
                        panic!("nothing is evicted")
                    };
                    assert_eq!(updates.after, before);
                    let first = format!("{{\"seq\":{},", before + 1);
                    assert!(updates.bytes.starts_with(first.as_bytes()));
                }
            })
        })
        .collect();
    publisher.await.unwrap();
    for follower in followers {
        tokio::time::timeout(std::time::Duration::from_secs(20), follower).await.unwrap().unwrap();
    }
}
