//! The null test: how many arrivals a second one core of the harness can record at all, with no
//! socket, no server and no timer. A row that comes near it has measured the harness.
//!
//! The decoder is that of tcp, the cheapest, so the limit is the highest that any transport has.

use std::fmt::Write;
use std::rc::Rc;

use anyhow::{Context, Result};
use nix::time::{ClockId, clock_gettime};

use crate::client::tcp;
use crate::clock::{self, SECOND_NS};
use crate::inbox::Inbox;
use crate::tally::{Tally, Window};

/// CPU time that is measured, and the most that it may take where others want the core.
const CPU_NS: u64 = 300_000_000;
const TIME_NS: u64 = 900_000_000;

/// Clients: with as many as the scenario has their state is as cold as in the run. 1,000 of them
/// have left the inner caches.
const CLIENTS_MAX: u32 = 1_000;

/// Updates that are encoded in advance, so that encoding is not measured and reading the clock is
/// shared by many.
const BATCH: u64 = 64;
const BATCH_BYTES: u64 = 1 << 20;

/// Arrivals per second of CPU time, decoded and recorded by this thread.
///
/// # Errors
/// When the decoder does not read what was encoded.
pub fn arrivals_per_s(clients: u32, payload_bytes: usize) -> Result<u64> {
    let began_ns = clock::now_ns();
    let inboxes = inboxes(clients.clamp(1, CLIENTS_MAX), began_ns);
    let batch = (BATCH_BYTES / payload_bytes.max(1) as u64).clamp(1, BATCH);
    let (mut arrivals, mut cpu_ns, mut n) = (0_u64, 0, 1);
    // The first batch warms up.
    let mut warm = false;
    while cpu_ns < CPU_NS && clock::now_ns() - began_ns < TIME_NS {
        let updates: Vec<Vec<u8>> = (n..n + batch).map(|n| encoded(n, payload_bytes)).collect();
        n += batch;
        let from_ns = thread_cpu_ns()?;
        for update in &updates {
            for inbox in &inboxes {
                // A read of its own for each, as on sockets.
                inbox.arrived(clock::now_ns());
                tcp::read(update, &mut &*inbox)
                    .context("while reading an update of the null test")?;
            }
        }
        if std::mem::replace(&mut warm, true) {
            cpu_ns += thread_cpu_ns()? - from_ns;
            arrivals += batch * inboxes.len() as u64;
        }
    }
    Ok((u128::from(arrivals) * u128::from(SECOND_NS) / u128::from(cpu_ns.max(1))) as u64)
}

fn inboxes(clients: u32, now_ns: u64) -> Vec<Inbox> {
    let tally = Rc::new(Tally::default());
    let end_ns = now_ns + 60 * SECOND_NS;
    let window =
        Window { first: 1, last: u64::MAX - 1, start_ns: now_ns, last_intended_ns: end_ns, end_ns };
    tally.open(window, Vec::new(), Vec::new());
    (0..clients).map(|index| Inbox::new(tally.clone(), index)).collect()
}

/// An update as the tcp transport writes it, published now.
fn encoded(n: u64, payload_bytes: usize) -> Vec<u8> {
    let mut payload = format!(r#"{{"n":{n},"t":{},"pad":""#, clock::now_ns());
    let pad = payload_bytes.saturating_sub(payload.len() + 2);
    write!(payload, "{}\"}}", "x".repeat(pad)).expect("a String takes everything");
    let envelope = format!(r#"{{"seq":{n},"data":{payload}}}"#);
    let mut bytes = (envelope.len() as u32).to_be_bytes().to_vec();
    bytes.extend(envelope.as_bytes());
    bytes
}

fn thread_cpu_ns() -> Result<u64> {
    let time = clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID)
        .context("while reading the CPU time of a thread")?;
    Ok(time.tv_sec() as u64 * SECOND_NS + time.tv_nsec() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_null_test_encodes_is_delivered_to_every_client() {
        let inboxes = inboxes(3, clock::now_ns());
        for n in 1..=5 {
            let update = encoded(n, 200);
            for inbox in &inboxes {
                inbox.arrived(clock::now_ns());
                assert_eq!(tcp::read(&update, &mut &*inbox).unwrap(), update.len());
            }
        }
        for inbox in &inboxes {
            let account = inbox.account();
            assert_eq!((account.delivered, account.duplicated, account.lost), (5, 0, 0));
            assert_eq!(inbox.counted().down.payload, 5 * 200);
        }
    }

    /// Nothing is said of which is faster: the decoder looks at the envelope and not at the payload.
    #[test]
    fn a_limit_is_found_for_small_and_for_large_payloads() {
        for payload_bytes in [1, 100, 100_000] {
            assert!(arrivals_per_s(10, payload_bytes).unwrap() > 0, "{payload_bytes} B");
        }
    }
}
