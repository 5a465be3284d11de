//! `POST /publish`.

use super::wire::Wire;
use super::{Check, Rule, Subject, instead};

const OF: &[&str] = &["publish"];

pub const RULES: &[Rule] = &[
    Rule {
        name: "cursor",
        says: "POST /publish takes a payload and answers 200 {\"cursor\":\"<epoch>:<seq>\"}.",
        of: OF,
        needed: true,
        check: |subject, _| subject.publish_some(1).map(|_| ()),
    },
    Rule {
        name: "lines",
        says: "Each line of the body is a payload; seq has no holes.",
        of: OF,
        needed: true,
        check: lines,
    },
    Rule {
        name: "all or none",
        says: "One bad line publishes nothing, and is a 400.",
        of: OF,
        needed: false,
        check: all_or_none,
    },
    Rule {
        name: "keep-alive",
        says: "Publishes follow each other on one connection.",
        of: OF,
        needed: true,
        check: keep_alive,
    },
    Rule {
        name: "body limit",
        says: "A body of more than 16 MiB is a 413.",
        of: OF,
        needed: false,
        check: body_limit,
    },
];

fn lines(subject: &Subject, _: &str) -> Check {
    let (_, before) = subject.publish_some(1)?;
    let (_, after) = subject.publish_some(3)?;
    if (after.epoch == before.epoch) && after.seq == before.seq + 3 {
        return Ok(());
    }
    instead(format!("{after} after three payloads behind {before}"))
}

fn all_or_none(subject: &Subject, _: &str) -> Check {
    let (_, before) = subject.publish_some(1)?;
    let good = subject.payloads(1).join("");
    subject.post(format!("{good}\n{{no JSON\n").as_bytes())?.is(400)?;
    let (_, after) = subject.publish_some(1)?;
    if after.seq == before.seq + 1 {
        return Ok(());
    }
    instead(format!("a 400, and yet {} was published", after.back(1)))
}

fn keep_alive(subject: &Subject, _: &str) -> Check {
    let mut wire = Wire::connect(&subject.publish)?;
    for _ in 0..2 {
        let body = subject.payloads(1).join("") + "\n";
        wire.send((subject.post_head(body.len()) + &body).as_bytes());
        wire.answer()?.is(200)?;
    }
    Ok(())
}

fn body_limit(subject: &Subject, _: &str) -> Check {
    let mut wire = Wire::connect(&subject.publish)?;
    // The head alone tells; a server that waits for the body hangs, which is seen.
    wire.send(subject.post_head((16 << 20) + 1).as_bytes());
    wire.head()?.is(413)
}
