//! A connection whose arrivals are stamped and whose counters can be read.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use results::Causes;
use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::TcpStream;

use super::tls::{Session, Tls};
use super::{Dial, Failure, Scratch};
use crate::clock;
use crate::decode::{Listener, ProtocolError};
use crate::departure::Departure;
use crate::inbox::Inbox;
use crate::kernel;

/// A connection whose arrivals are stamped and whose counters can be read.
pub struct Socket {
    stream: TcpStream,
    /// The keys, where TLS is spoken; boxed, so that a plain socket is no larger for it.
    session: Option<Box<Session>>,
    /// Bytes of a message whose end has not come.
    undecoded: Vec<u8>,
    /// Those of them that came with the handshake, and that no decoder has seen.
    unseen: bool,
    scratch: Rc<RefCell<Scratch>>,
    inbox: Inbox,
    listens: bool,
    departure: Departure,
    /// We have said that nothing more will be said.
    shut: bool,
}

/// Why nothing comes any more.
enum End {
    Closed,
    Broke(io::Error),
    Refused(String),
}

impl Socket {
    pub(super) fn new(stream: TcpStream, dial: &Dial, inbox: Inbox) -> Self {
        Self {
            stream,
            session: None,
            undecoded: Vec::new(),
            unseen: false,
            scratch: dial.scratch.clone(),
            inbox,
            listens: false,
            departure: dial.departure.clone(),
            shut: false,
        }
    }

    /// Speaks TLS from here on. Returns whether an earlier session was resumed.
    pub(super) async fn handshake(&mut self, tls: &Tls) -> Result<bool, Failure> {
        let mut session = Box::new(tls.begin().map_err(Failure::Handshake)?);
        let mut sealed = Vec::new();
        session.greet(&mut sealed).map_err(Failure::Handshake)?;
        self.session = Some(session);
        loop {
            self.inbox.sent_tls(sealed.len() as u64);
            let sent = self.send(&sealed).await;
            sent.map_err(|error| handshaking(End::Broke(error)))?;
            if let Some(session) = self.session.as_ref().filter(|session| session.is_open()) {
                return Ok(session.is_resumed());
            }
            sealed = poll_fn(|context| {
                let scratch = self.scratch.clone();
                let mut scratch = scratch.borrow_mut();
                ready!(self.poll_bytes(context, &mut scratch)).map_err(handshaking)?;
                // A server may send before it has our last word (RFC 8446 section 2).
                self.undecoded.extend_from_slice(&scratch.plain);
                self.unseen |= !scratch.plain.is_empty();
                Poll::Ready(Ok::<_, Failure>(std::mem::take(&mut scratch.sealed)))
            })
            .await?;
        }
    }

    /// From here on the server talks and we only listen: the counters are taken in the pauses.
    pub fn listen_only(&mut self) {
        self.listens = true;
    }

