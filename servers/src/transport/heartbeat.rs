//! A sign of life at fixed times, whatever else is sent: a timer that is touched once per beat, not
//! per delivery.

use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep};

use crate::knob::{Knob, KnobKind};

/// How often a push transport says that it is alive.
pub(super) const HEARTBEAT: Knob = Knob {
    name: "heartbeat",
    about: "how often the server says that it is alive",
    default: "15s",
    kind: KnobKind::Duration { min: Duration::from_millis(100), max: Duration::from_secs(3600) },
};

/// Due every `period`, from the beginning.
pub(super) struct Heartbeat {
    due: Instant,
    period: Duration,
    timer: Pin<Box<Sleep>>,
    /// Whom the timer wakes.
    armed: Option<Waker>,
}

impl Heartbeat {
    pub(super) fn new(period: Duration) -> Self {
        let timer = Box::pin(sleep(period));
        Self { due: timer.deadline(), period, timer, armed: None }
    }

    /// Ready once per beat. Beats that were missed together count as one.
    pub(super) fn poll_due(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let armed = self.armed.as_ref().is_some_and(|waker| waker.will_wake(cx.waker()));
        // With a thousand clients what costs is to fetch the timer into the cache, not to read the
        // clock.
        if armed && Instant::now() < self.due {
            return Poll::Pending;
        }
        self.armed = Some(cx.waker().clone());
        ready!(self.timer.as_mut().poll(cx));
        self.armed = None;
        self.due = (self.due + self.period).max(Instant::now());
        self.timer.as_mut().reset(self.due);
        Poll::Ready(())
    }
}
