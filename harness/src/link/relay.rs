//! The link's process: makes both sides, carries packets between them, and follows orders.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::os::fd::{AsFd, AsRawFd};
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use nix::time::{ClockId, clock_gettime};

use super::capture::Capture;
use super::effect::{Direction, Path};
use super::namespace::{self, Spaces};
use super::order::{DeviceDrops, Effort, Entrance, Mark, Order, Report, Settings, Word};
use super::pump::Pump;
use crate::cmd::Usage;
use crate::{clock, kernel};

/// At rest: all connections are closed and no packet has come for so long. Of its own accord neither
/// end sends anything then; it only answers what has arrived last, at once, which takes as long as
/// a busy machine lets it.
const QUIET_NS: u64 = 100_000_000;

/// The turns that the thread asks for, so that it is woken in time beside a busy process.
const SLICE_NS: u64 = 100_000;

/// The process: settings and orders on stdin, words on stdout.
///
/// # Errors
/// [`Usage`] where this machine cannot have a link; or what the kernel refuses later.
pub fn run() -> Result<()> {
    // Unbuffered: the pump waits for the next order together with packets.
    let mut orders =
        Lines { file: File::from(io::stdin().as_fd().try_clone_to_owned()?), text: Vec::new() };
    let line = orders.next_blocking().context("the link got no settings")?;
    let settings: Settings =
        serde_json::from_slice(&line).context("the link cannot read its settings")?;
    let made = begin_capture(&settings).and_then(|capture| Ok((capture, namespace::make()?)));
    let (capture, spaces) = made.inspect_err(|error| {
        if let Some(Usage(why)) = error.downcast_ref() {
            let _ = say(&Word::Refused { why: why.clone() });
        }
    })?;
    carry(&settings, capture, spaces, orders)
}

/// Before there are namespaces: the super-user of one may write only what is his own outside.
fn begin_capture(settings: &Settings) -> Result<Option<Capture>> {
    let create = |path: &PathBuf| {
        Capture::create(path, wall_clock_offset_ns()).map_err(|error| {
            Usage(format!("the capture {} cannot be written: {error}", path.display())).into()
        })
    };
    settings.capture.as_ref().map(create).transpose()
}

fn carry(
    settings: &Settings,
    capture: Option<Capture>,
    spaces: Spaces,
    mut orders: Lines,
) -> Result<()> {
    let Spaces { clients, server } = spaces;
    let ready = Word::Ready { clients: entrance(&clients.net), server: entrance(&server.net) };
    let mut counters = [clients.counters, server.counters];
    let path = |direction| {
        let way = match direction {
            Direction::Up => settings.link.way_up(),
            Direction::Down => settings.link.way_down(),
        };
        Path::new(&way, direction, settings.seed)
    };
    let paths = Direction::BOTH.map(path);
    let stdin = orders.file.try_clone()?;
    let mut pump = Pump::new(clients.device, server.device, stdin.as_fd(), paths, capture)?;
    nix::sys::prctl::set_timerslack(1).context("while asking for exact timers")?;
    // Older kernels have no slices; the lateness shows what that costs.
    let _ = kernel::shorten_slice(SLICE_NS);
    say(&ready)?;
    let mut deadline_ns = None;
    loop {
        let quiet_ns = pump.quiet_since_ns().map(|since_ns| since_ns + QUIET_NS);
        if let Some(deadline_ns) = deadline_ns {
            let now_ns = clock::now_ns();
            let at_rest = quiet_ns.is_some_and(|quiet_ns| quiet_ns <= now_ns);
            if at_rest || deadline_ns <= now_ns {
                return say(&Word::Finished(Box::new(report(&mut pump, &mut counters, at_rest)?)));
            }
        }
        let until_ns =
            deadline_ns.map(|deadline_ns| quiet_ns.unwrap_or(deadline_ns).min(deadline_ns));
        if !pump.turn(until_ns)? {
            continue;
        }
        for line in orders.ready()? {
            let order = serde_json::from_slice(&line).context("the link cannot read an order")?;
            match order {
                Order::OpenWindow { start_ns } => {
                    pump.open_window(start_ns);
                    say(&Word::Opened)?;
                }
                Order::Mark => say(&Word::Marked(Box::new(mark(&mut pump)?)))?,
                Order::Finish { deadline_ns: last_ns } => deadline_ns = Some(last_ns),
            }
        }
    }
}

