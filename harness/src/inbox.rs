//! Arrivals: the only place where a delivery is recorded. Delay, age, ledger, bytes by cause.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::task::Waker;

use results::Causes;

use crate::age::{Age, Stretch};
use crate::decode::{Listener, Said, Stamp};
use crate::kernel::TcpCounters;
use crate::ledger::{Arrival, Ledger};
use crate::meter::{Counters, Snapshot};
use crate::tally::Tally;

/// One client's inbox; clones are the same inbox.
#[derive(Clone)]
pub struct Inbox(Rc<Client>);

/// What is known of one client. About 600 bytes, so that 10,000 clients stay small.
pub struct Client {
    tally: Rc<Tally>,
    /// Place among all clients of the run, from 0.
    pub index: u32,
    now_ns: Cell<u64>,
    /// When the last request went out.
    asked_ns: Cell<u64>,
    ledger: RefCell<Ledger>,
    delivered: Cell<u64>,
    duplicated: Cell<u64>,
    reordered: Cell<u64>,
    age: RefCell<Age>,
    counters: RefCell<Counters>,
    before: Cell<Option<Snapshot>>,
    after: Cell<Option<Snapshot>>,
    closed: Cell<bool>,
    connected: Cell<Option<Counters>>,
    /// Set by a pause when the socket is one that only listens, and woken to take its counters.
    wanted: Cell<Option<Pause>>,
    waker: RefCell<Option<Waker>>,
    failed: Cell<bool>,
}

/// The pauses in which nothing is in flight to clients that only listen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pause {
    /// Between the warm-up and the window.
    Before,
    /// After the window, when all is delivered.
    After,
}

/// Whether a client that is quiet now will certainly be quiet again soon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// It will: a poll on a timer.
    Soon,
    /// Its next request may be held until after the window: a long poll.
    Unknown,
}

impl Inbox {
    /// An empty inbox of client `index`.
    pub fn new(tally: Rc<Tally>, index: u32) -> Self {
        let ledger = RefCell::new(Ledger::new(tally.latest_value));
        Self(Rc::new(Client {
            tally,
            index,
            now_ns: Cell::default(),
            asked_ns: Cell::default(),
            ledger,
            delivered: Cell::default(),
            duplicated: Cell::default(),
            reordered: Cell::default(),
            age: RefCell::default(),
            counters: RefCell::default(),
            before: Cell::default(),
            after: Cell::default(),
            closed: Cell::default(),
            connected: Cell::default(),
            wanted: Cell::default(),
            waker: RefCell::default(),
            failed: Cell::default(),
        }))
    }

    /// Place among all clients of the run, from 0.
    pub fn index(&self) -> u32 {
        self.0.index
    }

    /// Bytes came at `now_ns`: the arrival time of each update that they complete.
    pub fn arrived(&self, now_ns: u64) {
        self.0.now_ns.set(now_ns);
    }

    /// The client is connected and following; what it took is kept apart from the window.
    pub fn connected(&self, took_ns: u64) {
        if self.0.connected.get().is_none() {
            self.0.connected.set(Some(*self.0.counters.borrow()));
            self.0.tally.connected(took_ns);
        }
    }

    /// The client ended, with a sentence that says why. Only the first reason is kept.
    pub fn failed(&self, reason: &str) {
        if !self.0.failed.replace(true) {
            self.0.tally.failed(self.is_connected(), reason);
        }
    }

    /// What the codecs have counted since the client was there.
    pub fn counted(&self) -> Counters {
        *self.0.counters.borrow()
    }

    /// Whether the client ever connected.
    pub fn is_connected(&self) -> bool {
        self.0.connected.get().is_some()
    }

    /// A request of `bytes` was written, and was asked at `now_ns`.
    pub fn request(&self, now_ns: u64, bytes: usize) {
        let mut counters = self.0.counters.borrow_mut();
        counters.up.head += bytes as u64;
        counters.requests += 1;
        self.0.tally.request(now_ns, self.0.asked_ns.replace(now_ns));
    }