    /// Writes all of `bytes`. Whoever counts them does so after that, as who is told to leave
    /// writes nothing.
    ///
    /// # Errors
    /// When the connection breaks, or the client has left.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        if self.departure.is_announced() {
            return Err(self.leave().await);
        }
        let Some(session) = &mut self.session else {
            return self.send(bytes).await.map_err(|error| following(End::Broke(error)));
        };
        let rest = {
            let sealed = &mut self.scratch.borrow_mut().sealed;
            let own = session.seal(bytes, sealed);
            self.inbox.sent_tls(own.map_err(|reason| following(End::Refused(reason)))?);
            // Nearly always the socket takes all, and nothing is copied.
            let written = or_none(self.stream.try_write(sealed));
            sealed[written.map_err(|error| following(End::Broke(error)))?..].to_vec()
        };
        self.send(&rest).await.map_err(|error| following(End::Broke(error)))
    }

    /// Bytes as they are, all of them.
    async fn send(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            match or_none(self.stream.try_write(bytes))? {
                0 => self.stream.writable().await?,
                written => bytes = &bytes[written..],
            }
        }
        Ok(())
    }

    /// Reads once and hands `decode` all bytes that are not decoded yet; it returns how many it
    /// took. What it leaves is handed over again, with more behind it.
    ///
    /// # Errors
    /// When the connection breaks or ends, or `decode` refuses the bytes.
    pub async fn read(
        &mut self,
        decode: &mut impl FnMut(&[u8]) -> Result<usize, ProtocolError>,
    ) -> Result<(), Failure> {
        if std::mem::take(&mut self.unseen) {
            self.inbox.arrived(clock::now_ns());
            return self.decode(&[], decode);
        }
        poll_fn(|context| {
            let scratch = self.scratch.clone();
            let mut scratch = scratch.borrow_mut();
            if self.departure.is_announced() {
                self.shut(&mut scratch);
            }
            match self.poll_bytes(context, &mut scratch) {
                Poll::Ready(Err(_)) if self.shut => Poll::Ready(Err(Failure::Left)),
                Poll::Ready(Ok(count)) => {
                    // Behind the decryption: before it there is no update in anybody's hands.
                    self.inbox.arrived(clock::now_ns());
                    let Scratch { read, plain, .. } = &*scratch;
                    let fresh = if self.session.is_some() { plain } else { &read[..count] };
                    Poll::Ready(self.decode(fresh, decode))
                }
                Poll::Ready(Err(end)) => Poll::Ready(Err(following(end))),
                Poll::Pending => {
                    if self.listens {
                        self.inbox.listening(context.waker(), || self.counters());
                    }
                    Poll::Pending
                }
            }
        })
        .await
    }

    /// Ends a connection on which nothing is expected any more.
    async fn leave(&mut self) -> Failure {
        poll_fn(|context| {
            let scratch = self.scratch.clone();
            let mut scratch = scratch.borrow_mut();
            self.shut(&mut scratch);
            while ready!(self.poll_bytes(context, &mut scratch)).is_ok() {}
            Poll::Ready(Failure::Left)
        })
        .await
    }

    /// Says once that nothing more will be said.
    fn shut(&mut self, scratch: &mut Scratch) {
        if std::mem::replace(&mut self.shut, true) {
            return;
        }
        if let Some(session) = &mut self.session {
            scratch.sealed.clear();
            session.close(&mut scratch.sealed);
            // An alert of 24 bytes after a pause: the socket takes it, or the connection is broken.
            if let Ok(sent) = self.stream.try_write(&scratch.sealed) {
                self.inbox.sent_tls(sent as u64);
            }
        }
        // Fails where the server has gone first; then there is nobody to tell.
        let _ = socket2::SockRef::from(&self.stream).shutdown(std::net::Shutdown::Write);
    }

    /// Reads once, and decrypts into `plain` where TLS is spoken; returns how much came into
    /// `read`.
    fn poll_bytes(
        &mut self,
        context: &mut Context<'_>,
        scratch: &mut Scratch,
    ) -> Poll<Result<usize, End>> {
        let Scratch { read, plain, sealed } = scratch;
        let kept = match &self.session {
            // Who leaves reads on to the end of TCP, so that nothing is in flight behind it.
            Some(session) if session.is_ended() && !self.shut => {
                return Poll::Ready(Err(End::Closed));
            }
            Some(session) => session.restore(read),
            None => 0,
        };
        let mut buffer = ReadBuf::new(&mut read[kept..]);
        ready!(Pin::new(&mut self.stream).poll_read(context, &mut buffer)).map_err(End::Broke)?;
        let count = kept + buffer.filled().len();
        if count == kept {
            return Poll::Ready(Err(End::Closed));
        }
        let Some(session) = &mut self.session else { return Poll::Ready(Ok(count)) };
        plain.clear();
        sealed.clear();
        match session.receive(&mut read[..count], plain, sealed) {
            Ok(tls) => (&mut &self.inbox).overhead(Causes { tls, ..Causes::default() }),
            Err(reason) => {
                // An alert that tells the server why; we have the reason already.
                session.last_words(sealed);
                let sent = self.stream.try_write(sealed).unwrap_or(0);
                self.inbox.sent_tls(sent as u64);
                return Poll::Ready(Err(End::Refused(reason)));
            }
        }
        Poll::Ready(Ok(count))
    }

    fn decode(
        &mut self,
        fresh: &[u8],
        decode: &mut impl FnMut(&[u8]) -> Result<usize, ProtocolError>,
    ) -> Result<(), Failure> {
        if self.undecoded.is_empty() {
            let used = decode(fresh)?;
            self.undecoded.extend_from_slice(&fresh[used..]);
        } else {
            self.undecoded.extend_from_slice(fresh);
            let used = decode(&self.undecoded)?;
            self.undecoded.drain(..used);
            if self.undecoded.is_empty() {
                self.undecoded = Vec::new();
            }
        }
        Ok(())
    }

    /// The kernel's counters, if all that has arrived is decoded. What is unread is asked for last:
    /// bytes that come in between would be in the counters and in nothing of ours.
    pub fn counters(&self) -> Option<kernel::TcpCounters> {
        let is_drained = self.session.as_ref().is_none_or(|session| session.is_drained());
        let counters = kernel::tcp_counters(&self.stream).ok()?;
        let unread = kernel::unread_bytes(&self.stream).ok()?;
        (is_drained && self.undecoded.is_empty() && unread == 0).then_some(counters)
    }

    /// Reads the end, which the server was asked for, and closes. Returns what the kernel has
    /// counted for the connection.
    ///
    /// # Errors
    /// When the connection breaks, or something else than its end comes.
    pub async fn end(mut self) -> Result<kernel::TcpCounters, Failure> {
        let mut refuse = |bytes: &[u8]| match bytes.len() {
            0 => Ok(0),
            more => Err(ProtocolError::new(format!("{more} bytes came behind the last answer"))),
        };
        refuse(&self.undecoded)?;
        loop {
            match self.read(&mut refuse).await {
                Ok(()) => {}
                Err(Failure::Ended) => break,
                Err(failure) => return Err(failure),
            }
        }
        let counters = async {
            self.drain().await?;
            kernel::tcp_counters(&self.stream)
        };
        counters.await.map_err(|error| following(End::Broke(error)))
    }

    /// Waits for the FIN itself, which TLS's own good-bye precedes: `tcp_get_info` reads the state
    /// before it takes the lock, so a FIN that comes meanwhile is counted and not told.
    async fn drain(&self) -> io::Result<()> {
        let mut byte = [0];
        loop {
            self.stream.readable().await?;
            match self.stream.try_read(&mut byte) {
                Ok(0) => return Ok(()),
                Err(error) if error.kind() != ErrorKind::WouldBlock => return Err(error),
                Ok(_) | Err(_) => {}
            }
        }
    }
}

/// How much a socket took; nothing if it takes nothing at this moment.
fn or_none(written: io::Result<usize>) -> io::Result<usize> {
    match written {
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(0),
        written => written,
    }
}

/// The end of a client that follows.
fn following(end: End) -> Failure {
    Failure::Connection(match end {
        End::Closed => return Failure::Ended,
        End::Broke(error) => format!("broke: {error}"),
        End::Refused(reason) => format!("broke: {reason}"),
    })
}

/// The end of a client in its handshake.
fn handshaking(end: End) -> Failure {
    Failure::Handshake(match end {
        End::Closed => "the server closed the connection".to_owned(),
        End::Broke(error) => format!("the connection broke: {error}"),
        End::Refused(reason) => reason,
    })
}
