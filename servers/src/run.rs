//! A server: listeners, a feed and transports, until it is told to stop.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::Feed;
use crate::http::{self, Routes};
use crate::knob::Params;
use crate::listen::{Control, Listeners, Stream, accept};
use crate::shutdown::{Phase, Shutdown};
use crate::tally::{Door, Tally};
use crate::tls::Tls;
use crate::transport::{self, Context, Serve, Task, Transport};

/// How long `run` takes at most to say good-bye to everyone after it was told to stop.
pub const STOP_WITHIN: Duration = Duration::from_secs(2);

/// The time for good-byes.
const GOOD_BYES: Duration = Duration::from_millis(1500);

/// The time for those who did not use it to end; with the good-byes less than [`STOP_WITHIN`].
const LAST_LOOK: Duration = Duration::from_millis(300);

/// What is served, and how.
#[allow(clippy::struct_excessive_bools)] // each is a condition of its own
pub struct Config {
    /// The transports and their settings.
    pub transports: Vec<(&'static Transport, Params)>,
    /// What one wake-up finds ready goes out in one write; otherwise one write per update.
    pub coalesce: bool,
    /// `TCP_NODELAY` on both public ports; `false` leaves Nagle's algorithm on. The control endpoint
    /// always has it.
    pub nodelay: bool,
    /// Only the newest value matters: who finds several updates ready is sent the last of them, and
    /// the others are skipped without a gap.
    pub latest_value: bool,
    /// For tests of comparisons: how long the server spins for each update that it delivers.
    pub burn: Duration,
    /// Clients may publish: `POST /publish` on the public listener, and text messages over
    /// WebSocket.
    pub allow_publish: bool,
    /// What clients speak under every transport, on both public ports; never on the control
    /// endpoint.
    pub tls: Option<Tls>,
}

impl Default for Config {
    /// Nothing is served yet; the rest is as `feedlab serve` has it.
    fn default() -> Self {
        Self {
            transports: Vec::new(),
            coalesce: true,
            nodelay: true,
            latest_value: false,
            burn: Duration::ZERO,
            allow_publish: false,
            tls: None,
        }
    }
}

/// What all connections of a server have in common.
#[allow(clippy::struct_excessive_bools)] // as in Config
pub(crate) struct Shared {
    pub(crate) feed: Feed,
    pub(crate) shutdown: Shutdown,
    pub(crate) tasks: TaskTracker,
    pub(crate) door: Door,
    pub(crate) coalesce: bool,
    nodelay: bool,
    pub(crate) latest_value: bool,
    pub(crate) burn: Duration,
    pub(crate) allow_publish: bool,
    tallies: OnceLock<Vec<(&'static str, Arc<Tally>)>>,
}

impl Shared {
    /// The counters of the transports that are served.
    pub(crate) fn tallies(&self) -> impl Iterator<Item = (&'static str, &Tally)> {
        let tallies = self.tallies.get().map(Vec::as_slice).unwrap_or_default();
        tallies.iter().map(|(name, tally)| (*name, &**tally))
    }
}

type ServeSocket = fn(Stream, Context) -> Task<()>;

/// A server without its listeners: it serves any stream that it is given.
#[derive(Clone)]
pub struct Server {
    shared: Arc<Shared>,
    public: Arc<Routes>,
    control: Arc<Routes>,
    socket: Option<(ServeSocket, Context)>,
    tls: Option<Tls>,
}

impl Server {
    /// A server that serves `feed` as `config` says. Panics if that has two transports with sockets
    /// of their own, which is a mistake in the table and not of the person who runs it.
    pub fn new(feed: Feed, config: Config) -> Self {
        let transports = config.transports.iter().map(|(transport, _)| *transport);
        transport::one_socket(transports).unwrap_or_else(|problem| panic!("{problem}"));
        let shared = Arc::new(Shared {
            feed,
            shutdown: Shutdown::default(),
            tasks: TaskTracker::new(),
            door: Door::default(),
            coalesce: config.coalesce,
            nodelay: config.nodelay,
            latest_value: config.latest_value,
            burn: config.burn,
            allow_publish: config.allow_publish,
            tallies: OnceLock::new(),
        });
        let served: Vec<_> = config
            .transports
            .into_iter()
            .map(|(transport, params)| (transport, Context::new(transport, params, &shared)))
            .collect();
        let tallies =
            served.iter().map(|(transport, context)| (transport.name, Arc::clone(context.tally())));
        shared.tallies.get_or_init(|| tallies.collect());
        let socket = served.iter().find_map(|(transport, context)| match transport.serve {
            Serve::Socket(serve) => Some((serve, context.clone())),
            Serve::Http(_) => None,
        });
        let paths = served
            .iter()
            .filter(|(transport, _)| matches!(transport.serve, Serve::Http(_)))
            .map(|(transport, context)| {
                (format!("/{}", transport.name), transport.serve, context.clone())
            });
        let routes = |transports, publish| {
            Arc::new(Routes { shared: Arc::clone(&shared), transports, publish })
        };
        Self {
            public: routes(paths.collect(), config.allow_publish),
            control: routes(Vec::new(), true),
            shared: Arc::clone(&shared),
            socket,
            tls: config.tls,
        }
    }

