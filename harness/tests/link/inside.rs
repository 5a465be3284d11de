//! What runs on the sides of a link.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::path::Path;

use harness::clock::now_ns;
use harness::link::Link;
use harness::link::namespace::{CLIENTS, SERVER};
use harness::link::order::Settings;
use serde::Serialize;

use crate::stage::Actor;

const PORT: u16 = 7000;

/// Bytes of a ping.
pub const PING_BYTES: usize = 64;

/// Not a test but the way in: a process on a side is this program, which the environment tells what
/// to do.
#[test]
fn plays_the_role_that_it_is_given() {
    let Ok(role) = std::env::var("FEEDLAB_ROLE") else { return };
    let words: Vec<&str> = role.split(' ').collect();
    let number = |place: usize| words[place].parse::<u64>().unwrap();
    match words[0] {
        "echo" => echo(),
        "source" => source(number(1)),
        "ping" => say(&ping(number(1))),
        "ping-until" => say(&ping_until(now_ns() + number(1))),
        "accept" => drop(accept(number(1))),
        "dial" => say(&dial(number(1))),
        "drain" => say(&drain()),
        "datagrams" => datagrams(number(1)),
        "gather" => gather(),
        "wait" => wait(),
        "parent" => parent(words[1], words[2]),
        other => panic!("there is no role {other}"),
    }
}

fn say(word: &impl Serialize) {
    // The test runner has begun a line.
    println!("\n>{}", serde_json::to_string(word).unwrap());
}

/// Until whoever started this has enough.
fn wait() {
    say(&"listening");
    let _ = std::io::stdin().read(&mut [0]);
}

fn listen() -> TcpListener {
    let listener = TcpListener::bind((SERVER, PORT)).unwrap();
    say(&"listening");
    listener
}

fn echo() {
    let listener = listen();
    for stream in listener.incoming() {
        let (mut stream, mut bytes) = (stream.unwrap(), [0; PING_BYTES]);
        stream.set_nodelay(true).unwrap();
        while stream.read_exact(&mut bytes).is_ok() && stream.write_all(&bytes).is_ok() {}
    }
}

fn source(bytes: u64) {
    let (mut stream, _) = listen().accept().unwrap();
    stream.write_all(&vec![7; bytes as usize]).unwrap();
}

/// Takes so many connections, and closes none before the other end has.
fn accept(count: u64) -> Vec<usize> {
    let listener = listen();
    let streams: Vec<TcpStream> = (0..count).map(|_| listener.accept().unwrap().0).collect();
    streams.iter().map(|mut stream| stream.read(&mut [0]).unwrap()).collect()
}

/// Opens so many connections without waiting for one before the next; how many there are then.
fn dial(count: u64) -> usize {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut dials = tokio::task::JoinSet::new();
        for _ in 0..count {
            dials.spawn(tokio::net::TcpStream::connect((SERVER, PORT)));
        }
        dials.join_all().await.into_iter().flatten().count()
    })
}

fn connect() -> TcpStream {
    let stream = TcpStream::connect((SERVER, PORT)).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

fn exchange(stream: &mut TcpStream) -> std::io::Result<()> {
    let mut bytes = [1; PING_BYTES];
    stream.write_all(&bytes)?;
    stream.read_exact(&mut bytes)
}

/// How long connecting takes, and so many round trips, ns.
fn ping(count: u64) -> (u64, Vec<u64>) {
    let began_ns = now_ns();
    let mut stream = connect();
    let connect_ns = now_ns() - began_ns;
    let each = |_| {
        let began_ns = now_ns();
        exchange(&mut stream).unwrap();
        now_ns() - began_ns
    };
    (connect_ns, (0..count).map(each).collect())
}

/// When round trips began and ended, one after the other, ns.
fn ping_until(end_ns: u64) -> Vec<(u64, u64)> {
    let mut stream = connect();
    let mut times = Vec::new();
    while now_ns() < end_ns {
        let began_ns = now_ns();
        if exchange(&mut stream).is_err() {
            // The server is gone, as a test may want it.
            std::process::exit(1);
        }
        times.push((began_ns, now_ns()));
    }
    times
}

/// Bytes until the end, and how long they took, ns.
fn drain() -> (u64, u64) {
    let began_ns = now_ns();
    let bytes = std::io::copy(&mut connect(), &mut std::io::sink()).unwrap();
    (bytes, now_ns() - began_ns)
}

/// Numbered datagrams to the clients' side with the time at which they were sent, and then a last
/// one that is empty, until somebody says that one of those has arrived.
fn datagrams(count: u64) {
    let socket = UdpSocket::bind((SERVER, PORT)).unwrap();
    for number in 0..count {
        let datagram = [number.to_le_bytes(), now_ns().to_le_bytes()].concat();
        socket.send_to(&datagram, (CLIENTS, PORT)).unwrap();
    }
    socket.set_read_timeout(Some(std::time::Duration::from_millis(100))).unwrap();
    while socket.recv(&mut [0]).is_err() {
        socket.send_to(&[], (CLIENTS, PORT)).unwrap();
    }
}

/// The numbers of the datagrams in the order in which they came, and how long each took, ns.
fn gather() {
    let socket = UdpSocket::bind((CLIENTS, PORT)).unwrap();
    say(&"listening");
    let mut seen: Vec<(u64, u64)> = Vec::new();
    loop {
        let mut bytes = [0; 16];
        let (16, _) = socket.recv_from(&mut bytes).unwrap() else { break };
        let number = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap());
        seen.push((number(0), now_ns() - number(8)));
    }
    socket.send_to(&[1], (SERVER, PORT)).unwrap();
    say(&seen);
}

/// What an orchestrator says of the link, the server and a client: their processes, and then the
/// pings that came back, the server's memory and its CPU time.
pub type Seen = ([u32; 3], usize, u64, u64);

/// An orchestrator with a link and a process on each side; it says which processes these are, and
/// what it could do with them, and waits to be killed.
fn parent(feedlab: &str, own: &str) {
    let (feedlab, own) = (Path::new(feedlab), Path::new(own));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let cores = harness::machine::own_cores();
        let link = match Link::start_by(feedlab, &Settings::default(), &cores, &cores).await {
            Ok(link) => link,
            Err(error) => return say(&Err::<(), _>(format!("{error:#}"))),
        };
        let mut server = Actor::start_by(feedlab, own, Some(&link.server), "echo");
        assert_eq!(server.word::<String>().await, "listening");
        let mut waiting = Actor::start_by(feedlab, own, Some(&link.clients), "wait");
        assert_eq!(waiting.word::<String>().await, "listening");
        let client = Actor::start_by(feedlab, own, Some(&link.clients), "ping 3");
        let (_, pings): (u64, Vec<u64>) = client.last_word().await;
        let memory = harness::probe::pss_bytes(server.pid()).unwrap_or(0);
        let cpu_ns = harness::probe::Cost::read(server.pid()).cpu_ns;
        let pids = [link.pid(), server.pid(), waiting.pid()];
        let seen: Seen = (pids, pings.len(), memory, cpu_ns);
        say(&Ok::<_, String>(seen));
        let _ = std::io::stdin().read(&mut [0]);
    });
}
