//! What both polls answer.

use super::page::Page;
use super::wire::Wire;
use super::{Check, POLLS, Rule, Subject, instead};

pub const RULES: &[Rule] = &[
    Rule {
        name: "now",
        says: "Without `after` a poll answers at once: 200, the current cursor, no updates.",
        of: POLLS,
        needed: true,
        check: now,
    },
    Rule {
        name: "updates",
        says: "A poll answers with the envelopes after its cursor, and the cursor of the last.",
        of: POLLS,
        needed: true,
        check: updates,
    },
    Rule {
        name: "Content-Length",
        says: "A poll's answer has a Content-Length.",
        of: POLLS,
        needed: true,
        check: content_length,
    },
    Rule {
        name: "headers",
        says: "A 200 is application/json with Cache-Control: no-store.",
        of: POLLS,
        needed: false,
        check: headers,
    },
    Rule {
        name: "ETag",
        says: "Every 200 carries ETag: \"<cursor>\".",
        of: POLLS,
        needed: false,
        check: etag,
    },
    Rule {
        name: "304",
        says: "With If-None-Match equal to the ETag that a 200 would carry: 304, before 204.",
        of: POLLS,
        needed: false,
        check: not_modified,
    },
    Rule {
        name: "limit",
        says: "`limit` bounds a page, and `cursor` is then the page's last.",
        of: POLLS,
        needed: false,
        check: limit,
    },
    Rule {
        name: "page",
        says: "Without `limit` a page holds 1,000 updates.",
        of: POLLS,
        needed: false,
        check: page,
    },
    Rule {
        name: "percent",
        says: "Query values are percent-decoded.",
        of: POLLS,
        needed: false,
        check: percent,
    },
    Rule {
        name: "keep-alive",
        says: "Polls follow each other on one connection.",
        of: POLLS,
        needed: true,
        check: keep_alive,
    },
    Rule {
        name: "continue",
        says: "`continue` is after where the previous answer on the connection ended; else a 400.",
        of: POLLS,
        needed: false,
        check: goes_on,
    },
    Rule {
        name: "bad limit",
        says: "A `limit` that cannot be read is a 400 that names it.",
        of: POLLS,
        needed: false,
        check: |subject, poll| subject.ask(&format!("/{poll}?limit=-1"), "")?.refuses("limit"),
    },
];

fn now(subject: &Subject, poll: &str) -> Check {
    let (_, head) = subject.publish_some(1)?;
    let page = Page::read(&subject.ask(&format!("/{poll}"), "")?)?;
    page.holds(&head, &[])
}

fn updates(subject: &Subject, poll: &str) -> Check {
    let (payloads, head) = subject.publish_some(3)?;
    let after = head.back(3);
    Page::read(&subject.ask(&format!("/{poll}?after={after}"), "")?)?.holds(&after, &payloads)
}

fn content_length(subject: &Subject, poll: &str) -> Check {
    let mut wire = Wire::connect(&subject.http)?;
    wire.send(subject.get(&format!("/{poll}"), "").as_bytes());
    let head = wire.head()?;
    head.is(200)?;
    match head.header("content-length").map(str::parse::<usize>) {
        Some(Ok(_)) => Ok(()),
        other => instead(other.map_or("no Content-Length", |_| "one that is no number")),
    }
}

fn headers(subject: &Subject, poll: &str) -> Check {
    let answer = subject.ask(&format!("/{poll}"), "")?;
    answer.is(200)?;
    for (name, wanted) in [("content-type", "application/json"), ("cache-control", "no-store")] {
        let value = answer.header(name);
        if value.is_none_or(|value| !value.starts_with(wanted)) {
            return instead(format!("{name}: {}", value.unwrap_or("none")));
        }
    }
    Ok(())
}

fn etag(subject: &Subject, poll: &str) -> Check {
    let (_, head) = subject.publish_some(2)?;
    for query in [String::new(), format!("?after={}", head.back(2))] {
        let answer = subject.ask(&format!("/{poll}{query}"), "")?;
        let (page, tag) = (Page::read(&answer)?, answer.header("etag"));
        if tag != Some(format!("\"{}\"", page.cursor).as_str()) {
            return instead(format!("ETag: {} with cursor {}", tag.unwrap_or("none"), page.cursor));
        }
    }
    Ok(())
}

fn not_modified(subject: &Subject, poll: &str) -> Check {
    let (_, head) = subject.publish_some(1)?;
    let ask = |after, known: &str| {
        let line = format!("If-None-Match: \"{known}\"\r\n");
        subject.ask(&format!("/{poll}?after={after}&hold=0"), &line)
    };
    let (head, before) = (head.to_string(), head.back(1).to_string());
    ask(&head, &head)?.is(304)?;
    // The page that a 200 would be.
    ask(&before, &head)?.is(304)?;
    ask(&before, &before)?.is(200)
}

fn limit(subject: &Subject, poll: &str) -> Check {
    let (payloads, head) = subject.publish_some(3)?;
    let after = head.back(3);
    let answer = subject.ask(&format!("/{poll}?after={after}&limit=2"), "")?;
    Page::read(&answer)?.holds(&after, &payloads[..2])
}

fn page(subject: &Subject, poll: &str) -> Check {
    let (payloads, head) = subject.publish_some(1001)?;
    let after = head.back(1001);
    let page = Page::read(&subject.ask(&format!("/{poll}?after={after}"), "")?)?;
    if page.gap.is_some() {
        let why = "the log keeps less than 1,001 updates";
        return Err(super::Seen::NotAsked(why.into()));
    }
    page.holds(&after, &payloads[..1000])
}

fn percent(subject: &Subject, poll: &str) -> Check {
    let (payloads, head) = subject.publish_some(1)?;
    let after = head.back(1);
    let query = format!("after={}%3A{}&limit=%31", after.epoch, after.seq);
    Page::read(&subject.ask(&format!("/{poll}?{query}"), "")?)?.holds(&after, &payloads)
}

fn keep_alive(subject: &Subject, poll: &str) -> Check {
    let mut wire = Wire::connect(&subject.http)?;
    for _ in 0..3 {
        let (payloads, head) = subject.publish_some(1)?;
        let after = head.back(1);
        wire.send(subject.get(&format!("/{poll}?after={after}"), "").as_bytes());
        Page::read(&wire.answer()?)?.holds(&after, &payloads)?;
    }
    Ok(())
}

fn goes_on(subject: &Subject, poll: &str) -> Check {
    let (payloads, head) = subject.publish_some(3)?;
    let after = head.back(3);
    let mut wire = Wire::connect(&subject.http)?;
    // Both in one write: the second is there before the first has its answer.
    let first = subject.get(&format!("/{poll}?after={after}&limit=1"), "");
    wire.send((first + &subject.get(&format!("/{poll}?continue"), "")).as_bytes());
    Page::read(&wire.answer()?)?.holds(&after, &payloads[..1])?;
    Page::read(&wire.answer()?)?.holds(&head.back(2), &payloads[1..])?;
    subject.ask(&format!("/{poll}?continue"), "")?.refuses("continue")
}
