//! How old what a client holds is, and how often it is the newest.

use results::validation::{Tolerance, Unit};

use super::{Check, Evidence, Judged, Needs, evidence::known};

pub const AGE: Check = Check {
    number: 18,
    name: "age",
    condition: "Poisson feed with λC = 2; websocket and short-poll",
    broken: "age of information would be integrated wrongly, and polling for the latest value would \
             be judged by a wrong number",
    needs: Needs::Runs(&["age"]),
    judge: age,
};

pub const COHERENCE: Check = Check {
    number: 19,
    name: "coherence",
    condition: "λ = 10/s, C = 0.5 s, d = 20 ms",
    broken: "the share of time in which a client holds the newest version would be wrong",
    needs: Needs::FullRuns(&["coherence"]),
    judge: coherence,
};

fn age(evidence: &Evidence) -> Result<Judged, String> {
    let mut judged = Judged::default();
    let within = Tolerance::Relative(0.03);
    for transport in ["websocket", "short-poll"] {
        let seen = evidence.seen("age", transport)?;
        let (row, theory) = (seen.row, seen.theory);
        let mean = known(row.age_mean_ns, "the mean age")?;
        let predicted = known(theory.age_mean_ns, "the predicted age")?;
        judged.time(format!("{transport} mean age"), predicted, mean, within);
        let peak = known(row.age_peak_ns, "the peak age")?;
        let predicted = known(theory.age_peak_ns, "the predicted peak age")?;
        judged.time(format!("{transport} peak age"), predicted, peak, within);
    }
    Ok(judged)
}

fn coherence(evidence: &Evidence) -> Result<Judged, String> {
    let seen = evidence.seen("coherence", "short-poll")?;
    let measured = seen.row.in_sync.ok_or("in_sync is not known")?;
    let predicted = seen.theory.in_sync.ok_or("theory has no in_sync")?;
    let mut judged = Judged::default();
    let point = Tolerance::Within(0.01);
    judged.hold("time in sync", predicted, measured, point, Unit::Share);
    Ok(judged)
}
