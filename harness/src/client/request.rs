//! The heads of requests, as light or as heavy as the scenario asks. Pure: values in, bytes out.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use servers::{HEADERS, Knob, KnobKind, Params};

/// For a transport with one request to a connection, whose heads the article did not count.
pub const CONNECT_HEADERS: Knob = Knob {
    name: "headers",
    about: "head of the request that connects: bare: the least; browser: a desktop browser's",
    default: "bare",
    kind: KnobKind::Choice(&["bare", "browser"]),
};

/// Half a head of the server's limit of 16 KiB, so that all else fits whatever it is.
pub const COOKIE_BYTES: Knob = Knob {
    name: "cookie_bytes",
    about: "bytes of a Cookie header's value in each request; 0: no such header",
    default: "0",
    kind: KnobKind::Integer { min: 0, max: 8000 },
};

/// Whether a poll's connection stays.
pub const KEEP_ALIVE: Knob = Knob {
    name: "keep_alive",
    about: "whether requests share a connection; otherwise each makes one and ends it",
    default: "true",
    kind: KnobKind::Flag,
};

/// Whether a poll says what it has.
pub const CONDITIONAL: Knob = Knob {
    name: "conditional",
    about: "whether requests carry the last ETag, so that nothing new is 304 and not 204",
    default: "false",
    kind: KnobKind::Flag,
};

/// In how many writes a request leaves. With Nagle's algorithm the second waits for an
/// acknowledgement of the first, and the kernel of a server that answers what it reads puts that off,
/// hoping to send it with an answer: 40 ms (`TCP_DELACK_MIN` of Linux).
pub const WRITES: Knob = Knob {
    name: "writes",
    about: "writes for a request: 2 sends its first line in one of its own",
    default: "1",
    kind: KnobKind::Integer { min: 1, max: 2 },
};

/// A request's head with `headers = "kaazing"`, all line ends counted (Lubbers and Greco, 2010: the
/// article prints its heads in full and counts them without).
pub const REQUEST_BYTES: usize = 716;

/// The longest that a request of ours can name: 16 characters of an epoch and 20 digits.
const LONGEST_CURSOR: &str = "zzzzzzzzzzzzzzzz:18446744073709551615";
const LONGEST_HOST: &str = "255.255.255.255:65535";

/// What heads are filled up with: words of a query, wherever it is cut.
const FILLING: &[u8] = b"acme-globex-initech-umbrella-";

/// Writes the heads of one client's requests.
#[derive(Clone, Debug)]
pub struct Heads {
    style: Style,
    host: String,
    cookie: String,
    keep_alive: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Style {
    Bare,
    Browser,
    Kaazing,
}

impl Heads {
    /// The heads that a transport's knobs describe, with a cookie of this client's own.
    pub fn new(params: &Params, host: &str, seed: u64) -> Self {
        // Of the two knobs of that name this one knows all words, and the scenario was checked
        // against the transport's own.
        let style = match params.choice(&HEADERS) {
            "browser" => Style::Browser,
            "kaazing" => Style::Kaazing,
            _ => Style::Bare,
        };
        let cookie = cookie(params.integer(&COOKIE_BYTES) as usize, seed);
        Self { style, host: host.to_owned(), cookie, keep_alive: params.flag(&KEEP_ALIVE) }
    }

    /// Whether a head has this length whatever it asks for.
    pub fn are_padded(&self) -> bool {
        self.style == Style::Kaazing
    }

    /// Writes a poll's: path and query, and the ETag of what the client has.
    pub fn poll(&self, target: &str, etag: Option<&str>, out: &mut Vec<u8>) {
        let mut lines = Lines::get(target, &self.host, out);
        match self.style {
            Style::Bare => {
                lines.add("Accept", "application/json");
                self.finish_bare(&mut lines, etag);
            }
            Style::Browser => self.browser_poll(&mut lines, etag),
            Style::Kaazing => return self.kaazing_poll(lines, etag),
        }
        lines.end();
    }

