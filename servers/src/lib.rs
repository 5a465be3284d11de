//! What is compared: one feed, carried to clients in several ways.
//!
//! `feed` is a short log and its cursors; `transport` is the table of ways to wait for it; `listen`
//! and `http` are what all of them share, so that a difference between two results can only come
//! from a transport's file. `run` puts them together. In: payloads over `POST /publish`. Out:
//! envelopes, on the wire.

pub mod feed;
pub mod http;
pub mod knob;
pub mod listen;
mod run;
pub mod shutdown;
mod tally;
pub mod tls;
pub mod transport;
mod waiters;

pub use feed::Feed;
pub use http::{ANSWER_BYTES, HEADERS, HeadSize, kaazing_answer};
pub use knob::{Knob, KnobKind, Params};
pub use listen::{Control, Listeners, Stream, listen_tcp};
pub use run::{Config, Server, run};
pub use tls::{BadTls, Tls};
pub use transport::{ALL, Context, Reply, Serve, Task, Transport, find, text_frame};

/// How long `run` takes at most to say good-bye to everyone after it was told to stop.
pub use run::STOP_WITHIN;
pub use tokio_util::sync::CancellationToken;
