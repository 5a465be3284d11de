//! Short polling: ask on a timer, whether there is news or not.

use std::time::Duration;

use super::poll::Poll;
use super::request::{self, CONDITIONAL, COOKIE_BYTES, KEEP_ALIVE, WRITES};
use super::{Client, Following, Start};
use crate::clock;
use crate::dial::Dial;
use crate::inbox::{Inbox, Next};
use servers::{Knob, KnobKind, Params};

pub const CLIENT: Client = Client {
    name: "short-poll",
    knobs: &[INTERVAL, PACING, TIMER, WRITES, KEEP_ALIVE, CONDITIONAL, COOKIE_BYTES],
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

/// A client that paces with a runtime's timer polls less often than it says: tokio's counts whole
/// milliseconds and rounds up (tokio issue 5021).
const TIMER: Knob = Knob {
    name: "timer",
    about: "what wakes the client for a poll: precise, to the kernel's timer slack; tokio: a wheel \
            of whole milliseconds that rounds up",
    default: "precise",
    kind: KnobKind::Choice(&["precise", "tokio"]),
};

/// The first poll is due a random part of the interval after connecting: clients in phase with
/// each other, or with a periodic feed, would measure one constant instead of a distribution.
fn follow(dial: Dial, inbox: Inbox, params: Params, start: Start) -> Following {
    Box::pin(async move {
        let interval_ns = params.duration(&INTERVAL).as_nanos() as u64;
        let pacing = Pacing { interval_ns, fixed_rate: params.choice(&PACING) == "fixed-rate" };
        let by_tokio = params.choice(&TIMER) == "tokio";
        dial.alarm.until(start.at_ns).await;
        let ask = ("/short-poll", String::new());
        let mut poll = Poll::start(&dial, &inbox, &params, start, ask).await?;
        poll.write_apart(params.integer(&WRITES) > 1);
        let mut due_ns = clock::now_ns() + (start.phase * interval_ns as f64) as u64;
        loop {
            if by_tokio {
                dial.sleep_by_tokio(due_ns).await;
            } else {
                dial.alarm.until(due_ns).await;
            }
            poll.quiet(clock::now_ns(), Next::Soon);
            // Who gets a full page asks for the next at once, as any client that wants the feed does:
            // with a page per interval it would fall behind for ever.
            while poll.exchange().await? {}
            let now_ns = clock::now_ns();
            poll.quiet_before_window(now_ns);
            due_ns = pacing.next_due(due_ns, now_ns);
        }
    })
}

/// When polls are due.
struct Pacing {
    interval_ns: u64,
    fixed_rate: bool,
}

impl Pacing {
    /// When the next poll is due, after one that was due at `due_ns` and answered at `answered_ns`.
    ///
    /// At a fixed rate a poll that is due while the last one is in flight goes out as soon as that
    /// is answered; more than one such are one. With a fixed delay the interval begins with the
    /// answer.
    fn next_due(&self, due_ns: u64, answered_ns: u64) -> u64 {
        let Self { interval_ns, fixed_rate } = *self;
        if !fixed_rate {
            return answered_ns + interval_ns;
        }
        let next_ns = due_ns + interval_ns;
        let missed = answered_ns.saturating_sub(next_ns) / interval_ns;
        next_ns + missed * interval_ns
    }
}

#[cfg(test)]
mod tests {
    use super::Pacing;

    #[test]
    fn a_slow_answer_does_not_move_the_schedule_of_a_fixed_rate() {
        let pacing = Pacing { interval_ns: 10, fixed_rate: true };
        assert_eq!(pacing.next_due(100, 105), 110);
        assert_eq!(pacing.next_due(100, 112), 110, "due already: at once");
        assert_eq!(pacing.next_due(100, 137), 130, "two missed ticks are one poll");
    }

    #[test]
    fn a_fixed_delay_begins_with_the_answer() {
        let pacing = Pacing { interval_ns: 10, fixed_rate: false };
        assert_eq!(pacing.next_due(100, 100), 110);
        assert_eq!(pacing.next_due(100, 137), 147, "the round trip is part of the cycle");
        let cycle = |round_trip| {
            let due = (0..1000).fold(0, |due, _| pacing.next_due(due, due + round_trip));
            due / 1000
        };
        assert_eq!((cycle(0), cycle(3), cycle(25)), (10, 13, 35));
    }
}
