//! A certificate and a client that trusts it; the client is tokio-rustls's, which owes nothing to
//! the server's file.

use std::io;
use std::sync::Arc;

use rcgen::{CertificateParams, KeyPair};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, HandshakeKind, RootCertStore, version};
use servers::listen::Io;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// A certificate for `localhost` with its key.
pub struct Pair {
    pub certificate: String,
    pub key: String,
    der: CertificateDer<'static>,
}

impl Pair {
    pub fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let names = vec!["localhost".to_owned()];
        let certificate = CertificateParams::new(names).unwrap().self_signed(&key).unwrap();
        Self {
            certificate: certificate.pem(),
            key: key.serialize_pem(),
            der: certificate.der().clone(),
        }
    }

    /// The server's side.
    pub fn tls(&self, resumption: bool) -> servers::Tls {
        servers::Tls::new(self.certificate.as_bytes(), self.key.as_bytes(), resumption).unwrap()
    }

    /// The client's side.
    pub fn trust(&self) -> Trust {
        let mut roots = RootCertStore::empty();
        roots.add(self.der.clone()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[&version::TLS13])
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        Trust { config }
    }
}

/// What a client trusts, and what it remembers of its sessions.
#[derive(Clone)]
pub struct Trust {
    pub config: ClientConfig,
}

impl Trust {
    /// The handshake of a client.
    pub async fn connect<S: Io>(&self, stream: S) -> io::Result<TlsStream<S>> {
        let name = ServerName::try_from("localhost").unwrap();
        TlsConnector::from(Arc::new(self.config.clone())).connect(name, stream).await
    }
}

/// Whether a session was resumed.
pub fn is_resumed<S>(stream: &TlsStream<S>) -> bool {
    stream.get_ref().1.handshake_kind() == Some(HandshakeKind::Resumed)
}
