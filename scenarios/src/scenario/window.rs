//! What happens at a time of the window: cuts of the link, freezes of the server.

use std::time::Duration;

use super::{Freeze, Scenario};
use crate::Error;

/// A chart draws each freeze and each has a place in memory; a day with one every 10 s has fewer.
const MOST_FREEZES: u128 = 10_000;

impl Scenario {
    /// Only after it is known that the feed is not too long to be drawn.
    pub(super) fn check_window(&self) -> Result<(), Error> {
        self.check_freezes()?;
        let cuts = self.link.iter().flat_map(|link| &link.cut);
        let cuts = (1..).zip(cuts).map(|(n, cut)| (format!("link.cut[{n}]"), cut.at, cut.lasts));
        let freezes = (1..).zip(&self.server.freeze);
        let freezes = freezes.map(|(n, freeze)| (frozen(n), freeze.at, freeze.lasts));
        let last = cuts.chain(freezes).max_by_key(|(_, at, lasts)| *at + *lasts);
        let Some((key, at, lasts)) = last else { return Ok(()) };
        let Some((window, repetition)) = self.shortest_window() else { return Ok(()) };
        if at + lasts <= window {
            return Ok(());
        }
        // Whole milliseconds, downwards, so that what the sentence allows is allowed.
        let closes = Duration::from_millis(window.as_millis() as u64);
        let [end, closes] = [at + lasts, closes].map(humantime::format_duration);
        let problem = format!(
            "must end by {closes}, and ends at {end}: the window of repetition {repetition} closes \
             then, a mean period after its last update"
        );
        Err(self.error_at(&key, &problem))
    }

    /// What goes on after the window would spoil the drain, so the shortest of all repetitions
    /// counts.
    fn shortest_window(&self) -> Option<(Duration, u32)> {
        let windows = (1..=self.measure.repeat).map(|repetition| {
            (Duration::from_nanos(self.schedule(repetition).window_ns()), repetition)
        });
        // A scenario that came over a pipe may have no trace, and so no schedule.
        windows.filter(|(window, _)| !window.is_zero()).min()
    }

    fn check_freezes(&self) -> Result<(), Error> {
        let mut count = 0;
        for (number, freeze) in (1..).zip(&self.server.freeze) {
            let Freeze { at, every, lasts } = *freeze;
            let key = format!("{}.every", frozen(number));
            let time = humantime::format_duration;
            if let Some(every) = every.filter(|every| *every <= lasts) {
                let problem = format!(
                    "must be more than the {} that it lasts, not {}",
                    time(lasts),
                    time(every)
                );
                return Err(self.error_at(&key, &problem));
            }
            let again = self.measure.duration.saturating_sub(at + lasts);
            count += 1 + every.map_or(0, |every| again.as_nanos() / every.as_nanos());
            if count > MOST_FREEZES {
                let duration = time(self.measure.duration);
                let problem = format!(
                    "makes {count} freezes in a measure.duration of {duration}, and {MOST_FREEZES} \
                     is the most"
                );
                return Err(self.error_at(&key, &problem));
            }
        }
        let freezes = self.server.freezes(self.measure.duration);
        if let Some(pair) = freezes.windows(2).find(|pair| pair[1].0 <= pair[0].1) {
            let at = humantime::format_duration(pair[1].0);
            let problem =
                format!("two freezes overlap or touch, at {at}: a server stands still only once");
            return Err(self.error_at("server.freeze", &problem));
        }
        Ok(())
    }
}

fn frozen(number: u32) -> String {
    format!("server.freeze[{number}]")
}
