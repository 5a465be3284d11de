//! Push: an update leaves when it is published, to one client after the other.

use std::collections::BTreeMap;

use results::Position;
use results::validation::{Tolerance, Unit};

use super::statistics::{line, median};
use super::{Check, Evidence, Judged, Needs, evidence::known};

const MS: f64 = 1e6;

pub const FLOOR: Check = Check {
    number: 1,
    name: "push-floor",
    condition: "tcp, sse, websocket; d = 25 ms, 10 clients, 100 updates/s",
    broken: "the delay of a push transport would not be the network's, so the harness or the link \
             adds time of its own to every figure",
    needs: Needs::Runs(&["push"]),
    judge: floor,
};

pub const FAN_OUT: Check = Check {
    number: 20,
    name: "fan-out",
    condition: "websocket, one server thread; one publish to 100, 400, 1,600 and 3,200 clients",
    broken: "the cost of one more client would not be a constant, and no capacity could be \
             worked out from it",
    needs: Needs::FullRuns(FAN_OUTS),
    judge: fan_out,
};

const FAN_OUTS: &[&str] = &["fan-out-100", "fan-out-400", "fan-out-1600", "fan-out-3200"];

fn floor(evidence: &Evidence) -> Result<Judged, String> {
    let mut judged = Judged::default();
    let mut medians = Vec::new();
    for transport in ["tcp", "sse", "websocket"] {
        let seen = evidence.seen("push", transport)?;
        let p50 = known(seen.row.delay_p50_ns, "the median delay")?;
        let predicted = seen.one_way_ns() + seen.eps_ns();
        judged.time(format!("{transport} p50"), predicted, p50, Tolerance::Within(MS));
        match seen.row.delay_p99_ns {
            Some(p99) => judged.time(
                format!("{transport} p99 − p50"),
                0.0,
                p99 as f64 - p50,
                Tolerance::AtMost(2.0 * MS),
            ),
            None => judged.note(format!(
                "p99 of {transport} is left out: {} publishes do not carry one",
                seen.row.published
            )),
        }
        medians.push((transport, p50));
    }
    for (transport, p50) in &medians[1..] {
        let beyond = p50 - medians[0].1;
        judged.time(format!("{transport} − tcp, p50"), 0.0, beyond, Tolerance::Within(MS));
    }
    Ok(judged)
}

/// From the first arrival of a publish to its last, over the publishes that were kept in full.
fn spread_ns(positions: &[Position]) -> f64 {
    let mut ends: BTreeMap<u64, (u64, u64)> = BTreeMap::new();
    for position in positions {
        let (first, last) = ends.entry(position.publish).or_insert((u64::MAX, 0));
        *first = position.delay_ns.min(*first);
        *last = position.delay_ns.max(*last);
    }
    median(ends.values().map(|(first, last)| (last - first) as f64))
}

fn fan_out(evidence: &Evidence) -> Result<Judged, String> {
    let mut points = Vec::new();
    let mut judged = Judged::default();
    for name in FAN_OUTS {
        let seen = evidence.seen(name, "websocket")?;
        let spread = spread_ns(&seen.loaded.positions);
        points.push((seen.row.clients as f64, spread));
    }
    let (slope, determination) = line(&points);
    let floor = Tolerance::AtLeast;
    judged.hold(
        "R² of last − first arrival over clients",
        0.99,
        determination,
        floor,
        Unit::Number,
    );
    judged.note(format!("c = {slope:.0} ns per client"));
    Ok(judged)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spread_is_that_of_the_median_publish() {
        let at = |publish, delay_ns| Position { publish, delay_ns, ..Position::default() };
        let positions = [at(1, 5), at(1, 25), at(2, 10), at(2, 11), at(3, 0), at(3, 500)];
        assert!((spread_ns(&positions) - 20.0).abs() < 1e-12);
    }
}
