//! Rules about the ledger, the instruments and the harness itself.

use super::{Blame, Evidence, Rule};
use crate::{Verdict, noise, percentile};

/// A server that uses less of its cores than this was never behind.
const BUSY: f64 = 0.5;

pub(super) static RULES: &[Rule] = &[
    Rule {
        name: "ledger",
        severity: Verdict::Invalid,
        threshold: 0.0,
        reason: "an update that is missing, doubled or out of order means that what was measured \
                 is not the feed that was published; no noise can cause it",
        blames: Blame::Run,
        fires: ledger,
    },
    Rule {
        name: "clients-not-connected",
        severity: Verdict::Suspect,
        threshold: 0.0,
        reason: "clients that never connected stay in the denominator, and those that did had an \
                 easier time",
        blames: Blame::Run,
        fires: clients_not_connected,
    },
    Rule {
        name: "declared-lost",
        severity: Verdict::Suspect,
        threshold: 0.0,
        reason: "a lost update has no delay, so the slowest deliveries may be the ones that the \
                 delay columns do not contain",
        blames: Blame::Run,
        fires: declared_lost,
    },
    Rule {
        name: "instruments",
        severity: Verdict::Suspect,
        threshold: 0.0,
        reason: "decoders and kernel count the same bytes independently, so any difference is a \
                 mistake of one of them",
        blames: Blame::Run,
        fires: instruments,
    },
    Rule {
        name: "publisher-late",
        severity: Verdict::Suspect,
        // One publish in a hundred may be more than 1 ms late; that is p99 <= 1 ms.
        threshold: 0.01,
        reason: "lateness of the publisher is inside every delay; beyond 1 ms it can be larger \
                 than what a push transport adds",
        blames: Blame::MachineUnlessShared,
        fires: publisher_late,
    },
    Rule {
        name: "worker-cpu",
        severity: Verdict::Suspect,
        threshold: 0.9,
        reason: "a load worker without CPU to spare reads late, and its lateness is taken for the \
                 server's",
        blames: Blame::Run,
        fires: worker_cpu,
    },
    Rule {
        name: "harness-limit",
        severity: Verdict::Suspect,
        threshold: 0.5,
        reason: "the limit is what the load workers record with no socket to read and no timer to \
                 serve, and those take at least as long again, so beyond half of it the harness is \
                 what is measured",
        blames: Blame::Run,
        fires: harness_limit,
    },
    Rule {
        name: "server-cpu",
        severity: Verdict::Valid,
        threshold: 0.9,
        reason: "a busy server is a result and no fault, but delays beyond this point are those \
                 of a queue",
        blames: Blame::Run,
        fires: server_cpu,
    },
    Rule {
        name: "drain",
        severity: Verdict::Suspect,
        // A backlog of less than that changes no ratio that anybody decides by.
        threshold: 0.02,
        reason: "a server that is behind at the window's end has not paid yet for all that was \
                 published in it, so its cost per update is too low",
        blames: Blame::Run,
        fires: drain,
    },
    Rule {
        name: "accept-overflow",
        severity: Verdict::Suspect,
        threshold: 0.0,
        reason: "a connection dropped from the accept queue comes back a second later, and is \
                 then measured as a slow one",
        blames: Blame::Run,
        fires: accept_overflow,
    },
    Rule {
        name: "retransmits",
        severity: Verdict::Suspect,
        threshold: 0.0,
        reason: "where nothing is lost, a retransmission means that a queue overflowed, or that \
                 somebody waited for a core longer than TCP waits for an answer",
        blames: Blame::Run,
        fires: retransmits,
    },
];

fn ledger(evidence: &Evidence, _: f64) -> Option<String> {
    let row = evidence.row;
    let faults =
        [(row.missing, "missing"), (row.duplicated, "duplicated"), (row.reordered, "out of order")];
    let found: Vec<String> = faults
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    if !found.is_empty() {
        return Some(format!(
            "of {} expected updates {}: this is not the feed that was published; \
             look for the fault before reading any number",
            row.expected,
            found.join(", ")
        ));
    }
    let accounted = row.delivered + row.lost + row.superseded;
    (accounted != row.expected).then(|| {
        format!(
            "{} updates were expected and {accounted} are accounted for, though none is called \
             missing: the ledger itself is wrong",
            row.expected
        )
    })
}

fn clients_not_connected(evidence: &Evidence, _: f64) -> Option<String> {
    let row = evidence.row;
    let missing = row.clients.saturating_sub(row.connected);
    (missing > 0).then(|| {
        format!(
            "{missing} of {} clients never connected: raise the descriptor limit, the port range \
             or the ramp (feedlab doctor shows which)",
            row.clients
        )
    })
}

fn declared_lost(evidence: &Evidence, _: f64) -> Option<String> {
    let row = evidence.row;
    (row.lost > 0).then(|| {
        format!(
            "gaps declared {} of {} updates lost: raise server.history, or read the delays as \
             those of the updates that survived",
            row.lost, row.expected
        )
    })
}

