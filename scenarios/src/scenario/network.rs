//! What the keys of a link, of freezes and of TLS cannot say alone.

use std::time::Duration;

use super::Scenario;
use crate::{Bandwidth, Error, Link, MTU_BYTES, Queue};

impl Scenario {
    pub(super) fn check_network(&self) -> Result<(), Error> {
        if !self.tls && self.origin.keys.contains_key("tls_resumption") {
            let problem = "must not be there: without tls = true there is no session to resume";
            return Err(self.error_at("tls_resumption", problem));
        }
        if let Some(link) = &self.link {
            self.check_queues(link)?;
            self.check_loss(link)?;
            self.check_cuts(link)?;
        }
        self.check_freezes()
    }

    fn check_queues(&self, link: &Link) -> Result<(), Error> {
        for (key, queue, bandwidths) in [
            ("link.queue", Some(link.queue), [link.down, link.up]),
            ("link.queue_down", link.queue_down, [link.down, None]),
            ("link.queue_up", link.queue_up, [None, link.up]),
        ] {
            let Some(queue) = queue else { continue };
            let given = self.origin.keys.contains_key(key);
            if given && bandwidths == [None, None] {
                let problem = "must not be there: without a bandwidth (down, up) nothing waits";
                return Err(self.error_at(key, problem));
            }
            let short = |bandwidth: &Bandwidth| queue.bytes(*bandwidth) < MTU_BYTES;
            if let Some(bandwidth) = bandwidths.into_iter().flatten().find(short) {
                return Err(self.error_at(key, &too_short(queue, bandwidth)));
            }
        }
        Ok(())
    }

    fn check_loss(&self, link: &Link) -> Result<(), Error> {
        let burst = link.loss_burst;
        let most = burst / (burst + 1.0);
        for (key, loss) in [
            ("link.loss", Some(link.loss)),
            ("link.loss_down", link.loss_down),
            ("link.loss_up", link.loss_up),
        ] {
            // Each burst is followed by at least one packet that arrives.
            if burst > 1.0 && loss.is_some_and(|loss| loss > most) {
                let problem = format!("must be at most {most:.3} with bursts of {burst} packets");
                return Err(self.error_at(key, &problem));
            }
        }
        let lossy = [Some(link.loss), link.loss_down, link.loss_up].into_iter().flatten();
        if burst > 1.0 && lossy.fold(0.0, f64::max) == 0.0 {
            let problem = "must not be there: without loss there are no bursts of it";
            return Err(self.error_at("link.loss_burst", problem));
        }
        let jitters = [Some(link.jitter), link.jitter_down, link.jitter_up];
        if link.reorder && jitters.into_iter().flatten().all(|jitter| jitter.is_zero()) {
            let problem = "must not be there: without jitter no packet overtakes another";
            return Err(self.error_at("link.reorder", problem));
        }
        Ok(())
    }

    fn check_cuts(&self, link: &Link) -> Result<(), Error> {
        for (number, cut) in (1..).zip(&link.cut) {
            self.ends_in_window(&format!("link.cut[{number}]"), cut.at, cut.lasts)?;
        }
        Ok(())
    }

    fn check_freezes(&self) -> Result<(), Error> {
        for (number, freeze) in (1..).zip(&self.server.freeze) {
            let key = format!("server.freeze[{number}]");
            self.ends_in_window(&key, freeze.at, freeze.lasts)?;
            if let Some(every) = freeze.every.filter(|every| *every <= freeze.lasts) {
                let [every, lasts] = [every, freeze.lasts].map(humantime::format_duration);
                let problem = format!("must be more than the {lasts} that it lasts, not {every}");
                return Err(self.error_at(&format!("{key}.every"), &problem));
            }
        }
        let freezes = self.server.freezes(self.measure.duration);
        if let Some(pair) = freezes.windows(2).find(|pair| pair[1].0 < pair[0].1) {
            let at = humantime::format_duration(pair[1].0);
            let problem = format!("two freezes overlap, at {at}: a server stands still only once");
            return Err(self.error_at("server.freeze", &problem));
        }
        Ok(())
    }

    /// A cut or a freeze that goes on after the window would spoil the drain.
    fn ends_in_window(&self, key: &str, at: Duration, lasts: Duration) -> Result<(), Error> {
        let window = self.measure.duration;
        if at + lasts <= window {
            return Ok(());
        }
        let [end, window] = [at + lasts, window].map(humantime::format_duration);
        let problem = format!("must end within measure.duration, {window}, and ends at {end}");
        Err(self.error_at(key, &problem))
    }
}

fn too_short(queue: Queue, bandwidth: Bandwidth) -> String {
    let least = Duration::from_nanos(bandwidth.wire_ns(MTU_BYTES)).as_micros().div_ceil(100) as f64;
    format!(
        "must hold a packet of {MTU_BYTES} bytes, and {queue} at {bandwidth} is {} bytes: at least \
         \"{}ms\" or \"{MTU_BYTES}B\"",
        queue.bytes(bandwidth),
        least / 10.0
    )
}
