//! A server that stands still: what push sees of it, and what a poller that times itself does not.

use results::validation::Tolerance;

use super::{Check, Evidence, Judged, Needs, evidence::known};

pub const OMISSION: Check = Check {
    number: 17,
    name: "omission",
    condition: "the server is stopped for 100 ms every 2 s, 100 times; d = 4 ms",
    broken: "the lab would fall for coordinated omission: the publisher or the delay would wait \
             with a server that stands still",
    needs: Needs::FullRuns(&["stall"]),
    judge: omission,
};

fn omission(evidence: &Evidence) -> Result<Judged, String> {
    let mut judged = Judged::default();
    let within = Tolerance::Relative(0.05);
    let push = evidence.seen("stall", "websocket")?;
    let p99 = known(push.row.delay_p99_ns, "p99")?;
    judged.time("websocket delay p99", push.theory.delay_p99_ns as f64, p99, within);
    let poll = evidence.seen("stall", "short-poll")?;
    let request = known(poll.row.request_p99_ns, "p99 of the requests")?;
    let typical = known(poll.row.request_p50_ns, "the median request")?;
    // It asks nothing while it waits, so it sees one slow request per stall.
    judged.time("what the poller says of itself, p99", typical, request, within);
    let trip = 2.0 * poll.one_way_ns();
    let longest = Tolerance::AtMost(2.0 * poll.eps_ns() + 1e6);
    judged.time("its median, against 2d", trip, typical, longest);
    Ok(judged)
}
