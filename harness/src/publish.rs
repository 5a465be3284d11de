//! The open-loop publisher: a thread of its own, on absolute time.
//!
//! It stamps the *intended* time into each payload, so a server that is slow to accept cannot hide
//! it. *Late* is from the intended time until the publisher is awake with the payload in hand;
//! *held* is the time that it then waits behind a request in flight.

use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use hdrhistogram::Histogram;
use nix::poll::{PollFd, PollFlags, ppoll};

use results::hlog::histogram;

use crate::conform::At;
use crate::{clock, kernel};

/// A server that takes longer than this to accept an update is taken for dead.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// Turn length asked of the scheduler: far below a period, far above the work of one publish.
const SLICE_NS: u64 = 200_000;

/// A request carries at most this much, or one update if that is larger: half of what a server must
/// take (16 MiB), so that a backlog of large updates is not refused.
const REQUEST_BYTES_MAX: usize = 8 << 20;

/// Where a server takes updates.
#[derive(Clone, Debug)]
pub enum Door {
    /// A Unix socket.
    Unix(PathBuf),
    /// An address of a server that feedlab did not start: the Host line and the path to post to.
    Http(SocketAddr, String, String),
}

impl Door {
    /// From the place that was checked, and the path there.
    pub fn of((at, path): (At, String)) -> Self {
        match at {
            At::Unix(socket) => Self::Unix(socket),
            At::Tcp(address, host) => Self::Http(address, host, path),
        }
    }

    fn connect(&self) -> Result<Box<dyn Stream>> {
        Ok(match self {
            Self::Unix(path) => {
                let stream = UnixStream::connect(path).with_context(|| {
                    format!("while connecting to the server's {}", path.display())
                })?;
                stream.set_nonblocking(true)?;
                Box::new(stream)
            }
            Self::Http(address, ..) => {
                let stream = TcpStream::connect_timeout(address, ANSWER_TIMEOUT)
                    .with_context(|| format!("while connecting to {address} to publish"))?;
                stream.set_nodelay(true)?;
                stream.set_nonblocking(true)?;
                Box::new(stream)
            }
        })
    }

    /// The head of a request up to its length.
    fn head(&self) -> String {
        let (host, path) = match self {
            Self::Unix(_) => ("feedlab", "/publish"),
            Self::Http(_, host, path) => (host.as_str(), path.as_str()),
        };
        format!("POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: ")
    }
}

/// What the publisher needs of a socket.
trait Stream: Read + Write + AsFd + Send {}

impl<T: Read + Write + AsFd + Send> Stream for T {}

/// What to publish and when.
pub struct Plan {
    /// Number of the first publish.
    pub first: u64,
    /// Intended times, ns of `CLOCK_MONOTONIC`, non-decreasing.
    pub intended_ns: Vec<u64>,
    /// JSON members that a trace adds to each payload; empty, or one per publish.
    pub fields: Vec<String>,
    /// Payloads are padded up to this.
    pub payload_bytes: usize,
    /// Publishing ends early when this is set.
    pub stop: Arc<AtomicBool>,
}

/// How well the schedule was kept.
pub struct Kept {
    /// Number of the last publish that was accepted; `first - 1` if none was.
    pub last: u64,
    /// Intended time until awake with the payload in hand.
    pub late: Histogram<u64>,
    /// Time behind a request in flight.
    pub held: Histogram<u64>,
    /// Run-queue wait of the thread, ns.
    pub run_queue_wait_ns: u64,
}

/// Connects to where the server takes updates and starts the thread.
///
/// # Errors
/// When the server does not listen there.
pub fn start(door: &Door, plan: Plan) -> Result<JoinHandle<Result<Kept>>> {
    let (stream, head) = (door.connect()?, door.head());
    let thread = std::thread::Builder::new().name("publisher".into());
    Ok(thread.spawn(move || Publisher::new(stream, head, plan).run())?)
}

struct Publisher {
    stream: Box<dyn Stream>,
    /// Of each request, up to its length.
    head: String,
    plan: Plan,
    kept: Kept,
    /// Payloads that are due, one per line.
    due: Vec<u8>,
    /// Of each of them: when it was in hand, and where in `due` it ends.
    in_hand: VecDeque<(u64, usize)>,
    /// How many publishes the requests so far have carried.
    sent: u64,
    answer: Vec<u8>,
}

impl Publisher {
    fn new(stream: Box<dyn Stream>, head: String, plan: Plan) -> Self {
        let kept = Kept {
            last: plan.first - 1,
            late: histogram(),
            held: histogram(),
            run_queue_wait_ns: 0,
        };
        Self {
            stream,
            head,
            plan,
            kept,
            due: Vec::new(),
            in_hand: VecDeque::new(),
            sent: 0,
            answer: Vec::new(),
        }
    }

