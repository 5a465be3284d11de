//! Interfaces, as rtnetlink sets them (rtnetlink(7)): an address, a size and a queue, and up.

use std::io::{self, Error};
use std::net::Ipv4Addr;
use std::os::fd::{AsRawFd, OwnedFd};

use nix::sys::socket::{
    AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, recv, sendto, socket,
};

/// Both ends are in one network of this size, so neither needs a route to the other.
const PREFIX_BITS: u8 = 24;

/// The loopback device, the first of every namespace.
const LOOPBACK: u32 = 1;

/// Bytes of the header of a message.
const HEADER_BYTES: usize = 16;

/// Brings the loopback up, and then the device with its address, its MTU and so many packets that
/// may wait in it. The queue of a device in a user namespace is set only here: the older ioctl asks
/// for rights outside.
pub fn raise(device: &str, address: Ipv4Addr, queue_packets: u32) -> io::Result<()> {
    let socket = socket(
        AddressFamily::Netlink,
        SockType::Raw,
        SockFlag::SOCK_CLOEXEC,
        SockProtocol::NetlinkRoute,
    )?;
    let index = nix::net::if_::if_nametoindex(device)?;
    ask(&socket, libc::RTM_NEWLINK, 0, &up(LOOPBACK))?;
    let mut body = interface_address(index);
    attribute(&mut body, libc::IFA_LOCAL, &address.octets());
    attribute(&mut body, libc::IFA_ADDRESS, &address.octets());
    ask(&socket, libc::RTM_NEWADDR, libc::NLM_F_CREATE | libc::NLM_F_EXCL, &body)?;
    let mut body = up(index);
    attribute(&mut body, libc::IFLA_MTU, &(scenarios::MTU_BYTES as u32).to_ne_bytes());
    attribute(&mut body, libc::IFLA_TXQLEN, &queue_packets.to_ne_bytes());
    ask(&socket, libc::RTM_NEWLINK, 0, &body)
}

/// `struct ifinfomsg` of an interface that is to be up (linux/rtnetlink.h).
fn up(index: u32) -> Vec<u8> {
    let flag = (libc::IFF_UP as u32).to_ne_bytes();
    let (family, kind) = ([libc::AF_UNSPEC as u8, 0], [0; 2]);
    [&family[..], &kind, &index.to_ne_bytes(), &flag, &flag].concat()
}

/// `struct ifaddrmsg` of an IPv4 address (linux/if_addr.h).
fn interface_address(index: u32) -> Vec<u8> {
    let (flags, scope) = (0, libc::RT_SCOPE_UNIVERSE);
    let head = [libc::AF_INET as u8, PREFIX_BITS, flags, scope];
    [head, index.to_ne_bytes()].concat()
}

/// Attributes begin at multiples of four bytes, as all that are set here end.
fn attribute(body: &mut Vec<u8>, kind: u16, value: &[u8]) {
    let bytes = (4 + value.len()) as u16;
    body.extend([bytes.to_ne_bytes(), kind.to_ne_bytes()].concat());
    body.extend(value);
}

/// Sends one request and waits for its acknowledgement.
fn ask(socket: &OwnedFd, kind: u16, flags: i32, body: &[u8]) -> io::Result<()> {
    let flags = (flags | libc::NLM_F_REQUEST | libc::NLM_F_ACK) as u16;
    let mut message = ((HEADER_BYTES + body.len()) as u32).to_ne_bytes().to_vec();
    message.extend([kind.to_ne_bytes(), flags.to_ne_bytes()].concat());
    message.extend([0; 8]); // sequence and port: one request at a time, to the kernel
    message.extend(body);
    let kernel = NetlinkAddr::new(0, 0);
    sendto(socket.as_raw_fd(), &message, &kernel, MsgFlags::empty())?;
    let mut answer = [0; 4096];
    let bytes = recv(socket.as_raw_fd(), &mut answer, MsgFlags::empty())?;
    let number = |at: usize| answer[..bytes].get(at..at + 4)?.try_into().ok();
    let kind = number(4).map(|bytes: [u8; 4]| u16::from_ne_bytes([bytes[0], bytes[1]]));
    // `struct nlmsgerr` begins with the negative error number, 0 for success.
    match (kind.map(i32::from), number(HEADER_BYTES).map(i32::from_ne_bytes)) {
        (Some(libc::NLMSG_ERROR), Some(0)) => Ok(()),
        (Some(libc::NLMSG_ERROR), Some(code)) => Err(Error::from_raw_os_error(-code)),
        _ => Err(Error::other("rtnetlink gave an answer that cannot be read")),
    }
}
