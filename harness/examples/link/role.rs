//! What runs on the two sides of the link: the server's roles listen, the clients' roles connect and
//! print what they saw as one line of JSON.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use harness::clock::{self, SECOND_NS};
use harness::link::namespace::SERVER;
use serde::{Deserialize, Serialize};
use tokio::io::AsyncReadExt;

/// Bytes of a message, about those of a small update.
const MESSAGE_BYTES: usize = 132;

/// Any user may choose it, and it does not pace or probe, as the BBR of some hosts does.
const CONGESTION: &[u8] = b"reno";

const ECHO: u16 = 7000;
const MESSAGES: u16 = 7001;
const BULK: u16 = 7002;

/// Half and 99 of 100 times were not longer, ns.
#[derive(Debug, Serialize, Deserialize)]
pub struct Spread {
    pub p50_ns: u64,
    pub p99_ns: u64,
}

/// What the client of `ping` has measured.
#[derive(Debug, Serialize, Deserialize)]
pub struct Pinged {
    pub connect: Spread,
    pub ping: Spread,
}

/// What a receiver has got.
#[derive(Debug, Serialize, Deserialize)]
pub struct Received {
    pub bytes: u64,
    /// Bytes and time between the first arrival after the warm-up and the last of all.
    pub steady_bytes: u64,
    pub steady_ns: u64,
}

/// Plays a role by its name.
pub fn play(arguments: &[String]) -> Result<()> {
    let (name, numbers) = arguments.split_first().context("a role has a name")?;
    let number = |place: usize| -> Result<u64> {
        numbers.get(place).context("the role needs more numbers")?.parse().context("not a number")
    };
    match name.as_str() {
        "echo" => echo(),
        "send" => send(number(0)?, number(1)?, number(2)?),
        "bulk" => bulk(number(0)?),
        "ping" => print(&ping(number(0)?, number(1)?, number(2)?, number(3)?)?),
        "receive" => print(&receive(number(0)?)?),
        "drain" => print(&drain(number(0)?)?),
        other => bail!("there is no role {other}"),
    }
}

fn print(seen: &impl Serialize) -> Result<()> {
    println!("{}", serde_json::to_string(seen)?);
    Ok(())
}

fn listen(port: u16) -> Result<TcpListener> {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None)?;
    socket.set_tcp_congestion(CONGESTION)?;
    socket.bind(&SocketAddr::from((SERVER, port)).into())?;
    socket.listen(4096)?;
    println!("listening");
    Ok(socket.into())
}

/// Connects; returns how long that took, too, ns.
fn connect_to(port: u16) -> Result<(TcpStream, u64)> {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None)?;
    socket.set_tcp_congestion(CONGESTION)?;
    socket.set_tcp_nodelay(true)?;
    let server = SocketAddr::from((SERVER, port)).into();
    let began_ns = clock::now_ns();
    socket.connect(&server).context("while connecting over the link")?;
    let took_ns = clock::now_ns() - began_ns;
    Ok((socket.into(), took_ns))
}

/// Asks for short turns, so that a ping does not wait for the end of a turn of the other traffic,
/// which has the same core.
fn is_quick() {
    // Older kernels have no slices; then the figures are worse and say so.
    let _ = harness::kernel::shorten_slice(100_000);
}

/// Gives back what it gets, to each connection in a thread of its own.
fn echo() -> Result<()> {
    let listener = listen(ECHO)?;
    loop {
        let (mut stream, _) = listener.accept()?;
        stream.set_nodelay(true)?;
        std::thread::spawn(move || {
            is_quick();
            let mut bytes = [0; 1024];
            while let Ok(count @ 1..) = stream.read(&mut bytes)
                && stream.write_all(&bytes[..count]).is_ok()
            {}
        });
    }
}

/// Connects and pings so often in all, from as many threads as `abreast` says; each waits for its
/// answer before it goes on. They begin `apart_ms` after one another, and stay apart.
fn ping(connects: u64, pings: u64, abreast: u64, apart_ms: u64) -> Result<Pinged> {
    let each = |_| {
        std::thread::sleep(Duration::from_millis(apart_ms));
        std::thread::spawn(move || ping_alone(connects / abreast, pings / abreast))
    };
    let threads: Vec<_> = (0..abreast).map(each).collect();
    let (mut connected, mut pinged) = (Vec::new(), Vec::new());
    for thread in threads {
        let Ok(times) = thread.join() else { bail!("a thread of pings panicked") };
        let (connects_ns, pings_ns) = times?;
        connected.extend(connects_ns);
        pinged.extend(pings_ns);
    }
    Ok(Pinged { connect: spread(connected), ping: spread(pinged) })
}

