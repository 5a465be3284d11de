//! A server in this process, behind real ports or behind pipes.

use std::net::SocketAddr;

use servers::{Config, Control, Feed, Listeners, Params, Server, Stream, listen_tcp};
use tokio::task::JoinHandle;

use super::answer::{get, post};
use super::secure::{Pair, Trust};
use super::{Raw, within};

/// What is served; the rest is as in every test.
#[derive(Clone, Copy)]
#[allow(clippy::struct_excessive_bools)] // each is a condition of its own
pub struct Setup {
    pub history: usize,
    pub history_bytes: usize,
    pub coalesce: bool,
    pub allow_publish: bool,
    pub heartbeat: &'static str,
    pub headers: &'static str,
    pub tcp_writes: u64,
    pub latest_value: bool,
    pub only: Option<&'static str>,
    pub tls: bool,
    pub epoch: &'static str,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            history: servers::feed::HISTORY_UPDATES,
            history_bytes: servers::feed::HISTORY_BYTES,
            coalesce: true,
            allow_publish: false,
            heartbeat: "15s",
            headers: "bare",
            tcp_writes: 1,
            latest_value: false,
            only: None,
            tls: false,
            epoch: EPOCH,
        }
    }
}

/// The epoch of tests that ask for no other, so that bytes can be compared.
pub const EPOCH: &str = "k3f9";

/// The cursor after `seq`.
pub fn at(seq: u64) -> String {
    format!("{EPOCH}:{seq}")
}

impl Setup {
    /// A server without listeners, for streams in memory.
    pub fn server(self) -> (Server, Feed) {
        self.server_with(None)
    }

    /// The same with TLS.
    pub fn server_with(self, tls: Option<servers::Tls>) -> (Server, Feed) {
        let feed = Feed::with_epoch(self.epoch, self.history, self.history_bytes);
        let transports = servers::ALL
            .iter()
            .filter(|transport| self.only.is_none_or(|only| only == transport.name))
            .map(|transport| {
                let writes = serde_json::Value::from(self.tcp_writes);
                let values = [
                    ("heartbeat", self.heartbeat.into()),
                    ("headers", self.headers.into()),
                    ("writes", writes),
                ];
                let known = |name| transport.knobs.iter().any(|knob| knob.name == name);
                let values = values.into_iter().filter(|(name, _)| known(*name));
                let values = values.map(|(name, value)| (name.to_owned(), value));
                (transport, Params::new(values.collect()))
            })
            .collect();
        let Self { coalesce, latest_value, allow_publish, .. } = self;
        let config =
            Config { transports, coalesce, latest_value, allow_publish, tls, ..Config::default() };
        (Server::new(feed.clone(), config), feed)
    }

    /// A server on ports of its own.
    pub fn serve(self) -> Served {
        let pair = self.tls.then(Pair::new);
        let (server, feed) = self.server_with(pair.as_ref().map(|pair| pair.tls(true)));
        let port = || listen_tcp("127.0.0.1:0".parse().unwrap(), "reno").unwrap();
        let (http, tcp, control) = (port(), port(), port());
        let [http_addr, tcp_addr, control_addr] =
            [&http, &tcp, &control].map(|listener| listener.local_addr().unwrap());
        let listeners =
            Listeners { http: Some(http), tcp: Some(tcp), control: Some(Control::Tcp(control)) };
        let stop = servers::CancellationToken::new();
        let running = tokio::spawn(server.run(listeners, stop.clone()));
        let trust = pair.as_ref().map(Pair::trust);
        Served { feed, http: http_addr, tcp: tcp_addr, control: control_addr, trust, stop, running }
    }
}

/// A running server.
pub struct Served {
    pub feed: Feed,
    pub http: SocketAddr,
    pub tcp: SocketAddr,
    pub control: SocketAddr,
    /// What a client needs where there is TLS.
    pub trust: Option<Trust>,
    stop: servers::CancellationToken,
    running: JoinHandle<()>,
}

impl Served {
    pub async fn connect(&self) -> Raw {
        self.dial(self.http, false).await
    }

    /// A connection to one of the public ports, behind its handshake where there is TLS.
    pub async fn dial(&self, addr: SocketAddr, narrow: bool) -> Raw {
        let stream = super::tcp(addr, narrow).await;
        match &self.trust {
            Some(trust) => Raw::new(trust.connect(stream).await.unwrap()),
            None => Raw::new(stream),
        }
    }

    /// Publishes all of it in one request, and says the cursor that was answered.
    pub async fn publish(&self, payloads: &[String]) -> String {
        let mut publisher = Raw::connect(self.control).await;
        let answer = publisher.ask(post("/publish", &payloads.join("\n"))).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let body: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
        body["cursor"].as_str().unwrap().to_owned()
    }

    /// Publishes one payload per request, as fast as the server answers, until the guard is dropped.
    pub fn keep_publishing(&self) -> Publisher {
        let control = self.control;
        Publisher(tokio::spawn(async move {
            let mut publisher = Raw::connect(control).await;
            for n in 1.. {
                assert_eq!(publisher.ask(post("/publish", &payload(n))).await.status, 200);
            }
        }))
    }

    /// A number from `/metrics`.
    pub async fn metric(&self, name: &str) -> u64 {
        let page = Raw::connect(self.control).await.ask(get("/metrics")).await.body;
        let line = page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("no {name} in {page}")).parse().unwrap()
    }

    /// Asks until there are so many clients: the only sign that a client without a handshake has been noticed, or
    /// that one has gone.
    pub async fn until_clients(&self, transport: &str, count: u64) {
        let name = format!("feedlab_clients{{transport=\"{transport}\"}}");
        within("the clients come or go", async {
            while self.metric(&name).await != count {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }

    /// Tells the server to stop.
    pub fn begin_stop(&self) {
        self.stop.cancel();
    }

    /// Waits until the server has stopped.
    pub async fn stopped(self) {
        within("the server stops", self.running).await.unwrap();
    }
}

/// See [`Served::keep_publishing`].
pub struct Publisher(JoinHandle<()>);

impl Drop for Publisher {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A payload with its number.
pub fn payload(n: u64) -> String {
    format!("{{\"n\":{n}}}")
}

/// Payloads with the numbers of a range.
pub fn payloads(range: std::ops::RangeInclusive<u64>) -> Vec<String> {
    range.map(payload).collect()
}

/// The envelope that carries `payload(seq)` as update `seq`.
pub fn envelope(seq: u64) -> String {
    format!("{{\"seq\":{seq},\"data\":{{\"n\":{seq}}}}}")
}

/// A pipe to a server: one end for it, one for us.
pub fn pipe(bytes: usize) -> (Stream, Raw) {
    let (theirs, ours) = tokio::io::duplex(bytes);
    (Stream::Other(Box::new(theirs)), Raw::new(ours))
}
