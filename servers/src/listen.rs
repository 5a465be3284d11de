//! Sockets: how they are opened, accepted and closed, the same for every transport.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};

use crate::shutdown::{Phase, Shutdown};
use crate::tally::Door;
use crate::tls::Secured;

/// Connections that may wait to be accepted. With the 128 of std a storm of connections runs into
/// retransmitted SYNs of 1 s and 3 s, which look like a slow server. The kernel lowers it to
/// `net.core.somaxconn`.
const BACKLOG: i32 = 4096;

/// The kernel takes no more of one client's updates while this much is still unsent: memory that a
/// client which never reads costs us. Unlike a small `SO_SNDBUF` it does not limit what is in
/// flight on a long link.
const UNSENT_BYTES: u32 = 128 << 10;

/// How long to wait when there is no descriptor left; those who wait for one are served when others
/// have gone.
const ACCEPT_BACKOFF: Duration = Duration::from_millis(100);

/// Where a server listens. A door that is not there is not served.
#[derive(Default)]
pub struct Listeners {
    /// For the HTTP transports, by path.
    pub http: Option<TcpListener>,
    /// For the transport that speaks no HTTP.
    pub tcp: Option<TcpListener>,
    /// For `POST /publish`.
    pub control: Option<Control>,
}

/// Where updates are published.
pub enum Control {
    /// A pathname socket, which also crosses network namespaces.
    Unix(UnixListener),
    /// An ordinary port.
    Tcp(TcpListener),
}

/// Opens a port with everything set that accepted sockets inherit: `TCP_NODELAY`, the congestion
/// control and the bound on unsent bytes.
///
/// Not `TCP_USER_TIMEOUT`: Linux also counts by it how long a peer that is there keeps its window
/// shut (tcp(7)), and a client that does not read is told what it lost, not cut. What goes to a
/// client that has vanished, an update or a heartbeat, is given up by `tcp_retries2`, after about a
/// quarter of an hour; WebSocket, which hears answers, knows after two heartbeats.
pub fn listen_tcp(addr: SocketAddr, congestion: &str) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_tcp_nodelay(true)?;
    socket.set_tcp_congestion(congestion.as_bytes()).map_err(|error| {
        io::Error::new(
            error.kind(),
            format!("cannot use the congestion control \"{congestion}\": {error}"),
        )
    })?;
    socket.set_tcp_notsent_lowat(UNSENT_BYTES)?;
    socket.set_nonblocking(true)?;
    socket.bind(&addr.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

/// A client's connection.
pub enum Stream {
    /// Over the network.
    Tcp(TcpStream),
    /// Over the network and encrypted; boxed, so that the others are no larger for it.
    Tls(Box<Secured>),
    /// From this machine, to the control socket.
    Unix(UnixStream),
    /// Anything else that carries bytes; the tests with paused time use an in-memory pipe.
    Other(Box<dyn Io>),
}

/// What an in-memory stream must be able to do.
pub trait Io: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

impl Stream {
    /// Whether a read may find something, without a system call. A reader that is asked only then
    /// costs a push transport nothing while there is only something to write.
    pub fn poll_read_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Tcp(stream) => stream.poll_read_ready(cx),
            Self::Tls(stream) => stream.poll_read_ready(cx),
            Self::Unix(stream) => stream.poll_read_ready(cx),
            Self::Other(_) => Poll::Ready(Ok(())),
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Unix(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Other(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_write(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, buf),
            Self::Unix(stream) => Pin::new(stream).poll_write(cx, buf),
            Self::Other(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
            Self::Tls(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
            Self::Unix(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
            Self::Other(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Tcp(stream) => stream.is_write_vectored(),
            Self::Tls(stream) => stream.is_write_vectored(),
            Self::Unix(stream) => stream.is_write_vectored(),
            Self::Other(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
            Self::Unix(stream) => Pin::new(stream).poll_flush(cx),
            Self::Other(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Unix(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Other(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

impl Control {
    fn poll_accept(&self, nodelay: bool, cx: &mut Context<'_>) -> Poll<io::Result<Stream>> {
        match self {
            Self::Unix(listener) => {
                listener.poll_accept(cx).map_ok(|(stream, _)| Stream::Unix(stream))
            }
            Self::Tcp(listener) => listener.poll_accept(cx).map_ok(|(stream, _)| {
                // What is inherited from our own listeners may not be what is wanted, and a
                // caller's own listener may not have it.
                let _ = stream.set_nodelay(nodelay);
                Stream::Tcp(stream)
            }),
        }
    }
}

/// Accepts until the stop and hands each connection to `serve`. The listener is closed on return.
pub(crate) async fn accept(
    listener: Control,
    nodelay: bool,
    door: &Door,
    shutdown: &Shutdown,
    mut serve: impl FnMut(Stream),
) {
    let mut watch = shutdown.watch();
    loop {
        let accepted = poll_fn(|cx| match watch.poll_phase(cx) {
            Phase::Serving => listener.poll_accept(nodelay, cx).map(Some),
            Phase::Stopping | Phase::Now => Poll::Ready(None),
        });
        match accepted.await {
            None => return,
            Some(Ok(stream)) => {
                door.accepted();
                serve(stream);
            }
            Some(Err(error)) if is_of_one_connection(&error) => {}
            Some(Err(_)) => {
                // No descriptors or no memory. Trying again at once would only burn the CPU that
                // the clients which are connected need.
                door.refused();
                tokio::time::sleep(ACCEPT_BACKOFF).await;
            }
        }
    }
}

/// The peer has gone before it was accepted: no reason to wait.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn accepted_sockets_inherit_the_options() {
        let listener = listen_tcp("127.0.0.1:0".parse().unwrap(), "reno").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (accepted, _) = listener.accept().await.unwrap();
        let accepted = socket2::SockRef::from(&accepted);
        assert!(accepted.tcp_nodelay().unwrap());
        assert!(accepted.tcp_congestion().unwrap().starts_with(b"reno\0"));
        assert_eq!(accepted.tcp_notsent_lowat().unwrap(), UNSENT_BYTES);
        assert_eq!(accepted.tcp_user_timeout().unwrap(), None, "see listen_tcp");
        drop(client);
    }

    #[tokio::test]
    async fn an_accepted_socket_has_nagles_algorithm_only_where_it_is_wanted() {
        for nodelay in [true, false] {
            let listener = listen_tcp("127.0.0.1:0".parse().unwrap(), "reno").unwrap();
            let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
            let door = Control::Tcp(listener);
            let accepted = poll_fn(|cx| door.poll_accept(nodelay, cx)).await.unwrap();
            let Stream::Tcp(accepted) = accepted else { panic!("it came over TCP") };
            assert_eq!(socket2::SockRef::from(&accepted).tcp_nodelay().unwrap(), nodelay);
            drop(client);
        }
    }

    #[tokio::test]
    async fn an_unknown_congestion_control_is_named() {
        let error = listen_tcp("127.0.0.1:0".parse().unwrap(), "no-such").unwrap_err();
        assert!(error.to_string().starts_with("cannot use the congestion control \"no-such\""));
    }
}
