//! A dial and the servers of this workspace, or one that splits its records, in one thread.

use std::sync::Arc;
use std::time::SystemTime;

use results::Causes;
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use servers::{CancellationToken, Config, Feed, Listeners, Params, listen_tcp};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::LocalSet;
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::certificate::{Certificate, NAME};
use crate::decode::Listener;
use crate::tally::Tally;

/// A client and what is known of it.
struct Subject {
    dial: Dial,
    tally: Rc<Tally>,
    inbox: Inbox,
}

impl Subject {
    fn new(server: SocketAddr, trust: Option<&Trust>) -> Self {
        let tally = Rc::new(Tally::default());
        let departure = Departure::default();
        let dial = Dial {
            server,
            congestion: "reno".into(),
            nodelay: true,
            alarm: Alarm::start(&departure).unwrap(),
            scratch: Rc::default(),
            tls: trust.map(|trust| Tls::new(trust).unwrap()),
            departure,
            held_up: Duration::ZERO,
        };
        Self { dial, inbox: Inbox::new(tally.clone(), 0), tally }
    }

    async fn connect(&self) -> Result<Socket, String> {
        self.dial.connect(&self.inbox).await.map_err(|failure| failure.to_string())
    }

    /// Asks once, and reads the answer's head.
    async fn ask(&self, socket: &mut Socket) -> String {
        socket.write(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"ok\n") {
            let mut decode = |bytes: &[u8]| {
                answer.extend_from_slice(bytes);
                Ok(bytes.len())
            };
            socket.read(&mut decode).await.unwrap();
        }
        String::from_utf8(answer).unwrap()
    }
}

fn certificate() -> Certificate {
    Certificate::make(SystemTime::now()).unwrap()
}

fn trust(certificate: &Certificate) -> Trust {
    Trust { anchor: certificate.certificate.clone(), name: NAME.into(), resumption: true }
}

/// Our server; returns its HTTP port and its tcp port.
fn serve(certificate: Option<&Certificate>, resumption: bool) -> (Feed, SocketAddr, SocketAddr) {
    let port = || listen_tcp("127.0.0.1:0".parse().unwrap(), "reno").unwrap();
    let (http, tcp) = (port(), port());
    let (http_addr, tcp_addr) = (http.local_addr().unwrap(), tcp.local_addr().unwrap());
    let tls = certificate.map(|certificate| {
        let (chain, key) = certificate.pem();
        servers::Tls::new(chain.as_bytes(), key.as_bytes(), resumption).unwrap()
    });
    let transports = servers::ALL.iter().map(|transport| (transport, Params::default())).collect();
    let config = Config { transports, tls, ..Config::default() };
    let listeners = Listeners { http: Some(http), tcp: Some(tcp), control: None };
    let feed = Feed::new(100, 1 << 20);
    tokio::spawn(servers::run(listeners, feed.clone(), config, CancellationToken::new()));
    (feed, http_addr, tcp_addr)
}

fn in_one_thread(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    LocalSet::new().block_on(&runtime, test);
}

/// How connecting fails with this trust at a server with this certificate.
async fn failure(certificate: &Certificate, trust: &Trust) -> String {
    let (_, http, _) = serve(Some(certificate), true);
    let subject = Subject::new(http, Some(trust));
    let problem = subject.connect().await.err().expect("it is refused");
    assert_eq!(subject.tally.tls_handshakes.get(), 0);
    problem
}

