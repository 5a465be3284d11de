//! What stopped a probe: the table of resources that may have run out, each with its threshold and
//! reason. The first that did is named; where none did, the objective alone was missed.

use serde::{Deserialize, Serialize};

use crate::{
    Verdict,
    verdict::{self, Blame, Evidence},
};

/// A resource that ran out, or another reason why no more clients were held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Limit {
    /// Open files of a process.
    Descriptors,
    /// Local ports of the clients' machine.
    Ports,
    /// Connections came faster than they were accepted.
    AcceptQueue,
    /// Memory of the machine.
    Memory,
    /// The load clients, the publisher or the link's relay.
    HarnessCpu,
    /// Something else on the machine.
    OtherLoad,
    /// The bandwidth that the scenario's link has.
    Link,
    /// The server's threads.
    ServerCpu,
    /// Waiting, with all resources to spare.
    SloAlone,
    /// The most clients that were allowed.
    Most,
}

impl Limit {
    /// As it is written at a bar.
    pub fn words(self) -> &'static str {
        match self {
            Self::Descriptors => "descriptors",
            Self::Ports => "ports",
            Self::AcceptQueue => "accept queue",
            Self::Memory => "memory",
            Self::HarnessCpu => "harness CPU",
            Self::OtherLoad => "other load on the machine",
            Self::Link => "link",
            Self::ServerCpu => "server CPU",
            Self::SloAlone => "waiting, below full CPU",
            Self::Most => "the bound of the search",
        }
    }

    /// Whether it says something about the server. Otherwise the number found is the least that it
    /// holds.
    pub fn is_the_servers(self) -> bool {
        match self {
            Self::Memory | Self::Link | Self::ServerCpu | Self::SloAlone => true,
            Self::Descriptors
            | Self::Ports
            | Self::AcceptQueue
            | Self::HarnessCpu
            | Self::OtherLoad
            | Self::Most => false,
        }
    }
}

/// What stopped a probe, with the number that says so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stopped {
    /// The resource.
    pub limit: Limit,
    /// What was seen.
    pub why: String,
}

/// One way to run out.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// What ran out.
    pub limit: Limit,
    /// The number it compares with: a share, or a count.
    pub threshold: f64,
    /// Why that tells, and why that threshold.
    pub reason: &'static str,
    /// What was seen if it did; the second argument is the threshold.
    pub fires: fn(&Evidence, f64) -> Option<String>,
}

/// The harness comes before the server: where both are at their end, the number is no limit of the
/// server's.
pub static RULES: &[Rule] = &[
    Rule {
        limit: Limit::Descriptors,
        threshold: 0.95,
        reason: "clients that could not connect while the server had nearly as many descriptors as \
                 a process may open",
        fires: descriptors,
    },
    Rule {
        limit: Limit::Ports,
        threshold: 0.95,
        reason: "clients that could not connect while nearly every local port had one",
        fires: ports,
    },
    Rule {
        limit: Limit::AcceptQueue,
        threshold: 0.0,
        reason: "a connection that the accept queue drops comes back a second later: the ramp was \
                 too steep, which says nothing of a feed that is followed",
        fires: accept_queue,
    },
    Rule {
        limit: Limit::Memory,
        threshold: 0.9,
        reason: "beyond nine tenths of the memory the kernel takes pages away from those who need \
                 them",
        fires: memory,
    },
    Rule {
        limit: Limit::HarnessCpu,
        threshold: 0.9,
        reason: "a load worker or a relay without CPU to spare is late, and its lateness is taken \
                 for the server's (as the verdict's worker-cpu)",
        fires: harness_cpu,
    },
    Rule {
        limit: Limit::Link,
        threshold: 0.9,
        reason: "a bottleneck that is busy nine tenths of the time has a queue of its own, and what \
                 its queue has no room for is sent again",
        fires: link,
    },
    Rule {
        limit: Limit::ServerCpu,
        threshold: 0.9,
        reason: "beyond nine tenths of its threads a server's delays are those of a queue (as the \
                 verdict's server-cpu)",
        fires: server_cpu,
    },
    Rule {
        limit: Limit::OtherLoad,
        threshold: 0.0,
        reason: "a probe that the machine disturbed may have missed its objective for that alone \
                 (the verdict's rules that blame the machine)",
        fires: other_load,
    },
    Rule {
        limit: Limit::HarnessCpu,
        threshold: 0.05,
        reason: "a load worker that waits for a core reads late, too (as the verdict's worker-wait); \
                 but it also waits where the server or other processes have taken the cores, and \
                 then those are named",
        fires: harness_wait,
    },
];

