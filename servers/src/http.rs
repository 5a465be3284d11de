//! HTTP/1.1 for all transports that speak it: one configuration, one way from a request to its
//! transport.

mod body;
mod checks;
mod metrics;
mod patience;
mod publish;
mod query;
mod refusal;
mod weight;

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{self, Poll, ready};

use hyper::body::{Body as _, Incoming};
use hyper::server::conn::http1;
use hyper::service::Service;
use hyper::{Method, Request, Response, StatusCode, header};
use hyper_util::rt::TokioIo;

pub use body::{Body, Upgrade};
pub(crate) use checks::is_token_listed;
pub(crate) use query::Query;
pub(crate) use refusal::Refusal;
pub use weight::{ANSWER_BYTES, HEADERS, HeadSize, kaazing_answer};
pub(crate) use weight::{answer_bytes, pad};

use crate::listen::Stream;
use crate::run::Shared;
use crate::shutdown::Phase;
use crate::transport::{Context, Reply, Serve, Task};
use patience::{Head, Patient};

/// A request's head may be this long; hyper answers a longer one with 431.
const HEAD_BYTES: usize = 16 << 10;

/// How often one turn asks hyper to go on with a paced body, which makes two writes each time.
/// tokio lets a task do 128 things to its sockets in one turn, and then lets each of them fail.
const ROUNDS: usize = 50;

/// The one configuration. It has no timer on purpose: hyper's header timeout would also run on an
/// idle keep-alive connection, and a poll interval above it would silently become a new connection
/// per poll. `Patient` times heads.
fn builder() -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder.max_buf_size(HEAD_BYTES).header_read_timeout(None).half_close(false).keep_alive(true);
    builder
}

/// What is reachable through one listener.
pub(crate) struct Routes {
    pub(crate) shared: Arc<Shared>,
    /// Path, how to serve it, and with what.
    pub(crate) transports: Vec<(String, Serve, Context)>,
    pub(crate) publish: bool,
}