#[test]
fn a_certificate_that_is_not_the_right_one_is_a_sentence_that_says_why() {
    in_one_thread(async {
        let ours = certificate();
        let stranger = trust(&certificate());
        assert_eq!(
            failure(&ours, &stranger).await,
            "the TLS handshake failed: the certificate is not the trusted one, nor signed by it"
        );
        let elsewhere = Trust { name: "feed.example".into(), ..trust(&ours) };
        let problem = failure(&ours, &elsewhere).await;
        let words = "the certificate is not for \"feed.example\" but for";
        assert!(problem.contains(words) && problem.contains(NAME), "{problem}");
        let year = Duration::from_secs(365 * 24 * 3600);
        let old = Certificate::make(SystemTime::now() - 2 * year).unwrap();
        let problem = failure(&old, &trust(&old)).await;
        let words = "the TLS handshake failed: the certificate expired ";
        assert!(problem.starts_with(words) && problem.ends_with("ago"), "{problem}");
        let early = Certificate::make(SystemTime::now() + year).unwrap();
        let problem = failure(&early, &trust(&early)).await;
        assert!(problem.contains("the certificate is not valid yet"), "{problem}");
    });
}

#[test]
fn a_server_without_tls_or_with_another_is_named_and_not_waited_for() {
    in_one_thread(async {
        let ours = trust(&certificate());
        let (feed, http, tcp) = serve(None, true);
        let problem = Subject::new(http, Some(&ours)).connect().await.err().unwrap();
        assert!(problem.contains("does not speak TLS there: it began with \"HTTP/"), "{problem}");
        // The floor says nothing until there is an update.
        let subject = Subject::new(tcp, Some(&ours));
        let publish = async {
            loop {
                feed.publish([servers::feed::Payload::parse(b"{}").unwrap()]);
                tokio::task::yield_now().await;
            }
        };
        let problem = tokio::select! {
            connected = subject.connect() => connected.err().unwrap(),
            () = publish => unreachable!("it publishes for ever"),
        };
        assert!(problem.contains("does not speak TLS there"), "{problem}");
        // One that knows TLS 1.2 only, and one that hangs up.
        for (answer, words) in [
            (&[21, 3, 3, 0, 2, 2, 70][..], "with the alert ProtocolVersion"),
            (&[][..], "the TLS handshake failed: the server closed the connection"),
        ] {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let subject = Subject::new(listener.local_addr().unwrap(), Some(&ours));
            let refuse = async {
                let (mut stream, _) = listener.accept().await.unwrap();
                // Closing with something unread would reset the connection.
                let _ = stream.read(&mut [0; 1024]).await.unwrap();
                stream.write_all(answer).await.unwrap();
            };
            let (connected, ()) = tokio::join!(subject.connect(), refuse);
            let problem = connected.err().unwrap();
            assert!(problem.contains(words), "{problem}");
        }
    });
}