    /// Its answer is here, with a head of so many bytes; `empty` when it carried no update.
    pub fn answered(&self, asked_ns: u64, head_bytes: usize, empty: bool) {
        if empty {
            let mut counters = self.0.counters.borrow_mut();
            counters.empties += 1;
            counters.empty_head_bytes += head_bytes as u64;
        }
        self.0.tally.answered(asked_ns, self.0.now_ns.get(), empty);
    }

    /// Bytes that went up without being a request's head.
    pub fn sent_framing(&self, bytes: usize) {
        self.0.counters.borrow_mut().up.framing += bytes as u64;
    }

    /// Bytes that went up and were TLS's own.
    pub fn sent_tls(&self, bytes: u64) {
        self.0.counters.borrow_mut().up.tls += bytes;
    }

    /// A TCP connection was made.
    pub fn dialled(&self, took_ns: u64) {
        self.0.tally.dialled(took_ns);
    }

    /// A TLS handshake is over.
    pub fn secured(&self, took_ns: u64, resumed: bool) {
        self.0.tally.secured(took_ns, resumed);
    }

    /// Nothing is in flight on the socket: the moment to read the kernel's counters, if wanted.
    pub fn quiet(&self, now_ns: u64, next: Next, kernel: impl FnOnce() -> Option<TcpCounters>) {
        let client = &*self.0;
        if client.closed.get() {
            return;
        }
        let window = client.tally.window();
        let has_last = client.ledger.borrow().highest() >= window.last;
        if now_ns < window.start_ns {
            client.before.set(self.snapshot(kernel));
        } else if now_ns < window.end_ns {
            if next == Next::Unknown {
                client.after.set(self.snapshot(kernel));
            }
        } else if next == Next::Unknown && client.after.get().is_some_and(|after| after.has_last) {
            client.closed.set(true);
        } else {
            client.after.set(self.snapshot(kernel));
            client.closed.set(has_last);
        }
    }

    /// The same, when only the beginning of the window is of interest.
    pub fn quiet_before_window(&self, now_ns: u64, kernel: impl FnOnce() -> Option<TcpCounters>) {
        if now_ns < self.0.tally.window().start_ns {
            self.0.before.set(self.snapshot(kernel));
        }
    }

    /// Asks a client that only listens for its counters; it gives them when it is next polled.
    pub fn want(&self, pause: Pause) {
        self.0.wanted.set(Some(pause));
        if let Some(waker) = &*self.0.waker.borrow() {
            waker.wake_by_ref();
        }
    }

    /// Called by a socket with nothing to read: gives the counters that a pause wants.
    pub fn listening(&self, waker: &Waker, kernel: impl FnOnce() -> Option<TcpCounters>) {
        let mut kept = self.0.waker.borrow_mut();
        if !kept.as_ref().is_some_and(|old| old.will_wake(waker)) {
            *kept = Some(waker.clone());
        }
        drop(kept);
        let Some(pause) = self.0.wanted.get() else { return };
        // Bytes that have just arrived are decoded first, and then we are here again.
        let Some(snapshot) = self.snapshot(kernel) else { return };
        self.0.wanted.set(None);
        match pause {
            Pause::Before => self.0.before.set(Some(snapshot)),
            Pause::After => self.0.after.set(Some(snapshot)),
        }
    }

    fn snapshot(&self, kernel: impl FnOnce() -> Option<TcpCounters>) -> Option<Snapshot> {
        let client = &*self.0;
        let has_last = client.ledger.borrow().highest() >= client.tally.window().last;
        kernel().map(|kernel| Snapshot { codec: *client.counters.borrow(), kernel, has_last })
    }

