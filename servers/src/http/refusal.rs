//! Answers to requests that cannot be served: a status, and a sentence for the person who can fix
//! it.

use std::borrow::Cow;

use hyper::StatusCode;
use hyper::header::{ALLOW, HeaderName, HeaderValue};

use super::json;
use crate::transport::Reply;

/// Why a request is not served.
pub(crate) struct Refusal {
    status: StatusCode,
    problem: Cow<'static, str>,
    /// The headers that tell how to do better.
    hints: Vec<(HeaderName, &'static str)>,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, problem: impl Into<Cow<'static, str>>) -> Self {
        Self { status, problem: problem.into(), hints: Vec::new() }
    }

    /// 400; the problem names the field.
    pub(crate) fn bad_request(problem: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, problem)
    }

    /// 405; RFC 9110 section 15.5.6 wants the methods that are allowed.
    pub(crate) fn method(allowed: &'static str) -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, format!("the method must be {allowed}"))
            .hint(ALLOW, allowed)
    }

    pub(crate) fn hint(mut self, name: HeaderName, value: &'static str) -> Self {
        self.hints.push((name, value));
        self
    }
}

impl From<Refusal> for Reply {
    fn from(refusal: Refusal) -> Self {
        let body = serde_json::json!({ "error": refusal.problem }).to_string();
        let mut reply = json(body.into());
        *reply.status_mut() = refusal.status;
        for (name, value) in refusal.hints {
            reply.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        reply
    }
}