    /// Serves the HTTP transports on this stream.
    pub fn http(&self, stream: Stream) {
        self.secure(stream, |server, stream| {
            server.shared.tasks.spawn(http::serve(stream, Arc::clone(&server.public)));
        });
    }

    /// Serves `POST /publish` on this stream.
    pub fn control(&self, stream: Stream) {
        self.shared.tasks.spawn(http::serve(stream, Arc::clone(&self.control)));
    }

    /// Serves the transport that has sockets of its own on this stream.
    pub fn socket(&self, stream: Stream) {
        self.secure(stream, |server, stream| {
            if let Some((serve, context)) = &server.socket {
                server.shared.tasks.spawn(serve(stream, context.clone()));
            }
        });
    }

    /// Serves the stream, behind its handshake if there is TLS. The handshake has a task of its
    /// own: it delays nobody, and what serves the client afterwards is no larger for it.
    fn secure(&self, stream: Stream, serve: fn(&Self, Stream)) {
        let Some(tls) = self.tls.clone() else { return serve(self, stream) };
        let server = self.clone();
        self.shared.tasks.spawn(async move {
            let Shared { door, shutdown, .. } = &*server.shared;
            if let Some(stream) = tls.accept(stream, door, shutdown).await {
                serve(&server, stream);
            }
        });
    }

    /// Accepts from the listeners until `stop`, and returns when everyone was told, within
    /// [`STOP_WITHIN`].
    pub async fn run(self, listeners: Listeners, stop: CancellationToken) {
        let doors = TaskTracker::new();
        let open = |listener: Option<Control>, nodelay: bool, serve: fn(&Self, Stream)| {
            if let Some(listener) = listener {
                let server = self.clone();
                doors.spawn(async move {
                    let Shared { door, shutdown, .. } = &*server.shared;
                    accept(listener, nodelay, door, shutdown, |stream| serve(&server, stream))
                        .await;
                });
            }
        };
        let nodelay = self.shared.nodelay;
        open(listeners.http.map(Control::Tcp), nodelay, Self::http);
        open(listeners.tcp.map(Control::Tcp), nodelay, Self::socket);
        open(listeners.control, true, Self::control);
        stop.cancelled().await;
        self.stop(&doors).await;
    }

    async fn stop(&self, doors: &TaskTracker) {
        self.shared.shutdown.advance(Phase::Stopping);
        let everyone = async {
            doors.close();
            doors.wait().await;
            self.shared.tasks.close();
            self.shared.tasks.wait().await;
        };
        if tokio::time::timeout(GOOD_BYES, everyone).await.is_err() {
            // Whoever is still here does not read. One look at the phase ends them.
            self.shared.shutdown.advance(Phase::Now);
            let _ = tokio::time::timeout(LAST_LOOK, self.shared.tasks.wait()).await;
        }
    }
}

/// Serves `feed` on `listeners` until `shutdown` is cancelled; returns when drained.
pub async fn run(listeners: Listeners, feed: Feed, config: Config, shutdown: CancellationToken) {
    Server::new(feed, config).run(listeners, shutdown).await;
}
