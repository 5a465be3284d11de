//! Bytes that the codecs make: RFC 6455, WHATWG HTML section 9.2, and the heads of an article. No
//! run is needed, and no byte may be off.

use results::Causes;
use results::validation::{Tolerance, Unit};

use super::{Check, Evidence, Judged, Needs};
use crate::decode::event_stream::EventStream;
use crate::decode::frame::{self, Opcode};
use crate::decode::{Listener, Said};
use crate::paper::kaazing::{CLIENTS, Kaazing};

pub const WEBSOCKET: Check = Check {
    number: 12,
    name: "websocket-framing",
    condition: "codec: messages of 0, 125, 126, 65,535 and 65,536 B down, pongs up",
    broken: "the bytes of WebSocket would be counted wrongly, and with them every comparison of it",
    needs: Needs::Nothing,
    judge: websocket,
};

pub const HTTP: Check = Check {
    number: 13,
    name: "http-framing",
    condition: "codec: an event of 100 B without id and with id 12345; the heads of Kaazing's article",
    broken: "framing of server-sent events or heads of polls would be counted wrongly",
    needs: Needs::Nothing,
    judge: http,
};

pub const KAAZING: Check = Check {
    number: 16,
    name: "kaazing-ratio",
    condition: "codec: a poll a second with the article's heads against a message a second, 21 B each",
    broken: "the best-known table of the field would not come out of our own codecs",
    needs: Needs::Nothing,
    judge: kaazing,
};

/// Bytes to the last one.
fn exact(judged: &mut Judged, what: impl Into<String>, predicted: usize, measured: usize) {
    judged.hold(what, predicted as f64, measured as f64, Tolerance::Exact, Unit::Bytes);
}

fn websocket(_: &Evidence) -> Result<Judged, String> {
    let mut judged = Judged::default();
    for (length, header) in [(0, 2), (125, 2), (126, 4), (65_535, 4), (65_536, 10)] {
        let message = servers::text_frame(&"x".repeat(length));
        exact(&mut judged, format!("frame of {length} B"), length + header, message.len());
        let read = frame::read(&message).ok().flatten();
        let read = read.ok_or_else(|| format!("a frame of {length} B cannot be read"))?;
        exact(&mut judged, format!("the same as counted, {length} B"), message.len(), read.bytes());
    }
    for length in [0, 8, 125] {
        let pong = frame::masked_control(Opcode::Pong, &vec![b'x'; length], [1, 2, 3, 4]);
        exact(&mut judged, format!("masked pong of {length} B"), 6 + length, pong.len());
    }
    Ok(judged)
}

/// Adds up what it is told.
#[derive(Default)]
struct Sum(Causes);

impl Listener for Sum {
    fn hear(&mut self, _: Said, causes: Causes) {
        self.overhead(causes);
    }

    fn overhead(&mut self, causes: Causes) {
        self.0 = self.0.plus(causes);
    }
}

/// What the decoder counts of one event in a chunk of its own; `data` has 100 bytes.
fn event(id: &str) -> Result<Causes, String> {
    let around = r#"{"seq":8,"data":{"n":1,"t":1,"pad":""}}"#.len();
    let pad = "x".repeat(100 - around);
    let data = format!(r#"{{"seq":8,"data":{{"n":1,"t":1,"pad":"{pad}"}}}}"#);
    let event = format!("{id}data: {data}\n\n");
    let chunk = format!("{:x}\r\n{event}\r\n", event.len());
    let mut sum = Sum::default();
    let read = EventStream::default().read(chunk.as_bytes(), &mut sum);
    let read = read.map_err(|error| error.to_string())?;
    if read != chunk.len() {
        return Err("an event was not read to its end".to_owned());
    }
    Ok(sum.0)
}

fn http(_: &Evidence) -> Result<Judged, String> {
    let mut judged = Judged::default();
    for (what, id, bytes) in
        [("event of 100 B", "", 114), ("event of 100 B with its id", "id: 12345\n", 124)]
    {
        let causes = event(id)?;
        exact(&mut judged, what, bytes, causes.total() as usize);
        let content = causes.payload + causes.envelope;
        exact(&mut judged, format!("{what}: its data"), 100, content as usize);
    }
    let computed = Kaazing::computed();
    exact(&mut judged, "heads of a poll", 716 + 193, computed.poll_head_bytes as usize);
    exact(&mut judged, "the same without line ends", 871, computed.poll_head_characters as usize);
    let rate = (CLIENTS[0] * computed.poll_head_bytes) as f64;
    judged.hold(
        "heads of 1,000 clients, B/s",
        909_000.0,
        rate,
        Tolerance::Relative(0.005),
        Unit::Bytes,
    );
    Ok(judged)
}

#[allow(clippy::unnecessary_wraps)] // the shape of all judges
fn kaazing(_: &Evidence) -> Result<Judged, String> {
    let computed = Kaazing::computed();
    let mut judged = Judged::default();
    for (what, predicted, measured) in [
        ("heads, as in the article", 871.0 / 2.0, computed.head_ratio()),
        ("all above TCP", 930.0 / 23.0, computed.ratio()),
        ("on the wire", 1086.0 / 127.0, computed.wire_ratio()),
    ] {
        judged.hold(what, predicted, measured, Tolerance::Relative(0.02), Unit::Number);
    }
    Ok(judged)
}
