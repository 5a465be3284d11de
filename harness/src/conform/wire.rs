//! One connection as bytes, with a deadline: a server that says nothing breaks a rule, and does not
//! hang us.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::{Check, Seen, instead};

/// What a rule waits for may take this long, from the connection on.
pub const PATIENCE: Duration = Duration::from_secs(10);

const FIELDS_MAX: usize = 64;

/// Where a connection goes.
#[derive(Clone, Debug)]
pub enum At {
    /// An address, and the name of it for the Host line.
    Tcp(SocketAddr, String),
    /// A socket in the file system.
    Unix(PathBuf),
}

impl At {
    /// What the Host line says.
    pub fn host(&self) -> &str {
        match self {
            Self::Tcp(_, host) => host,
            Self::Unix(_) => "feedlab",
        }
    }
}

trait Io: Read + Write + Send {
    fn time_out(&self, after: Duration) -> std::io::Result<()>;
}

impl Io for TcpStream {
    fn time_out(&self, after: Duration) -> std::io::Result<()> {
        self.set_read_timeout(Some(after)).and_then(|()| self.set_write_timeout(Some(after)))
    }
}

impl Io for UnixStream {
    fn time_out(&self, after: Duration) -> std::io::Result<()> {
        self.set_read_timeout(Some(after)).and_then(|()| self.set_write_timeout(Some(after)))
    }
}

/// One connection.
pub struct Wire {
    stream: Box<dyn Io>,
    deadline: Instant,
    /// What was read and not taken.
    pub buffer: Vec<u8>,
}

/// An answer: its head, and its body where it has a length.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// Status code.
    pub status: u16,
    headers: Vec<(String, String)>,
    /// Empty for an answer that is a stream.
    pub body: Vec<u8>,
}

impl Answer {
    /// The value of a header, by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Wants this status.
    pub fn is(&self, status: u16) -> Check {
        if self.status == status { Ok(()) } else { instead(self.shown()) }
    }

    /// Wants a 400 whose JSON names the field.
    pub fn refuses(&self, field: &str) -> Check {
        self.is(400)?;
        let said: serde_json::Value = serde_json::from_slice(&self.body).unwrap_or_default();
        match said["error"].as_str() {
            Some(error) if error.contains(field) => Ok(()),
            _ => instead(format!("{}, which is no {{\"error\":…}} naming {field}", self.shown())),
        }
    }

    /// Status and the beginning of the body.
    pub fn shown(&self) -> String {
        let body: String = String::from_utf8_lossy(&self.body).chars().take(80).collect();
        if body.is_empty() { self.status.to_string() } else { format!("{} {body}", self.status) }
    }
}

impl Wire {
    /// Connects.
    pub fn connect(at: &At) -> Result<Self, Seen> {
        let stream = match at {
            At::Tcp(address, _) => {
                TcpStream::connect_timeout(address, PATIENCE).and_then(|stream| {
                    stream.set_nodelay(true)?;
                    Ok(Box::new(stream) as Box<dyn Io>)
                })
            }
            At::Unix(path) => UnixStream::connect(path).map(|s| Box::new(s) as Box<dyn Io>),
        };
        match stream {
            Ok(stream) => {
                Ok(Self { stream, deadline: Instant::now() + PATIENCE, buffer: Vec::new() })
            }
            Err(error) => instead(format!("no connection: {error}")),
        }
    }

    /// Sends, and does not mind a server that has refused before it has all: its answer tells.
    pub fn send(&mut self, bytes: &[u8]) {
        let _ = self.stream.time_out(self.left()).and_then(|()| self.stream.write_all(bytes));
    }

    fn left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(1))
    }

    /// Reads more; false at the end.
    fn more(&mut self, what: &str) -> Result<bool, Seen> {
        if Instant::now() >= self.deadline {
            return instead(format!("{what} did not come in {} s", PATIENCE.as_secs()));
        }
        let mut bytes = [0; 16 << 10];
        let read = self.stream.time_out(self.left()).and_then(|()| self.stream.read(&mut bytes));
        match read {
            Ok(count) => {
                self.buffer.extend_from_slice(&bytes[..count]);
                Ok(count > 0)
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                instead(format!("{what} did not come in {} s", PATIENCE.as_secs()))
            }
            Err(error) if error.kind() == ErrorKind::ConnectionReset => Ok(false),
            Err(error) => instead(format!("{what} did not come: {error}")),
        }
    }

    /// Reads what comes in this time, if anything does.
    pub fn look(&mut self, time: Duration) -> Check {
        let mut bytes = [0; 4096];
        match self.stream.time_out(time).and_then(|()| self.stream.read(&mut bytes)) {
            Ok(0) => instead("the connection was closed"),
            Ok(count) => {
                self.buffer.extend_from_slice(&bytes[..count]);
                Ok(())
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                Ok(())
            }
            Err(error) => instead(error.to_string()),
        }
    }

    /// Reads until `find` finds something in the bytes that are here.
    pub fn until<T>(
        &mut self,
        what: &str,
        mut find: impl FnMut(&mut Vec<u8>) -> Result<Option<T>, Seen>,
    ) -> Result<T, Seen> {
        loop {
            if let Some(found) = find(&mut self.buffer)? {
                return Ok(found);
            }
            if !self.more(what)? {
                return instead(format!("the connection was closed before {what} was there"));
            }
        }
    }

    /// Exactly so many bytes.
    pub fn take(&mut self, count: usize, what: &str) -> Result<Vec<u8>, Seen> {
        self.until(what, |buffer| {
            Ok((buffer.len() >= count).then(|| buffer.drain(..count).collect()))
        })
    }

    /// The head of an answer.
    pub fn head(&mut self) -> Result<Answer, Seen> {
        self.until("an answer", |buffer| {
            let mut fields = [httparse::EMPTY_HEADER; FIELDS_MAX];
            let mut head = httparse::Response::new(&mut fields);
            let length = match head.parse(buffer) {
                Ok(httparse::Status::Complete(length)) => length,
                Ok(httparse::Status::Partial) => return Ok(None),
                Err(error) => return instead(format!("the answer is no HTTP/1.1: {error}")),
            };
            let value = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
            let headers = head.headers.iter();
            let answer = Answer {
                status: head.code.unwrap_or(0),
                headers: headers.map(|h| (h.name.to_lowercase(), value(h.value))).collect(),
                body: Vec::new(),
            };
            buffer.drain(..length);
            Ok(Some(answer))
        })
    }

    /// An answer with its body.
    pub fn answer(&mut self) -> Result<Answer, Seen> {
        let mut answer = self.head()?;
        if matches!(answer.status, 101 | 204 | 304) {
            return Ok(answer);
        }
        let Some(length) = answer.header("content-length") else {
            return instead(format!("{} without a Content-Length", answer.status));
        };
        match length.parse() {
            Ok(length) => answer.body = self.take(length, "the answer's body")?,
            Err(_) => return instead(format!("Content-Length: {length}")),
        }
        Ok(answer)
    }
}
