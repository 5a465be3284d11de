//! The system calls.

use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::path::Path;
use std::time::Duration;

use socket2::{Domain, SockAddr, Socket, Type};

/// The same options as our servers' sockets, which accepted sockets inherit.
pub fn listen_tcp(address: SocketAddr, congestion: &str) -> io::Result<(OwnedFd, SocketAddr)> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM.nonblocking(), None)?;
    socket.set_reuse_address(true)?;
    socket.set_tcp_nodelay(true)?;
    socket.set_tcp_congestion(congestion.as_bytes())?;
    socket.set_tcp_notsent_lowat(128 << 10)?;
    socket.bind(&address.into())?;
    socket.listen(4096)?;
    let address = socket.local_addr()?.as_socket().expect("a TCP socket has an address");
    Ok((socket.into(), address))
}

pub fn listen_unix(path: impl AsRef<Path>) -> io::Result<OwnedFd> {
    let socket = Socket::new(Domain::UNIX, Type::STREAM.nonblocking(), None)?;
    let _ = std::fs::remove_file(&path);
    socket.bind(&SockAddr::unix(path)?)?;
    socket.listen(128)?;
    Ok(socket.into())
}

/// All connections that wait.
pub fn accept(listener: &OwnedFd) -> Vec<OwnedFd> {
    let mut accepted = Vec::new();
    let flags = libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
    loop {
        // SAFETY: no address is asked for; the descriptor is open, and the new one is ours alone.
        let fd = unsafe {
            libc::accept4(listener.as_raw_fd(), std::ptr::null_mut(), std::ptr::null_mut(), flags)
        };
        if fd < 0 {
            return accepted;
        }
        // SAFETY: the kernel has just given us this descriptor.
        accepted.push(unsafe { OwnedFd::from_raw_fd(fd) });
    }
}

/// One read, appended. Whether the peer is still there.
pub fn read(fd: RawFd, input: &mut Vec<u8>) -> bool {
    input.reserve(4096);
    let spare = input.spare_capacity_mut();
    // SAFETY: the spare capacity is writable for its length, and the kernel writes at most that
    // much.
    let count = unsafe { libc::recv(fd, spare.as_mut_ptr().cast(), spare.len(), 0) };
    if count <= 0 {
        return count < 0 && io::Error::last_os_error().kind() == io::ErrorKind::WouldBlock;
    }
    // SAFETY: the kernel has written so many bytes behind the old length.
    unsafe { input.set_len(input.len() + count as usize) };
    true
}

/// One send. Whether all of it went out.
pub fn send(fd: RawFd, bytes: &[u8]) -> bool {
    // SAFETY: the pointer is valid for the length of the slice.
    let count = unsafe { libc::send(fd, bytes.as_ptr().cast(), bytes.len(), libc::MSG_NOSIGNAL) };
    count == bytes.len() as isize
}

pub struct Epoll {
    fd: OwnedFd,
    events: Vec<libc::epoll_event>,
}

impl Epoll {
    pub fn new() -> io::Result<Self> {
        // SAFETY: takes no pointers.
        let fd = unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(Self {
            // SAFETY: the kernel has just given us this descriptor.
            fd: unsafe { OwnedFd::from_raw_fd(fd) },
            events: vec![libc::epoll_event { events: 0, u64: 0 }; 1024],
        })
    }

    /// Level-triggered: one read per wake-up is enough.
    pub fn add(&self, fd: RawFd) -> io::Result<()> {
        let mut event = libc::epoll_event { events: libc::EPOLLIN as u32, u64: fd as u64 };
        // SAFETY: the event is valid for the call, and both descriptors are open.
        let added = unsafe {
            libc::epoll_ctl(self.fd.as_raw_fd(), libc::EPOLL_CTL_ADD, fd, &raw mut event)
        };
        if added < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
    }

    pub fn wait(&mut self, timeout: Duration, ready: &mut Vec<RawFd>) -> io::Result<()> {
        let (events, room) = (self.events.as_mut_ptr(), self.events.len() as i32);
        // SAFETY: there is room for so many events.
        let count = unsafe {
            libc::epoll_wait(self.fd.as_raw_fd(), events, room, timeout.as_millis() as i32)
        };
        if count < 0 {
            let error = io::Error::last_os_error();
            return if error.kind() == io::ErrorKind::Interrupted { Ok(()) } else { Err(error) };
        }
        ready.extend(self.events[..count as usize].iter().map(|event| event.u64 as RawFd));
        Ok(())
    }
}