/// Serves one connection until it ends, is upgraded or the server stops.
pub(crate) async fn serve(stream: Stream, routes: Arc<Routes>) {
    let mut watch = routes.shared.shutdown.watch();
    let requests = Arc::new(Requests::default());
    let io = TokioIo::new(Patient::new(stream, Arc::clone(&requests)));
    let service = Routed { routes, requests: Arc::clone(&requests) };
    let mut connection = builder().serve_connection(io, service);
    let mut told = false;
    let served = poll_fn(|cx| {
        match watch.poll_phase(cx) {
            Phase::Serving => {}
            Phase::Stopping if told => {}
            Phase::Stopping => {
                told = true;
                Pin::new(&mut connection).graceful_shutdown();
            }
            Phase::Now => return Poll::Ready(false),
        }
        for _ in 0..ROUNDS {
            let ended = Pin::new(&mut connection).poll(cx);
            if ended.is_ready() || !requests.is_to_go_on() {
                // An error is the client's: it is gone, or was told with a 4xx. There is nobody
                // left to tell.
                return ended.map(|ended| ended.is_ok());
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    });
    if served.await
        && let Some(upgrade) = requests.take_upgrade()
    {
        let parts = connection.into_parts();
        let (stream, ahead) = parts.io.into_inner().into_parts();
        let read = if ahead.is_empty() {
            parts.read_buf
        } else {
            [&parts.read_buf[..], &ahead].concat().into()
        };
        upgrade(stream, read);
    }
}

/// What the stream, the service and the task of one connection know of its requests.
#[derive(Default)]
struct Requests {
    head: Head,
    upgrade: Mutex<Option<Upgrade>>,
    /// A paced body has more, or another request is here already.
    go_on: AtomicBool,
    /// Bytes of a later request are here.
    ahead: AtomicBool,
    /// The seq at which the last answer of a poll ended, and one more; 0 if there was none.
    ended: AtomicU64,
}

impl Requests {
    fn put_upgrade(&self, upgrade: Upgrade) {
        *self.upgrade.lock().unwrap_or_else(PoisonError::into_inner) = Some(upgrade);
    }

    fn take_upgrade(&self) -> Option<Upgrade> {
        self.upgrade.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn go_on(&self) {
        self.go_on.store(true, Ordering::Relaxed);
    }

    fn is_to_go_on(&self) -> bool {
        self.go_on.load(Ordering::Relaxed) && self.go_on.swap(false, Ordering::Relaxed)
    }

    fn set_ahead(&self, ahead: bool) {
        self.ahead.store(ahead, Ordering::Relaxed);
    }

    /// hyper waits for bytes from the stream, and knows nothing of those that are here.
    fn is_answered(&self) {
        self.head.is_answered();
        if self.ahead.load(Ordering::Relaxed) {
            self.go_on();
        }
    }

    fn set_ended(&self, seq: u64) {
        self.ended.store(seq.saturating_add(1), Ordering::Relaxed);
    }

    fn ended(&self) -> Option<u64> {
        self.ended.load(Ordering::Relaxed).checked_sub(1)
    }
}

/// A listener's routes as a hyper service for one connection.
struct Routed {
    routes: Arc<Routes>,
    requests: Arc<Requests>,
}

impl Service<Request<Incoming>> for Routed {
    type Response = Reply;
    type Error = Infallible;
    type Future = Answer;

    fn call(&self, request: Request<Incoming>) -> Answer {
        self.requests.head.is_complete(!request.body().is_end_stream());
        let task = self.routes.route(request, self.requests.ended());
        Answer { task, requests: Arc::clone(&self.requests) }
    }
}

/// An answer in the making. hyper asks for a `Result`; our services answer everything.
struct Answer {
    task: Task<Reply>,
    requests: Arc<Requests>,
}

impl Future for Answer {
    type Output = Result<Reply, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Self::Output> {
        let mut reply = ready!(self.task.as_mut().poll(cx));
        self.requests.is_answered();
        reply.body_mut().announce(&self.requests);
        Poll::Ready(Ok(reply))
    }
}

impl Routes {
    /// `ended` is where the last answer on the connection ended.
    fn route(self: &Arc<Self>, request: Request<Incoming>, ended: Option<u64>) -> Task<Reply> {
        if let Err(refusal) = checks::request(&request) {
            return at_once(refusal.into());
        }
        let path = request.uri().path();
        if let Some((_, Serve::Http(serve), context)) =
            self.transports.iter().find(|(served, ..)| served == path)
        {
            return serve(request, context.continuing(ended));
        }
        match path {
            "/publish" if self.publish => {
                if request.method() == Method::POST {
                    Box::pin(publish::publish(request, self.shared.feed.clone()))
                } else {
                    at_once(Refusal::method("POST").into())
                }
            }
            "/healthz" | "/metrics" if !is_read(request.method()) => {
                at_once(Refusal::method("GET, HEAD").into())
            }
            "/healthz" => at_once(metrics::health(&self.shared)),
            "/metrics" => at_once(metrics::metrics(&self.shared)),
            _ => at_once(
                Refusal::new(StatusCode::NOT_FOUND, "nothing is served at this path").into(),
            ),
        }
    }
}

/// Whether the method only reads.
pub(crate) fn is_read(method: &Method) -> bool {
    *method == Method::GET || *method == Method::HEAD
}

/// An answer that needs no waiting.
pub(crate) fn at_once(reply: Reply) -> Task<Reply> {
    Box::pin(std::future::ready(reply))
}

/// A JSON answer; hyper adds the Content-Length.
pub(crate) fn json(body: bytes::Bytes) -> Reply {
    let mut reply = Response::new(Body::full(body));
    let json = header::HeaderValue::from_static("application/json");
    reply.headers_mut().insert(header::CONTENT_TYPE, json);
    reply
}
