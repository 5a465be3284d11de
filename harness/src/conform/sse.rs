//! Server-sent events.

use super::cursor::Cursor;
use super::page;
use super::push::Push;
use super::{Check, Rule, Subject, instead};

const OF: &[&str] = &["sse"];

pub const RULES: &[Rule] = &[
    Rule {
        name: "head",
        says: "The answer is 200 text/event-stream with Cache-Control: no-store, at once.",
        of: OF,
        needed: false,
        check: head,
    },
    Rule {
        name: "from now on",
        says: "Without a cursor all that is published after the head is delivered.",
        of: OF,
        needed: true,
        check: from_now_on,
    },
    Rule {
        name: "id",
        says: "Each update is an event with id: <cursor> and data: <envelope>.",
        of: OF,
        needed: false,
        check: id,
    },
    Rule {
        name: "Last-Event-ID",
        says: "Last-Event-ID is a cursor, and wins over `after`.",
        of: OF,
        needed: false,
        check: last_event_id,
    },
];

fn head(subject: &Subject, _: &str) -> Check {
    let (_, head) = Push::ask(subject, "sse", "", "")?;
    head.is(200)?;
    for (name, wanted) in [("content-type", "text/event-stream"), ("cache-control", "no-store")] {
        let value = head.header(name);
        if value.is_none_or(|value| !value.starts_with(wanted)) {
            return instead(format!("{name}: {}", value.unwrap_or("none")));
        }
    }
    Ok(())
}

fn from_now_on(subject: &Subject, _: &str) -> Check {
    let mut push = Push::open(subject, "sse", "", "")?;
    let (payloads, head) = subject.publish_some(2)?;
    for (seq, payload) in (head.seq - 1..).zip(&payloads) {
        page::holds(seq, payload, &push.update()?.0)?;
    }
    Ok(())
}

fn id(subject: &Subject, _: &str) -> Check {
    let (payloads, head) = subject.publish_some(3)?;
    let after = head.back(3);
    let mut push = Push::open(subject, "sse", &format!("?after={after}"), "")?;
    for (seq, payload) in (after.seq + 1..).zip(&payloads) {
        let (envelope, id) = push.update()?;
        page::holds(seq, payload, &envelope)?;
        let cursor = Cursor { epoch: after.epoch.clone(), seq }.to_string();
        if id.as_ref() != Some(&cursor) {
            return instead(format!("id: {} with seq {seq}", id.as_deref().unwrap_or("none")));
        }
    }
    Ok(())
}

fn last_event_id(subject: &Subject, _: &str) -> Check {
    let (payloads, head) = subject.publish_some(2)?;
    let line = format!("Last-Event-ID: {}\r\n", head.back(1));
    let mut push = Push::open(subject, "sse", &format!("?after={}", head.back(2)), &line)?;
    page::holds(head.seq, &payloads[1], &push.update()?.0)
}
