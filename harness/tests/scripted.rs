//! What polling clients send, as a server hears it that says what a script says.
#![allow(clippy::unwrap_used)] // a test that unwraps fails with the line that is wrong

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use harness::order::{Assignment, Order, Sample, Word};
use serde_json::{Value, json};

/// One client of a worker process, and the port that it follows.
struct Scripted {
    listener: TcpListener,
    worker: Child,
    words: BufReader<std::process::ChildStdout>,
}

impl Scripted {
    fn start(transport: &str, params: &[(&str, Value)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let params = params.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        let assignment = Assignment {
            transport: transport.into(),
            params: params.collect::<BTreeMap<_, _>>(),
            server: listener.local_addr().unwrap(),
            congestion: "reno".into(),
            nodelay: true,
            latest_value: false,
            first_client: 0,
            clients: 1,
            clients_in_all: 1,
            ramp_ns: 0,
            seed: 1,
            tls: None,
            detour_ns: 0,
            outage_ns: 0,
        };
        let mut worker = Command::new(env!("CARGO_BIN_EXE_feedlab"))
            .arg("worker")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let words = BufReader::new(worker.stdout.take().unwrap());
        let mut scripted = Self { listener, worker, words };
        scripted.say(&assignment);
        scripted.say(&Order::Ramp);
        scripted
    }

    fn say(&mut self, message: &impl serde::Serialize) {
        let stdin = self.worker.stdin.as_mut().unwrap();
        serde_json::to_writer(&mut *stdin, message).unwrap();
        stdin.write_all(b"\n").unwrap();
    }

    fn accept(&self) -> Connection {
        let (stream, _) = self.listener.accept().unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        Connection { stream, undecoded: Vec::new() }
    }

    /// What the client saw, once it has failed or is told to end.
    fn done(mut self) -> Sample {
        self.say(&Order::Close { deadline_ns: 0 });
        let mut line = String::new();
        while self.words.read_line(&mut line).unwrap() > 0 {
            if let Ok(Word::Done(sample)) = serde_json::from_str(&line) {
                drop(self.worker.stdin.take());
                self.worker.wait().unwrap();
                return *sample;
            }
            line.clear();
        }
        panic!("the worker is not done");
    }
}

struct Connection {
    stream: TcpStream,
    undecoded: Vec<u8>,
}

impl Connection {
    /// The next request's head.
    fn request(&mut self) -> String {
        loop {
            if let Some(end) = self.undecoded.windows(4).position(|end| end == b"\r\n\r\n") {
                return String::from_utf8(self.undecoded.drain(..end + 4).collect()).unwrap();
            }
            let mut bytes = [0; 4096];
            let count = self.stream.read(&mut bytes).unwrap();
            assert!(count > 0, "the client has closed");
            self.undecoded.extend_from_slice(&bytes[..count]);
        }
    }

    fn write(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).unwrap();
    }

    /// Whether the client has closed, and said nothing before.
    fn closes(mut self) -> bool {
        self.stream.read(&mut [0; 16]).unwrap() == 0 && self.undecoded.is_empty()
    }
}

fn page(seq: u64, etag: &str) -> String {
    let body = format!(
        "{{\"cursor\":\"x:{seq}\",\"updates\":[{{\"seq\":{seq},\"data\":{{\"n\":{seq},\"t\":1}}}}]}}"
    );
    let length = body.len();
    format!("HTTP/1.1 200 OK\r\nETag: {etag}\r\nContent-Length: {length}\r\n\r\n{body}")
}

fn line<'a>(request: &'a str, name: &str) -> Option<&'a str> {
    request.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

fn target(request: &str) -> &str {
    request.split(' ').nth(1).unwrap()
}

const NOT_MODIFIED: &str = "HTTP/1.1 304 Not Modified\r\nETag: \"b\"\r\n\r\n";

#[test]
fn a_conditional_poll_names_the_last_etag_and_stays_where_it_is_after_a_304() {
    for (transport, path) in [("short-poll", "/short-poll"), ("long-poll", "/long-poll")] {
        let knobs = [("conditional", json!(true)), ("interval", json!("1ms"))];
        let scripted = Scripted::start(transport, &knobs);
        let mut server = scripted.accept();
        for (answer, known, after) in [
            (page(1, "\"a\""), None, None),
            (page(2, "\"b\""), Some("\"a\""), Some("?after=x:1")),
            (NOT_MODIFIED.to_owned(), Some("\"b\""), Some("?after=x:2")),
            (NOT_MODIFIED.to_owned(), Some("\"b\""), Some("?after=x:2")),
            (page(3, "\"c\""), Some("\"b\""), Some("?after=x:2")),
            (NOT_MODIFIED.to_owned(), Some("\"c\""), Some("?after=x:3")),
            (page(4, "\"d\""), Some("\"b\""), Some("?after=x:3")),
        ] {
            let request = server.request();
            assert_eq!(line(&request, "If-None-Match"), known, "{request}");
            assert!(target(&request).starts_with(path));
            assert!(target(&request).contains(after.unwrap_or_default()), "{request}");
            server.write(&answer);
        }
        server.request();
        let sample = scripted.done();
        assert_eq!((sample.dropped, sample.refused), (0, 0), "{:?}", sample.reasons);
    }
}

