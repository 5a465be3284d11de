//! Short polling: ask on a timer, whether there is news or not.

use std::time::Duration;

use super::poll::Poll;
use super::request::{self, CONDITIONAL, COOKIE_BYTES, KEEP_ALIVE};
use super::{Client, Following, Start};
use crate::clock;
use crate::dial::Dial;
use crate::inbox::{Inbox, Next};
use servers::{Knob, KnobKind, Params};

pub const CLIENT: Client = Client {
    name: "short-poll",
    knobs: &[INTERVAL, PACING, KEEP_ALIVE, CONDITIONAL, COOKIE_BYTES],
    check: request::check,
    patience: |params| params.duration(&INTERVAL),
    follow,
};

const INTERVAL: Knob = Knob {
    name: "interval",
    about: "time between two polls of a client",
    default: "1s",
    kind: KnobKind::Duration { min: Duration::from_millis(1), max: Duration::from_secs(3600) },
};

const PACING: Knob = Knob {
    name: "pacing",
    about: "fixed-rate: polls are due on a schedule, open-loop; fixed-delay: the interval begins \
            with the answer",
    default: "fixed-rate",
    kind: KnobKind::Choice(&["fixed-rate", "fixed-delay"]),
};

/// The first poll is due a random part of the interval after connecting: clients in phase with
/// each other, or with a periodic feed, would measure one constant instead of a distribution.
fn follow(dial: Dial, inbox: Inbox, params: Params, start: Start) -> Following {
    Box::pin(async move {
        let interval_ns = params.duration(&INTERVAL).as_nanos() as u64;
        let fixed_rate = params.choice(&PACING) == "fixed-rate";
        dial.alarm.until(start.at_ns).await;
        let ask = ("/short-poll", String::new());
        let mut poll = Poll::start(&dial, &inbox, &params, start, ask).await?;
        let mut due_ns = clock::now_ns() + (start.phase * interval_ns as f64) as u64;
        loop {
            dial.alarm.until(due_ns).await;
            poll.quiet(clock::now_ns(), Next::Soon);
            // Who gets a full page asks for the next at once, as any client that wants the feed does:
            // with a page per interval it would fall behind for ever.
            while poll.exchange().await? {}
            let now_ns = clock::now_ns();
            poll.quiet_before_window(now_ns);
            due_ns = if fixed_rate {
                next_due(due_ns, interval_ns, now_ns)
            } else {
                now_ns + interval_ns
            };
        }
    })
}

/// The next time of an open-loop schedule. A poll that is due while the last one is in flight goes
/// out as soon as that is answered; more than one such are one.
fn next_due(due_ns: u64, interval_ns: u64, now_ns: u64) -> u64 {
    let next_ns = due_ns + interval_ns;
    let missed = now_ns.saturating_sub(next_ns) / interval_ns;
    next_ns + missed * interval_ns
}

#[cfg(test)]
mod tests {
    use super::next_due;

    #[test]
    fn a_slow_answer_does_not_move_the_schedule() {
        assert_eq!(next_due(100, 10, 105), 110);
        assert_eq!(next_due(100, 10, 112), 110, "due already: at once");
        assert_eq!(next_due(100, 10, 137), 130, "two missed ticks are one poll");
    }
}
