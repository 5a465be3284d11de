//! A load worker as its orchestrator sees it.
#![allow(clippy::unwrap_used)] // a test that unwraps fails with the line that is wrong

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use harness::order::{Assignment, Order, Sample, Word};

struct Worker {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Worker {
    fn start(server: std::net::SocketAddr, clients: u32) -> Self {
        Self::assigned(&Assignment {
            transport: "websocket".into(),
            params: std::collections::BTreeMap::default(),
            server,
            congestion: "reno".into(),
            nodelay: true,
            latest_value: false,
            first_client: 0,
            clients,
            clients_in_all: clients,
            ramp_ns: 0,
            seed: 1,
            tls: None,
            detour_ns: 0,
            outage_ns: 0,
        })
    }

    fn assigned(assignment: &Assignment) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_feedlab"))
            .arg("worker")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdin = child.stdin.take().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let mut worker = Self { child, stdin, stdout };
        worker.write(assignment);
        assert!(matches!(worker.word(), Word::Here));
        worker
    }

    fn write(&mut self, message: &impl serde::Serialize) {
        serde_json::to_writer(&mut self.stdin, message).unwrap();
        self.stdin.write_all(b"\n").unwrap();
    }

    fn word(&mut self) -> Word {
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }

    fn done(mut self) -> Sample {
        self.write(&Order::Close { deadline_ns: 0 });
        let Word::Done(sample) = self.word() else { panic!("the worker is not done") };
        drop(self.stdin);
        self.child.wait().unwrap();
        *sample
    }
}

#[test]
fn clients_that_cannot_connect_are_counted_with_the_reason() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let closed = listener.local_addr().unwrap();
    drop(listener);
    let mut worker = Worker::start(closed, 7);
    worker.write(&Order::Ramp);
    assert!(matches!(worker.word(), Word::Ramped { connected: 0 }));
    let sample = worker.done();
    assert_eq!((sample.connected, sample.refused, sample.dropped), (0, 7, 0));
    assert!(sample.reasons[0].contains("refused"), "{:?}", sample.reasons);
}

#[test]
fn a_server_that_does_not_speak_the_protocol_is_named_and_no_panic() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let _ = stream.unwrap().write_all(b"220 mail.example ESMTP\r\n");
        }
    });
    let mut worker = Worker::start(address, 3);
    worker.write(&Order::Ramp);
    assert!(matches!(worker.word(), Word::Ramped { connected: 0 }));
    let sample = worker.done();
    assert_eq!(sample.refused, 3);
    assert!(sample.reasons[0].contains("HTTP"), "{:?}", sample.reasons);
}

/// A server of one connection that gives these bodies, and then says which request came next.
fn pages(bodies: Vec<String>) -> (std::net::SocketAddr, std::sync::mpsc::Receiver<String>) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut requests = BufReader::new(stream.try_clone().unwrap()).lines();
        let mut request = move || {
            let head: Vec<String> =
                requests.by_ref().map(Result::unwrap).take_while(|line| !line.is_empty()).collect();
            head[0].clone()
        };
        for body in bodies {
            request();
            let length = body.len();
            write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}").unwrap();
        }
        sender.send(request()).unwrap();
    });
    (address, receiver)
}

#[test]
fn a_short_poll_that_gets_a_full_page_asks_for_the_next_at_once() {
    use rand::{RngExt, SeedableRng};
    // The interval is an hour, so the first poll should not be due late in it.
    let phase = |seed: &u64| rand_chacha::ChaCha8Rng::seed_from_u64(*seed).random::<f64>();
    let seed = (0..1_000_000).find(|seed| phase(seed) < 1e-4).unwrap();
    let updates: Vec<String> =
        (1..=1000).map(|n| format!(r#"{{"seq":{n},"data":{{"n":{n},"t":1}}}}"#)).collect();
    let page = format!(r#"{{"cursor":"a:1000","updates":[{}]}}"#, updates.join(","));
    let (server, next) = pages(vec![r#"{"cursor":"a:0","updates":[]}"#.into(), page]);
    let params = [("interval", "1h"), ("pacing", "fixed-rate")];
    let mut worker = Worker::assigned(&Assignment {
        transport: "short-poll".into(),
        params: params.map(|(name, value)| (name.into(), value.into())).into(),
        server,
        congestion: "reno".into(),
        nodelay: true,
        latest_value: false,
        first_client: 0,
        clients: 1,
        clients_in_all: 1,
        ramp_ns: 0,
        seed,
        tls: None,
        detour_ns: 0,
        outage_ns: 0,
    });
    worker.write(&Order::Ramp);
    assert!(matches!(worker.word(), Word::Ramped { connected: 1 }));
    let request = next.recv_timeout(std::time::Duration::from_secs(60)).unwrap();
    assert_eq!(request, "GET /short-poll?after=a:1000 HTTP/1.1");
    worker.child.kill().unwrap();
    worker.child.wait().unwrap();
}