/// What stopped the clients of this row: the first rule that fires.
pub fn limit(evidence: &Evidence) -> Stopped {
    let fired = RULES.iter().find_map(|rule| {
        Some(Stopped { limit: rule.limit, why: (rule.fires)(evidence, rule.threshold)? })
    });
    fired.unwrap_or_else(|| Stopped {
        limit: Limit::SloAlone,
        why: format!(
            "no resource was used up (server at {} of its CPU): it is waiting that takes too long",
            server_share(evidence).map_or("an unknown part".into(), percent)
        ),
    })
}

fn descriptors(evidence: &Evidence, share: f64) -> Option<String> {
    let (row, most) = (evidence.row, evidence.environment.open_files);
    let used = row.server_descriptors.max(row.connected);
    (row.connected < row.clients && most > 0 && used as f64 > share * most as f64)
        .then(|| format!("{used} of {most} descriptors that a process may open were in use"))
}

fn ports(evidence: &Evidence, share: f64) -> Option<String> {
    let row = evidence.row;
    let range = &evidence.environment.port_range;
    let bounds: Vec<u64> = range.split_whitespace().filter_map(|end| end.parse().ok()).collect();
    let [low, high] = bounds[..] else { return None };
    let most = high.saturating_sub(low) + 1;
    (row.connected < row.clients && row.connected as f64 > share * most as f64)
        .then(|| format!("{} of {most} local ports had a client", row.connected))
}

fn accept_queue(evidence: &Evidence, _: f64) -> Option<String> {
    let row = evidence.row;
    (row.connected < row.clients && row.accept_overflows > 0)
        .then(|| format!("the accept queue overflowed {} times", row.accept_overflows))
}

fn memory(evidence: &Evidence, share: f64) -> Option<String> {
    let (row, all) = (evidence.row, evidence.environment.memory_bytes as f64);
    let used = row.server_pss_bytes? as f64 + row.socket_memory_bytes.unwrap_or(0) as f64;
    (all > 0.0 && used > share * all)
        .then(|| format!("server and sockets had {} of the memory", percent(used / all)))
}

fn harness_cpu(evidence: &Evidence, share: f64) -> Option<String> {
    let row = evidence.row;
    let relay = row.relay_work_ns().zip(window_ns(evidence)).map(|(ns, window)| ns as f64 / window);
    let used = [(row.worker_cpu_share, "a load worker"), (relay, "the relay of the link")];
    let busy = used.into_iter().find_map(|(used, who)| Some((used.filter(|u| *u > share)?, who)));
    busy.map(|(used, who)| format!("{who} used {} of a core", percent(used)))
}

fn harness_wait(evidence: &Evidence, share: f64) -> Option<String> {
    let waited = evidence.row.worker_run_queue_wait_ns as f64 / window_ns(evidence)?;
    (waited > share)
        .then(|| format!("a load worker waited for a core {} of the time", percent(waited)))
}

fn link(evidence: &Evidence, share: f64) -> Option<String> {
    let row = evidence.row;
    let link = evidence.scenario.link.as_ref()?;
    let dropped = row.link_queue_dropped_packets.unwrap_or(0);
    let ways = [
        (link.way_down(), row.link_bytes_down, "to the clients"),
        (link.way_up(), row.link_bytes_up, "to the server"),
    ];
    let bottlenecks = ways.into_iter().filter_map(|(way, carried, whither)| {
        let bandwidth = way.bottleneck?.bandwidth;
        Some((carried? as f64 / bandwidth.bytes_in(row.window_ns) as f64, whither))
    });
    let (used, whither) = bottlenecks.max_by(|(a, _), (b, _)| a.total_cmp(b))?;
    let used_to = format!("the link {whither} was used to {}", percent(used));
    // What was dropped is known of both ways together.
    match (used > share, dropped > 0) {
        (true, true) => Some(format!("{used_to}, and the link's queues dropped {dropped} packets")),
        (true, false) => Some(used_to),
        (false, true) => Some(format!("the link's queues dropped {dropped} packets ({used_to})")),
        (false, false) => None,
    }
}

fn server_cpu(evidence: &Evidence, share: f64) -> Option<String> {
    let used = server_share(evidence)?;
    (used > share).then(|| format!("the server used {} of its CPU", percent(used)))
}

fn other_load(evidence: &Evidence, _: f64) -> Option<String> {
    let of_machine = verdict::rules().filter(|rule| rule.blames == Blame::Machine);
    let doubts = of_machine.filter(|rule| rule.severity == Verdict::Suspect);
    doubts.into_iter().find_map(|rule| (rule.fires)(evidence, rule.threshold))
}

fn server_share(evidence: &Evidence) -> Option<f64> {
    let threads = f64::from(evidence.scenario.server.threads.max(1));
    Some(evidence.row.known_server_cpu_ns()? as f64 / window_ns(evidence)? / threads)
}

fn window_ns(evidence: &Evidence) -> Option<f64> {
    (evidence.row.window_ns > 0).then_some(evidence.row.window_ns as f64)
}

fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

#[cfg(test)]
mod tests;
