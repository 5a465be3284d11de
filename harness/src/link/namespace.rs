//! Two network namespaces that an ordinary user may make, each with one end of the link.
//!
//! A namespace has a stack of its own: its own loopback, ports, routes and TCP settings. All that
//! goes from one to the other is read from one TUN device and written to the other.

mod refusal;
mod route;

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::net::Ipv4Addr;
use std::os::unix::fs::OpenOptionsExt;

use anyhow::{Context, Result};
use nix::sched::{CloneFlags, setns, unshare};

use crate::cmd::Usage;
use crate::kernel;
use refusal::Sysctls;

/// Where the clients are.
pub const CLIENTS: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 1);
/// Where the server is.
pub const SERVER: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 2);

/// The device's name on both sides.
pub const DEVICE: &str = "feedlab0";
/// Makes a device of an open file.
const DEVICES: &str = "/dev/net/tun";

/// Packets that may wait for the relay. The kernel's 500 drop a burst to a thousand clients before
/// the relay can count it.
const QUEUE_PACKETS: u32 = 10_000;

/// Connections that may wait to be accepted: more than a server of ours asks for.
pub const BACKLOG: u64 = 65_535;

/// Ports that connections of one side can use, as the kernel writes them.
pub const PORTS: &str = "1024 65535";

/// How many they are.
pub const PORT_COUNT: u64 = 65_535 - 1024 + 1;

/// TCP in a namespace of ours. A value that is read from a file is kept where it is larger.
const SETTINGS: &[(&str, Setting)] = &[
    // A port whose last connection is in TIME_WAIT may be used again.
    ("net/ipv4/tcp_tw_reuse", Setting::Text("1")),
    ("net/ipv4/ip_local_port_range", Setting::Text(PORTS)),
    // Each connection begins alike: no slow start threshold or round trip that is remembered from
    // an earlier connection to the same address.
    ("net/ipv4/tcp_no_metrics_save", Setting::Text("1")),
    ("net/core/somaxconn", Setting::AtLeast(BACKLOG)),
    ("net/ipv4/tcp_max_syn_backlog", Setting::AtLeast(BACKLOG)),
];

/// Before there is a device: its first packets would be IPv6's, looking for neighbours.
const NO_IPV6: &[(&str, Setting)] = &[
    ("net/ipv6/conf/all/disable_ipv6", Setting::Text("1")),
    ("net/ipv6/conf/default/disable_ipv6", Setting::Text("1")),
];

enum Setting {
    Text(&'static str),
    AtLeast(u64),
}

/// One side of a link.
pub struct Space {
    /// The network namespace.
    pub net: File,
    /// Its end of the link: packets that it sends are read here, and what is written arrives.
    pub device: File,
    /// The kernel's counters of its devices, `/proc/net/dev`.
    pub counters: File,
}

/// Both sides.
pub struct Spaces {
    /// The clients'.
    pub clients: Space,
    /// The server's.
    pub server: Space,
}

/// Takes this process, which must have one thread, into a user namespace of its own and makes both
/// sides in it. The process stays on the clients' side.
///
/// # Errors
/// [`Usage`] where this machine does not let us, with what to do about it.
pub fn make() -> Result<Spaces> {
    enter_user_namespace().map_err(|error| refused("a user namespace", &error))?;
    let clients = side(CLIENTS)?;
    let server = side(SERVER)?;
    setns(&clients.net, CloneFlags::CLONE_NEWNET).context("while going back to the clients")?;
    Ok(Spaces { clients, server })
}

fn refused(what: &str, error: &io::Error) -> anyhow::Error {
    Usage(refusal::of_namespace(what, error, &Sysctls::read())).into()
}

/// As root of a namespace in which only we are: that is what lets us make devices.
fn enter_user_namespace() -> io::Result<()> {
    let (user, group) = (nix::unistd::geteuid(), nix::unistd::getegid());
    unshare(CloneFlags::CLONE_NEWUSER)?;
    // Without this a group may not be mapped (user_namespaces(7)).
    fs::write("/proc/self/setgroups", "deny")?;
    fs::write("/proc/self/uid_map", format!("0 {user} 1"))?;
    fs::write("/proc/self/gid_map", format!("0 {group} 1"))
}

/// Goes into a network namespace that is made for it, and puts an end of the link there.
fn side(address: Ipv4Addr) -> Result<Space> {
    unshare(CloneFlags::CLONE_NEWNET)
        .map_err(|errno| refused("a network namespace", &errno.into()))?;
    configure(NO_IPV6)?;
    let device = open_device()?;
    kernel::name_tun(&device, DEVICE)
        .map_err(|error| Usage(refusal::of_making(DEVICES, &error)))?;
    route::raise(DEVICE, address, QUEUE_PACKETS)
        .map_err(|error| Usage(refusal::of_address(DEVICE, &error)))?;
    configure(SETTINGS)?;
    // The file shows the namespace in which it was opened.
    let open = |path| File::open(path).with_context(|| format!("while opening {path}"));
    let (net, counters) = (open("/proc/thread-self/ns/net")?, open("/proc/thread-self/net/dev")?);
    Ok(Space { net, device, counters })
}

fn open_device() -> Result<File> {
    let nonblocking = libc::O_NONBLOCK;
    let opened = OpenOptions::new().read(true).write(true).custom_flags(nonblocking).open(DEVICES);
    Ok(opened.map_err(|error| Usage(refusal::of_device(DEVICES, &error)))?)
}

fn configure(settings: &[(&str, Setting)]) -> Result<(), Usage> {
    for (name, setting) in settings {
        let path = format!("/proc/sys/{name}");
        let value = match setting {
            Setting::Text(text) => (*text).to_owned(),
            Setting::AtLeast(least) => {
                let own = fs::read_to_string(&path).ok().and_then(|text| text.trim().parse().ok());
                own.unwrap_or(0).max(*least).to_string()
            }
        };
        match fs::write(&path, value) {
            // A kernel without IPv6 need not be told to be without, and one that is too old for
            // another of these has nothing to be set.
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            written => written.map_err(|error| Usage(refusal::of_setting(name, &error)))?,
        }
    }
    Ok(())
}