    fn run(mut self) -> Result<Kept> {
        // The default slack of 50 µs would be in every delay.
        nix::sys::prctl::set_timerslack(1).context("while asking for exact timers")?;
        // Without it the publisher waits for a load worker's turn to end; the lateness is measured.
        let _ = kernel::shorten_slice(SLICE_NS);
        let mut next = 0;
        while next < self.plan.intended_ns.len() && !self.plan.stop.load(Ordering::Relaxed) {
            clock::sleep_until(self.plan.intended_ns[next]);
            next = self.take_due(next);
            while !self.in_hand.is_empty() && !self.plan.stop.load(Ordering::Relaxed) {
                next = self.send(next)?;
            }
        }
        self.kept.run_queue_wait_ns = own_run_queue_wait_ns();
        Ok(self.kept)
    }

    /// Takes all that are due into the next request; returns the first that is not.
    fn take_due(&mut self, mut next: usize) -> usize {
        loop {
            let now_ns = clock::now_ns();
            let Some(&intended_ns) = self.plan.intended_ns.get(next) else { return next };
            if intended_ns > now_ns {
                return next;
            }
            let fields = self.plan.fields.get(next).map_or("", String::as_str);
            let n = self.plan.first + next as u64;
            payload(&mut self.due, n, intended_ns, fields, self.plan.payload_bytes);
            self.due.push(b'\n');
            let in_hand_ns = clock::now_ns();
            self.kept.late.saturating_record(in_hand_ns - intended_ns);
            self.in_hand.push_back((in_hand_ns, self.due.len()));
            next += 1;
        }
    }

    /// Sends what is due and, until the answer is here, takes what becomes due meanwhile.
    fn send(&mut self, mut next: usize) -> Result<usize> {
        let (count, bytes) = fitting(&self.in_hand, REQUEST_BYTES_MAX);
        let mut request = format!("{}{bytes}\r\n\r\n", self.head).into_bytes();
        request.extend(self.due.drain(..bytes));
        let sent_ns = clock::now_ns();
        for (in_hand_ns, _) in self.in_hand.drain(..count) {
            self.kept.held.saturating_record(sent_ns - in_hand_ns);
        }
        for (_, end) in &mut self.in_hand {
            *end -= bytes;
        }
        self.sent += count as u64;
        let deadline_ns = sent_ns + ANSWER_TIMEOUT.as_nanos() as u64;
        let mut unsent = request.as_slice();
        loop {
            unsent = &unsent[self.write(unsent)?..];
            if self.wait(next, deadline_ns, !unsent.is_empty())? && self.read_answer()? {
                if !unsent.is_empty() {
                    bail!("the server accepted updates before it had them all");
                }
                self.kept.last = self.plan.first + self.sent - 1;
                return Ok(next);
            }
            next = self.take_due(next);
        }
    }

    /// Writes what the socket takes: a server that takes a large request slowly does not keep the
    /// publisher from its schedule.
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        if bytes.is_empty() {
            return Ok(0);
        }
        match self.stream.write(bytes) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(0),
            written => written.context("while publishing"),
        }
    }

    /// Waits for bytes of the answer, or for room in the socket if that is needed, at most until
    /// the next publish is due. Returns whether there is something to read.
    fn wait(&self, next: usize, deadline_ns: u64, unsent: bool) -> Result<bool> {
        let now_ns = clock::now_ns();
        if now_ns >= deadline_ns {
            bail!("the server did not accept an update in {} s", ANSWER_TIMEOUT.as_secs());
        }
        let due_ns = self.plan.intended_ns.get(next).copied().unwrap_or(u64::MAX);
        let wait_ns = due_ns.min(deadline_ns).saturating_sub(now_ns);
        let room = if unsent { PollFlags::POLLOUT } else { PollFlags::empty() };
        let mut sockets = [PollFd::new(self.stream.as_fd(), PollFlags::POLLIN | room)];
        match ppoll(&mut sockets, Some(clock::time_spec(wait_ns)), None) {
            // A socket that broke is read, too: that says how.
            Ok(_) => Ok(sockets[0].revents().is_some_and(|events| events.intersects(!room))),
            Err(nix::errno::Errno::EINTR) => Ok(false),
            Err(error) => Err(error).context("while waiting for the server to accept an update"),
        }
    }

    /// Reads what is there; true when the answer is whole.
    fn read_answer(&mut self) -> Result<bool> {
        let mut bytes = [0; 1024];
        let count = self.stream.read(&mut bytes).context("while publishing")?;
        if count == 0 {
            bail!("the server closed the control connection while publishing");
        }
        self.answer.extend_from_slice(&bytes[..count]);
        let Some(head) = crate::decode::head::read(&self.answer)? else { return Ok(false) };
        let length = head.bytes + head.content_length.unwrap_or(0);
        if self.answer.len() < length {
            return Ok(false);
        }
        if head.status != 200 {
            let body = String::from_utf8_lossy(&self.answer[head.bytes..length]).into_owned();
            bail!("the server refused an update with {}: {body}", head.status);
        }
        self.answer.drain(..length);
        Ok(true)
    }
}

