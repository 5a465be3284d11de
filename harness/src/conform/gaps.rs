//! A gap is said, never silent; a cursor that cannot be read is a 400.

use serde_json::Value;

use super::cursor::Cursor;
use super::page::{self, Page};
use super::push::{Push, Pushed};
use super::subject::UPGRADE;
use super::{Check, HTTP, Rule, Seen, Subject, instead};

pub const RULES: &[Rule] = &[
    Rule {
        name: "cursor 400",
        says: "A cursor that cannot be read is a 400 that names `after`, before any upgrade.",
        of: HTTP,
        needed: false,
        check: unreadable,
    },
    Rule {
        name: "from the oldest",
        says: "after=0 is from the oldest kept, and no gap.",
        of: HTTP,
        needed: false,
        check: |subject, transport| oldest(subject, transport).map(|_| ()),
    },
    Rule {
        name: "gap epoch",
        says: "A cursor of another epoch is a gap with reason \"epoch\" and lost null.",
        of: HTTP,
        needed: false,
        check: epoch,
    },
    Rule {
        name: "gap future",
        says: "A cursor beyond the head is a gap with reason \"future\" and lost null.",
        of: HTTP,
        needed: false,
        check: future,
    },
    Rule {
        name: "gap evicted",
        says: "When updates after the cursor are gone: reason \"evicted\", and how many were lost.",
        of: HTTP,
        needed: false,
        check: evicted,
    },
];

fn unreadable(subject: &Subject, transport: &str) -> Check {
    let lines = if transport == "websocket" { UPGRADE } else { "" };
    for after in ["abc", "1", "k3f9:-1", "K3F9:1", "k3f9:18446744073709551616"] {
        let mut wire = super::wire::Wire::connect(&subject.http)?;
        wire.send(subject.get(&format!("/{transport}?after={after}"), lines).as_bytes());
        // A stream has no end: only a 400 has a body to read.
        let head = wire.head()?;
        if head.status != 400 {
            return instead(format!("{} to after={after}", head.status));
        }
        subject.ask(&format!("/{transport}?after={after}"), lines)?.refuses("after")?;
    }
    Ok(())
}

/// Number of the oldest update that is kept.
fn oldest(subject: &Subject, transport: &str) -> Result<u64, Seen> {
    subject.publish_some(1)?;
    match first(subject, transport, "0")? {
        (None, seq, _) => Ok(seq),
        (Some(gap), ..) => instead(format!("the gap {gap} with after=0")),
    }
}

fn epoch(subject: &Subject, transport: &str) -> Check {
    let oldest = oldest(subject, transport)?;
    let (_, head) = subject.publish_some(1)?;
    let epoch = if head.epoch == "other" { "another" } else { "other" }.to_owned();
    let other = Cursor { epoch, seq: 1 };
    is_said(subject, transport, &other, ("epoch", &Value::Null), oldest, &head)
}

fn future(subject: &Subject, transport: &str) -> Check {
    let oldest = oldest(subject, transport)?;
    let (_, head) = subject.publish_some(1)?;
    let beyond = Cursor { epoch: head.epoch.clone(), seq: head.seq + 1000 };
    is_said(subject, transport, &beyond, ("future", &Value::Null), oldest, &head)
}

fn evicted(subject: &Subject, transport: &str) -> Check {
    let (_, head) = subject.publish_some(1)?;
    let (oldest, start) = (oldest(subject, transport)?, Cursor { seq: 0, ..head.clone() });
    if oldest == 1 {
        let why = "the log still keeps its first update: start the server with a short history";
        return Err(Seen::NotAsked(why.into()));
    }
    // The publish of `oldest` may have evicted one more.
    let lost = Value::from(oldest - 1);
    is_said(subject, transport, &start, ("evicted", &lost), oldest, &head)
}

fn is_said(
    subject: &Subject,
    transport: &str,
    after: &Cursor,
    (reason, lost): (&str, &Value),
    oldest: u64,
    head: &Cursor,
) -> Check {
    let (gap, seq, cursor) = first(subject, transport, &after.to_string())?;
    let Some(gap) = gap else { return instead(format!("no gap after {after}")) };
    // What the rule published may have evicted what was the oldest.
    let evicted = seq.saturating_sub(oldest);
    let lost = lost.as_u64().map_or(Value::Null, |lost| Value::from(lost + evicted));
    if gap["reason"] != reason || gap.get("lost") != Some(&lost) {
        return instead(format!("the gap {gap} after {after}, not {reason}, {lost}"));
    }
    if evicted > 1 {
        return instead(format!("seq {seq} after the gap, where {oldest} is the oldest kept"));
    }
    let before = Cursor { epoch: head.epoch.clone(), seq: seq - 1 }.to_string();
    match cursor {
        Some(cursor) if cursor != before => {
            instead(format!("the cursor {cursor} with the gap, not {before}"))
        }
        _ => Ok(()),
    }
}

/// The gap, the first update, and the cursor just before it where it is said.
type First = (Option<Value>, u64, Option<String>);

fn first(subject: &Subject, transport: &str, after: &str) -> Result<First, Seen> {
    let query = format!("?after={after}");
    if !matches!(transport, "sse" | "websocket") {
        let page = Page::read(&subject.ask(&format!("/{transport}{query}&limit=1"), "")?)?;
        let Some(update) = page.updates.first() else { return instead("no update") };
        return Ok((page.gap, page::seq(update.get())?, None));
    }
    let mut push = Push::open(subject, transport, &query, "")?;
    let mut cursor = if transport == "websocket" { Some(push.cursor()?) } else { None };
    match push.next("an update or a gap")? {
        Pushed::Update(envelope, _) => Ok((None, page::seq(&envelope)?, cursor)),
        Pushed::Gap(gap, id) => {
            if transport == "sse" {
                cursor = Some(id.unwrap_or_else(|| "none".to_owned()));
            }
            Ok((Some(gap), page::seq(&push.update()?.0)?, cursor))
        }
        other => instead(format!("{other:?}")),
    }
}
