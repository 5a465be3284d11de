//! Long polling: an update waits only if it falls into the gap between an answer and the next
//! request, g = 2d + s + the client's turn.

use results::validation::{Tolerance, Unit};

use super::statistics::share_above;
use super::{Check, Evidence, Judged, Needs, evidence::Seen, evidence::known};

const MS: f64 = 1e6;

pub const LOW_RATE: Check = Check {
    number: 6,
    name: "long-poll-low",
    condition: "λg = 0.05: d = 10 ms, 2.5 updates/s (tolerances scaled with g from the table's 50 ms)",
    broken: "long polling's mean would not look like push while its tail is three transits: the \
             re-arm gap is not what it should be",
    needs: Needs::FullRuns(&["long-poll-low"]),
    judge: low_rate,
};

pub const SATURATED: Check = Check {
    number: 7,
    name: "long-poll-saturated",
    condition: "λg = 5: d = 25 ms, 100 updates/s",
    broken: "long polling under load would not batch and answer once per gap",
    needs: Needs::Runs(&["long-poll-high"]),
    judge: saturated,
};

pub const KNEE: Check = Check {
    number: 8,
    name: "knee",
    condition: "periodic feed with X = 250 ms; d = 100, 120, 130 and 150 ms",
    broken: "long polling would not leave WebSocket where the gap outgrows the feed's period, the \
             rule of Pimentel and Nickerson",
    needs: Needs::FullRuns(KNEES),
    judge: knee,
};

pub const EMPTIES: Check = Check {
    number: 9,
    name: "long-poll-empties",
    condition: "H = 1 s: nothing but an update a minute; 0.5 updates/s with g = 100 ms",
    broken: "held requests would not end when they should, and the idle cost of long polling would \
             be wrong",
    needs: Needs::FullRuns(&["empties-quiet", "empties"]),
    judge: empties,
};

const KNEES: &[&str] = &["knee-100", "knee-120", "knee-130", "knee-150"];

/// The gap: what was calibrated, and the link's round trip.
fn gap_ns(seen: &Seen<'_>) -> f64 {
    seen.loaded.run.calibration.rearm_gap_ns + 2.0 * seen.one_way_ns()
}

/// Part of the publishes that fall into the gap after an answer, for requests held for ever.
fn waiting_share(publishes: &[u64], gap: f64) -> f64 {
    // From when on a request is parked, and whether that one is answered there and then, with what
    // was published in the gap before it.
    let (mut armed, mut pending) = (f64::NEG_INFINITY, false);
    let mut waiting: u32 = 0;
    for at in publishes.iter().map(|at| *at as f64) {
        if pending && at > armed {
            (armed, pending) = (armed + gap, false);
        }
        if at <= armed {
            waiting += 1;
            pending = true;
        } else {
            armed = at + gap;
        }
    }
    f64::from(waiting) / publishes.len() as f64
}

fn low_rate(evidence: &Evidence) -> Result<Judged, String> {
    let seen = evidence.seen("long-poll-low", "long-poll")?;
    let gap = gap_ns(&seen);
    // The table's 1 ms and 3 ms are for a gap of 50 ms.
    let scale = gap / (50.0 * MS);
    let mut judged = Judged::default();
    let mean = known(seen.row.delay_mean_ns, "the mean delay")?;
    let theory = seen.theory;
    judged.time("mean", theory.delay_mean_ns as f64, mean, Tolerance::Within(scale * MS));
    let p99 = known(seen.row.delay_p99_ns, "p99")?;
    judged.time("p99", theory.delay_p99_ns as f64, p99, Tolerance::Within(3.0 * scale * MS));
    let delays = seen.loaded.delay("long-poll").ok_or("the run has no histogram")?;
    // Waits are even on the gap, so nine tenths of those that wait are beyond a tenth of it.
    let beyond = seen.one_way_ns() + seen.eps_ns() + gap / 10.0;
    let measured = share_above(&delays, beyond) / 0.9;
    let publishes = seen.loaded.run.scenario.schedule(1).offsets_ns;
    let predicted = waiting_share(&publishes, gap);
    judged.hold("updates that wait", predicted, measured, Tolerance::Within(0.01), Unit::Share);
    Ok(judged)
}

