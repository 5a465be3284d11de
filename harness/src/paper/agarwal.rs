//! Sachin Agarwal, "Real-time web application roadblock: Performance penalty of HTML sockets", IEEE
//! ICC 2012: against raw TCP up to five times the bytes and up to three times the delay, worst for
//! payloads of some hundred bytes.
//!
//! Three times is what a long poll has at worst (RFC 6202, section 2.2): an update that comes just
//! after an answer has left waits for that answer to arrive and the next request to come back.

use results::{Paper, Row, Run};
use scenarios::Prediction;

use super::{Published, expected, figure, ratio, row};

/// Registered in the table of papers.
pub const PUBLISHED: Published = Published { name: "agarwal", beside };

/// Those that run in a browser; raw TCP is what they are held against.
const HTML: [&str; 4] = ["short-poll", "long-poll", "sse", "websocket"];

fn beside(run: &Run) -> Paper {
    let bytes = |row: &Row| Some((row.bytes_up + row.bytes_down) as f64);
    let expected_bytes = |of: &Prediction| Some((of.bytes_up + of.bytes_down) as f64);
    let tail = |row: &Row| row.delay_p99_ns.map(|ns| ns as f64);
    let mean = |row: &Row| row.delay_mean_ns.map(|ns| ns as f64);
    Paper {
        title: "Agarwal, Real-time web application roadblock: Performance penalty of HTML sockets \
                (IEEE ICC, 2012)"
            .to_owned(),
        differs: "the paper's abstract is what was read; its servers, clients and networks are \
                  others, and short polls, which it may not have had, are in the largest figure \
                  here: each answers one with headers of its own"
            .to_owned(),
        figures: vec![
            figure(
                "most bytes over raw TCP's",
                Some(5.0),
                most(|name| over(expected(run, name), expected(run, "tcp"), expected_bytes)),
                most(|name| over(row(run, name), row(run, "tcp"), bytes)),
            ),
            figure(
                "longest p99 of the delay over raw TCP's",
                Some(3.0),
                most(|name| {
                    let tail = |of: &Prediction| Some(of.delay_p99_ns as f64);
                    over(expected(run, name), expected(run, "tcp"), tail)
                }),
                most(|name| over(row(run, name), row(run, "tcp"), tail)),
            ),
            figure(
                "longest mean delay over raw TCP's",
                None,
                most(|name| {
                    let mean = |of: &Prediction| Some(of.delay_mean_ns as f64);
                    over(expected(run, name), expected(run, "tcp"), mean)
                }),
                most(|name| over(row(run, name), row(run, "tcp"), mean)),
            ),
        ],
    }
}

fn over<T>(above: Option<&T>, below: Option<&T>, value: impl Fn(&T) -> Option<f64>) -> Option<f64> {
    ratio(above.and_then(&value), below.and_then(value))
}

fn most(of: impl Fn(&str) -> Option<f64>) -> Option<f64> {
    HTML.iter().filter_map(|name| of(name)).reduce(f64::max)
}