    /// Writes that of server-sent events.
    pub fn events(&self, target: &str, out: &mut Vec<u8>) {
        let mut lines = Lines::get(target, &self.host, out);
        if self.style == Style::Bare {
            lines.add("Accept", "text/event-stream");
            self.finish_bare(&mut lines, None);
        } else {
            lines.browser("text/event-stream");
            lines.add("Referer", format_args!("http://{}/", self.host));
            lines.add("Connection", "keep-alive");
            lines.add_if("Cookie", &self.cookie);
            lines.fetch("cors");
            lines.uncached();
        }
        lines.end();
    }

    /// Writes that of a WebSocket's opening handshake. A browser offers compression there; ours
    /// declines.
    pub fn websocket(&self, target: &str, key: &str, out: &mut Vec<u8>) {
        let mut lines = Lines::get(target, &self.host, out);
        if self.style == Style::Bare {
            lines.add("Upgrade", "websocket");
            lines.add("Connection", "Upgrade");
            lines.add("Sec-WebSocket-Key", key);
            lines.add("Sec-WebSocket-Version", "13");
            lines.add_if("Cookie", &self.cookie);
        } else {
            lines.browser("*/*");
            lines.add("Sec-WebSocket-Version", "13");
            lines.add("Origin", format_args!("http://{}", self.host));
            lines.add("Sec-WebSocket-Extensions", "permessage-deflate");
            lines.add("Sec-WebSocket-Key", key);
            lines.add("Connection", "keep-alive, Upgrade");
            lines.add_if("Cookie", &self.cookie);
            lines.fetch("websocket");
            lines.uncached();
            lines.add("Upgrade", "websocket");
        }
        lines.end();
    }

    fn finish_bare(&self, lines: &mut Lines<'_>, etag: Option<&str>) {
        lines.add_if("If-None-Match", etag.unwrap_or_default());
        lines.add_if("Cookie", &self.cookie);
        lines.add_if("Connection", if self.keep_alive { "" } else { "close" });
    }

    fn browser_poll(&self, lines: &mut Lines<'_>, etag: Option<&str>) {
        lines.browser("*/*");
        lines.add_if("If-None-Match", etag.unwrap_or_default());
        lines.add("Referer", format_args!("http://{}/", self.host));
        lines.add("Connection", self.connection());
        lines.add_if("Cookie", &self.cookie);
        lines.fetch("cors");
        lines.add("Priority", "u=4");
        // Fetch standard, HTTP-network-or-cache fetch: a page that brings its own condition is
        // taken past the cache.
        if etag.is_some() {
            lines.uncached();
        }
    }

    /// What browsers sent in 2010. The article's two heads have 17 lines, which it counts without
    /// their ends: eleven and six. Ours have ten and seven, as an answer needs its ETag.
    fn kaazing_poll(&self, mut lines: Lines<'_>, etag: Option<&str>) {
        lines.add(
            "User-Agent",
            "Mozilla/5.0 (X11; U; Linux i686; en-US; rv:1.9.2) Gecko/20100115 Firefox/3.6",
        );
        lines.add("Accept", "application/json,text/plain;q=0.9,*/*;q=0.8");
        lines.add("Accept-Language", "en-us,en;q=0.5");
        lines.add("Accept-Encoding", "gzip,deflate");
        lines.add("Accept-Charset", "ISO-8859-1,utf-8;q=0.7,*;q=0.7");
        lines.add_if("Keep-Alive", if self.keep_alive { "115" } else { "" });
        lines.add("Connection", self.connection());
        lines.add_if("If-None-Match", etag.unwrap_or_default());
        lines.add_if("Cookie", &self.cookie);
        lines.padded("Referer", format_args!("http://{}/ticker?stocks=", self.host));
    }

