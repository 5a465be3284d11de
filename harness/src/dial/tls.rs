//! TLS 1.3 of a load client: rustls without sockets, over buffers that all clients of a worker
//! share, so that an idle client keeps its keys and nothing else.

use std::sync::Arc;

use rustls::client::{ClientConnectionData, Resumption, UnbufferedClientConnection};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::unbuffered::{
    ConnectionState, EncodeError, EncodeTlsData, EncryptError, UnbufferedStatus,
};
use rustls::{ClientConfig, Error, HandshakeKind, RootCertStore, version};

use super::{reason, record};

/// Whom a client trusts, and how it connects.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Trust {
    /// The certificate that the server's must be or be signed by, PEM.
    pub anchor: String,
    /// The name that the server's certificate must have; it is sent, as a browser does (SNI).
    pub name: String,
    /// Whether a client that comes back resumes its session.
    pub resumption: bool,
}

/// One client's side of TLS, over all its connections.
#[derive(Clone)]
pub struct Tls {
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
    resumption: bool,
}

impl Tls {
    /// Reads the trust.
    ///
    /// # Errors
    /// A sentence, when the anchor is no certificate or the name no name.
    pub fn new(trust: &Trust) -> Result<Self, String> {
        let anchor = CertificateDer::from_pem_slice(trust.anchor.as_bytes())
            .map_err(|error| format!("the trust anchor is not PEM: {error}"))?;
        let mut roots = RootCertStore::empty();
        roots.add(anchor).map_err(|error| format!("the trust anchor cannot be used: {error}"))?;
        let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[&version::TLS13])
            .expect("the provider has suites of TLS 1.3")
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.resumption = Resumption::disabled();
        let name = ServerName::try_from(trust.name.clone())
            .map_err(|error| format!("\"{}\" is no name of a server: {error}", trust.name))?;
        Ok(Self { config: Arc::new(config), name, resumption: trust.resumption })
    }

    /// The same for one client more: the sessions that it remembers are its own. With one memory
    /// for all, each would resume what another has begun, and no handshake but the first be full.
    #[must_use]
    pub fn of_another_client(&self) -> Self {
        let mut tls = self.clone();
        if self.resumption {
            let config = Arc::make_mut(&mut tls.config);
            config.resumption = Resumption::in_memory_sessions(1);
        }
        tls
    }

    /// Begins a connection.
    pub(super) fn begin(&self) -> Result<Session, String> {
        let connection = UnbufferedClientConnection::new(self.config.clone(), self.name.clone())
            .map_err(|error| reason::of(&error))?;
        Ok(Session { connection, kept: Vec::new(), seen: 0, is_open: false, is_ended: false })
    }
}

/// One connection's keys and state.
pub(super) struct Session {
    connection: UnbufferedClientConnection,
    /// Bytes that rustls has not done with: a part of a record, or of a message of the handshake.
    kept: Vec<u8>,
    /// How many of them are whole records, which rustls has seen and which are counted.
    seen: usize,
    /// The handshake is over.
    is_open: bool,
    /// The server has said close_notify.
    is_ended: bool,
}

impl Session {
    /// Whether the handshake is over.
    pub(super) fn is_open(&self) -> bool {
        self.is_open
    }

    /// Whether the server has said that nothing will come.
    pub(super) fn is_ended(&self) -> bool {
        self.is_ended
    }

    /// Whether the handshake resumed an earlier session.
    pub(super) fn is_resumed(&self) -> bool {
        self.connection.handshake_kind() == Some(HandshakeKind::Resumed)
    }

    /// Whether all that has come is decrypted.
    pub(super) fn is_drained(&self) -> bool {
        self.kept.is_empty()
    }

    /// Puts what rustls has not done with in front of the next bytes; returns how many that are.
    pub(super) fn restore(&self, buffer: &mut [u8]) -> usize {
        buffer[..self.kept.len()].copy_from_slice(&self.kept);
        self.kept.len()
    }

    /// Takes the records in `bytes`, which begin with those of [`Session::restore`]: content goes
    /// to `plain`, and what is to be said at once to `sealed`. Returns how many of the bytes are
    /// TLS's own.
    ///
    /// Record by record, because the header does not say what is inside: a record with content
    /// costs its overhead, any other (of the handshake, a ticket, an alert) is counted whole.
    pub(super) fn receive(
        &mut self,
        bytes: &mut [u8],
        plain: &mut Vec<u8>,
        sealed: &mut Vec<u8>,
    ) -> Result<u64, String> {
        let (mut start, mut end, mut tls_bytes) = (0, self.seen, 0);
        while let Some(length) =
            record::length(&bytes[end..]).map_err(|problem| problem.to_string())?
        {
            end += length;
            let before = plain.len();
            let done = self.advance(&mut bytes[start..end], plain, sealed);
            start += done.map_err(|error| reason::of(&error))?;
            let has_content = plain.len() > before;
            tls_bytes += if has_content { record::OVERHEAD_BYTES } else { length as u64 };
        }
        self.seen = end - start;
        // Nearly always there is nothing, and then nothing is allocated.
        self.kept = bytes[start..].to_vec();
        Ok(tls_bytes)
    }

