//! What only a short poll answers.

use super::Rule;

pub const RULES: &[Rule] = &[Rule {
    name: "nothing new",
    says: "With nothing after the cursor: 204.",
    of: &["short-poll"],
    needed: true,
    check: |subject, poll| {
        let (_, head) = subject.publish_some(1)?;
        subject.ask(&format!("/{poll}?after={head}"), "")?.is(204)
    },
}];