/// Namespaces are files of this process, as long as it lives.
fn entrance(net: &File) -> Entrance {
    let own = PathBuf::from(format!("/proc/{}", std::process::id()));
    Entrance { user: own.join("ns/user"), net: own.join(format!("fd/{}", net.as_raw_fd())) }
}

fn mark(pump: &mut Pump) -> Result<Mark> {
    Ok(Mark {
        at_ns: clock::now_ns(),
        counters: pump.counters(),
        lateness: pump.recent_lateness(),
        effort: effort(pump)?,
    })
}

fn report(pump: &mut Pump, devices: &mut [File; 2], at_rest: bool) -> Result<Report> {
    let [clients_device, server_device] = devices;
    Ok(Report {
        counters: pump.counters(),
        lateness: pump.lateness(),
        clients_device: device_drops(clients_device)?,
        server_device: device_drops(server_device)?,
        at_rest,
        capture_error: pump.finish_capture(),
    })
}

fn effort(pump: &Pump) -> Result<Effort> {
    let cpu = clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID).context("while reading a clock")?;
    let cpu_ns = cpu.tv_sec() as u64 * clock::SECOND_NS + cpu.tv_nsec() as u64;
    Ok(Effort { cpu_ns, spun_ns: pump.spun_ns() })
}

/// Reads `/proc/net/dev` of a namespace that has one device besides the loopback: after the name
/// come eight counters of what it received and eight of what it sent, the fourth of them drops.
fn device_drops(counters: &mut File) -> Result<DeviceDrops> {
    let mut text = String::new();
    counters.rewind()?;
    counters.read_to_string(&mut text).context("while reading the counters of a device")?;
    let line = text.lines().find_map(|line| line.trim().strip_prefix(namespace::DEVICE));
    let line = line.context("a device of the link is gone")?;
    let numbers: Vec<u64> = line
        .trim_start_matches(':')
        .split_whitespace()
        .filter_map(|word| word.parse().ok())
        .collect();
    let [rx_dropped, tx_dropped] = [3, 11].map(|place| numbers.get(place).copied());
    let read = || Some(DeviceDrops { rx_dropped: rx_dropped?, tx_dropped: tx_dropped? });
    read().context("/proc/net/dev has too few columns")
}

fn wall_clock_offset_ns() -> u64 {
    let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    (wall.as_nanos() as u64).saturating_sub(clock::now_ns())
}

fn say(word: &Word) -> Result<()> {
    let mut line = serde_json::to_vec(word)?;
    line.push(b'\n');
    let mut stdout = io::stdout().lock();
    stdout.write_all(&line).and_then(|()| stdout.flush()).context("nobody listens to the link")
}

/// Lines of a pipe, read when there are some.
struct Lines {
    file: File,
    text: Vec<u8>,
}

impl Lines {
    /// Waits for the first line.
    fn next_blocking(&mut self) -> Result<Vec<u8>> {
        loop {
            if let Some(line) = self.split() {
                return Ok(line);
            }
            self.read()?;
        }
    }

    /// The lines that are complete, after one read.
    fn ready(&mut self) -> Result<Vec<Vec<u8>>> {
        self.read()?;
        Ok(std::iter::from_fn(|| self.split()).collect())
    }

    fn read(&mut self) -> Result<()> {
        let mut bytes = [0; 4096];
        match self.file.read(&mut bytes)? {
            0 => bail!("the orchestrator of the link is gone"),
            count => self.text.extend_from_slice(&bytes[..count]),
        }
        Ok(())
    }

    fn split(&mut self) -> Option<Vec<u8>> {
        let end = self.text.iter().position(|byte| *byte == b'\n')?;
        Some(self.text.drain(..=end).collect())
    }
}
