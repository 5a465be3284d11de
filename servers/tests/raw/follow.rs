//! One client for each transport, all with the same face: the delivery tests do not know which one they drive.

use std::collections::VecDeque;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::answer::get;
use super::served::{EPOCH, Served, at};
use super::{Raw, within};

/// What a client is told.
#[derive(Debug, PartialEq, Eq)]
pub enum Event {
    /// The JSON of the gap.
    Gap(String),
    /// The envelope, byte by byte.
    Update(u64, String),
    /// The server has closed.
    Closed,
}

/// One client.
pub struct Follower {
    transport: &'static str,
    raw: Raw,
    /// Where the client is, as it would write it; always known but over tcp.
    pub cursor: String,
    /// A poll is out.
    asked: bool,
    events: VecDeque<Event>,
}

/// What a poll answers.
#[derive(Deserialize)]
struct Page<'a> {
    cursor: &'a str,
    #[serde(borrow)]
    gap: Option<&'a RawValue>,
    #[serde(borrow)]
    updates: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct Said<'a> {
    #[serde(borrow)]
    gap: &'a RawValue,
}

#[derive(Deserialize)]
struct Envelope {
    seq: u64,
}

impl Follower {
    /// Follows from now on.
    pub async fn from_now(served: &Served, transport: &'static str) -> Self {
        Self::follow(served, transport, None, false).await
    }

    /// Follows from a cursor.
    pub async fn after(served: &Served, transport: &'static str, cursor: &str) -> Self {
        Self::follow(served, transport, Some(cursor), false).await
    }

    /// Follows from now on, with as little room for what is not read as the kernel allows.
    pub async fn narrow(served: &Served, transport: &'static str) -> Self {
        Self::follow(served, transport, None, true).await
    }

    /// Returns when the server has taken the cursor: nothing published from then on is missed.
    async fn follow(
        served: &Served,
        transport: &'static str,
        after: Option<&str>,
        narrow: bool,
    ) -> Self {
        let addr = if transport == "tcp" { served.tcp } else { served.http };
        let gauge = format!("feedlab_clients{{transport=\"{transport}\"}}");
        let before = if transport == "tcp" { served.metric(&gauge).await } else { 0 };
        let raw = served.dial(addr, narrow).await;
        let mut follower = Self {
            transport,
            raw,
            cursor: after.unwrap_or_default().to_owned(),
            asked: false,
            events: VecDeque::new(),
        };
        let query = after.map(|after| format!("?after={after}")).unwrap_or_default();
        match transport {
            "tcp" => {
                assert_eq!(after, None, "the floor has no cursor");
                served.until_clients("tcp", before + 1).await;
            }
            "sse" => {
                follower.raw.send(get(&format!("/sse{query}"))).await;
                assert_eq!(follower.raw.head().await.status, 200);
            }
            "websocket" => {
                let answer = follower.raw.upgrade(&format!("/websocket{query}")).await;
                assert_eq!(answer.status, 101);
                let first: serde_json::Value =
                    serde_json::from_str(&follower.raw.text().await).unwrap();
                first["cursor"].as_str().unwrap().clone_into(&mut follower.cursor);
            }
            _ if after.is_none() => {
                follower.raw.send(get(&format!("/{transport}"))).await;
                follower.asked = true;
                follower.page().await;
            }
            _ => {}
        }
        follower
    }

    /// Sends the next poll, if this is a transport that polls.
    pub async fn ask(&mut self) {
        if self.transport.ends_with("-poll") && !self.asked {
            let target = format!("/{}?after={}&hold=50", self.transport, self.cursor);
            self.raw.send(get(&target)).await;
            self.asked = true;
        }
    }

    /// The next thing that the server tells, waiting for it.
    pub async fn next(&mut self) -> Event {
        within("the next event", async {
            while self.events.is_empty() {
                match self.transport {
                    "tcp" => self.length_and_envelope().await,
                    "sse" => self.chunk_of_events().await,
                    "websocket" => self.frame_of_text().await,
                    _ => {
                        self.ask().await;
                        self.page().await;
                    }
                }
            }
        })
        .await;
        self.events.pop_front().expect("it was waited for")
    }

    /// The next `count` updates, as envelopes; anything else fails the test.
    pub async fn updates(&mut self, count: u64) -> Vec<String> {
        let mut envelopes = Vec::new();
        for _ in 0..count {
            match self.next().await {
                Event::Update(_, envelope) => envelopes.push(envelope),
                other => panic!("{}: {other:?} after {envelopes:?}", self.transport),
            }
        }
        envelopes
    }

    /// The gap that must come now.
    pub async fn gap(&mut self) -> String {
        match self.next().await {
            Event::Gap(gap) => gap,
            other => panic!("{}: {other:?} instead of a gap", self.transport),
        }
    }

    fn push(&mut self, envelope: &str) {
        let Envelope { seq } = serde_json::from_str(envelope).unwrap();
        self.cursor = at(seq);
        self.events.push_back(Event::Update(seq, envelope.to_owned()));
    }

    async fn page(&mut self) {
        self.asked = false;
        let answer = self.raw.answer().await;
        if answer.status == 204 {
            // A short poll that found nothing; the next one is sent at once.
            return;
        }
        assert_eq!(answer.status, 200, "{answer:?}");
        let page: Page<'_> = serde_json::from_str(&answer.body).unwrap();
        if let Some(gap) = page.gap {
            self.events.push_back(Event::Gap(gap.get().to_owned()));
        }
        for update in page.updates {
            self.push(update.get());
        }
        page.cursor.clone_into(&mut self.cursor);
    }

    async fn chunk_of_events(&mut self) {
        let Some(events) = self.raw.chunk().await.filter(|chunk| !chunk.is_empty()) else {
            return self.events.push_back(Event::Closed);
        };
        for event in events.strip_suffix("\n\n").expect("whole events").split("\n\n") {
            let field = |name| event.lines().find_map(|line| line.strip_prefix(name));
            let Some(data) = field("data: ") else {
                assert!(event.starts_with(':'), "{event}");
                continue;
            };
            if field("event: ") == Some("gap") {
                let said: Said<'_> = serde_json::from_str(data).unwrap();
                self.events.push_back(Event::Gap(said.gap.get().to_owned()));
                field("id: ").unwrap().clone_into(&mut self.cursor);
            } else {
                self.push(data);
                assert_eq!(field("id: "), Some(self.cursor.as_str()));
            }
        }
    }

    async fn frame_of_text(&mut self) {
        let Some((first, payload)) = self.raw.frame().await else {
            return self.events.push_back(Event::Closed);
        };
        let text = String::from_utf8(payload).unwrap();
        match first {
            super::frame::PING => {}
            super::frame::CLOSE => self.events.push_back(Event::Closed),
            _ if text.starts_with("{\"gap\":") => {
                let said: Said<'_> = serde_json::from_str(&text).unwrap();
                self.events.push_back(Event::Gap(said.gap.get().to_owned()));
            }
            _ => self.push(&text),
        }
        assert!(self.cursor.starts_with(EPOCH));
    }

    async fn length_and_envelope(&mut self) {
        let Some(length) = self.raw.take(4).await else {
            return self.events.push_back(Event::Closed);
        };
        let length = u32::from_be_bytes(length.try_into().unwrap()) as usize;
        match self.raw.take(length).await {
            Some(envelope) => self.push(std::str::from_utf8(&envelope).unwrap()),
            None => self.events.push_back(Event::Closed),
        }
    }
}
