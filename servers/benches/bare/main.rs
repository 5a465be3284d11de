//! The floors: what fan-out, short polling and long polling cost when nothing is between the kernel
//! and the client.
//!
//! One thread, one `epoll`, one `send` per client; no futures, no HTTP library, no transport of
//! ours. It is started like `feedlab serve`, prints the same first line and speaks just enough of
//! the same protocol, so that the same publisher and the same load clients measure it, interleaved
//! with ours: `feedlab run fan-out --rival bare=target/release/examples/bare:tcp`. A client that
//! does not keep up is dropped, and it ends when whoever started it has ended.

#![allow(unsafe_code)] // epoll and send themselves are what is measured; a wrapper would be part of the figure

mod http;
mod kernel;
mod log;

use std::io::Write;
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::os::unix::process::parent_id;
use std::time::{Duration, Instant};

use http::{Parsed, Request};
use kernel::Epoll;
use log::Log;

/// A parked request is looked at this often to see whether its hold has passed, and the parent to
/// see whether it is still there.
const TICK: Duration = Duration::from_millis(100);

#[derive(Clone, Copy)]
enum Door {
    Http,
    Tcp,
    Control,
}

enum Socket {
    Listener(OwnedFd, Door),
    /// Speaks HTTP, on the public or the control port: what was read of the next request, and until
    /// when the last one is parked, after which seq.
    Http(OwnedFd, Vec<u8>, Option<(u64, Instant)>),
    Tcp(OwnedFd),
}

struct Bare {
    epoll: Epoll,
    /// By descriptor.
    sockets: Vec<Option<Socket>>,
    /// Clients of the fan-out, and parked requests, in the order in which they came.
    followers: Vec<RawFd>,
    parked: Vec<RawFd>,
    log: Log,
    answer: Vec<u8>,
}

fn main() -> std::io::Result<()> {
    // A parent that ends before this is found out by the first line, which then has no reader.
    let parent = parent_id();
    let flags: Vec<String> = std::env::args().skip(1).filter(|word| word != "serve").collect();
    let flag =
        |name: &str| flags.iter().position(|word| word == name).and_then(|at| flags.get(at + 1));
    let address = |name| -> SocketAddr {
        let any = "127.0.0.1:0".parse().expect("an address");
        flag(name).map_or(any, |text| text.parse().expect("--listen and --tcp take an address"))
    };
    let congestion = flag("--congestion").map_or("reno", String::as_str);
    let (http, http_address) = kernel::listen_tcp(address("--listen"), congestion)?;
    let (tcp, tcp_address) = kernel::listen_tcp(address("--tcp"), congestion)?;
    let path = flag("--control").expect("--control takes the path of a socket");
    let control = kernel::listen_unix(path)?;
    let log = Log::default();
    println!(
        "{{\"listen\":\"{http_address}\",\"tcp\":\"{tcp_address}\",\"control\":\"{path}\",\"epoch\":\"{}\"}}",
        log::EPOCH
    );
    std::io::stdout().flush()?;
    let mut bare = Bare {
        epoll: Epoll::new()?,
        sockets: Vec::new(),
        followers: Vec::new(),
        parked: Vec::new(),
        log,
        answer: Vec::new(),
    };
    for (listener, door) in [(http, Door::Http), (tcp, Door::Tcp), (control, Door::Control)] {
        bare.add(Socket::Listener(listener, door))?;
    }
    bare.serve(parent)
}

impl Bare {
    fn add(&mut self, socket: Socket) -> std::io::Result<()> {
        let fd = match &socket {
            Socket::Listener(fd, _) | Socket::Http(fd, ..) | Socket::Tcp(fd) => fd.as_raw_fd(),
        };
        self.epoll.add(fd)?;
        if let Socket::Tcp(_) = socket {
            self.followers.push(fd);
        }
        let place = fd as usize;
        if place >= self.sockets.len() {
            self.sockets.resize_with(place + 1, || None);
        }
        self.sockets[place] = Some(socket);
        Ok(())
    }

    fn serve(mut self, parent: u32) -> std::io::Result<()> {
        let mut ready = Vec::new();
        let mut next_tick = Instant::now() + TICK;
        loop {
            self.epoll.wait(TICK, &mut ready)?;
            for fd in ready.drain(..) {
                self.handle(fd);
            }
            let now = Instant::now();
            if now >= next_tick {
                next_tick = now + TICK;
                self.end_holds(now);
                // An orphan is given to another parent.
                if parent_id() != parent {
                    return Ok(());
                }
            }
        }
    }

