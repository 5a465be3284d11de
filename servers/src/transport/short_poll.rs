//! Short polling: what is there, now.

use hyper::Request;
use hyper::body::Incoming;

use super::poll::{Poll, write_page};
use super::{Context, Reply, Serve, Task, Transport};
use crate::http::{HEADERS, at_once};

pub(super) const TRANSPORT: Transport = Transport {
    name: "short-poll",
    about: "the client asks again and again; each answer is whatever is there",
    knobs: &[HEADERS],
    encode: write_page,
    serve: Serve::Http(serve),
};

fn serve(request: Request<Incoming>, context: Context) -> Task<Reply> {
    let _present = context.enter();
    at_once(Poll::read(request, context).map_or_else(Reply::from, Poll::answer))
}
