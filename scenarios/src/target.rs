//! Where a server is that feedlab did not start: `"http://host:port"`, and where it is published to.

use std::{fmt, str::FromStr};

/// An address of plain HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpUrl {
    /// Name or number; an IPv6 number without its brackets.
    pub host: String,
    /// Its port; 80 when none is written.
    pub port: u16,
    /// What is asked for there, `/` at least.
    pub path: String,
}

impl HttpUrl {
    /// What a value must be, for "must be …".
    pub const MUST: &'static str = "an address such as \"http://127.0.0.1:8080\"";

    /// Host and port, as the Host line of a request has them.
    pub fn authority(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

impl FromStr for HttpUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.starts_with("https://") {
            return Err("plain http:// (a server behind TLS is not measured as a target)".into());
        }
        let must = || Self::MUST.to_owned();
        let rest = text.strip_prefix("http://").ok_or_else(must)?;
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (host, port) = host_and_port(authority, Some(80)).ok_or_else(must)?;
        let is_plain = |byte: u8| byte.is_ascii_graphic() && !b"?#".contains(&byte);
        if !path.bytes().all(is_plain) {
            return Err(must());
        }
        let path = if path.is_empty() { "/" } else { path };
        Ok(Self { host, port, path: path.to_owned() })
    }
}

impl fmt::Display for HttpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}{}", self.authority(), self.path.trim_end_matches('/'))
    }
}

/// Where updates are published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublishAt {
    /// `POST` to this address.
    Http(HttpUrl),
    /// `POST /publish` on a Unix socket at this path.
    Unix(String),
}

impl PublishAt {
    /// What a value must be, for "must be …".
    pub const MUST: &'static str =
        "an address such as \"http://127.0.0.1:8082/publish\", or \"unix:/path/to/the/socket\"";
}

impl FromStr for PublishAt {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("unix:") {
            let is_path = !path.is_empty() && !path.contains(char::is_control);
            return is_path.then(|| Self::Unix(path.into())).ok_or_else(|| Self::MUST.into());
        }
        text.parse().map(Self::Http).map_err(|_| Self::MUST.into())
    }
}

impl fmt::Display for PublishAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http(url) => url.fmt(f),
            Self::Unix(path) => write!(f, "unix:{path}"),
        }
    }
}

/// `host:port`; without a port the one given, if there is one.
pub fn host_and_port(text: &str, port: Option<u16>) -> Option<(String, u16)> {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, rest) = rest.split_once(']')?;
            host.parse::<std::net::Ipv6Addr>().ok()?;
            (host, if rest.is_empty() { port? } else { rest.strip_prefix(':')?.parse().ok()? })
        }
        None => match text.split_once(':') {
            Some((host, number)) => (host, number.parse().ok()?),
            None => (text, port?),
        },
    };
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:".contains(&byte);
    (!host.is_empty() && host.bytes().all(is_name) && port > 0).then(|| (host.to_owned(), port))
}

/// A server that feedlab did not start, as the scenario names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Where its HTTP transports are.
    pub http: HttpUrl,
    /// Host and port of its tcp transport.
    pub tcp: Option<(String, u16)>,
    /// Where updates are published.
    pub publish: PublishAt,
    /// Its process on this machine.
    pub pid: Option<u32>,
}

impl Target {
    /// From the keys as typed; publishing goes to `/publish` at the target unless said otherwise.
    ///
    /// # Errors
    /// The key that cannot be read, and what it must be.
    pub fn parse(
        target: &str,
        tcp: Option<&str>,
        publish: Option<&str>,
        pid: Option<u32>,
    ) -> Result<Self, (&'static str, String)> {
        let http: HttpUrl = target.parse().map_err(|must| ("target", must))?;
        if http.path != "/" {
            return Err(("target", format!("{} without a path", HttpUrl::MUST)));
        }
        let address = |text| host_and_port(text, None).ok_or(("target_tcp", ADDRESS.to_owned()));
        let publish = match publish {
            Some(text) => text.parse().map_err(|must| ("target_publish", must))?,
            None => PublishAt::Http(HttpUrl { path: "/publish".into(), ..http.clone() }),
        };
        Ok(Self { http, tcp: tcp.map(address).transpose()?, publish, pid })
    }
}

/// What `target_tcp` must be.
pub const ADDRESS: &str = "host and port such as \"127.0.0.1:8081\"";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_plain_http_with_a_host() {
        let url: HttpUrl = "http://[::1]:80/publish".parse().unwrap();
        assert_eq!((url.authority(), url.path.as_str()), ("[::1]:80".into(), "/publish"));
        assert_eq!("http://a.example".parse::<HttpUrl>().unwrap().authority(), "a.example:80");
        for bad in [
            "",
            "a:1",
            "http://",
            "http://:1",
            "http://a:0",
            "http://a:x",
            "https://a",
            "http://a b",
        ] {
            assert!(bad.parse::<HttpUrl>().is_err(), "{bad}");
        }
    }

    #[test]
    fn publishing_goes_to_the_target_unless_said_otherwise() {
        let target = Target::parse("http://a:1/", None, None, None).unwrap();
        assert_eq!(target.publish.to_string(), "http://a:1/publish");
        let unix = Target::parse("http://a:1", Some("a:2"), Some("unix:/run/c"), None).unwrap();
        assert_eq!(unix.publish, PublishAt::Unix("/run/c".into()));
        assert_eq!(unix.tcp, Some(("a".into(), 2)));
        assert_eq!(Target::parse("http://a:1/b", None, None, None).unwrap_err().0, "target");
        assert_eq!(Target::parse("http://a:1", Some("a"), None, None).unwrap_err().0, "target_tcp");
    }
}