#[test]
fn a_plain_client_of_a_server_with_tls_is_closed_and_not_left_alone() {
    in_one_thread(async {
        let (_, http, _) = serve(Some(&certificate()), true);
        let subject = Subject::new(http, None);
        let mut socket = subject.connect().await.unwrap();
        socket.write(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
        let failure = loop {
            if let Err(failure) = socket.read(&mut |bytes| Ok(bytes.len())).await {
                break failure;
            }
        };
        assert!(matches!(failure, Failure::Connection(_) | Failure::Ended), "{failure}");
    });
}

#[test]
fn a_client_that_comes_back_resumes_its_own_session_and_no_other() {
    in_one_thread(async {
        for (server, client) in [(true, true), (true, false), (false, true)] {
            let ours = certificate();
            let (_, http, _) = serve(Some(&ours), server);
            let trust = Trust { resumption: client, ..trust(&ours) };
            let mut subject = Subject::new(http, Some(&trust));
            for resumed in [0, 0] {
                // Another client of the same worker each time.
                subject.dial = subject.dial.of_another_client();
                let mut socket = subject.connect().await.unwrap();
                assert!(subject.ask(&mut socket).await.starts_with("HTTP/1.1 200"));
                assert_eq!(subject.tally.tls_resumed.get(), resumed);
            }
            let mut socket = subject.connect().await.unwrap();
            assert!(subject.ask(&mut socket).await.starts_with("HTTP/1.1 200"));
            assert_eq!(subject.tally.tls_handshakes.get(), 3);
            assert_eq!(subject.tally.tls_resumed.get(), u64::from(server && client));
            assert_eq!(subject.tally.tls_handshake.borrow().len(), 3);
            assert_eq!(subject.tally.tcp_connect.borrow().len(), 3);
        }
    });
}

/// To the end and past it: both say close_notify, and that is counted like all else.
#[test]
fn whoever_leaves_has_counted_the_connections_last_bytes() {
    in_one_thread(async {
        let ours = certificate();
        let (_, http, _) = serve(Some(&ours), true);
        let subject = Subject::new(http, Some(&trust(&ours)));
        let mut socket = subject.connect().await.unwrap();
        let answer = subject.ask(&mut socket).await;
        subject.dial.departure.announce();
        let left = loop {
            if let Err(failure) = socket.read(&mut |bytes| Ok(bytes.len())).await {
                break failure;
            }
        };
        assert!(matches!(left, Failure::Left), "{left}");
        subject.inbox.connected(0);
        let codec = subject.inbox.account().connect;
        let kernel = socket.counters().unwrap();
        // Linux counts what the sequence number moved by, and the server's FIN moves it by one.
        assert_eq!(codec.down.tls + answer.len() as u64, kernel.bytes_received - 1);
        let request = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n".len() as u64;
        assert_eq!(codec.up.tls + request, kernel.bytes_sent);
    });
}

/// Messages of the handshake that are split over records must wait in our buffer until they are
/// whole, and each record must be counted once.
#[test]
fn records_however_small_are_counted_to_the_byte_in_both_directions() {
    in_one_thread(async {
        for record_bytes in [None, Some(64), Some(1000)] {
            let ours = certificate();
            let (chain, key) = ours.pem();
            let provider = Arc::new(ring::default_provider());
            let mut config = ServerConfig::builder_with_provider(provider)
                .with_protocol_versions(&[&rustls::version::TLS13])
                .unwrap()
                .with_no_client_auth()
                .with_single_cert(
                    vec![CertificateDer::from_pem_slice(chain.as_bytes()).unwrap()],
                    PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap(),
                )
                .unwrap();
            config.max_fragment_size = record_bytes;
            let acceptor = TlsAcceptor::from(Arc::new(config));
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let server = listener.local_addr().unwrap();
            // Larger than a read takes, so that records are cut by reads.
            let content: Vec<u8> = (0..300_000_u32).map(|n| n as u8).collect();
            let expected = content.clone();
            let echo = tokio::spawn(async move {
                let (stream, _) = listener.accept().await.unwrap();
                let mut stream = acceptor.accept(stream).await.unwrap();
                let mut asked = vec![0; 40_000];
                stream.read_exact(&mut asked).await.unwrap();
                stream.write_all(&content).await.unwrap();
                stream.flush().await.unwrap();
                // Until the client has gone.
                let _ = stream.read(&mut [0]).await;
            });
            let subject = Subject::new(server, Some(&trust(&ours)));
            let mut socket = subject.connect().await.unwrap();
            socket.write(&vec![7; 40_000]).await.unwrap();
            let mut received = Vec::new();
            while received.len() < expected.len() {
                let mut decode = |bytes: &[u8]| {
                    let payload = bytes.len() as u64;
                    (&mut &subject.inbox).overhead(Causes { payload, ..Causes::default() });
                    received.extend_from_slice(bytes);
                    Ok(bytes.len())
                };
                socket.read(&mut decode).await.unwrap();
            }
            assert!(received == expected, "{record_bytes:?}");
            subject.inbox.connected(0);
            let codec = subject.inbox.account().connect;
            let kernel = socket.counters().expect("all that has come is decrypted");
            assert_eq!(codec.down.total(), kernel.bytes_received, "{record_bytes:?}");
            // What was asked has no cause here but TLS's own.
            let sent = kernel.bytes_sent - kernel.bytes_retransmitted;
            assert_eq!(codec.up.tls + 40_000, sent, "{record_bytes:?}");
            drop(socket);
            echo.await.unwrap();
        }
    });
}
