//! From a client to the server: a metered socket. Links, TLS and authentication belong here, so
//! that no client knows of them.

use std::cell::RefCell;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::TcpStream;

use crate::alarm::Alarm;
use crate::clock;
use crate::decode::ProtocolError;
use crate::inbox::{Inbox, Next};
use crate::kernel;

/// Bytes that one read may take: one buffer per worker, so that an idle client costs none.
pub const READ_BYTES: usize = 64 * 1024;

/// A client that is not connected by then never will be: SYN is retried after 1, 3 and 7 s.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Why a client ended, as a sentence.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The connection could not be made or broke.
    #[error("the connection {0}")]
    Connection(String),
    /// The server said what the protocol does not allow.
    #[error(transparent)]
    Protocol(#[from] ProtocolError),
}

/// Makes a client's connections.
#[derive(Clone)]
pub struct Dial {
    /// Where the server listens.
    pub server: SocketAddr,
    /// Congestion control to ask for.
    pub congestion: Rc<str>,
    /// The worker's timers.
    pub alarm: Alarm,
    /// The worker's read buffer.
    pub scratch: Rc<RefCell<Box<[u8]>>>,
}

impl Dial {
    /// Connects, with `TCP_NODELAY` as every transport has it on both ends.
    ///
    /// # Errors
    /// A sentence, for a server that is not there or a machine without ports or descriptors.
    pub async fn connect(&self, inbox: &Inbox) -> Result<Socket, Failure> {
        let connecting = TcpStream::connect(self.server);
        let stream = match tokio::time::timeout(CONNECT_TIMEOUT, connecting).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return Err(Failure::Connection(format!("cannot be made: {error}"))),
            Err(_) => return Err(Failure::Connection("cannot be made: no answer in 10 s".into())),
        };
        let options = socket2::SockRef::from(&stream);
        options
            .set_tcp_nodelay(true)
            .and_then(|()| options.set_tcp_congestion(self.congestion.as_bytes()))
            .map_err(|error| {
                let name = &self.congestion;
                Failure::Connection(format!("cannot use congestion control {name}: {error}"))
            })?;
        Ok(Socket {
            stream,
            undecoded: Vec::new(),
            scratch: self.scratch.clone(),
            inbox: inbox.clone(),
            listens: false,
        })
    }
}

/// A connection whose arrivals are stamped and whose counters can be read.
pub struct Socket {
    stream: TcpStream,
    /// Bytes of a message whose end has not come.
    undecoded: Vec<u8>,
    scratch: Rc<RefCell<Box<[u8]>>>,
    inbox: Inbox,
    listens: bool,
}

impl Socket {
    /// From here on the server talks and we only listen: the counters are taken in the pauses.
    pub fn listen_only(&mut self) {
        self.listens = true;
    }

    /// Writes all of `bytes`.
    ///
    /// # Errors
    /// When the connection breaks.
    pub async fn write(&mut self, mut bytes: &[u8]) -> Result<(), Failure> {
        while !bytes.is_empty() {
            match self.stream.try_write(bytes) {
                Ok(written) => bytes = &bytes[written..],
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                    self.stream.writable().await.map_err(|error| broke(&error))?;
                }
                Err(error) => return Err(broke(&error)),
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
        poll_fn(|context| {
            let scratch = self.scratch.clone();
            let mut scratch = scratch.borrow_mut();
            let mut buffer = ReadBuf::new(&mut scratch);
            match Pin::new(&mut self.stream).poll_read(context, &mut buffer) {
                Poll::Ready(Ok(())) if buffer.filled().is_empty() => {
                    Poll::Ready(Err(Failure::Connection("was closed by the server".into())))
                }
                Poll::Ready(Ok(())) => {
                    self.inbox.arrived(clock::now_ns());
                    Poll::Ready(self.decode(buffer.filled(), decode))
                }
                Poll::Ready(Err(error)) => Poll::Ready(Err(broke(&error))),
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

    /// Nothing is in flight: the counters may be read.
    pub fn quiet(&self, now_ns: u64, next: Next) {
        self.inbox.quiet(now_ns, next, || self.counters());
    }

    /// The same, for a client that will be quiet again before its next request: until the window
    /// opens the answer just read must not fall into it.
    pub fn quiet_before_window(&self, now_ns: u64) {
        self.inbox.quiet_before_window(now_ns, || self.counters());
    }

    /// The kernel's counters, if all that has arrived is decoded.
    fn counters(&self) -> Option<kernel::TcpCounters> {
        if !self.undecoded.is_empty() || kernel::unread_bytes(&self.stream).ok()? > 0 {
            return None;
        }
        kernel::tcp_counters(&self.stream).ok()
    }
}

fn broke(error: &std::io::Error) -> Failure {
    Failure::Connection(format!("broke: {error}"))
}
