//! Brecht Van de Vyvere, Pieter Colpaert and Ruben Verborgh, "Comparing a Polling and Push-Based
//! Approach for Live Open Data Interfaces" (2020): a JSON of 5.2 kB every 5 s to up to 25,000
//! clients, by server-sent events or polled 500 ms after each answer.
//!
//! A server that answers at most R polls a second lets N clients look once in N/R seconds; one that
//! pushes to N clients at a time needs N·c for it. So the longest delay that a consumer accepts at
//! which polling carries as many clients as pushing is MAL* = N_push / R_max, and with N_push = X/c
//! and R_max = 1/c_poll it is X · c_poll / c: the two costs decide, and no number of clients.

use results::{Paper, Row, Run};

use super::{Published, figure, ratio, row};

/// Registered in the table of papers.
pub const PUBLISHED: Published = Published { name: "vandevyvere", beside };

/// Clients that its pushing server carried, and polls a second that its polled one answered.
const PUSHED_CLIENTS: f64 = 25_000.0;
const POLLS_PER_SECOND: f64 = 2_520.0;

fn beside(run: &Run) -> Paper {
    let period_s = run.scenario.feed.rate.period_ns() as f64 / 1e9;
    paper(period_s, row(run, "short-poll"), row(run, "sse"))
}

fn paper(period_s: f64, poll: Option<&Row>, push: Option<&Row>) -> Paper {
    let per_request = |row: &Row| row.server_cpu_ns as f64 / row.requests as f64;
    let poll_cpu_ns = poll.filter(|row| row.requests > 0).map(per_request);
    let costs = ratio(poll_cpu_ns, push.and_then(Row::server_cpu_per_update_ns));
    let cpu = |row: Option<&Row>| row.map(|row| row.server_cpu_ns as f64);
    Paper {
        title: "Van de Vyvere, Colpaert and Verborgh, Comparing a Polling and Push-Based Approach \
                for Live Open Data Interfaces (2020)"
            .to_owned(),
        differs: "the paper has up to 25,000 clients on 200 machines, a Node.js server, and nginx \
                  as a cache before the polled one; here 500 clients and both servers are idle \
                  most of the time, so a cost is that of single wake-ups and not of a full server"
            .to_owned(),
        figures: vec![
            figure(
                "longest acceptable delay from which on polling carries as many clients, s",
                Some(10.0),
                Some(PUSHED_CLIENTS / POLLS_PER_SECOND),
                costs.map(|costs| period_s * costs),
            ),
            figure("server CPU of a poll over that of a pushed update", None, None, costs),
            figure(
                "server CPU of server-sent events over polling, all in all",
                None, // the paper says less, and no number
                None,
                ratio(cpu(push), cpu(poll)),
            ),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cut_off_is_a_period_times_a_polls_cost_over_that_of_an_update() {
        let poll = Row { requests: 10, server_cpu_ns: 400, ..Row::default() };
        let push = Row { delivered: 4, server_cpu_ns: 80, ..Row::default() };
        let figures = paper(5.0, Some(&poll), Some(&push)).figures;
        let measured: Vec<_> = figures.iter().map(|figure| figure.measured).collect();
        assert_eq!(measured, [Some(10.0), Some(2.0), Some(0.2)]);
        let cut_off_s = figures[0].computed.expect("it follows from the paper's numbers");
        assert!((cut_off_s - 9.92).abs() < 0.01, "the paper rounds it to ten");
        assert!(paper(5.0, None, Some(&push)).figures.iter().all(|f| f.measured.is_none()));
    }
}
