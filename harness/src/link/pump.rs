//! Carries packets: reads them from one device, asks the path of their direction when they are due,
//! and writes them to the other device then. One thread, which sleeps unless there is something to
//! do at once.

mod lane;
mod pace;

use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd};

use anyhow::{Context, Result};
use hdrhistogram::Histogram;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::timer::{Expiration, TimerSetTimeFlags};
use nix::sys::timerfd::{ClockId, TimerFd, TimerFlags};

use super::account::Account;
use super::capture::Capture;
use super::effect::{Direction, Path};
use super::order::{Carried, Counters, Lateness};
use crate::clock;
use lane::{Lane, Pool};
use pace::Pace;

/// A sleep ends this much before a packet is due, and the clock is watched for the rest, while
/// traffic is low: a wake-up takes the kernel 20 to 80 µs, which would be in every round trip twice.
/// With more traffic, packets wake the thread anyway, and the core is better used for them.
const SPIN_NS: u64 = 100_000;

/// With very much traffic packets are collected for so long before they are looked at, as network
/// cards do: at 100,000 packets a second a wake-up for each cost 7.3 µs a packet, three quarters of
/// a core.
const COLLECT_NS: u64 = 100_000;

/// Packets that are read from one device before the other is looked at.
const BATCH: usize = 64;

/// Events that may come at once: two devices, the timer and the orders.
const EVENTS: usize = 4;
/// Which event it was; those below are devices, by their direction.
const TIMER: u64 = 2;
const ORDERS: u64 = 3;

/// Lateness is counted up to a minute, with 1 % of accuracy.
const LATENESS_MAX_NS: u64 = 60 * clock::SECOND_NS;
const LATENESS_DIGITS: u8 = 2;

/// A link at work.
pub struct Pump {
    /// The device from which a direction comes; it goes to the other one.
    sources: [File; 2],
    lanes: [Lane; 2],
    account: Account,
    capture: Option<Capture>,
    pool: Pool,
    epoll: Epoll,
    timer: TimerFd,
    /// For when the timer is set.
    armed_ns: Option<u64>,
    pace: Pace,
    /// A device had more packets than were read at once.
    has_backlog: bool,
    /// When a packet last came in or went out.
    last_packet_ns: u64,
    /// Lateness since it was last asked for, and before.
    recent: Histogram<u64>,
    earlier: Histogram<u64>,
    spun_ns: u64,
}

