//! Nothing is lost, doubled or reordered, and equals are found equal.

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

fn twins(evidence: &Evidence) -> Result<Judged, String> {
    let (_same, of) = evidence.twins.unwrap_or_default();
    if of == 0 {
        return Err("no comparisons of a transport with itself are stored".to_owned());
    }
    Err("this build cannot read stored comparisons of a transport with itself".to_owned())
}
