//! `/healthz` and `/metrics`, on every listener.

use std::fmt::Write;

use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Response, StatusCode};

use super::Body;
use crate::run::Shared;
use crate::transport::Reply;

pub(super) fn health(shared: &Shared) -> Reply {
    if shared.shutdown.is_stopping() {
        text(StatusCode::SERVICE_UNAVAILABLE, "text/plain; charset=utf-8", "stopping\n".to_owned())
    } else {
        text(StatusCode::OK, "text/plain; charset=utf-8", "ok\n".to_owned())
    }
}

/// The Prometheus text format, version 0.0.4.
pub(super) fn metrics(shared: &Shared) -> Reply {
    let mut page = String::new();
    let (updates, bytes) = shared.feed.kept();
    let (accepted, refused) = shared.door.read();
    let (secured, resumed, unsecured) = shared.door.read_tls();
    for (name, kind, help, value) in [
        ("published_total", "counter", "Updates published; the newest seq.", shared.feed.head()),
        ("history_updates", "gauge", "Updates that are kept.", updates as u64),
        ("history_bytes", "gauge", "Bytes of envelopes that are kept.", bytes as u64),
        ("connections_total", "counter", "Connections accepted.", accepted),
        (
            "accept_errors_total",
            "counter",
            "Accepts that failed for want of descriptors or memory.",
            refused,
        ),
        ("tls_handshakes_total", "counter", "TLS handshakes that succeeded.", secured),
        ("tls_resumed_total", "counter", "Those of them that resumed a session.", resumed),
        (
            "tls_handshake_errors_total",
            "counter",
            "TLS handshakes that failed or took longer than 10 s.",
            unsecured,
        ),
    ] {
        family(&mut page, name, kind, help);
        let _ = writeln!(page, "feedlab_{name} {value}");
    }
    let tallies: Vec<_> = shared.tallies().collect();
    for (name, kind, help, pick) in [
        ("clients", "gauge", "Clients or requests being served.", 0),
        ("served_total", "counter", "Clients or requests served in all.", 1),
        ("delivered_total", "counter", "Updates handed to clients.", 2),
        ("gaps_total", "counter", "Gaps said to clients.", 3),
    ] {
        family(&mut page, name, kind, help);
        for (transport, tally) in &tallies {
            let (clients, served, delivered, gaps) = tally.read();
            let value = [clients, served, delivered, gaps][pick];
            let _ = writeln!(page, "feedlab_{name}{{transport=\"{transport}\"}} {value}");
        }
    }
    text(StatusCode::OK, "text/plain; version=0.0.4; charset=utf-8", page)
}

fn family(page: &mut String, name: &str, kind: &str, help: &str) {
    let _ = writeln!(page, "# HELP feedlab_{name} {help}\n# TYPE feedlab_{name} {kind}");
}

fn text(status: StatusCode, kind: &'static str, body: String) -> Reply {
    let mut reply = Response::new(Body::full(body));
    *reply.status_mut() = status;
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    reply
}