fn instruments(evidence: &Evidence, _: f64) -> Option<String> {
    let row = evidence.row;
    let differ = |direction: &str, ours: u64, kernel: u64| {
        let difference = ours.abs_diff(kernel);
        let which = if ours > kernel { "fewer" } else { "more" };
        (difference > 0).then(|| {
            format!(
                "the decoders counted {ours} bytes {direction} and the kernel {difference} {which}"
            )
        })
    };
    let mut found: Vec<String> = [
        differ("up", row.bytes_up, row.tcp_bytes_up),
        differ("down", row.bytes_down, row.tcp_bytes_down),
    ]
    .into_iter()
    .flatten()
    .collect();
    let causes =
        row.payload_bytes + row.envelope_bytes + row.framing_bytes + row.head_bytes + row.tls_bytes;
    let total = row.bytes_up + row.bytes_down;
    if causes != total {
        found.push(format!("the causes sum up to {causes} bytes and the directions to {total}"));
    }
    (!found.is_empty()).then(|| {
        format!(
            "{}: one of the instruments is wrong, so do not quote bytes of this run",
            found.join("; ")
        )
    })
}

fn publisher_late(evidence: &Evidence, share: f64) -> Option<String> {
    let row = evidence.row;
    let late = match row.publisher_late_publishes {
        Some(late) => noise::exceeds(late, share * row.published as f64),
        // Without the count there is no test; a well supported p99 is the next best thing.
        None => row.publisher_late_p99_ns > 1_000_000 && percentile::enough(0.99, row.published),
    };
    late.then(|| {
        format!(
            "the publisher was late (p99 {:.2} ms, allowed is 1 ms): {}",
            row.publisher_late_p99_ns as f64 / 1e6,
            remedy(evidence)
        )
    })
}

/// What helps against waiting for a core.
pub(super) fn remedy(evidence: &Evidence) -> &'static str {
    if evidence.environment.shares_cores() {
        "it shares its core with the server, so use a machine with more cores, fewer clients, or a \
         slower feed"
    } else {
        "stop what else runs on the machine, or give the harness a core of its own"
    }
}

fn worker_cpu(evidence: &Evidence, share: f64) -> Option<String> {
    let row = evidence.row;
    let workers = f64::from(evidence.environment.workers.max(1));
    let used = row.worker_cpu_share.or_else(|| {
        (row.window_ns > 0).then(|| row.client_cpu_ns as f64 / row.window_ns as f64 / workers)
    })?;
    (used > share).then(|| {
        format!(
            "a load worker used {} of its core and may have read late: use fewer clients, a \
             slower feed, or more workers on more cores",
            percent(used)
        )
    })
}

fn harness_limit(evidence: &Evidence, share: f64) -> Option<String> {
    let limit = evidence.environment.null_arrivals_per_s_of_all()? as f64;
    let rate = evidence.row.delivered_per_second()?;
    (rate > share * limit).then(|| {
        format!(
            "{rate:.0} updates a second were delivered, and the load workers record {limit:.0} a \
             second at most even without a server: use fewer clients or a slower feed"
        )
    })
}

fn server_cpu(evidence: &Evidence, share: f64) -> Option<String> {
    let row = evidence.row;
    let threads = f64::from(evidence.scenario.server.threads.max(1));
    if row.window_ns == 0 {
        return None;
    }
    let used = row.server_cpu_ns as f64 / row.window_ns as f64 / threads;
    (used > share).then(|| {
        format!(
            "the server used {} of its CPU: its delays are those of a queue, and this is about \
             as much as it can carry",
            percent(used)
        )
    })
}

fn drain(evidence: &Evidence, share: f64) -> Option<String> {
    let row = evidence.row;
    // What a link has dropped is sent again after the window, by a server that was not behind.
    let cores = f64::from(evidence.scenario.server.threads.max(1));
    let busy = row.server_cpu_ns as f64 > BUSY * cores * row.window_ns as f64;
    if mended(evidence) && !busy {
        return None;
    }
    let after = row.server_drain_cpu_ns as f64 / row.server_cpu_ns.max(1) as f64;
    (after > share).then(|| {
        format!(
            "the server was behind at the window's end and needed {} of its CPU time once more to \
             catch up: its cost per update is that much higher than the columns say",
            percent(after)
        )
    })
}

fn accept_overflow(evidence: &Evidence, _: f64) -> Option<String> {
    let overflows = evidence.row.accept_overflows;
    (overflows > 0).then(|| {
        format!(
            "the accept queue overflowed {overflows} times: raise net.core.somaxconn or \
             measure.ramp"
        )
    })
}

fn retransmits(evidence: &Evidence, _: f64) -> Option<String> {
    let row = evidence.row;
    let again = row.retransmitted_bytes.unwrap_or(0);
    let why = match row.link_unasked_drops {
        // The link knows of each packet.
        Some(0) => "an acknowledgement came so late that TCP took its packet for lost",
        _ => "a socket buffer or a queue of the kernel overflowed",
    };
    (!mended(evidence) && (row.retransmits > 0 || again > 0)).then(|| {
        format!(
            "{} segments of clients and {again} bytes on the link were sent again though nothing \
             is lost: {why}",
            row.retransmits
        )
    })
}

/// Whether TCP had to send something again because of what the link did to packets: what it has
/// dropped is counted, and what it has put out of order only looks lost.
fn mended(evidence: &Evidence) -> bool {
    let row = evidence.row;
    let dropped = [row.link_lost_packets, row.link_queue_dropped_packets, row.link_cut_packets];
    let reorders = evidence.scenario.link.as_ref().is_some_and(|link| link.reorder);
    reorders || dropped.into_iter().flatten().sum::<u64>() > 0
}

pub(super) fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}
