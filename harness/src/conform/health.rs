//! How the server is, and what it does not serve.

use super::{Check, Rule, Subject, instead};

const OF: &[&str] = &["health"];

pub const RULES: &[Rule] = &[
    Rule {
        name: "healthz",
        says: "GET /healthz is a 200 while the server serves.",
        of: OF,
        needed: false,
        check: |subject, _| subject.ask("/healthz", "")?.is(200),
    },
    Rule {
        name: "metrics",
        says: "GET /metrics is Prometheus text: comments, or a name and a number.",
        of: OF,
        needed: false,
        check: metrics,
    },
    Rule {
        name: "404",
        says: "A path at which nothing is served is a 404.",
        of: OF,
        needed: false,
        check: |subject, _| subject.ask("/no-such-transport", "")?.is(404),
    },
];

fn metrics(subject: &Subject, _: &str) -> Check {
    let answer = subject.ask("/metrics", "")?;
    answer.is(200)?;
    let text = String::from_utf8_lossy(&answer.body);
    let is_sample = |line: &str| {
        line.rsplit_once(' ')
            .is_some_and(|(name, value)| !name.is_empty() && value.parse::<f64>().is_ok())
    };
    let wrong =
        text.lines().find(|line| !line.is_empty() && !line.starts_with('#') && !is_sample(line));
    wrong.map_or(Ok(()), |line| instead(format!("the line {line:?}")))
}
