//! Nothing is lost, doubled or reordered, and equals are found equal.

use results::compare::most_by_chance;
use results::statistics::CONFIDENCE;
use results::validation::{Tolerance, Unit};

use super::{Check, Evidence, Judged, Needs};

pub const CONSERVATION: Check = Check {
    number: 23,
    name: "conservation",
    condition: "every run that was made, at least poll-uniform",
    broken: "updates would get lost without a word, or be counted twice, and every other number \
             would be one of another feed",
    needs: Needs::Every(&["poll-uniform"]),
    judge: conservation,
};

/// The check of comparisons that were stored before, which needs no run of its own.
pub const TWINS: Check = Check {
    number: 24,
    name: "twins",
    condition: "stored comparisons of a transport with itself (measure.twins)",
    broken: "the lab would call noise a difference more often than it says",
    needs: Needs::Every(&[]),
    judge: twins,
};

fn conservation(evidence: &Evidence) -> Result<Judged, String> {
    let mut judged = Judged::default();
    let (mut runs, mut updates, mut unbalanced) = (0, 0, 0);
    let (mut missing, mut duplicated, mut reordered) = (0, 0, 0);
    for (_, loaded) in evidence.made() {
        runs += 1;
        for row in &loaded.run.rows {
            updates += row.expected;
            missing += row.missing;
            duplicated += row.duplicated;
            reordered += row.reordered;
            let accounted = row.delivered + row.lost + row.superseded + row.missing;
            unbalanced += accounted.abs_diff(row.published * row.clients);
        }
    }
    if runs == 0 {
        return Err("no run was made".to_owned());
    }
    judged.note(format!("{updates} updates to deliver in {runs} runs"));
    for (what, count) in [
        ("missing", missing),
        ("arrived twice", duplicated),
        ("out of order", reordered),
        ("published × clients − all fates", unbalanced),
    ] {
        judged.hold(what, 0.0, count as f64, Tolerance::Exact, Unit::Number);
    }
    Ok(judged)
}

/// Fewer comparisons cannot tell five in a hundred from twenty.
const FEWEST: u64 = 20;

fn twins(evidence: &Evidence) -> Result<Judged, String> {
    let most = evidence.twins.iter().map(|alike| alike.comparisons).max().unwrap_or(0);
    if most < FEWEST {
        return Err(format!(
            "{most} comparisons of a transport with itself are stored, and {FEWEST} are needed; \
             feedlab run quick --set measure.twins=true --set measure.repeat=40 makes some"
        ));
    }
    let mut judged = Judged::default();
    for alike in evidence.twins.iter().filter(|alike| alike.comparisons >= FEWEST) {
        let what = format!("{} told apart, of {}", alike.metric, alike.comparisons);
        let by_chance = alike.comparisons as f64 * (1.0 - CONFIDENCE);
        let slack = most_by_chance(alike.comparisons) as f64 - by_chance;
        let told_apart = alike.told_apart as f64;
        judged.hold(what, by_chance, told_apart, Tolerance::AtMost(slack), Unit::Number);
    }
    Ok(judged)
}