    fn deliver(&self, stamp: Stamp) {
        let client = &*self.0;
        let now_ns = client.now_ns.get();
        let window = client.tally.window();
        let numbers = window.first..=window.last;
        let held = client.ledger.borrow().highest();
        let arrival = client.ledger.borrow_mut().enter(stamp.n, &numbers);
        if stamp.n < window.first || stamp.n > window.last {
            return;
        }
        match arrival {
            Arrival::Duplicate => return client.duplicated.set(client.duplicated.get() + 1),
            Arrival::Reordered => client.reordered.set(client.reordered.get() + 1),
            Arrival::Superseded => return client.reordered.set(client.reordered.get() + 1),
            Arrival::New => {}
        }
        client.delivered.set(client.delivered.get() + 1);
        // In a full feed what is held is outdated by the very next that comes.
        let outdated_ns = client.tally.intended_ns(held + 1).unwrap_or(stamp.intended_ns);
        let mut age = client.age.borrow_mut();
        let stretch = age.arrive(now_ns, stamp.intended_ns, outdated_ns, window.last_intended_ns);
        client.tally.deliver(client.index, stamp, now_ns, stretch);
    }

    /// The window was put off: a look at the counters that was taken in it is one before it.
    pub fn put_off(&self) {
        if let Some(look) = self.0.after.take() {
            self.0.before.set(Some(look));
        }
        self.0.closed.set(false);
    }

    /// What this client adds to the run's row; call once, at the end.
    pub fn account(&self) -> Account {
        let client = &*self.0;
        let window = client.tally.window();
        let (age, stretch) = client.age.take().finish(window.last_intended_ns);
        let (before, after) = (client.before.get(), client.after.get());
        Account {
            delivered: client.delivered.get(),
            duplicated: client.duplicated.get(),
            reordered: client.reordered.get(),
            lost: client.ledger.borrow().lost(),
            superseded: client.ledger.borrow().superseded(),
            age,
            stretch,
            used: before.zip(after).map(|(before, after)| after.since(&before)),
            connect: client.connected.get().unwrap_or(*client.counters.borrow()),
        }
    }

    /// Whether the client has come as far as this publisher's number.
    pub fn has(&self, n: u64) -> bool {
        self.0.ledger.borrow().highest() >= n
    }

    /// Whether the client has ended early.
    pub fn has_failed(&self) -> bool {
        self.0.failed.get()
    }

    /// Whether the counters of a pause are here.
    pub fn is_metered(&self, pause: Pause) -> bool {
        let client = &*self.0;
        // Only a client that listens leaves its waker here.
        if client.waker.borrow().is_some() {
            return client.wanted.get().is_none();
        }
        match pause {
            Pause::Before => client.before.get().is_some(),
            Pause::After => client.after.get().is_some_and(|after| after.has_last),
        }
    }
}

/// One client's part of a row.
pub struct Account {
    /// Distinct updates of the window.
    pub delivered: u64,
    /// Arrivals of updates that had come before.
    pub duplicated: u64,
    /// Arrivals after a later update.
    pub reordered: u64,
    /// Declared lost by gaps.
    pub lost: u64,
    /// Skipped on purpose.
    pub superseded: u64,
    /// Age of information.
    pub age: crate::age::Totals,
    /// The last stretch of age, for the time line.
    pub stretch: Option<Stretch>,
    /// Difference of the snapshots; `None` when the client has not both.
    pub used: Option<Snapshot>,
    /// Bytes of connecting and upgrading.
    pub connect: Counters,
}

impl Listener for &Inbox {
    fn hear(&mut self, said: Said, causes: Causes) {
        self.overhead(causes);
        match said {
            Said::Update(stamp) => self.deliver(stamp),
            Said::Gap(lost) => self.0.ledger.borrow_mut().declare(lost),
        }
    }

    fn overhead(&mut self, causes: Causes) {
        let mut counters = self.0.counters.borrow_mut();
        let down = &mut counters.down;
        down.payload += causes.payload;
        down.envelope += causes.envelope;
        down.framing += causes.framing;
        down.head += causes.head;
        down.tls += causes.tls;
    }
}
