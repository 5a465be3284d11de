//! WebSocket (RFC 6455).

use super::page;
use super::push::{Push, Pushed};
use super::{Check, Rule, Subject, instead};
use crate::decode::frame::{Opcode, masked_control};

const OF: &[&str] = &["websocket"];

/// The answer to the key of RFC 6455 section 1.3, by the same section.
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// Any will do.
pub const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

pub const RULES: &[Rule] = &[
    Rule {
        name: "handshake",
        says: "The upgrade is a 101 with the Sec-WebSocket-Accept that belongs to the key.",
        of: OF,
        needed: true,
        check: handshake,
    },
    Rule {
        name: "first frame",
        says: "The first frame is {\"cursor\":…}, where delivery really starts.",
        of: OF,
        needed: false,
        check: first_frame,
    },
    Rule {
        name: "from now on",
        says: "Without a cursor all that is published after the first frame is delivered.",
        of: OF,
        needed: true,
        check: from_now_on,
    },
    Rule {
        name: "frames",
        says: "Then one text frame per envelope after the cursor.",
        of: OF,
        needed: true,
        check: frames,
    },
    Rule {
        name: "ping",
        says: "A ping is answered by a pong.",
        of: OF,
        needed: false,
        check: ping,
    },
    Rule {
        name: "upstream",
        says: "A text frame from the client is published, or else closes with 1008.",
        of: OF,
        needed: false,
        check: upstream,
    },
];

fn handshake(subject: &Subject, _: &str) -> Check {
    let (_, head) = Push::ask(subject, "websocket", "", "")?;
    head.is(101)?;
    match head.header("sec-websocket-accept") {
        Some(ACCEPT) => Ok(()),
        other => instead(format!("Sec-WebSocket-Accept: {}", other.unwrap_or("none"))),
    }
}

fn first_frame(subject: &Subject, _: &str) -> Check {
    let (_, head) = subject.publish_some(2)?;
    for (query, cursor) in
        [(String::new(), head.clone()), (format!("?after={}", head.back(1)), head.back(1))]
    {
        let (mut push, answer) = Push::ask(subject, "websocket", &query, "")?;
        answer.is(101)?;
        let first = push.cursor()?;
        if first != cursor.to_string() {
            return instead(format!("the cursor {first}, not {cursor}"));
        }
    }
    Ok(())
}

fn from_now_on(subject: &Subject, _: &str) -> Check {
    let mut push = Push::open(subject, "websocket", "", "")?;
    let (payloads, head) = subject.publish_some(2)?;
    for (seq, payload) in (head.seq - 1..).zip(&payloads) {
        page::holds(seq, payload, &push.update()?.0)?;
    }
    Ok(())
}

fn frames(subject: &Subject, _: &str) -> Check {
    let (payloads, head) = subject.publish_some(3)?;
    let after = head.back(3);
    let mut push = Push::open(subject, "websocket", &format!("?after={after}"), "")?;
    push.cursor()?;
    for (seq, payload) in (after.seq + 1..).zip(&payloads) {
        page::holds(seq, payload, &push.update()?.0)?;
    }
    Ok(())
}

fn ping(subject: &Subject, _: &str) -> Check {
    let mut push = Push::open(subject, "websocket", "", "")?;
    push.wire.send(&masked_control(Opcode::Ping, b"feedlab", MASK));
    match push.next("a pong")? {
        Pushed::Pong => Ok(()),
        other => instead(format!("{other:?} instead of a pong")),
    }
}

fn upstream(subject: &Subject, _: &str) -> Check {
    let (_, head) = subject.publish_some(1)?;
    let mut push = Push::open(subject, "websocket", "", "")?;
    let payload = subject.payloads(1).join("");
    // A text frame is a control frame with another opcode, as long as it is short.
    push.wire.send(&masked_control(Opcode::Text, payload.as_bytes(), MASK));
    match push.next("an update or a close frame")? {
        Pushed::Close(Some(1008)) => Ok(()),
        Pushed::Update(envelope, _) => page::holds(head.seq + 1, &payload, &envelope),
        other => instead(format!("{other:?}")),
    }
}
