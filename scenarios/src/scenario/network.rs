//! What the keys of a link and of TLS cannot say alone.

use std::time::Duration;

use super::Scenario;
use crate::{Bandwidth, Error, Link, MTU_BYTES, Queue};

/// Keys for both directions, and what replaces each in one of them; a queue needs a bandwidth, too,
/// and is looked at apart.
const BOTH_WAYS: [(&str, [&str; 2]); 3] = [
    ("link.rtt", ["link.delay_down", "link.delay_up"]),
    ("link.jitter", ["link.jitter_down", "link.jitter_up"]),
    ("link.loss", ["link.loss_down", "link.loss_up"]),
];

impl Scenario {
    pub(super) fn check_network(&self) -> Result<(), Error> {
        let left_over = self.is_left_over("tls_resumption", &["tls"]);
        if !self.tls && self.is_given("tls_resumption") && !left_over {
            let problem = "must not be there: without tls = true there is no session to resume";
            return Err(self.error_at("tls_resumption", problem));
        }
        if let Some(link) = &self.link {
            self.check_replaced()?;
            self.check_queues(link)?;
            self.check_loss(link)?;
        }
        Ok(())
    }

    pub(super) fn is_given(&self, key: &str) -> bool {
        self.origin.keys.contains_key(key)
    }

    /// Where the command line changes one of those keys that decide whether `key` does anything,
    /// the file's `key` may be left over: that is nobody's mistake.
    fn is_left_over(&self, key: &str, deciding: &[&str]) -> bool {
        !self.origin.is_set(key) && deciding.iter().any(|deciding| self.origin.is_set(deciding))
    }

    /// A key for both directions that each direction replaces would silently do nothing.
    fn check_replaced(&self) -> Result<(), Error> {
        for (both, [down, up]) in BOTH_WAYS {
            let replaced = self.is_given(down) && self.is_given(up);
            if self.is_given(both) && replaced && !self.is_left_over(both, &[down, up]) {
                let problem = format!("must not be there: {down} and {up} are used instead");
                return Err(self.error_at(both, &problem));
            }
        }
        Ok(())
    }

    fn check_queues(&self, link: &Link) -> Result<(), Error> {
        let ways =
            [("queue_down", link.down, link.queue_down), ("queue_up", link.up, link.queue_up)];
        let mut shared_is_used = false;
        for (name, bandwidth, own) in ways {
            let own_key = format!("link.{name}");
            let Some(bandwidth) = bandwidth else {
                if self.is_given(&own_key) && !self.is_left_over(&own_key, &["link.preset"]) {
                    return Err(self.error_at(&own_key, NOTHING_WAITS));
                }
                continue;
            };
            shared_is_used |= own.is_none();
            let (key, queue) = match own {
                Some(queue) => (own_key.as_str(), queue),
                None => ("link.queue", link.queue),
            };
            fits(queue, bandwidth).map_err(|problem| self.error_at(key, &problem))?;
        }
        let deciding = ["link.queue_down", "link.queue_up", "link.preset"];
        let left_over = self.is_left_over("link.queue", &deciding);
        if self.is_given("link.queue") && !shared_is_used && !left_over {
            let problem = if link.down.is_none() && link.up.is_none() {
                NOTHING_WAITS
            } else {
                "must not be there: each direction with a bandwidth has a queue of its own"
            };
            return Err(self.error_at("link.queue", problem));
        }
        Ok(())
    }

    fn check_loss(&self, link: &Link) -> Result<(), Error> {
        let (burst, ways) = (link.loss_burst, [link.way_down(), link.way_up()]);
        let key = "link.loss_burst";
        let left_over = self.is_left_over(key, &["link.loss", "link.loss_down", "link.loss_up"]);
        if burst > 1.0 && ways.iter().all(|way| way.loss <= 0.0) && !left_over {
            let problem = "must not be there: without loss there are no bursts of it";
            return Err(self.error_at(key, problem));
        }
        for loss in ways.iter().map(|way| way.loss) {
            let by_chance = 1.0 / (1.0 - loss);
            if burst > 1.0 && burst + ROUNDING < by_chance {
                let least = ((by_chance - ROUNDING) * 1e3).ceil() / 1e3;
                let problem = format!(
                    "must be 1 or at least {least} with a loss of {loss}: so many in a row are lost \
                     where each is lost by itself, and {burst} would be less than chance makes"
                );
                return Err(self.error_at(key, &problem));
            }
        }
        let key = "link.reorder";
        let jitters = ["link.jitter", "link.jitter_down", "link.jitter_up"];
        let left_over = self.is_left_over(key, &jitters);
        if link.reorder && ways.iter().all(|way| way.jitter.is_zero()) && !left_over {
            let problem = "must not be there: without jitter no packet overtakes another";
            return Err(self.error_at(key, problem));
        }
        Ok(())
    }
}

/// Bursts are as long as chance makes them, though 1 / (1 − 0.8) is not exactly 5.
const ROUNDING: f64 = 1e-9;

const NOTHING_WAITS: &str = "must not be there: without a bandwidth (down, up) nothing waits";

/// A queue before a bottleneck has room for a packet, and fits into memory.
fn fits(queue: Queue, bandwidth: Bandwidth) -> Result<(), String> {
    let bytes = queue.bytes(bandwidth);
    if bytes < MTU_BYTES {
        let least = Duration::from_nanos(bandwidth.wire_ns(MTU_BYTES)).as_micros().div_ceil(100);
        return Err(format!(
            "must hold a packet of {MTU_BYTES} bytes, and {queue} at {bandwidth} is {bytes} bytes: \
             at least \"{}ms\" or \"{MTU_BYTES}B\"",
            least as f64 / 10.0
        ));
    }
    if bytes > Queue::MAX_BYTES {
        return Err(format!(
            "must hold at most {}, and {queue} at {bandwidth} is {bytes} bytes",
            Queue::Bytes(Queue::MAX_BYTES)
        ));
    }
    Ok(())
}
