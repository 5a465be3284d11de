//! TLS 1.3 between a socket and whoever serves it: one configuration for every transport.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::NoServerSessionStorage;
use rustls::{HandshakeKind, ServerConfig, version};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::listen::Stream;
use crate::shutdown::{Phase, Shutdown};
use crate::tally::Door;

/// A handshake must be over after this time: whoever never begins one holds a socket and a task.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// Tickets per full handshake: our clients come back one at a time. Each costs 100 bytes and more
/// on the wire and a key derivation on both sides, so that rustls's default of two would be bytes
/// that nobody uses.
const TICKETS: usize = 1;

/// A certificate with its key, and whether sessions are resumed. A clone is the same.
#[derive(Clone)]
pub struct Tls(TlsAcceptor);

/// Why a certificate and a key cannot be used; the sentence goes on from the file's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadTls {
    /// The certificates.
    #[error("{0}")]
    Certificate(String),
    /// The key.
    #[error("{0}")]
    Key(String),
    /// Each can be read, but they are not of one pair.
    #[error("is not the key that belongs to the certificate")]
    Mismatch,
}

impl Tls {
    /// TLS with a chain of certificates, the server's own first, and its private key, both PEM. With
    /// `resumption` a client that comes back may resume its session, by a ticket that it keeps: the
    /// server remembers none.
    pub fn new(certificate: &[u8], key: &[u8], resumption: bool) -> Result<Self, BadTls> {
        let chain = chain(certificate).map_err(BadTls::Certificate)?;
        let key = private_key(key).map_err(BadTls::Key)?;
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[&version::TLS13])
            .expect("the provider has suites of TLS 1.3")
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(refused)?;
        // Without ALPN a client is served all the same; one that speaks h2 alone is told at once.
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        if resumption {
            config.ticketer = ring::Ticketer::new().expect("the kernel gives random bytes");
            config.send_tls13_tickets = TICKETS;
        }
        Ok(Self(TlsAcceptor::from(Arc::new(config))))
    }

    /// The stream behind the handshake. None if that fails or takes too long, which is counted, or
    /// if the server stops meanwhile.
    pub(crate) async fn accept(
        &self,
        stream: Stream,
        door: &Door,
        shutdown: &Shutdown,
    ) -> Option<Stream> {
        let mut watch = shutdown.watch();
        let handshake = tokio::time::timeout(HANDSHAKE_TIMEOUT, self.0.accept(stream));
        let mut handshake = pin!(handshake);
        let accepted = poll_fn(|cx| match watch.poll_phase(cx) {
            Phase::Serving => handshake.as_mut().poll(cx).map(Some),
            Phase::Stopping | Phase::Now => Poll::Ready(None),
        });
        let Ok(Ok(stream)) = accepted.await? else {
            door.unsecured();
            return None;
        };
        let kind = stream.get_ref().1.handshake_kind();
        door.secured(kind == Some(HandshakeKind::Resumed));
        Some(Stream::Tls(Box::new(Secured { stream, encrypted: 0 })))
    }
}

/// The certificates of a PEM file.
fn chain(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    is_pem(pem)?;
    let chain = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>();
    match chain {
        Ok(chain) if chain.is_empty() => {
            Err("holds no certificate: there is no line -----BEGIN CERTIFICATE-----".to_owned())
        }
        Ok(chain) => Ok(chain),
        Err(error) => Err(format!("is not PEM: {error}")),
    }
}

/// The private key of a PEM file.
fn private_key(pem: &[u8]) -> Result<PrivateKeyDer<'static>, String> {
    use rustls::pki_types::pem::Error;
    is_pem(pem)?;
    PrivateKeyDer::from_pem_slice(pem).map_err(|error| match error {
        Error::NoItemsFound => {
            "holds no private key: there is no line -----BEGIN PRIVATE KEY-----".to_owned()
        }
        error => format!("is not PEM: {error}"),
    })
}

fn is_pem(text: &[u8]) -> Result<(), String> {
    let begin = b"-----BEGIN ";
    if text.windows(begin.len()).any(|window| window == begin) {
        Ok(())
    } else {
        Err("is not PEM: there is no line that begins with -----BEGIN".to_owned())
    }
}

