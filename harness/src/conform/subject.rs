//! The server that is checked: how to ask it and how to publish to it.

use std::cell::Cell;
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;

use scenarios::Target;
use scenarios::target::PublishAt;

use super::cursor::Cursor;
use super::wire::{Answer, At, Wire};
use super::{Seen, instead};

/// Lines of a WebSocket's opening handshake, with the key of RFC 6455 section 1.3.
pub const UPGRADE: &str = "Upgrade: websocket\r\nConnection: Upgrade\r\n\
                           Sec-WebSocket-Version: 13\r\n\
                           Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

/// The server that is checked.
pub struct Subject {
    /// Where its HTTP transports are.
    pub http: At,
    /// Where its tcp transport is.
    pub tcp: Option<At>,
    /// Where it is published to.
    pub publish: At,
    publish_path: String,
    /// Number of the last payload.
    last_n: Cell<u64>,
}

impl Subject {
    /// Resolves a target's names and sees whether somebody listens there.
    ///
    /// # Errors
    /// A sentence about the address that nobody answers at.
    pub fn reach(target: &Target) -> Result<Self, String> {
        let (host, port) = (&target.http.host, target.http.port);
        let http = At::Tcp(resolve(host, port)?, target.http.authority());
        let tcp = match &target.tcp {
            Some((host, port)) => Some(At::Tcp(resolve(host, *port)?, format!("{host}:{port}"))),
            None => None,
        };
        let (publish, publish_path) = match &target.publish {
            PublishAt::Http(url) => {
                (At::Tcp(resolve(&url.host, url.port)?, url.authority()), url.path.clone())
            }
            PublishAt::Unix(path) => (At::Unix(PathBuf::from(path)), "/publish".to_owned()),
        };
        for (at, what) in [(Some(&http), target.http.to_string()), (tcp.as_ref(), "tcp".into())]
            .into_iter()
            .chain([(Some(&publish), target.publish.to_string())])
        {
            if let Some(Err(Seen::Instead(why) | Seen::NotAsked(why))) = at.map(Wire::connect) {
                return Err(format!("nobody answers at {what}: {why}"));
            }
        }
        Ok(Self { http, tcp, publish, publish_path, last_n: Cell::new(0) })
    }

    /// Where its HTTP transports are, and its tcp transport.
    pub fn addresses(&self) -> (Option<SocketAddr>, Option<SocketAddr>) {
        let address = |at: &At| match at {
            At::Tcp(address, _) => Some(*address),
            At::Unix(_) => None,
        };
        (address(&self.http), self.tcp.as_ref().and_then(address))
    }

    /// Where updates go: the place and the path.
    pub fn publishing(&self) -> (At, String) {
        (self.publish.clone(), self.publish_path.clone())
    }

    /// Whether the server takes updates from us at all.
    pub fn accepts_updates(&self) -> bool {
        self.post(b"").map_or(true, |answer| answer.status != 404)
    }

    /// Whether there is something to check; `None` where it cannot be asked.
    pub fn speaks(&self, part: &str) -> Option<bool> {
        let path = match part {
            "publish" => return Some(true),
            "tcp" => return self.tcp.as_ref().map(|_| true),
            "health" => "/healthz".to_owned(),
            transport => format!("/{transport}"),
        };
        let lines = if part == "websocket" { UPGRADE } else { "" };
        let status = Wire::connect(&self.http).and_then(|mut wire| {
            wire.send(self.get(&path, lines).as_bytes());
            Ok(wire.head()?.status)
        });
        Some(status != Ok(404))
    }

    /// A request.
    pub fn get(&self, target: &str, lines: &str) -> String {
        format!("GET {target} HTTP/1.1\r\nHost: {}\r\n{lines}\r\n", self.http.host())
    }

    /// Asks on a connection of its own.
    pub fn ask(&self, target: &str, lines: &str) -> Result<Answer, Seen> {
        let mut wire = Wire::connect(&self.http)?;
        wire.send(self.get(target, lines).as_bytes());
        wire.answer()
    }

    /// Posts a body to where updates are published.
    pub fn post(&self, body: &[u8]) -> Result<Answer, Seen> {
        let mut wire = Wire::connect(&self.publish)?;
        wire.send(self.post_head(body.len()).as_bytes());
        wire.send(body);
        wire.answer()
    }

    /// The head of a publish.
    pub fn post_head(&self, bytes: usize) -> String {
        let (path, host) = (&self.publish_path, self.publish.host());
        format!("POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {bytes}\r\n\r\n")
    }

    /// So many payloads that no other rule publishes.
    pub fn payloads(&self, count: u64) -> Vec<String> {
        let first = self.last_n.get() + 1;
        self.last_n.set(first + count - 1);
        let payload = |n| format!("{{\"n\":{n},\"t\":{},\"word\":\"gr\u{fc}n\"}}", 1_000 + n);
        (first..first + count).map(payload).collect()
    }

    /// Publishes payloads together; returns where the log then ends.
    pub fn publish(&self, payloads: &[String]) -> Result<Cursor, Seen> {
        let answer = self.post((payloads.join("\n") + "\n").as_bytes())?;
        if answer.status != 200 {
            return instead(format!("a publish was answered by {}", answer.shown()));
        }
        let said: serde_json::Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        match said["cursor"].as_str() {
            Some(cursor) => Cursor::read(cursor),
            None => instead(format!("a publish was answered by {}", answer.shown())),
        }
    }

    /// Publishes so many; returns them and where the log then ends.
    pub fn publish_some(&self, count: u64) -> Result<(Vec<String>, Cursor), Seen> {
        let payloads = self.payloads(count);
        let cursor = self.publish(&payloads)?;
        Ok((payloads, cursor))
    }
}

fn resolve(host: &str, port: u16) -> Result<SocketAddr, String> {
    let found = (host, port).to_socket_addrs().map_err(|error| format!("{host}: {error}"))?;
    // Servers of examples listen on IPv4 only, and "localhost" is both.
    let mut found: Vec<_> = found.collect();
    found.sort_by_key(SocketAddr::is_ipv6);
    found.first().copied().ok_or_else(|| format!("{host} has no address"))
}
