//! Engin Bozdag, Ali Mesbah and Arie van Deursen, "A Comparison of Push and Pull Techniques for
//! AJAX", WSE 2007 (arXiv 0706.3984): data coherence, network and server load of a feed that is
//! pushed (Bayeux over Jetty, a long poll by its nature) or pulled.
//!
//! Its conclusion: push is more coherent, and its server uses seven times the CPU of a pulled one
//! and saturates at 350 to 500 users. Whoever pulls as often as updates come does well, it says; that
//! is what a feed and a poll in step look like, when each client's wait is a constant.

use results::{Paper, Row, Run};

use super::{Published, expected, figure, ratio, row};

/// Registered in the table of papers.
pub const PUBLISHED: Published = Published { name: "bozdag", beside };

fn beside(run: &Run) -> Paper {
    let cpu = |transport| {
        let row: &Row = row(run, transport)?;
        Some(row.server_cpu_ns as f64 / row.window_ns.max(1) as f64)
    };
    let in_sync = |what: &str, transport| {
        let computed = expected(run, transport).and_then(|of| of.in_sync);
        figure(what, None, computed, row(run, transport).and_then(|row| row.in_sync))
    };
    Paper {
        title: "Bozdag, Mesbah and van Deursen, A Comparison of Push and Pull Techniques for AJAX \
                (WSE, 2007)"
            .to_owned(),
        differs: "times are a tenth of the paper's, and its numbers of users and intervals are \
                  remembered and were not read again; its pushed server is a servlet container's of \
                  2007, and the ratio of CPU is that of an implementation, not of a transport"
            .to_owned(),
        figures: vec![
            figure(
                "server CPU of long polls over short polls",
                Some(7.0),
                None,
                ratio(cpu("long-poll"), cpu("short-poll")),
            ),
            figure(
                "server CPU of WebSocket over short polls",
                None,
                None,
                ratio(cpu("websocket"), cpu("short-poll")),
            ),
            in_sync("share of the time in which a short poll's client is up to date", "short-poll"),
            in_sync("the same of a long poll's", "long-poll"),
            in_sync("the same of WebSocket's", "websocket"),
        ],
    }
}
