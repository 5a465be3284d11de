//! What a run cannot say, so that nobody reads it out of it.

use results::{Run, percentile};

use crate::{
    phrase,
    units::{count, time},
    view,
};

/// Limits of this run, the general ones last.
pub fn of(run: &Run) -> Vec<String> {
    let mut limits = Vec::new();
    if run.partial {
        limits.push(
            "It was interrupted: transports or repetitions are missing. Theory is that of the \
             repetitions which are there, or left out where it was not made for them."
                .into(),
        );
    }
    limits.extend(publishes(run));
    if run.scenario.measure.repeat < 2 {
        limits.push(
            "There is one repetition, so nothing tells a difference from an accident: repeat it \
             (--set measure.repeat=5) before deciding on less than a factor of two."
                .into(),
        );
    }
    if view::on_link(run) {
        limits.push(
            "The link is one relay on the same machine: all clients share it as they would share an \
             access line, and nobody else is on it. It has no routers that change their mind, no \
             radio that sleeps and no middlebox."
                .into(),
        );
        limits.push(
            "Who writes to a device does the receiver’s TCP work, so the relay is billed for what \
             both ends receive. The server’s CPU on a link leaves that out and must not be compared \
             with a run on loopback."
                .into(),
        );
    }
    if view::on_loopback(run) {
        limits.push(
            "Client and server share a machine. Its loopback has no distance, no loss and no \
             bandwidth to run out of: a real network adds its one-way time, once to a push and to \
             a poll on a fixed schedule, up to three times to a long poll whose updates come \
             faster than it asks again."
                .into(),
        );
        limits.push(
            "Loopback bills the receiver’s work to the sender: pushing looks dearer for the \
             server, and polling cheaper, than between two machines. The sum of both sides does \
             not have this bias."
                .into(),
        );
    }
    if run.calibration.floor_p50_ns > 0.0 {
        limits.push(format!(
            "Differences well below the floor of {} are those of a scheduler, not of a protocol.",
            time(run.calibration.floor_p50_ns)
        ));
    }
    let missing = if run.scenario.tls { "no compression" } else { "no TLS, no compression" };
    limits.push(format!(
        "There is {missing}, no proxy and no browser in it, and the load clients parse only what \
         they must."
    ));
    limits
}

fn publishes(run: &Run) -> Option<String> {
    let fewest = run.pooled.iter().map(|row| row.published).min()?;
    let missing: Vec<String> = [(0.5, "p50"), (0.9, "p90"), (0.99, "p99")]
        .into_iter()
        .filter(|&(p, _)| !percentile::enough(p, fewest))
        .map(|(p, name)| format!("{name} ({})", count(percentile::needed(p))))
        .collect();
    let missing: Vec<&str> = missing.iter().map(String::as_str).collect();
    (!missing.is_empty()).then(|| {
        format!(
            "There are {} publishes per transport, too few for {}: all clients of one publish \
             share its fate, so deliveries do not help.",
            count(fewest),
            phrase::list(&missing)
        )
    })
}