fn saturated(evidence: &Evidence) -> Result<Judged, String> {
    let seen = evidence.seen("long-poll-high", "long-poll")?;
    let (row, theory) = (seen.row, seen.theory);
    let mut judged = Judged::default();
    let part = Tolerance::Relative(0.02);
    let rate = |count: u64| count as f64 / seen.client_seconds();
    judged.hold(
        "answers of a client",
        rate(theory.requests),
        rate(row.requests),
        part,
        Unit::PerSecond,
    );
    let batch = row.updates_per_answer.ok_or("no answer had an update")?;
    let predicted = theory.updates_per_answer.ok_or("theory expects no answer")?;
    judged.hold("updates in an answer", predicted, batch, part, Unit::Number);
    let within = Tolerance::Within(2.0 * MS);
    let mean = known(row.delay_mean_ns, "the mean delay")?;
    judged.time("mean", theory.delay_mean_ns as f64, mean, within);
    if let Some(p99) = row.delay_p99_ns {
        judged.time("p99", theory.delay_p99_ns as f64, p99 as f64, within);
    } else {
        judged.note(format!("p99 is left out: {} publishes do not carry one", row.published));
    }
    let max = known(row.delay_max_ns, "the longest delay")?;
    let longest = gap_ns(&seen) + seen.one_way_ns() + seen.eps_ns();
    judged.time("max", longest, max, Tolerance::AtMost(2.0 * MS));
    Ok(judged)
}

fn knee(evidence: &Evidence) -> Result<Judged, String> {
    let mut judged = Judged::default();
    for name in KNEES {
        for transport in ["long-poll", "websocket"] {
            let seen = evidence.seen(name, transport)?;
            let mean = known(seen.row.delay_mean_ns, "the mean delay")?;
            let what = format!("{transport} at d = {:.0} ms", seen.one_way_ns() / MS);
            let predicted = seen.theory.delay_mean_ns as f64;
            judged.time(what, predicted, mean, Tolerance::Relative(0.03));
        }
    }
    Ok(judged)
}

fn empties(evidence: &Evidence) -> Result<Judged, String> {
    let mut judged = Judged::default();
    let mut rate = |seen: &Seen<'_>, what: &str, predicted: u64, measured: u64, part: f64| {
        let per_client = |count: u64| count as f64 / seen.client_seconds();
        let within = Tolerance::Relative(part);
        judged.hold(what, per_client(predicted), per_client(measured), within, Unit::PerSecond);
    };
    let quiet = evidence.seen("empties-quiet", "long-poll")?;
    let (row, theory) = (quiet.row, quiet.theory);
    rate(&quiet, "empty answers, quiet", theory.empty_responses, row.empty_responses, 0.01);
    let seen = evidence.seen("empties", "long-poll")?;
    let (row, theory) = (seen.row, seen.theory);
    rate(&seen, "empty answers", theory.empty_responses, row.empty_responses, 0.03);
    rate(&seen, "answers", theory.requests, row.requests, 0.03);
    Ok(judged)
}

#[cfg(test)]
mod tests {
    use super::*;

    use scenarios::Scenario;
    use scenarios::predict::closed;

    #[test]
    fn the_share_that_waits_tends_to_the_closed_form() {
        for (rate, expected) in [(1.0, 0.050), (20.0, 0.731), (100.0, 0.999)] {
            let sets =
                [format!("feed.rate={rate}/s"), format!("measure.duration={}s", 40_000.0 / rate)];
            let publishes = Scenario::load("baseline", &sets).unwrap().schedule(1).offsets_ns;
            let model = closed::LongPoll { rate, gap: 0.05, hold: f64::INFINITY };
            let share = waiting_share(&publishes, 0.05e9);
            assert!((model.waiting() - expected).abs() < 0.001, "{}", model.waiting());
            assert!((share - expected).abs() < 0.01, "{rate}: {share}");
        }
    }

    #[test]
    fn an_update_in_the_gap_waits_and_starts_the_next_one_at_its_end() {
        let share = |publishes: &[u64]| waiting_share(publishes, 100.0);
        assert!((share(&[0, 50, 300]) - 1.0 / 3.0).abs() < 1e-12);
        // Answered at 100 with the one at 50, so the next gap lasts to 200.
        assert!((share(&[0, 50, 150]) - 2.0 / 3.0).abs() < 1e-12);
        assert!((share(&[0, 150, 260]) - 0.0).abs() < 1e-12);
    }
}