impl Pump {
    /// A pump between the clients' device and the server's, which watches `orders`, too.
    ///
    /// # Errors
    /// The kernel's, when it gives no more descriptors.
    pub fn new(
        clients: File,
        server: File,
        orders: BorrowedFd<'_>,
        paths: [Path; 2],
        capture: Option<Capture>,
    ) -> Result<Self> {
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC).context("while making an epoll")?;
        let timer = TimerFd::new(
            ClockId::CLOCK_MONOTONIC,
            TimerFlags::TFD_NONBLOCK | TimerFlags::TFD_CLOEXEC,
        )
        .context("while making a timer")?;
        let watch = |file: BorrowedFd<'_>, key| {
            epoll.add(file, EpollEvent::new(EpollFlags::EPOLLIN, key)).context("while watching")
        };
        watch(clients.as_fd(), Direction::Up as u64)?;
        watch(server.as_fd(), Direction::Down as u64)?;
        watch(timer.as_fd(), TIMER)?;
        watch(orders, ORDERS)?;
        let histogram = || {
            Histogram::new_with_max(LATENESS_MAX_NS, LATENESS_DIGITS).expect("bounds are constants")
        };
        let now_ns = clock::now_ns();
        Ok(Self {
            sources: [clients, server],
            lanes: paths.map(Lane::new),
            account: Account::default(),
            capture,
            pool: Pool::default(),
            epoll,
            timer,
            armed_ns: None,
            pace: Pace::new(now_ns),
            has_backlog: false,
            last_packet_ns: now_ns,
            recent: histogram(),
            earlier: histogram(),
            spun_ns: 0,
        })
    }

    /// Waits until there is something to do, at most until `until_ns`, and does it. Returns whether
    /// there are orders to read.
    ///
    /// # Errors
    /// When a device is gone.
    pub fn turn(&mut self, until_ns: Option<u64>) -> Result<bool> {
        let mut events = [EpollEvent::empty(); EVENTS];
        let began_ns = clock::now_ns();
        let collects = self.pace.is_high(began_ns);
        let timeout = if collects {
            self.collect(began_ns);
            EpollTimeout::ZERO
        } else {
            self.timeout(began_ns, until_ns)?
        };
        let count = match self.epoll.wait(&mut events, timeout) {
            Err(nix::errno::Errno::EINTR) => 0,
            counted => counted.context("while waiting for packets")?,
        };
        let (mut has_orders, mut is_idle) = (false, true);
        for event in &events[..count] {
            is_idle &= event.data() == TIMER;
            match event.data() {
                ORDERS => has_orders = true,
                TIMER => {}
                way => self.take(Direction::BOTH[way as usize])?,
            }
        }
        let now_ns = clock::now_ns();
        if timeout == EpollTimeout::ZERO && is_idle && !collects {
            self.spun_ns += now_ns - began_ns;
        }
        for direction in Direction::BOTH {
            self.give(direction, now_ns);
        }
        Ok(has_orders)
    }

    /// Lets packets come, unless some are left over.
    fn collect(&mut self, now_ns: u64) {
        if !std::mem::take(&mut self.has_backlog) {
            clock::sleep_until(now_ns + COLLECT_NS);
        }
    }

    /// How long the next wait may be. A timer that the kernel keeps exactly ends it: the timeouts of
    /// epoll itself may be a thousandth late (fs/select.c, select_estimate_accuracy), which is
    /// 0.15 ms of 150.
    fn timeout(&mut self, now_ns: u64, until_ns: Option<u64>) -> Result<EpollTimeout> {
        let spin_ns = if self.pace.is_low(now_ns) { SPIN_NS } else { 0 };
        let due_ns = self.lanes.iter().filter_map(Lane::next_due_ns).min();
        let wake_ns =
            due_ns.map(|due_ns| due_ns.saturating_sub(spin_ns)).into_iter().chain(until_ns).min();
        if wake_ns.is_some_and(|wake_ns| wake_ns <= now_ns) {
            return Ok(EpollTimeout::ZERO);
        }
        let write_ns = self.capture.as_mut().and_then(|capture| {
            capture.write_if_due(now_ns);
            capture.write_due_ns()
        });
        let wake_ns = wake_ns.into_iter().chain(write_ns).min();
        if wake_ns != self.armed_ns {
            let set = match wake_ns {
                None => self.timer.unset(),
                Some(wake_ns) => self.timer.set(
                    Expiration::OneShot(clock::time_spec(wake_ns)),
                    TimerSetTimeFlags::TFD_TIMER_ABSTIME,
                ),
            };
            set.context("while setting the timer")?;
            self.armed_ns = wake_ns;
        }
        Ok(EpollTimeout::NONE)
    }

    /// Reads what a direction has to carry, and passes on at once what is not delayed.
    fn take(&mut self, direction: Direction) -> Result<()> {
        let way = direction as usize;
        for left in (0..BATCH).rev() {
            self.has_backlog |= left == 0;
            let Some(packet) = self.pool.read(&self.sources[way]).context(match direction {
                Direction::Up => "while reading packets of the clients",
                Direction::Down => "while reading packets of the server",
            })?
            else {
                break;
            };
            let now_ns = clock::now_ns();
            self.last_packet_ns = now_ns;
            self.pace.count(now_ns);
            self.account.observe(direction, packet.bytes());
            if let Some(capture) = &mut self.capture {
                capture.add(now_ns, packet.bytes());
            }
            if let Some(dropped) = self.lanes[way].admit(now_ns, packet) {
                self.pool.put_back(dropped);
            }
            self.give(direction, now_ns);
        }
        Ok(())
    }

    /// Writes what is due.
    fn give(&mut self, direction: Direction, mut now_ns: u64) {
        let way = direction as usize;
        let target = &self.sources[direction.reverse() as usize];
        while let Some((due_ns, packet)) = self.lanes[way].next_due_by(now_ns) {
            if self.lanes[way].write(target, &packet) {
                self.account.arrive(direction, packet.bytes());
            }
            self.pool.put_back(packet);
            now_ns = clock::now_ns();
            self.last_packet_ns = now_ns;
            self.recent.saturating_record(now_ns - due_ns);
        }
    }

    /// Tells the effects when the window opens.
    pub fn open_window(&mut self, start_ns: u64) {
        self.lanes.iter_mut().for_each(|lane| lane.path.open_window(start_ns));
    }

    /// All that was carried.
    pub fn counters(&self) -> Counters {
        let [up, down] = Direction::BOTH.map(|direction| {
            let lane = &self.lanes[direction as usize];
            Carried {
                offered: self.account.traffic(direction),
                dropped: lane.path.drops(),
                refused: lane.refused,
                delivered: lane.delivered,
                waiting: lane.waiting(),
                largest_bytes: self.account.largest_bytes(direction),
            }
        });
        let (connections, unclosed) = (self.account.opened(), self.account.unclosed());
        Counters { up, down, connections, unclosed }
    }

    /// Lateness since this was last asked for.
    pub fn recent_lateness(&mut self) -> Lateness {
        let lateness = summary(&self.recent);
        self.earlier.add(&self.recent).expect("both histograms have the same bounds");
        self.recent.reset();
        lateness
    }

    /// Lateness over the whole life.
    pub fn lateness(&mut self) -> Lateness {
        self.recent_lateness();
        summary(&self.earlier)
    }

    /// Time in which the clock was watched, ns.
    pub fn spun_ns(&self) -> u64 {
        self.spun_ns
    }

    /// When the last packet came in or went out, if all connections are closed and nothing is on its way.
    pub fn quiet_since_ns(&self) -> Option<u64> {
        let is_empty = self.lanes.iter().all(|lane| lane.next_due_ns().is_none());
        (is_empty && self.account.unclosed() == 0).then_some(self.last_packet_ns)
    }

    /// Ends the capture; what went wrong with it, if anything has.
    pub fn finish_capture(&mut self) -> Option<String> {
        self.capture.take().and_then(Capture::finish)
    }
}

fn summary(lateness: &Histogram<u64>) -> Lateness {
    Lateness {
        packets: lateness.len(),
        p50_ns: lateness.value_at_quantile(0.5),
        p99_ns: lateness.value_at_quantile(0.99),
        max_ns: lateness.max(),
    }
}
