//! The exchanges of a poll, short or long: requests, answers, the next cursor.

use std::collections::VecDeque;

use results::Causes;
use servers::Params;

use super::Start;
use super::request::{CONDITIONAL, Heads, KEEP_ALIVE};
use crate::clock;
use crate::decode::{Listener, ProtocolError, Said, answer, head};
use crate::dial::{Dial, Failure, Socket};
use crate::inbox::{Inbox, Next};
use crate::kernel::TcpCounters;

/// An answer with so many updates may have been cut, or one in which another update would have
/// made so many bytes: the protocol's page is 1,000 updates, and a server may end one by its bytes,
/// as ours does at 8 MiB.
const PAGE_UPDATES: u64 = 1000;
const PAGE_BYTES: u64 = 8 << 20;

/// A polling client: its connection, its requests and where it is in the feed.
pub struct Poll {
    dial: Dial,
    inbox: Inbox,
    /// None while a client that makes a connection for each request has none.
    socket: Option<Socket>,
    /// Of the connections that are over.
    over: TcpCounters,
    heads: Heads,
    keep_alive: bool,
    conditional: bool,
    /// The first line of a request leaves in a write of its own.
    apart: bool,
    path: &'static str,
    /// What comes after the cursor in the query, e.g. `&hold=25`.
    query: String,
    at: Place,
    request: Vec<u8>,
    /// When the requests were sent that have no answer yet, ns.
    asked_ns: VecDeque<u64>,
    /// Answers that came together with an earlier one.
    answers: VecDeque<Answer>,
}

/// Where a client is, as the last answer said it.
#[derive(Default)]
struct Place {
    cursor: String,
    etag: String,
}