    fn connection(&self) -> &'static str {
        if self.keep_alive { "keep-alive" } else { "close" }
    }
}

/// Whether there is room for what the knobs ask, whatever the requests name.
///
/// # Errors
/// The key that asks for too much, and a sentence that goes on from it.
pub fn check(params: &Params) -> Result<(), (&'static str, String)> {
    let heads = Heads::new(params, LONGEST_HOST, 0);
    let etag = format!("\"{LONGEST_CURSOR}\"");
    let etag = params.flag(&CONDITIONAL).then_some(etag.as_str());
    let mut head = Vec::new();
    heads.poll(&format!("/short-poll?after={LONGEST_CURSOR}&hold=55"), etag, &mut head);
    if !heads.are_padded() || head.len() <= REQUEST_BYTES {
        return Ok(());
    }
    // All of the excess is the cookie's, as without one there is room.
    let most = (heads.cookie.len() + REQUEST_BYTES).saturating_sub(head.len());
    Err((
        COOKIE_BYTES.name,
        format!(
            "with headers = \"kaazing\" a request has {REQUEST_BYTES} bytes, in which there is room \
             for a cookie of 0 to {most}, not {}",
            heads.cookie.len()
        ),
    ))
}

/// A cookie of exactly so many characters (RFC 6265 section 4.1.1), always the same for a seed.
fn cookie(bytes: usize, seed: u64) -> String {
    const NAME: &str = "session=";
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let value = std::iter::repeat_with(|| char::from(DIGITS[random.random_range(0..DIGITS.len())]));
    // One that is too short for the name has the end of it.
    let name = &NAME[NAME.len().saturating_sub(bytes)..];
    name.chars().chain(value).take(bytes).collect()
}

/// A head, line by line.
struct Lines<'a> {
    out: &'a mut Vec<u8>,
    begin: usize,
}

impl<'a> Lines<'a> {
    fn get(target: &str, host: &str, out: &'a mut Vec<u8>) -> Self {
        let begin = out.len();
        let mut lines = Self { out, begin };
        lines.write(format_args!("GET {target} HTTP/1.1\r\n"));
        lines.add("Host", host);
        lines
    }

    fn write(&mut self, text: std::fmt::Arguments<'_>) {
        std::io::Write::write_fmt(self.out, text).expect("a Vec takes all that is written");
    }

    fn add(&mut self, name: &str, value: impl std::fmt::Display) {
        self.write(format_args!("{name}: {value}\r\n"));
    }

    fn add_if(&mut self, name: &str, value: &str) {
        if !value.is_empty() {
            self.add(name, value);
        }
    }

    /// What a desktop browser says of itself, in the order of Firefox.
    fn browser(&mut self, accept: &str) {
        self.add(
            "User-Agent",
            "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
        );
        self.add("Accept", accept);
        self.add("Accept-Language", "en-US,en;q=0.5");
        self.add("Accept-Encoding", "gzip, deflate, br, zstd");
    }

    /// Fetch Metadata Request Headers, of a page for its own server.
    fn fetch(&mut self, mode: &str) {
        self.add("Sec-Fetch-Dest", "empty");
        self.add("Sec-Fetch-Mode", mode);
        self.add("Sec-Fetch-Site", "same-origin");
    }

    fn uncached(&mut self) {
        self.add("Pragma", "no-cache");
        self.add("Cache-Control", "no-cache");
    }

    fn end(self) {
        self.out.extend_from_slice(b"\r\n");
    }

    /// The last line, with as much more in its value as the head needs.
    fn padded(mut self, name: &str, value: std::fmt::Arguments<'_>) {
        self.write(format_args!("{name}: {value}"));
        let length = self.out.len() - self.begin + "\r\n\r\n".len();
        let missing = REQUEST_BYTES.saturating_sub(length);
        self.out.extend(FILLING.iter().cycle().take(missing));
        self.out.extend_from_slice(b"\r\n\r\n");
    }
}