    fn socket(&mut self, fd: RawFd) -> Option<&mut Socket> {
        socket(&mut self.sockets, fd)
    }

    fn handle(&mut self, fd: RawFd) {
        let keep = match self.socket(fd) {
            Some(Socket::Listener(listener, door)) => {
                let (accepted, door) = (kernel::accept(listener), *door);
                for client in accepted {
                    let socket = match door {
                        Door::Tcp => Socket::Tcp(client),
                        Door::Http | Door::Control => Socket::Http(client, Vec::new(), None),
                    };
                    // No descriptor for epoll is no way to serve: the client sees its connection
                    // closed.
                    let _ = self.add(socket);
                }
                true
            }
            // A follower that becomes readable has gone: it has nothing to say.
            Some(Socket::Tcp(_)) | None => false,
            Some(Socket::Http(..)) => self.requests(fd),
        };
        if !keep {
            self.forget(fd);
        }
    }

    /// Reads once and answers what is complete. Whether the connection goes on.
    fn requests(&mut self, fd: RawFd) -> bool {
        let Some(Socket::Http(_, input, _)) = self.socket(fd) else { return false };
        if !kernel::read(fd, input) {
            return false;
        }
        let mut input = std::mem::take(input);
        let mut published = false;
        let mut keep = true;
        while keep {
            let (request, length) = match http::parse(&input) {
                Parsed::Partial => break,
                Parsed::Bad => {
                    keep = false;
                    break;
                }
                Parsed::Request(request, length) => (request, length),
            };
            match request {
                Request::Publish(body) => {
                    self.log.publish(body);
                    http::cursor(self.log.head(), &mut self.answer);
                    keep = kernel::send(fd, &self.answer);
                    published = true;
                }
                Request::Poll { after, hold } => match after {
                    Some(after) if after == self.log.head() && !hold.is_zero() => {
                        self.park(fd, after, hold);
                    }
                    _ => {
                        http::page(&self.log, after, &mut self.answer);
                        keep = kernel::send(fd, &self.answer);
                    }
                },
            }
            input.drain(..length);
        }
        if let Some(Socket::Http(_, rest, _)) = self.socket(fd) {
            *rest = input;
        }
        if published {
            self.fan_out();
        }
        keep
    }

    fn park(&mut self, fd: RawFd, after: u64, hold: Duration) {
        if let Some(Socket::Http(_, _, parked)) = self.socket(fd) {
            *parked = Some((after, Instant::now() + hold));
            self.parked.push(fd);
        }
    }

    fn fan_out(&mut self) {
        let frames = self.log.take_new_frames();
        let mut gone: Vec<RawFd> =
            self.followers.iter().copied().filter(|fd| !kernel::send(*fd, &frames)).collect();
        let mut of = None;
        for fd in std::mem::take(&mut self.parked) {
            let Some(Socket::Http(_, _, parked)) = self.socket(fd) else { continue };
            let Some((after, _)) = parked.take() else { continue };
            // Nearly all stand at the same place and get the same page.
            if of != Some(after) {
                http::page(&self.log, Some(after), &mut self.answer);
                of = Some(after);
            }
            if !kernel::send(fd, &self.answer) {
                gone.push(fd);
            }
        }
        for fd in gone {
            self.forget(fd);
        }
    }

    fn end_holds(&mut self, now: Instant) {
        let mut over = Vec::new();
        self.parked.retain(|fd| match socket(&mut self.sockets, *fd) {
            Some(Socket::Http(_, _, parked)) if parked.is_some_and(|(_, until)| until <= now) => {
                *parked = None;
                over.push(*fd);
                false
            }
            Some(Socket::Http(_, _, Some(_))) => true,
            _ => false,
        });
        for fd in over {
            if !kernel::send(fd, http::NOTHING_NEW) {
                self.forget(fd);
            }
        }
    }

    fn forget(&mut self, fd: RawFd) {
        if let Some(Socket::Tcp(_)) = self.sockets.get_mut(fd as usize).and_then(Option::take) {
            self.followers.retain(|follower| *follower != fd);
        }
    }
}

fn socket(sockets: &mut [Option<Socket>], fd: RawFd) -> Option<&mut Socket> {
    sockets.get_mut(fd as usize).and_then(Option::as_mut)
}
