//! One exchange of a poll, short or long: a request, an answer, the next cursor.

use results::Causes;

use crate::clock;
use crate::decode::{Listener, ProtocolError, Said, answer, head};
use crate::dial::{Dial, Failure, Socket};
use crate::inbox::Inbox;

/// An answer with so many updates may have been cut, or one in which another update would have
/// made so many bytes: the protocol's page is 1,000 updates, and a server may end one by its bytes,
/// as ours does at 8 MiB.
const PAGE_UPDATES: u64 = 1000;
const PAGE_BYTES: u64 = 8 << 20;

/// A polling client: its connection, its request and where it is in the feed.
pub struct Poll {
    socket: Socket,
    inbox: Inbox,
    path: &'static str,
    /// What comes after the cursor in the query, e.g. `&hold=25`.
    query: String,
    host: String,
    cursor: String,
    request: Vec<u8>,
}

impl Poll {
    /// Connects and asks once without a cursor: the answer says where the feed is now.
    ///
    /// # Errors
    /// When the server is not there or does not answer as the protocol says.
    pub async fn start(
        dial: &Dial,
        inbox: &Inbox,
        path: &'static str,
        query: String,
    ) -> Result<Self, Failure> {
        let began_ns = clock::now_ns();
        let socket = dial.connect(inbox).await?;
        let mut poll = Self {
            socket,
            inbox: inbox.clone(),
            path,
            query,
            host: dial.server.to_string(),
            cursor: String::new(),
            request: Vec::new(),
        };
        poll.exchange().await?;
        inbox.connected(clock::now_ns() - began_ns);
        Ok(poll)
    }

    /// Starts over from the oldest update that the server keeps.
    pub fn rewind(&mut self) {
        "0".clone_into(&mut self.cursor);
    }

    /// The socket, for its counters.
    pub fn socket(&self) -> &Socket {
        &self.socket
    }

    /// Asks for what comes after the cursor and waits for the answer. Returns whether there may be
    /// more already.
    ///
    /// # Errors
    /// When the connection breaks or the answer is not what the protocol says.
    pub async fn exchange(&mut self) -> Result<bool, Failure> {
        self.write_request();
        let asked_ns = clock::now_ns();
        self.inbox.request(asked_ns, self.request.len());
        self.socket.write(&self.request).await?;
        let mut answer = None;
        let (inbox, cursor) = (&self.inbox, &mut self.cursor);
        while answer.is_none() {
            self.socket
                .read(&mut |bytes| {
                    answer = read_answer(bytes, cursor, inbox)?;
                    Ok(answer.as_ref().map_or(0, |answer| answer.bytes))
                })
                .await?;
        }
        let Some(Answer { bytes, head_bytes, updates }) = answer else { return Ok(false) };
        self.inbox.answered(asked_ns, head_bytes, updates == 0);
        let with_another = bytes as u64 + bytes as u64 / updates.max(1);
        Ok(updates >= PAGE_UPDATES || updates > 0 && with_another > PAGE_BYTES)
    }

    fn write_request(&mut self) {
        use std::io::Write;
        self.request.clear();
        let (path, cursor, query) = (self.path, &self.cursor, &self.query);
        let after = if cursor.is_empty() { "" } else { "?after=" };
        let query = if cursor.is_empty() { "" } else { query };
        let host = &self.host;
        write!(
            self.request,
            "GET {path}{after}{cursor}{query} HTTP/1.1\r\nHost: {host}\r\nAccept: application/json\r\n\r\n"
        )
        .expect("a Vec takes all that is written");
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
    cursor: &mut String,
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
    if head.status == 200 {
        answer::read(body, cursor, &mut listener)?;
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