    /// The first flight.
    pub(super) fn greet(&mut self, sealed: &mut Vec<u8>) -> Result<(), String> {
        self.advance(&mut [], &mut Vec::new(), sealed).map(drop).map_err(|error| reason::of(&error))
    }

    /// Seals content that is to be sent. Returns how many bytes of `sealed` are TLS's own.
    pub(super) fn seal(&mut self, content: &[u8], sealed: &mut Vec<u8>) -> Result<u64, String> {
        sealed.clear();
        // What rustls has to say itself, such as a change of keys, goes first.
        let mut kept = std::mem::take(&mut self.kept);
        let done =
            self.advance(&mut kept, &mut Vec::new(), sealed).map_err(|error| reason::of(&error))?;
        kept.drain(..done);
        self.seen -= done;
        let own = sealed.len();
        let status = self.connection.process_tls_records(&mut kept);
        let ConnectionState::WriteTraffic(mut traffic) =
            status.state.map_err(|error| reason::of(&error))?
        else {
            return Err(reason::of(&Error::HandshakeNotComplete));
        };
        let records = content.len().div_ceil(record::CONTENT_BYTES_MAX);
        sealed.resize(own + content.len() + records * record::OVERHEAD_BYTES as usize, 0);
        let written = traffic.encrypt(content, &mut sealed[own..]);
        let written = written.map_err(|_| reason::of(&Error::EncryptError))?;
        sealed.truncate(own + written);
        self.kept = kept;
        Ok(own as u64 + record::count(&sealed[own..]) * record::OVERHEAD_BYTES)
    }

    /// Says that nothing more will be said (close_notify, RFC 8446 section 6.1).
    pub(super) fn close(&mut self, sealed: &mut Vec<u8>) {
        // With what is kept, because rustls looks there for the part of a message that it knows of.
        let status = self.connection.process_tls_records(&mut self.kept);
        let Ok(ConnectionState::WriteTraffic(mut traffic)) = status.state else { return };
        if let Err(EncryptError::InsufficientSize(size)) = traffic.queue_close_notify(&mut []) {
            sealed.resize(size.required_size, 0);
            let written = traffic.queue_close_notify(sealed).unwrap_or(0);
            sealed.truncate(written);
        }
    }

    /// What is said to a server that was refused: an alert, if there is one.
    pub(super) fn last_words(&mut self, sealed: &mut Vec<u8>) {
        // Not `advance`: after an error rustls may look for what it had found in our bytes. Where
        // it wants to write, it does not look.
        while self.connection.wants_write() {
            let status = self.connection.process_tls_records(&mut []);
            let Ok(ConnectionState::EncodeTlsData(mut data)) = status.state else { return };
            if encode(&mut data, sealed).is_err() {
                return;
            }
        }
    }

    /// Lets rustls go on until it needs more bytes; returns how many it has done with.
    fn advance(
        &mut self,
        bytes: &mut [u8],
        plain: &mut Vec<u8>,
        sealed: &mut Vec<u8>,
    ) -> Result<usize, Error> {
        let mut done = 0;
        loop {
            let status = self.connection.process_tls_records(&mut bytes[done..]);
            let UnbufferedStatus { discard, state } = status;
            match state? {
                ConnectionState::ReadTraffic(mut traffic) => {
                    while let Some(record) = traffic.next_record() {
                        let record = record?;
                        plain.extend_from_slice(record.payload);
                        done += record.discard;
                    }
                }
                ConnectionState::EncodeTlsData(mut data) => encode(&mut data, sealed)?,
                // It goes out before anything else does: all that is sealed has one order.
                ConnectionState::TransmitTlsData(data) => data.done(),
                ConnectionState::PeerClosed => self.is_ended = true,
                ConnectionState::WriteTraffic(_) => {
                    self.is_open = true;
                    return Ok(done + discard);
                }
                _ => return Ok(done + discard),
            }
            done += discard;
        }
    }
}

/// Puts a record of rustls's own behind those that are to be sent.
fn encode(
    data: &mut EncodeTlsData<'_, ClientConnectionData>,
    sealed: &mut Vec<u8>,
) -> Result<(), Error> {
    let start = sealed.len();
    // It says how long it is only to whom has no room.
    if let Err(EncodeError::InsufficientSize(size)) = data.encode(&mut []) {
        sealed.resize(start + size.required_size, 0);
        data.encode(&mut sealed[start..]).map_err(|error| Error::General(error.to_string()))?;
    }
    Ok(())
}
