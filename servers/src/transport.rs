//! The table of transports. A sixth is one file here, one line below, and the same in the harness's
//! clients.

mod heartbeat;
mod long_poll;
mod poll;
mod short_poll;
mod sse;
mod tcp;
mod websocket;

pub use websocket::text_frame;

use std::future::Future;
use std::ops::Deref;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use hyper::body::Incoming;
use hyper::{Request, Response};
use tokio_util::task::TaskTracker;

use crate::Feed;
use crate::feed::{Cursor, Encode, Encoder, Limit, Start};
use crate::http::{self, Body};
use crate::knob::{Knob, Params};
use crate::listen::Stream;
use crate::run::Shared;
use crate::shutdown::Shutdown;
use crate::tally::{Present, Tally};

/// All transports, in the order of the tables in the reports.
pub static ALL: &[Transport] = &[
    short_poll::TRANSPORT,
    long_poll::TRANSPORT,
    sse::TRANSPORT,
    websocket::TRANSPORT,
    tcp::TRANSPORT,
];

/// The transport of this name.
pub fn find(name: &str) -> Option<&'static Transport> {
    ALL.iter().find(|transport| transport.name == name)
}

/// One way to carry the feed to a client.
#[derive(Debug)]
pub struct Transport {
    /// As in scenarios, paths, columns and charts.
    pub name: &'static str,
    /// The whole idea, in one line.
    pub about: &'static str,
    /// What can be set on the server's side.
    pub knobs: &'static [Knob],
    /// Frames updates: done once for all clients that stand at the same place.
    pub encode: Encode,
    /// Serves one request or one connection.
    pub serve: Serve,
}

/// How a transport gets hold of its clients.
#[derive(Clone, Copy, Debug)]
pub enum Serve {
    /// One request at a time, on the shared HTTP listener, at the path of the transport's name.
    Http(fn(Request<Incoming>, Context) -> Task<Reply>),
    /// A connection of its own, without HTTP. One transport at most: nothing in the bytes would tell
    /// which one a client wants, and there is one such port.
    Socket(fn(Stream, Context) -> Task<()>),
}

/// What is being done for one client.
pub type Task<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// The answer to one request.
pub type Reply = Response<Body>;

/// All that a transport may know. A clone is the same context.
#[derive(Clone)]
pub struct Context {
    surroundings: Arc<Surroundings>,
    /// The seq at which the last answer of a poll on this connection ended.
    pub ended: Option<u64>,
}

/// See [`Context`].
#[allow(clippy::struct_excessive_bools)] // as in Config
pub struct Surroundings {
    /// What is carried.
    pub feed: Feed,
    /// The transport's own settings.
    pub params: Params,
    /// When to say good-bye.
    pub shutdown: Shutdown,
    /// Whether what one wake-up finds ready goes out in one write.
    pub coalesce: bool,
    latest_value: bool,
    burn: Duration,
    /// Whether clients may publish.
    pub allow_publish: bool,
    /// How many bytes an answer's head is to have, if not as few as it takes.
    pub answer_bytes: Option<usize>,
    encode: Encode,
    encoder: OnceLock<Encoder>,
    tasks: TaskTracker,
    tally: Arc<Tally>,
}

/// What one write carries at most: the memory that one client may make us hold. A larger update
/// goes alone.
const WRITE: Limit = Limit { updates: 1000, bytes: 256 << 10 };

impl Context {
    pub(crate) fn new(transport: &Transport, params: Params, with: &Shared) -> Self {
        let surroundings = Arc::new(Surroundings {
            feed: with.feed.clone(),
            answer_bytes: http::answer_bytes(&params),
            params,
            shutdown: with.shutdown.clone(),
            coalesce: with.coalesce,
            latest_value: with.latest_value,
            burn: with.burn,
            allow_publish: with.allow_publish,
            encode: transport.encode,
            encoder: OnceLock::new(),
            tasks: with.tasks.clone(),
            tally: Arc::default(),
        });
        Self { surroundings, ended: None }
    }

    /// The same for a request on a connection whose last answer ended at this seq.
    pub(crate) fn continuing(&self, ended: Option<u64>) -> Self {
        Self { surroundings: Arc::clone(&self.surroundings), ended }
    }

    /// A client that starts at `start`, and skips to the newest update where only that matters.
    pub fn cursor(&self, start: Start) -> Cursor {
        let cursor = self.feed.cursor(start);
        if self.latest_value { cursor.newest_only() } else { cursor }
    }

    /// The transport's framing, shared by all its clients, at most `limit` at once.
    pub fn encoder(&self, limit: Limit) -> &Encoder {
        self.encoder.get_or_init(|| Encoder::new(self.encode, limit))
    }

    /// The framing of a push transport: what one wake-up finds ready goes out in one write, or,
    /// without coalescing, in one write each.
    pub fn push_encoder(&self) -> &Encoder {
        let updates = if self.coalesce { WRITE.updates } else { 1 };
        self.encoder(Limit { updates, ..WRITE })
    }

    /// Counts a client as present until the guard is dropped.
    pub fn enter(&self) -> Present {
        self.tally.enter()
    }

    /// Runs a task that the stop waits for.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(task);
    }

    /// Counts updates that go out, and wastes the time for each that a test has asked for. It is the
    /// clock's time: what another process takes of it is not made up for.
    pub fn delivered(&self, updates: u64) {
        self.tally().delivered(updates);
        if !self.burn.is_zero() {
            let spin = self.burn.saturating_mul(u32::try_from(updates).unwrap_or(u32::MAX));
            let began = Instant::now();
            while began.elapsed() < spin {
                std::hint::spin_loop();
            }
        }
    }

    /// The counters of the transport.
    pub fn tally(&self) -> &Arc<Tally> {
        &self.surroundings.tally
    }
}

/// Says no to a second transport that wants the port without HTTP: it would never see a client.
pub(crate) fn one_socket<'a>(
    transports: impl Iterator<Item = &'a Transport>,
) -> Result<(), String> {
    let sockets = transports.filter(|transport| matches!(transport.serve, Serve::Socket(_)));
    match sockets.map(|transport| transport.name).collect::<Vec<_>>()[..] {
        [] | [_] => Ok(()),
        [first, second, ..] => Err(format!(
            "\"{first}\" and \"{second}\" both want the port without HTTP: give the second a \
             listener of its own in `Listeners`, or let it be `Serve::Http`"
        )),
    }
}

impl Deref for Context {
    type Target = Surroundings;

    fn deref(&self) -> &Surroundings {
        &self.surroundings
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_at_most_one_transport_with_sockets_of_its_own() {
        assert_eq!(one_socket(ALL.iter()), Ok(()));
    }

    #[test]
    fn a_second_one_is_refused_by_name() {
        let second = Transport { name: "carrier-pigeon", ..tcp::TRANSPORT };
        let problem = one_socket(ALL.iter().chain([&second])).unwrap_err();
        assert!(problem.starts_with("\"tcp\" and \"carrier-pigeon\" both want"), "{problem}");
    }

    #[test]
    #[should_panic(expected = "both want the port without HTTP")]
    fn a_server_does_not_start_with_a_transport_that_it_cannot_serve() {
        let tcp = find("tcp").unwrap();
        let transports = vec![(tcp, Params::default()), (tcp, Params::default())];
        let config = crate::Config { transports, ..crate::Config::default() };
        crate::Server::new(Feed::new(1, 1), config);
    }
}
