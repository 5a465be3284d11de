//! `POST /publish`: one payload per line, all or none.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body as _, Incoming};
use hyper::{Request, StatusCode};

use super::{Refusal, json};
use crate::Feed;
use crate::feed::Payload;
use crate::transport::Reply;

/// A body may be this long.
const BODY_BYTES: usize = 16 << 20;

/// A body must be complete after this time; a publisher that stalls holds what it has sent so far
/// in our memory.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

pub(super) async fn publish(request: Request<Incoming>, feed: Feed) -> Reply {
    match body(request).await {
        Ok(body) => match Payload::lines(&body) {
            Ok(payloads) => {
                // Those who wake up run after this task has written its answer: they do not delay
                // the publisher.
                let head = feed.publish(payloads);
                json(format!("{{\"cursor\":\"{}\"}}", feed.place(head)).into())
            }
            Err(problem) => Refusal::bad_request(problem.to_string()).into(),
        },
        Err(refusal) => refusal.into(),
    }
}

async fn body(request: Request<Incoming>) -> Result<Bytes, Refusal> {
    let too_large =
        || Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "the body is longer than 16 MiB");
    // Said before the body is asked for, so that a client with `Expect: 100-continue` does not send
    // it at all.
    if request.body().size_hint().lower() > BODY_BYTES as u64 {
        return Err(too_large());
    }
    let body = Limited::new(request.into_body(), BODY_BYTES).collect();
    match tokio::time::timeout(BODY_TIMEOUT, body).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(problem)) if problem.is::<LengthLimitError>() => Err(too_large()),
        Ok(Err(problem)) => Err(Refusal::bad_request(format!("body: {problem}"))),
        Err(_) => Err(Refusal::new(StatusCode::REQUEST_TIMEOUT, "body: not complete after 30 s")),
    }
}
