//! Timers for the load clients, exact to the kernel's timer slack.
//!
//! tokio's own timers tick in whole milliseconds and fire 1.1 ms late in the mean
//! (tokio issue 5021), as long as a whole re-arm gap. One `timerfd` per worker and a heap of
//! deadlines cost the same and are exact.

use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::future::poll_fn;
use std::io;
use std::rc::Rc;
use std::task::{Poll, Waker};

use nix::sys::timer::{Expiration, TimerSetTimeFlags};
use nix::sys::timerfd::{ClockId, TimerFd, TimerFlags};
use tokio::io::unix::AsyncFd;

use crate::clock;
use crate::departure::Departure;
use crate::kernel::{self, TimerHandle};

/// A worker's alarm clock; clones share it.
#[derive(Clone)]
pub struct Alarm(Rc<RefCell<Deadlines>>);

#[derive(Default)]
struct Deadlines {
    heap: BinaryHeap<Reverse<Entry>>,
    /// What the timer is set to, so that a later deadline makes no system call.
    armed_ns: Option<u64>,
    timer: Option<Rc<AsyncFd<TimerHandle>>>,
    departure: Departure,
}

struct Entry {
    at_ns: u64,
    waker: Waker,
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.at_ns == other.at_ns
    }
}
impl Eq for Entry {}
impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Entry {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.at_ns.cmp(&other.at_ns)
    }
}

impl Alarm {
    /// Makes the timer and the task that serves it, inside a `LocalSet`.
    ///
    /// # Errors
    /// The kernel's, when it has no descriptor left.
    pub fn start(departure: &Departure) -> io::Result<Self> {
        let timer = TimerFd::new(
            ClockId::CLOCK_MONOTONIC,
            TimerFlags::TFD_NONBLOCK | TimerFlags::TFD_CLOEXEC,
        )?;
        let timer = Rc::new(kernel::watch(timer)?);
        let alarm = Self(Rc::new(RefCell::new(Deadlines {
            timer: Some(timer.clone()),
            departure: departure.clone(),
            ..Deadlines::default()
        })));
        let served = alarm.clone();
        tokio::task::spawn_local(async move {
            while let Ok(mut ready) = timer.readable().await {
                // Reading clears the expiry; one that was re-armed meanwhile has nothing to read.
                let mut count = [0_u8; 8];
                let _ = nix::unistd::read(ready.get_inner(), &mut count);
                ready.clear_ready();
                served.wake_due();
            }
        });
        Ok(alarm)
    }

    /// Waits until an instant of `CLOCK_MONOTONIC`; at once if it has passed, and no longer than
    /// until the departure.
    pub async fn until(&self, at_ns: u64) {
        let mut registered = false;
        poll_fn(|context| {
            if clock::now_ns() >= at_ns || self.0.borrow().departure.is_announced() {
                return Poll::Ready(());
            }
            if !registered {
                registered = true;
                self.add(Entry { at_ns, waker: context.waker().clone() });
            }
            Poll::Pending
        })
        .await;
    }

    fn add(&self, entry: Entry) {
        let mut deadlines = self.0.borrow_mut();
        let at_ns = entry.at_ns;
        deadlines.heap.push(Reverse(entry));
        if deadlines.armed_ns.is_none_or(|armed| at_ns < armed) {
            deadlines.arm(at_ns);
        }
    }

    fn wake_due(&self) {
        let now_ns = clock::now_ns();
        let mut deadlines = self.0.borrow_mut();
        while deadlines.heap.peek().is_some_and(|Reverse(first)| first.at_ns <= now_ns) {
            if let Some(Reverse(entry)) = deadlines.heap.pop() {
                entry.waker.wake();
            }
        }
        deadlines.armed_ns = None;
        if let Some(next) = deadlines.heap.peek().map(|Reverse(first)| first.at_ns) {
            deadlines.arm(next);
        }
    }
}

impl Deadlines {
    fn arm(&mut self, at_ns: u64) {
        if let Some(timer) = &self.timer {
            let expiration = Expiration::OneShot(clock::time_spec(at_ns));
            let set = timer.get_ref().set(expiration, TimerSetTimeFlags::TFD_TIMER_ABSTIME);
            self.armed_ns = set.is_ok().then_some(at_ns);
        }
    }
}
