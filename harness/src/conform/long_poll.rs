//! What only a long poll does: it waits.

use std::time::{Duration, Instant};

use super::page::Page;
use super::wire::Wire;
use super::{Check, Rule, Subject, instead};

const OF: &[&str] = &["long-poll"];

pub const RULES: &[Rule] = &[
    Rule {
        name: "held",
        says: "With nothing after the cursor: 204, when `hold` seconds have passed.",
        of: OF,
        needed: true,
        check: held,
    },
    Rule {
        name: "woken",
        says: "A poll that is held is answered as soon as there is something.",
        of: OF,
        needed: true,
        check: woken,
    },
    Rule {
        name: "longest hold",
        says: "`hold` is at most 55 s; more is a 400 that names it.",
        of: OF,
        needed: false,
        check: |subject, _| subject.ask("/long-poll?hold=56", "")?.refuses("hold"),
    },
];

fn held(subject: &Subject, _: &str) -> Check {
    let (_, head) = subject.publish_some(1)?;
    let asked = Instant::now();
    subject.ask(&format!("/long-poll?after={head}&hold=1"), "")?.is(204)?;
    let waited = asked.elapsed();
    // How much later it may come is the machine's business.
    if waited >= Duration::from_millis(990) {
        return Ok(());
    }
    instead(format!("a 204 after {} ms with hold=1", waited.as_millis()))
}

fn woken(subject: &Subject, _: &str) -> Check {
    let (_, head) = subject.publish_some(1)?;
    let mut wire = Wire::connect(&subject.http)?;
    // Longer than a rule waits: the answer cannot be that of a hold that has passed.
    wire.send(subject.get(&format!("/long-poll?after={head}&hold=50"), "").as_bytes());
    let (payloads, _) = subject.publish_some(1)?;
    Page::read(&wire.answer()?)?.holds(&head, &payloads)
}