/// How many of the updates in hand fit into a request, at least one, and their bytes.
fn fitting(in_hand: &VecDeque<(u64, usize)>, bytes_max: usize) -> (usize, usize) {
    let count = in_hand.iter().take_while(|(_, end)| *end <= bytes_max).count().max(1);
    (count, in_hand.get(count - 1).map_or(0, |(_, end)| *end))
}

/// Appends the payload `{"n":…,"t":…,…}` of publish `n`, padded upwards to `bytes`.
pub fn payload(buffer: &mut Vec<u8>, n: u64, intended_ns: u64, fields: &str, bytes: usize) {
    const PAD: &[u8] = b",\"pad\":\"\"}";
    let start = buffer.len();
    let comma = if fields.is_empty() { "" } else { "," };
    write!(buffer, "{{\"n\":{n},\"t\":{intended_ns}{comma}{fields}").expect("a Vec takes all");
    let plain = buffer.len() - start + 1;
    if plain + PAD.len() - 1 > bytes {
        buffer.push(b'}');
        return;
    }
    buffer.extend_from_slice(&PAD[..PAD.len() - 2]);
    buffer.resize(start + bytes - 2, b'x');
    buffer.extend_from_slice(b"\"}");
}

/// Run-queue wait of the calling thread, ns.
fn own_run_queue_wait_ns() -> u64 {
    std::fs::read_to_string("/proc/thread-self/schedstat")
        .ok()
        .and_then(|text| text.split_whitespace().nth(1)?.parse().ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Read, Write};
    use std::os::unix::net::UnixListener;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::{Plan, fitting, payload, start};
    use crate::clock;

    #[test]
    fn publishing_ends_when_told_also_where_the_server_cannot_follow() {
        let directory = tempfile::tempdir().unwrap();
        let control = directory.path().join("control");
        let listener = UnixListener::bind(&control).unwrap();
        // A minute of publishes, in a server that is always behind: it answers when told.
        let began_ns = clock::now_ns().saturating_sub(60_000_000_000);
        let stop = Arc::new(AtomicBool::new(false));
        let plan = Plan {
            first: 1,
            intended_ns: (0..120_000).map(|k| began_ns + k * 1_000_000).collect(),
            fields: Vec::new(),
            payload_bytes: 64,
            stop: stop.clone(),
        };
        let publisher = start(&super::Door::Unix(control.clone()), plan).unwrap();
        let (stream, _) = listener.accept().unwrap();
        let mut reader = BufReader::new(stream);
        let mut length = 0;
        let mut line = String::new();
        while reader.read_line(&mut line).unwrap() > 2 {
            if let Some(value) = line.strip_prefix("Content-Length: ") {
                length = value.trim().parse().unwrap();
            }
            line.clear();
        }
        reader.read_exact(&mut vec![0; length]).unwrap();
        stop.store(true, Ordering::Relaxed);
        reader.get_mut().write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").unwrap();
        let kept = publisher.join().unwrap().unwrap();
        assert!(kept.last < 120_000, "{}", kept.last);
    }

    #[test]
    fn a_backlog_goes_out_in_requests_that_a_server_takes() {
        let ends = |ends: &[usize]| ends.iter().map(|end| (0, *end)).collect();
        assert_eq!(fitting(&ends(&[40, 80, 120]), 100), (2, 80));
        assert_eq!(fitting(&ends(&[40, 80, 120]), 120), (3, 120));
        assert_eq!(fitting(&ends(&[400]), 100), (1, 400), "one always goes");
    }

    #[test]
    fn payloads_have_the_scenarios_size_and_stay_json() {
        for bytes in [64, 65, 128, 4096] {
            for fields in ["", "\"place\":\"x\""] {
                let mut buffer = b"before".to_vec();
                payload(&mut buffer, 17, 123_456_789_012_345, fields, bytes);
                let text = &buffer[6..];
                assert_eq!(text.len(), bytes);
                let value: serde_json::Value = serde_json::from_slice(text).unwrap();
                assert_eq!(
                    (&value["n"], &value["t"]),
                    (&17.into(), &123_456_789_012_345_u64.into())
                );
            }
        }
    }

    #[test]
    fn what_is_larger_than_the_scenarios_size_is_not_cut() {
        let mut buffer = Vec::new();
        payload(
            &mut buffer,
            1,
            2,
            "\"long\":\"yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\"",
            64,
        );
        assert!(buffer.len() > 64);
        serde_json::from_slice::<serde_json::Value>(&buffer).unwrap();
    }
}