fn spread(mut times: Vec<u64>) -> Spread {
    times.sort_unstable();
    let rank = |share: f64| times[((times.len() - 1) as f64 * share).round() as usize];
    Spread { p50_ns: rank(0.5), p99_ns: rank(0.99) }
}

/// Times of connecting and of pings over one connection, ns.
fn ping_alone(connects: u64, pings: u64) -> Result<(Vec<u64>, Vec<u64>)> {
    is_quick();
    let connected = (0..connects).map(|_| connect_to(ECHO).map(|(_, took_ns)| took_ns));
    let connected = connected.collect::<Result<_>>()?;
    let (mut stream, _) = connect_to(ECHO)?;
    let mut bytes = [1; 64];
    let pinged = (0..pings).map(|_| {
        let began_ns = clock::now_ns();
        stream.write_all(&bytes)?;
        stream.read_exact(&mut bytes)?;
        Ok(clock::now_ns() - began_ns)
    });
    Ok((connected, pinged.collect::<Result<_>>()?))
}

/// Sends so many messages a second over all connections in turn, each at its own time.
fn send(connections: u64, per_second: u64, seconds: u64) -> Result<()> {
    let listener = listen(MESSAGES)?;
    let accept = |_| -> Result<TcpStream> {
        let (stream, _) = listener.accept()?;
        stream.set_nodelay(true)?;
        Ok(stream)
    };
    let mut streams: Vec<TcpStream> = (0..connections).map(accept).collect::<Result<_>>()?;
    let began_ns = clock::now_ns();
    for (index, turn) in (0..per_second * seconds).zip((0..streams.len()).cycle()) {
        let due_ns = began_ns + index * SECOND_NS / per_second;
        if clock::now_ns() < due_ns {
            clock::sleep_until(due_ns);
        }
        streams[turn].write_all(&[7; MESSAGE_BYTES])?;
    }
    print(&(per_second * seconds * MESSAGE_BYTES as u64))
}

/// Reads so many connections to their end.
fn receive(connections: u64) -> Result<Received> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let mut readers = tokio::task::JoinSet::new();
        for _ in 0..connections {
            readers.spawn(async {
                let mut stream = tokio::net::TcpStream::connect((SERVER, MESSAGES)).await?;
                let (mut bytes, mut buffer) = (0, [0; 4096]);
                while let count @ 1.. = stream.read(&mut buffer).await? {
                    bytes += count as u64;
                }
                Ok::<u64, std::io::Error>(bytes)
            });
        }
        let bytes = readers.join_all().await.into_iter().sum::<std::io::Result<u64>>()?;
        Ok(Received { bytes, steady_bytes: 0, steady_ns: 0 })
    })
}

/// Sends as fast as it may.
fn bulk(seconds: u64) -> Result<()> {
    let (mut stream, _) = listen(BULK)?.accept()?;
    let (end_ns, block) = (clock::now_ns() + seconds * SECOND_NS, [0; 16 * 1024]);
    while clock::now_ns() < end_ns {
        stream.write_all(&block)?;
    }
    Ok(())
}

/// Reads one connection to its end.
fn drain(warmup_seconds: u64) -> Result<Received> {
    let (mut stream, _) = connect_to(BULK)?;
    let (warm_ns, mut buffer) = (clock::now_ns() + warmup_seconds * SECOND_NS, vec![0; 1 << 20]);
    let mut received = Received { bytes: 0, steady_bytes: 0, steady_ns: 0 };
    let mut steady_since_ns = None;
    while let count @ 1.. = stream.read(&mut buffer)? {
        received.bytes += count as u64;
        let now_ns = clock::now_ns();
        if let Some(since_ns) = steady_since_ns {
            received.steady_bytes += count as u64;
            received.steady_ns = now_ns - since_ns;
        } else if now_ns >= warm_ns {
            steady_since_ns = Some(now_ns);
        }
    }
    Ok(received)
}
