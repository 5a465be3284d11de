//! What a link saw of a trial, in the terms of a row.

use results::{Life, Row, Wire, Wires};
use scenarios::MTU_BYTES;

use crate::link::account::Traffic;
use crate::link::order::{Carried, Counters};
use crate::trial::Crossing;

/// What the link carried in the window.
pub fn window(seen: &Crossing) -> Wires {
    wires(&seen.after.counters).since(wires(&seen.before.counters))
}

/// Codecs and link over the whole life of the connections.
pub fn life(seen: &Crossing) -> Life {
    let counters = &seen.report.counters;
    Life {
        up: seen.life.up,
        down: seen.life.down,
        link: wires(counters),
        link_bytes_up: counters.up.carried().bytes,
        link_bytes_down: counters.down.carried().bytes,
    }
}

/// Fills the link's columns.
pub fn fill(row: &mut Row, seen: &Crossing) {
    row.set_wires(&window(seen));
    let report = &seen.report;
    let both = |count: fn(&Carried) -> u64| {
        Some(count(&report.counters.up) + count(&report.counters.down))
    };
    row.link_lost_packets = both(|way| way.dropped.loss.packets);
    row.link_queue_dropped_packets = both(|way| way.dropped.queue.packets);
    row.link_cut_packets = both(|way| way.dropped.cut.packets);
    row.link_unasked_drops = Some(report.unasked_drops());
    // Both from the same two moments, as one is taken off the other, and as the packets are counted.
    let [before, after] = [&seen.before, &seen.after].map(|mark| mark.effort);
    let cpu_ns = after.cpu_ns - before.cpu_ns;
    row.relay_cpu_ns = Some(cpu_ns);
    row.relay_spun_ns = Some((after.spun_ns - before.spun_ns).min(cpu_ns));
    // Since the mark before it.
    let lateness = seen.after.lateness;
    row.relay_late_p50_ns = Some(lateness.p50_ns);
    row.relay_late_p99_ns = Some(lateness.p99_ns);
    row.relay_late_max_ns = Some(lateness.max_ns);
    let life = life(seen);
    row.life_cause_bytes = Some(life.causes().iter().sum());
    row.life_link_bytes = Some(life.link_bytes().iter().sum());
}

/// What is to be said of the row beyond its numbers: (rule, sentence).
pub fn doubts(seen: &Crossing) -> Vec<(&'static str, String)> {
    let mut doubts = Vec::new();
    let life = life(seen);
    let Life { up, down, link, .. } = life;
    let sums = life.causes().into_iter().zip(life.link_bytes());
    for (direction, (causes, bytes)) in ["up", "down"].into_iter().zip(sums) {
        if causes != bytes {
            doubts.push((
                "link-bytes",
                format!(
                    "over the connections' whole life all causes sum up to {causes} bytes \
                     {direction} and the link carried {bytes}"
                ),
            ));
        }
    }
    let counters = &seen.report.counters;
    for (direction, way) in [("up", counters.up), ("down", counters.down)] {
        let largest = way.largest_bytes;
        if largest > MTU_BYTES {
            doubts.push((
                "packet-size",
                format!(
                    "a packet of {largest} bytes went {direction}, and the link carries {MTU_BYTES} \
                     at most: the kernel has not cut what it sent, so packets are too few"
                ),
            ));
        }
    }
    for (direction, codec, wire) in [("up", up, link.up), ("down", down, link.down)] {
        let (ours, carried) = (codec.total(), wire.payload);
        if ours != carried {
            doubts.push((
                "instruments",
                format!(
                    "over the connections' whole life the decoders counted {ours} bytes {direction} \
                     and the link carried {carried}"
                ),
            ));
        }
        if wire.other > 0 {
            let other = wire.other;
            doubts.push(("instruments", format!("{other} bytes {direction} were not TCP")));
        }
    }
    if seen.staying > 0 || !seen.report.at_rest {
        let (staying, unclosed) = (seen.staying, seen.report.counters.unclosed);
        doubts.push((
            "instruments",
            format!(
                "{staying} clients and {unclosed} connections had not come to their end in time, \
                 so the account of their whole life is not complete"
            ),
        ));
    }
    if let Some(error) = &seen.report.capture_error {
        doubts.push(("capture", error.clone()));
    }
    doubts
}

fn wires(counters: &Counters) -> Wires {
    Wires { up: wire(&counters.up.offered), down: wire(&counters.down.offered) }
}

fn wire(traffic: &Traffic) -> Wire {
    Wire {
        packets: traffic.total().packets,
        payload: traffic.payload.bytes,
        headers: traffic.headers.bytes,
        acks: traffic.acks.bytes,
        handshakes: traffic.handshake.bytes,
        retransmitted: traffic.retransmitted.bytes,
        other: traffic.other.bytes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::order::{Effort, Mark, Report};

    fn crossing(before: Effort, after: Effort) -> Crossing {
        let mark = |effort| Mark { effort, ..Mark::default() };
        let report = Report { at_rest: true, ..Report::default() };
        Crossing {
            before: mark(before),
            after: mark(after),
            relay_cpu_ns: 600,
            life: crate::meter::Counters::default(),
            staying: 0,
            report,
        }
    }

    #[test]
    fn what_the_relay_spun_is_taken_off_the_cpu_time_of_the_same_moments() {
        let before = Effort { cpu_ns: 100, spun_ns: 50 };
        let after = Effort { cpu_ns: 1_100, spun_ns: 750 };
        let mut row = Row::default();
        fill(&mut row, &crossing(before, after));
        // The window alone has 600 of the 1,000.
        assert_eq!((row.relay_cpu_ns, row.relay_spun_ns), (Some(1_000), Some(700)));
        assert_eq!(row.relay_work_ns(), Some(300));
    }

    #[test]
    fn a_packet_larger_than_the_mtu_is_doubted() {
        let mut seen = crossing(Effort::default(), Effort::default());
        seen.report.counters.up.largest_bytes = MTU_BYTES;
        assert!(doubts(&seen).is_empty());
        seen.report.counters.down.largest_bytes = MTU_BYTES + 1;
        let doubts = doubts(&seen);
        assert!(doubts.len() == 1 && doubts[0].1.contains("1501 bytes went down"), "{doubts:?}");
    }
}
