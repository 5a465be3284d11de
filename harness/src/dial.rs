//! From a client to the server: a metered socket, with TLS where the scenario says so. Authentication
//! belongs here, too, so that no client knows of it; a link lies between the namespaces that they run
//! in.

mod reason;
pub mod record;
mod socket;
#[cfg(test)]
mod tests;
mod tls;

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use tokio::net::TcpStream;

use crate::alarm::Alarm;
use crate::clock;
use crate::decode::ProtocolError;
use crate::departure::Departure;
use crate::inbox::Inbox;

pub use socket::Socket;
pub use tls::{Tls, Trust};

/// Bytes that one read may take: one buffer per worker, so that an idle client costs none.
pub const READ_BYTES: usize = 64 * 1024;

/// A client that is not connected by then never will be: SYN is retried after 1, 3 and 7 s. A server
/// of ours gives a TLS handshake as long. Both but for what holds connections up on purpose.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// Why a client ended, as a sentence.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The connection could not be made or broke.
    #[error("the connection {0}")]
    Connection(String),
    /// The connection could be made, and TLS on it could not.
    #[error("the TLS handshake failed: {0}")]
    Handshake(String),
    /// The server ended it.
    #[error("the connection was closed by the server")]
    Ended,
    /// The server said what the protocol does not allow.
    #[error(transparent)]
    Protocol(#[from] ProtocolError),
    /// It was told to leave, and has.
    #[error("the client has left")]
    Left,
}

/// Makes a client's connections.
#[derive(Clone)]
pub struct Dial {
    /// Where the server listens.
    pub server: SocketAddr,
    /// Congestion control to ask for.
    pub congestion: Rc<str>,
    /// Whether small writes go out at once.
    pub nodelay: bool,
    /// The worker's timers.
    pub alarm: Alarm,
    /// The worker's buffers.
    pub scratch: Rc<RefCell<Scratch>>,
    /// What is spoken below the transport, if anything.
    pub tls: Option<Tls>,
    /// When to leave.
    pub departure: Departure,
    /// How much later an answer may come because of the link, its cuts, and freezes of the server.
    pub held_up: Duration,
}

/// A worker's buffers, used by one client at a time, so that an idle client needs none.
pub struct Scratch {
    /// What a read takes.
    read: Box<[u8]>,
    /// What was in it, decrypted.
    plain: Vec<u8>,
    /// Records that go out.
    sealed: Vec<u8>,
}

impl Default for Scratch {
    fn default() -> Self {
        Self { read: vec![0; READ_BYTES].into(), plain: Vec::new(), sealed: Vec::new() }
    }
}

impl Dial {
    /// The same for one client more, which remembers TLS sessions of its own.
    #[must_use]
    pub fn of_another_client(&self) -> Self {
        Self { tls: self.tls.as_ref().map(Tls::of_another_client), ..self.clone() }
    }

    /// Waits until an instant of `CLOCK_MONOTONIC` by tokio's own timer, and no longer than until the
    /// departure.
    pub async fn sleep_by_tokio(&self, at_ns: u64) {
        let mut sleep = pin!(tokio::time::sleep(clock::until(at_ns)));
        poll_fn(|context| {
            if self.departure.is_announced() {
                return Poll::Ready(());
            }
            sleep.as_mut().poll(context)
        })
        .await;
    }

    /// Connects, with `TCP_NODELAY` as the scenario has it, for every transport and on both ends,
    /// and with TLS where it is spoken.
    ///
    /// # Errors
    /// A sentence, for a server that is not there, or not the right one, or a machine without ports
    /// or descriptors.
    pub async fn connect(&self, inbox: &Inbox) -> Result<Socket, Failure> {
        if self.departure.is_announced() {
            return Err(Failure::Left);
        }
        let began_ns = clock::now_ns();
        let stream = self.connect_tcp().await?;
        let connected_ns = clock::now_ns();
        inbox.dialled(connected_ns - began_ns);
        let mut socket = Socket::new(stream, self, inbox.clone());
        if let Some(tls) = &self.tls {
            let handshake = socket.handshake(tls);
            let resumed = match tokio::time::timeout(self.patience(), handshake).await {
                Ok(resumed) => resumed?,
                Err(_) => return Err(Failure::Handshake(self.no_answer())),
            };
            inbox.secured(clock::now_ns() - connected_ns, resumed);
        }
        Ok(socket)
    }

    fn patience(&self) -> Duration {
        PATIENCE + self.held_up
    }

    fn no_answer(&self) -> String {
        format!("no answer in {} s", self.patience().as_secs())
    }

    async fn connect_tcp(&self) -> Result<TcpStream, Failure> {
        let connecting = TcpStream::connect(self.server);
        let stream = match tokio::time::timeout(self.patience(), connecting).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return Err(Failure::Connection(format!("cannot be made: {error}"))),
            Err(_) => {
                let problem = format!("cannot be made: {}", self.no_answer());
                return Err(Failure::Connection(problem));
            }
        };
        let options = socket2::SockRef::from(&stream);
        options
            .set_tcp_nodelay(self.nodelay)
            .and_then(|()| options.set_tcp_congestion(self.congestion.as_bytes()))
            .map_err(|error| {
                let name = &self.congestion;
                Failure::Connection(format!("cannot use congestion control {name}: {error}"))
            })?;
        if options.tcp_nodelay().ok() != Some(self.nodelay) {
            return Err(Failure::Connection("did not take TCP_NODELAY as it was set".into()));
        }
        Ok(stream)
    }
}
