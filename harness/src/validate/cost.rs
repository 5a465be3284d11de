//! CPU and memory: nothing is unaccounted for, and what a client costs is seen.

use results::validation::{Tolerance, Unit};

use super::{Check, Evidence, Judged, Needs, evidence::known};

pub const CUT_OFF: Check = Check {
    number: 22,
    name: "cut-off",
    condition: "the published 25,000 clients of push and 2,520 polls/s; and by costs, X c(poll) / c(push)",
    broken: "the acceptable latency from which on polling holds as many clients as push would be \
             worked out wrongly",
    needs: Needs::Nothing,
    judge: cut_off_held,
};

pub const CLOSURE: Check = Check {
    number: 27,
    name: "cpu-closure",
    condition: "websocket, 500 clients, 50 updates/s, pinned",
    broken: "CPU would be spent that no process of the run is charged for, so costs per update \
             would be too low",
    needs: Needs::FullRuns(&["closure"]),
    judge: closure,
};

pub const MEMORY: Check = Check {
    number: 28,
    name: "memory-slope",
    condition: "websocket, idle, 100 and 1,000 clients; the library's read buffer and one of 4 KiB",
    broken: "memory per connection would not be seen where it is, in the pages that are touched",
    needs: Needs::FullRuns(&["memory-few", "memory-many", "memory-few-4k", "memory-many-4k"]),
    judge: memory,
};

/// The acceptable latency, s, at which polling holds as many clients as push: each may poll once in
/// that time. Van de Vyvere, Colpaert and Verborgh (2020) have measured both numbers, and 10 s.
fn cut_off(push_clients: f64, polls_per_second: f64) -> f64 {
    push_clients / polls_per_second
}

#[allow(clippy::unnecessary_wraps)] // the shape of all judges
fn cut_off_held(_: &Evidence) -> Result<Judged, String> {
    let mut judged = Judged::default();
    // The prediction is printed with two digits.
    let paper = cut_off(25e3, 2.52e3);
    judged.time(
        "the paper's, by its two capacities",
        9.9e9,
        1e9 * paper,
        Tolerance::Within(0.05e9),
    );
    // N_push = X / c(push) and R_max = 1 / c(poll), in seconds.
    let (period, poll, push) = (5.0, 397e-6, 200e-6);
    let by_capacities = cut_off(period / push, 1.0 / poll);
    let by_costs = period * poll / push;
    judged.time(
        "X c(poll) / c(push)",
        1e9 * by_costs,
        1e9 * by_capacities,
        Tolerance::Relative(1e-9),
    );
    Ok(judged)
}

fn closure(evidence: &Evidence) -> Result<Judged, String> {
    let row = evidence.seen("closure", "websocket")?.row;
    let foreign = known(row.foreign_cpu_ns, "the CPU of other processes")?;
    let ours = (row.server_cpu_ns + row.client_cpu_ns) as f64;
    let mut judged = Judged::default();
    judged.hold(
        "busy time of the run's cores that no process of the run has",
        0.0,
        foreign / (ours + foreign),
        Tolerance::AtMost(0.05),
        Unit::Share,
    );
    Ok(judged)
}

fn memory(evidence: &Evidence) -> Result<Judged, String> {
    let per_client = |few: &str, many: &str| -> Result<f64, String> {
        let pss = |name: &str| {
            let row = evidence.seen(name, "websocket")?.row;
            let all = known(row.server_pss_bytes, "PSS")?;
            let empty = known(row.server_pss_empty_bytes, "PSS")?;
            Ok::<_, String>((row.clients as f64, all - empty))
        };
        let ((fewer, small), (more, large)) = (pss(few)?, pss(many)?);
        Ok((large - small) / (more - fewer))
    };
    let shipped = per_client("memory-few", "memory-many")?;
    let small = per_client("memory-few-4k", "memory-many-4k")?;
    let mut judged = Judged::default();
    // Reported: how much of a buffer of 128 KiB is resident is the allocator's and the kernel's.
    judged.hold(
        "PSS per connection with a read buffer of 4 KiB, at most the library's own",
        shipped,
        small,
        Tolerance::AtMost(4096.0),
        Unit::Bytes,
    );
    judged.note(format!(
        "the library's buffer of 128 KiB adds {:.0} B of PSS per connection to those of 4 KiB",
        shipped - small
    ));
    Ok(judged)
}
