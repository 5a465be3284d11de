//! What is too long.

use super::push::{Push, Pushed};
use super::subject::UPGRADE;
use super::wire::Wire;
use super::{Check, HTTP, Rule, Subject, instead};
use crate::conform::websocket::MASK;

pub const RULES: &[Rule] = &[
    Rule {
        name: "query limit",
        says: "A query of more than 4 KiB is a 414.",
        of: HTTP,
        needed: false,
        check: |subject, transport| {
            let query = "9".repeat(5000);
            status(subject, &format!("/{transport}?after={query}"), lines(transport), 414)
        },
    },
    Rule {
        name: "head limit",
        says: "A head of more than 16 KiB is a 431.",
        of: HTTP,
        needed: false,
        check: |subject, transport| {
            let long = format!("{}X-Filling: {}\r\n", lines(transport), "x".repeat(17 << 10));
            status(subject, &format!("/{transport}"), &long, 431)
        },
    },
    Rule {
        name: "message limit",
        says: "A message of more than 64 KiB from the client closes with 1009.",
        of: &["websocket"],
        needed: false,
        check: message,
    },
];

fn lines(transport: &str) -> &'static str {
    if transport == "websocket" { UPGRADE } else { "" }
}

fn status(subject: &Subject, target: &str, lines: &str, wanted: u16) -> Check {
    let mut wire = Wire::connect(&subject.http)?;
    wire.send(subject.get(target, lines).as_bytes());
    wire.head()?.is(wanted)
}

fn message(subject: &Subject, _: &str) -> Check {
    let mut push = Push::open(subject, "websocket", "", "")?;
    let length: u64 = (64 << 10) + 1;
    let mut frame = vec![0x81, 0x80 | 127];
    frame.extend(length.to_be_bytes());
    frame.extend(MASK);
    frame.extend(std::iter::repeat_n(b'x', length as usize));
    push.wire.send(&frame);
    match push.next("a close frame")? {
        Pushed::Close(Some(1009)) => Ok(()),
        other => instead(format!("{other:?}")),
    }
}
