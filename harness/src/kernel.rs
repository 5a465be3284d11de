//! The kernel interfaces that have no safe wrapper. The only module of feedlab with `unsafe`.
//!
//! Each function makes one system call with pointers to its own locals, so nothing can dangle.
#![allow(unsafe_code)]

use std::io;
use std::mem::{MaybeUninit, size_of};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

use nix::sys::timer::{Expiration, TimerSetTimeFlags};
use nix::sys::timerfd::TimerFd;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// What the kernel has counted for one TCP connection (`TCP_INFO`, linux/tcp.h).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct TcpCounters {
    /// Payload bytes sent, retransmissions included.
    pub bytes_sent: u64,
    /// Payload bytes sent again.
    pub bytes_retransmitted: u64,
    /// Payload bytes received, read by us or not.
    pub bytes_received: u64,
    /// Packets sent, pure acknowledgements included.
    pub segments_out: u64,
    /// Packets received, pure acknowledgements included.
    pub segments_in: u64,
    /// Retransmitted packets over the connection's life.
    pub retransmits: u64,
}

impl TcpCounters {
    /// Adds another connection's.
    pub fn add(&mut self, more: &Self) {
        self.bytes_sent += more.bytes_sent;
        self.bytes_retransmitted += more.bytes_retransmitted;
        self.bytes_received += more.bytes_received;
        self.segments_out += more.segments_out;
        self.segments_in += more.segments_in;
        self.retransmits += more.retransmits;
    }
}

/// The states of a connection whose peer has sent its FIN (net/tcp_states.h): `TCP_TIME_WAIT`,
/// `TCP_CLOSE_WAIT`, `TCP_LAST_ACK`, `TCP_CLOSING`.
const STATES_AFTER_FIN: [u8; 4] = [6, 8, 9, 11];

/// Reads the counters of one TCP socket. A FIN takes a sequence number, and the kernel counts that
/// as a byte received; here it is none.
///
/// # Errors
/// The kernel's, for a descriptor that is no TCP socket.
pub fn tcp_counters(socket: impl AsFd) -> io::Result<TcpCounters> {
    let mut info = MaybeUninit::<libc::tcp_info>::zeroed();
    let mut length = size_of::<libc::tcp_info>() as libc::socklen_t;
    // SAFETY: `info` and `length` are ours and live through the call; the kernel writes at most
    // `length` bytes, and every bit pattern is a valid `tcp_info`, which is made of integers.
    let info = unsafe {
        let answer = libc::getsockopt(
            socket.as_fd().as_raw_fd(),
            libc::IPPROTO_TCP,
            libc::TCP_INFO,
            info.as_mut_ptr().cast(),
            &raw mut length,
        );
        if answer != 0 {
            return Err(io::Error::last_os_error());
        }
        info.assume_init()
    };
    let fin = u64::from(STATES_AFTER_FIN.contains(&info.tcpi_state));
    Ok(TcpCounters {
        bytes_sent: info.tcpi_bytes_sent,
        bytes_retransmitted: info.tcpi_bytes_retrans,
        bytes_received: info.tcpi_bytes_received - fin,
        segments_out: u64::from(info.tcpi_segs_out),
        segments_in: u64::from(info.tcpi_segs_in),
        retransmits: u64::from(info.tcpi_total_retrans),
    })
}

/// Bytes that have arrived on a socket and were not read yet (`FIONREAD`).
///
/// # Errors
/// The kernel's, for a descriptor that cannot be read.
pub fn unread_bytes(socket: impl AsFd) -> io::Result<usize> {
    let mut count: libc::c_int = 0;
    // SAFETY: FIONREAD writes one int, into a local that outlives the call.
    let answer = unsafe { libc::ioctl(socket.as_fd().as_raw_fd(), libc::FIONREAD, &raw mut count) };
    if answer != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(usize::try_from(count).unwrap_or(0))
}

/// The head of the kernel's `struct sched_attr` (linux/sched/types.h, version 0).
#[repr(C)]
struct SchedulerAttributes {
    size: u32,
    policy: u32,
    flags: u64,
    nice: i32,
    priority: u32,
    runtime_ns: u64,
    deadline_ns: u64,
    period_ns: u64,
}

/// Asks for short turns of `slice_ns` for the calling thread.
///
/// A thread with a shorter slice has the earlier deadline when it wakes, so it preempts one that
/// is in a long turn (EEVDF, Linux 6.12 and later): the publisher wakes on time although a load
/// worker is busy on the same core. An ordinary user may ask; older kernels ignore it.
///
/// # Errors
/// The kernel's; the caller may go on without.
pub fn shorten_slice(slice_ns: u64) -> io::Result<()> {
    schedule(libc::SCHED_OTHER, slice_ns)
}

/// Puts the calling thread behind everybody else: it runs only on a core that would be idle, and
/// is preempted at once. An ordinary user may ask.
///
/// # Errors
/// The kernel's.
pub fn run_only_when_idle() -> io::Result<()> {
    schedule(libc::SCHED_IDLE, 0)
}

fn schedule(policy: i32, slice_ns: u64) -> io::Result<()> {
    let attributes = SchedulerAttributes {
        size: size_of::<SchedulerAttributes>() as u32,
        policy: policy as u32,
        flags: 0,
        nice: 0,
        priority: 0,
        runtime_ns: slice_ns,
        deadline_ns: 0,
        period_ns: 0,
    };
    // SAFETY: the kernel reads `size` bytes of a local; pid 0 is the calling thread.
    let answer = unsafe { libc::syscall(libc::SYS_sched_setattr, 0, &raw const attributes, 0_u32) };
    if answer == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// A timer that a runtime can watch.
pub struct TimerHandle(TimerFd);

impl TimerHandle {
    /// Sets it.
    ///
    /// # Errors
    /// The kernel's, for an impossible time.
    pub fn set(&self, expiration: Expiration, flags: TimerSetTimeFlags) -> nix::Result<()> {
        self.0.set(expiration, flags)
    }
}

impl AsRawFd for TimerHandle {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_fd().as_raw_fd()
    }
}

impl AsFd for TimerHandle {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Registers a timer with the runtime of the calling task.
///
/// # Errors
/// The kernel's, when it cannot watch more descriptors.
pub fn watch(timer: TimerFd) -> io::Result<AsyncFd<TimerHandle>> {
    // SAFETY: the handle owns its descriptor, never replaces it and always returns the same.
    unsafe { AsyncFd::register_with_interest(TimerHandle(timer), Interest::READABLE) }
        .map_err(Into::into)
}

/// Makes an open `/dev/net/tun` a device that carries bare IP packets in the network namespace in
/// which it was opened.
///
/// # Errors
/// The kernel's, where that namespace is not ours to change or has a device of that name.
pub fn name_tun(device: impl AsFd, name: &str) -> io::Result<()> {
    // SAFETY: `ifreq` is made of integers, so all zeroes are one.
    let mut request: libc::ifreq = unsafe { MaybeUninit::zeroed().assume_init() };
    // One place less, so that the name ends with a zero.
    for (place, byte) in request.ifr_name.iter_mut().zip(name.bytes().take(libc::IFNAMSIZ - 1)) {
        *place = byte as libc::c_char;
    }
    request.ifr_ifru.ifru_flags = (libc::IFF_TUN | libc::IFF_NO_PI) as libc::c_short;
    // SAFETY: the kernel reads an `ifreq` and writes the name back, into a local.
    let answer =
        unsafe { libc::ioctl(device.as_fd().as_raw_fd(), libc::TUNSETIFF, &raw mut request) };
    if answer == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