#[test]
fn a_poll_without_a_condition_names_no_etag() {
    let scripted = Scripted::start("long-poll", &[]);
    let mut server = scripted.accept();
    for seq in 1..=3 {
        assert_eq!(line(&server.request(), "If-None-Match"), None);
        server.write(&page(seq, "\"a\""));
    }
    server.request();
    assert_eq!(scripted.done().dropped, 0);
}

#[test]
fn without_keep_alive_each_request_has_a_connection_and_reads_its_end() {
    for (transport, more) in
        [("short-poll", ("interval", json!("1ms"))), ("long-poll", ("hold", json!("1s")))]
    {
        let scripted = Scripted::start(transport, &[("keep_alive", json!(false)), more]);
        for seq in 1..=5 {
            let mut server = scripted.accept();
            let request = server.request();
            assert_eq!(line(&request, "Connection"), Some("close"));
            server.write(&page(seq, "\"a\""));
            // Until the end is there, the client neither closes nor asks again.
            scripted.listener.set_nonblocking(true).unwrap();
            assert!(scripted.listener.accept().is_err());
            scripted.listener.set_nonblocking(false).unwrap();
            server.stream.shutdown(std::net::Shutdown::Write).unwrap();
            assert!(server.closes());
        }
        let mut last = scripted.accept();
        last.request();
        last.write(&(page(6, "\"a\"") + "more"));
        last.stream.shutdown(std::net::Shutdown::Write).unwrap();
        assert!(last.closes());
        let sample = scripted.done();
        assert_eq!(sample.dropped, 1);
        assert!(sample.reasons[0].contains("4 bytes came behind the last answer"), "{sample:?}");
    }
}

#[test]
fn two_outstanding_requests_are_always_two() {
    let knobs = [("outstanding", json!(2)), ("hold", json!("9s"))];
    let scripted = Scripted::start("long-poll", &knobs);
    let mut server = scripted.accept();
    assert_eq!(target(&server.request()), "/long-poll", "at first to know where the feed is");
    server.write(&page(1, "\"a\""));
    assert_eq!(target(&server.request()), "/long-poll?after=x:1&hold=9");
    assert_eq!(target(&server.request()), "/long-poll?continue&hold=9");
    for seq in 2..=4 {
        server.write(&page(seq, "\"a\""));
        assert_eq!(target(&server.request()), "/long-poll?continue&hold=9");
    }
    // Two answers in one write, and one with an end of the next.
    server.write(&(page(5, "\"a\"") + &page(6, "\"a\"")));
    for _ in 0..2 {
        assert_eq!(target(&server.request()), "/long-poll?continue&hold=9");
    }
    let (first, second) = (page(7, "\"a\""), page(8, "\"a\""));
    server.write(&(first + &second[..30]));
    server.request();
    server.write(&second[30..]);
    server.request();
    server.write("HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n");
    for _ in 0..2 {
        assert_eq!(target(&server.request()), "/long-poll?continue&hold=9");
    }
    // A third answer to two requests.
    server.write(&page(9, "\"a\"").repeat(3));
    for _ in 0..2 {
        server.request();
    }
    server.stream.shutdown(std::net::Shutdown::Write).unwrap();
    assert!(server.closes(), "without another request");
    let sample = scripted.done();
    assert_eq!(sample.dropped, 1, "{:?}", sample.reasons);
}

#[test]
fn a_compressed_answer_ends_the_client_with_a_sentence() {
    let scripted = Scripted::start("short-poll", &[("headers", json!("browser"))]);
    let mut server = scripted.accept();
    let request = server.request();
    assert_eq!(line(&request, "Accept-Encoding"), Some("gzip, deflate, br, zstd"));
    server.write("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 0\r\n\r\n");
    assert!(server.closes());
    let sample = scripted.done();
    assert!(sample.reasons[0].contains("compressed (Content-Encoding: gzip)"), "{sample:?}");
}
