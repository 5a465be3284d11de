//! Long polling: what is there, as soon as there is something.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task;
use std::time::Duration;

use hyper::Request;
use hyper::body::Incoming;
use tokio::time::sleep;

use super::poll::{Poll, write_page};
use super::{Context, Reply, Serve, Task, Transport};
use crate::http::{HEADERS, Query, Refusal, at_once};

pub(super) const TRANSPORT: Transport = Transport {
    name: "long-poll",
    about: "the client asks; the answer waits until there is something, or for the hold",
    knobs: &[HEADERS],
    encode: write_page,
    serve: Serve::Http(serve),
};

/// A request waits this long unless it says otherwise. RFC 6202 section 5.5 calls 30 s the safer
/// value for what is between a client and us.
const HOLD: Duration = Duration::from_secs(25);

/// The longest wait: most of those give up after 60 s.
const LONGEST_HOLD: Duration = Duration::from_secs(55);

fn serve(request: Request<Incoming>, context: Context) -> Task<Reply> {
    let present = context.enter();
    let hold = hold(Query::new(request.uri().query())).map_err(Refusal::bad_request);
    // The request ends here: what is parked is a cursor and a deadline, not the buffer of a head.
    let read = hold.and_then(|hold| Ok((hold, Poll::read(request, context.clone())?)));
    let (hold, mut poll) = match read {
        Ok(read) => read,
        Err(refusal) => return at_once(refusal.into()),
    };
    if poll.is_ready() || hold.is_zero() {
        return at_once(poll.answer());
    }
    Box::pin(async move {
        let _present = present;
        let mut deadline = pin!(sleep(hold));
        poll_fn(|cx| {
            // hyper's connection is in this task, and watches the stop.
            if context.shutdown.is_stopping() || poll.cursor.poll_ready(cx).is_ready() {
                return task::Poll::Ready(());
            }
            deadline.as_mut().poll(cx)
        })
        .await;
        poll.answer()
    })
}

/// Seconds, with a fraction if need be.
fn hold(query: Query<'_>) -> Result<Duration, String> {
    let Some(hold) = query.get("hold")? else { return Ok(HOLD) };
    let plain = hold.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let seconds = hold.parse().ok().filter(|_| plain);
    match seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()) {
        Some(hold) if hold <= LONGEST_HOLD => Ok(hold),
        _ => Err(format!("hold: must be between 0 and 55 seconds, not \"{hold}\"")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hold_is_seconds_up_to_55() {
        let read = |query| hold(Query::new(Some(query)));
        assert_eq!(read(""), Ok(HOLD));
        assert_eq!(read("hold=0"), Ok(Duration::ZERO));
        assert_eq!(read("hold=0.25"), Ok(Duration::from_millis(250)));
        assert_eq!(read("hold=55"), Ok(LONGEST_HOLD));
        for bad in [
            "hold=55.1",
            "hold=-1",
            "hold=1e1",
            "hold=",
            "hold=.",
            "hold=inf",
            "hold=25s",
            "hold=1&hold=1",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
