//! Rules about the link between clients and server, where there is one.

use super::{Blame, Evidence, Rule, measurement::percent};
use crate::Verdict;

pub(super) static RULES: &[Rule] = &[
    Rule {
        name: "link-bytes",
        severity: Verdict::Suspect,
        threshold: 0.0,
        reason: "codecs and link count the same bytes independently, over the connections' whole \
                 life, so any difference is a mistake of one of them",
        blames: Blame::Run,
        fires: link_bytes,
    },
    Rule {
        name: "link-drops",
        severity: Verdict::Suspect,
        threshold: 0.0,
        reason: "a packet that nobody asked to be lost costs its update a retransmission, which \
                 the scenario's link does not have",
        blames: Blame::Run,
        fires: link_drops,
    },
    Rule {
        name: "relay-late",
        severity: Verdict::Suspect,
        threshold: 1e6,
        reason: "a packet that leaves the relay later than the link says is delay of this \
                 machine's; one in a hundred may be 1 ms late (the threshold, in ns)",
        blames: Blame::Machine,
        fires: relay_late,
    },
    Rule {
        name: "relay-cpu",
        severity: Verdict::Suspect,
        // A quarter is left for what comes in bursts.
        threshold: 0.75,
        reason: "a relay without CPU to spare is a bottleneck that the scenario does not have",
        blames: Blame::Run,
        fires: relay_cpu,
    },
];

fn link_bytes(evidence: &Evidence, _: f64) -> Option<String> {
    let row = evidence.row;
    let (causes, link) = (row.life_cause_bytes?, row.life_link_bytes?);
    (causes != link).then(|| {
        format!(
            "the causes of the connections' whole life sum up to {causes} bytes and the link \
             carried {link}: do not quote bytes of this run"
        )
    })
}

fn link_drops(evidence: &Evidence, _: f64) -> Option<String> {
    let drops = evidence.row.link_unasked_drops.filter(|drops| *drops > 0)?;
    Some(format!(
        "{drops} packets were dropped by the devices of the link and not by its effects: ramp more \
         slowly, or send less at once"
    ))
}

fn relay_late(evidence: &Evidence, most_ns: f64) -> Option<String> {
    let late_ns = evidence.row.relay_late_p99_ns.filter(|late_ns| *late_ns as f64 > most_ns)?;
    Some(format!(
        "one packet in a hundred left the link more than {:.2} ms late: stop what else runs on the \
         machine, or give the relay a core of its own",
        late_ns as f64 / 1e6
    ))
}

fn relay_cpu(evidence: &Evidence, share: f64) -> Option<String> {
    let row = evidence.row;
    // A relay that watches the clock has CPU to spare.
    let used = row.relay_work_ns().filter(|_| row.window_ns > 0)? as f64 / row.window_ns as f64;
    (used > share).then(|| {
        format!(
            "the relay of the link used {} of its core: use fewer clients or a slower feed",
            percent(used)
        )
    })
}