impl Poll {
    /// Connects and asks once without a cursor: the answer says where the feed is now.
    ///
    /// # Errors
    /// When the server is not there or does not answer as the protocol says.
    pub async fn start(
        dial: &Dial,
        inbox: &Inbox,
        params: &Params,
        start: Start,
        (path, query): (&'static str, String),
    ) -> Result<Self, Failure> {
        let began_ns = clock::now_ns();
        let mut poll = Self {
            dial: dial.clone(),
            inbox: inbox.clone(),
            socket: None,
            over: TcpCounters::default(),
            heads: Heads::new(params, &dial.server.to_string(), start.seed()),
            keep_alive: params.flag(&KEEP_ALIVE),
            conditional: params.flag(&CONDITIONAL),
            apart: false,
            path,
            query,
            at: Place::default(),
            request: Vec::new(),
            asked_ns: VecDeque::new(),
            answers: VecDeque::new(),
        };
        poll.exchange().await?;
        inbox.connected(clock::now_ns() - began_ns);
        Ok(poll)
    }

    /// Whether the first line of each request leaves in a write of its own.
    pub fn write_apart(&mut self, apart: bool) {
        self.apart = apart;
    }

    /// Starts over from the oldest update that the server keeps.
    pub fn rewind(&mut self) {
        "0".clone_into(&mut self.at.cursor);
    }

    /// Requests without an answer.
    pub fn outstanding(&self) -> usize {
        self.asked_ns.len()
    }

    /// No answer is being read: the moment to read the counters, if wanted.
    pub fn quiet(&self, now_ns: u64, next: Next) {
        self.inbox.quiet(now_ns, next, || self.counters());
    }

    /// The same, for a client that will be quiet again before its next request: until the window
    /// opens the answer just read must not fall into it.
    pub fn quiet_before_window(&self, now_ns: u64) {
        self.inbox.quiet_before_window(now_ns, || self.counters());
    }

    /// Of all the connections.
    fn counters(&self) -> Option<TcpCounters> {
        let mut sum = self.over;
        if let Some(socket) = &self.socket {
            sum.add(&socket.counters()?);
        }
        Some(sum)
    }

    /// Asks for what comes after the cursor and waits for the answer. Returns whether there may be
    /// more already.
    ///
    /// # Errors
    /// When the connection breaks or the answer is not what the protocol says.
    pub async fn exchange(&mut self) -> Result<bool, Failure> {
        self.ask().await?;
        self.answer().await
    }

    /// Sends a request: for what comes after the cursor or, behind another request, after where
    /// that one's answer will end.
    ///
    /// # Errors
    /// When the connection cannot be made or breaks.
    pub async fn ask(&mut self) -> Result<(), Failure> {
        self.write_request();
        // To connect is part of the round trip.
        let asked_ns = clock::now_ns();
        let socket = match &mut self.socket {
            Some(socket) => socket,
            none => none.insert(self.dial.connect(&self.inbox).await?),
        };
        let mut rest = self.request.as_slice();
        if self.apart {
            let end = rest.iter().position(|byte| *byte == b'\n').map_or(0, |end| end + 1);
            socket.write(&rest[..end]).await?;
            rest = &rest[end..];
        }
        socket.write(rest).await?;
        self.inbox.request(asked_ns, self.request.len());
        self.asked_ns.push_back(asked_ns);
        Ok(())
    }

    /// Waits for the oldest request's answer. Returns whether there may be more already.
    ///
    /// # Errors
    /// When the connection breaks or the answer is not what the protocol says.
    ///
    /// # Panics
    /// If nothing was asked.
    pub async fn answer(&mut self) -> Result<bool, Failure> {
        let (inbox, at, answers) = (&self.inbox, &mut self.at, &mut self.answers);
        let asked = self.asked_ns.len();
        let socket = self.socket.as_mut().expect("whoever has asked is connected");
        while answers.is_empty() {
            socket
                .read(&mut |bytes| {
                    let mut used = 0;
                    while answers.len() < asked
                        && let Some(answer) = read_answer(&bytes[used..], at, inbox)?
                    {
                        used += answer.bytes;
                        answers.push_back(answer);
                    }
                    Ok(used)
                })
                .await?;
        }
        let answered = self.answers.pop_front().zip(self.asked_ns.pop_front());
        let (Answer { bytes, head_bytes, updates }, asked_ns) =
            answered.expect("there are no more answers than requests, and no fewer than one");
        self.inbox.answered(asked_ns, head_bytes, updates == 0);
        if !self.keep_alive
            && let Some(socket) = self.socket.take()
        {
            self.over.add(&socket.end().await?);
        }
        let with_another = bytes as u64 + bytes as u64 / updates.max(1);
        Ok(updates >= PAGE_UPDATES || updates > 0 && with_another > PAGE_BYTES)
    }

    fn write_request(&mut self) {
        let (path, query, at) = (self.path, &self.query, &self.at);
        let target = if self.outstanding() > 0 {
            format!("{path}?continue{query}")
        } else if at.cursor.is_empty() {
            path.to_owned()
        } else {
            format!("{path}?after={}{query}", at.cursor)
        };
        let etag = (self.conditional && !at.etag.is_empty()).then_some(at.etag.as_str());
        self.request.clear();
        self.heads.poll(&target, etag, &mut self.request);
    }
}

/// An answer that was read.
struct Answer {
    bytes: usize,
    head_bytes: usize,
    updates: u64,
}

/// Reads an answer; `None` while it is not here whole.
fn read_answer(
    bytes: &[u8],
    at: &mut Place,
    inbox: &Inbox,
) -> Result<Option<Answer>, ProtocolError> {
    let Some(head) = head::read(bytes)? else { return Ok(None) };
    let length = match head.status {
        204 | 304 => 0,
        200 => head
            .content_length
            .ok_or_else(|| ProtocolError::new("a poll's answer has no Content-Length"))?,
        other => return Err(ProtocolError::new(format!("a poll was answered by {other}"))),
    };
    let Some(body) = bytes.get(head.bytes..head.bytes + length) else { return Ok(None) };
    let mut listener = Counted { inbox, updates: 0 };
    listener.overhead(Causes { head: head.bytes as u64, ..Causes::default() });
    if let Some(etag) = head.etag {
        etag.clone_into(&mut at.etag);
    }
    if head.status == 200 {
        answer::read(body, &mut at.cursor, &mut listener)?;
    }
    let updates = listener.updates;
    Ok(Some(Answer { bytes: head.bytes + length, head_bytes: head.bytes, updates }))
}

/// Passes all on and counts the updates.
struct Counted<'a> {
    inbox: &'a Inbox,
    updates: u64,
}

impl Listener for Counted<'_> {
    fn hear(&mut self, said: Said, causes: Causes) {
        self.updates += u64::from(matches!(said, Said::Update(_)));
        let mut inbox = self.inbox;
        inbox.hear(said, causes);
    }

    fn overhead(&mut self, causes: Causes) {
        let mut inbox = self.inbox;
        inbox.overhead(causes);
    }
}