/// Why rustls refuses a pair that was read.
fn refused(error: rustls::Error) -> BadTls {
    match error {
        rustls::Error::InconsistentKeys(_) => BadTls::Mismatch,
        rustls::Error::InvalidCertificate(problem) => {
            BadTls::Certificate(format!("holds a certificate that cannot be used: {problem}"))
        }
        error => BadTls::Key(format!("holds a key that cannot be used: {error}")),
    }
}

/// A connection behind its handshake.
///
/// A write is ready when its records are with the kernel, and not as soon as rustls has taken the
/// plaintext: our transports never flush, and what waited in rustls would wait for the next update.
pub struct Secured {
    stream: TlsStream<Stream>,
    /// Bytes of the write at hand whose records are not out yet. The caller offers them again,
    /// as it must after `Pending`, and they are not encrypted twice.
    encrypted: usize,
}

impl Secured {
    /// As [`Stream::poll_read_ready`]: rustls may hold what the socket has no more.
    pub(crate) fn poll_read_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let (stream, session) = self.stream.get_ref();
        if session.wants_read() { stream.poll_read_ready(cx) } else { Poll::Ready(Ok(())) }
    }

    /// Encrypts with `write` unless that was done before, and sees the records out.
    fn poll_out(
        &mut self,
        cx: &mut Context<'_>,
        write: impl FnOnce(Pin<&mut TlsStream<Stream>>, &mut Context<'_>) -> Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if self.encrypted == 0 {
            self.encrypted = ready!(write(Pin::new(&mut self.stream), cx))?;
        }
        if self.stream.get_ref().1.wants_write() {
            ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
        }
        Poll::Ready(Ok(std::mem::take(&mut self.encrypted)))
    }
}

impl AsyncRead for Secured {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Secured {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_out(cx, |stream, cx| stream.poll_write(cx, buf))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll_out(cx, |stream, cx| stream.poll_write_vectored(cx, bufs))
    }

    /// True: a head and its body become one record.
    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    /// Says close_notify first, so that the client can tell the end from a cut.
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use rustls::pki_types::ServerName;
    use rustls::{ClientConfig, RootCertStore};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio_rustls::TlsConnector;

    use super::*;

    /// Both ends of a connection over a pipe.
    async fn ends() -> (Stream, impl AsyncRead + AsyncWrite + Unpin) {
        let key = rcgen::KeyPair::generate().unwrap();
        let names = vec!["localhost".to_owned()];
        let pair = rcgen::CertificateParams::new(names).unwrap().self_signed(&key).unwrap();
        let tls = Tls::new(pair.pem().as_bytes(), key.serialize_pem().as_bytes(), true).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(pair.der().clone()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[&version::TLS13])
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let connector = TlsConnector::from(Arc::new(config));
        let name = ServerName::try_from("localhost").unwrap();
        let (theirs, ours) = tokio::io::duplex(1 << 16);
        let (door, shutdown) = (Door::default(), Shutdown::default());
        let stream = Stream::Other(Box::new(theirs));
        let (server, client) =
            tokio::join!(tls.accept(stream, &door, &shutdown), connector.connect(name, ours));
        (server.unwrap(), client.unwrap())
    }

    #[tokio::test]
    async fn what_rustls_has_read_ahead_is_ready_though_the_socket_has_no_more() {
        let (mut server, mut client) = ends().await;
        client.write_all(&[7; 100]).await.unwrap();
        let mut some = [0; 60];
        server.read_exact(&mut some).await.unwrap();
        let Stream::Tls(secured) = &server else { panic!("it has a handshake behind it") };
        assert!(!secured.stream.get_ref().1.wants_read(), "40 bytes are left in rustls");
        poll_fn(|cx| server.poll_read_ready(cx)).await.unwrap();
        server.read_exact(&mut some[..40]).await.unwrap();
        let Stream::Tls(secured) = &server else { panic!("it has a handshake behind it") };
        assert!(secured.stream.get_ref().1.wants_read(), "all is read: ask the socket");
    }
}
