//! What the conditions of a measurement have that an answer for the plain feed does not speak of.

use scenarios::Scenario;

use crate::Environment;
use crate::compare::conditions::{keys, within};

/// Keys that change what a poll or an update costs. Of the server, its cores and threads are no
/// such: costs are carried over to other numbers of them.
const COUNT: [&str; 7] =
    ["link", "tls", "tls_resumption", "target", "target_tcp", "server", "transports"];
const FREE: [&str; 2] = ["server.cpus", "server.threads"];

/// In what the measured scenario is unlike the plain one, in a sentence per key. A setting that the
/// measured one does not have is one of a later feedlab, or of a transport that was left out.
pub fn unlike(measured: &Scenario, plain: &Scenario) -> Vec<String> {
    let (measured, plain_keys) = (keys(measured), keys(plain));
    let counts = |key: &str| {
        let of = |all: &[&str]| all.iter().any(|of| within(key, of));
        of(&COUNT) && !of(&FREE)
    };
    measured
        .iter()
        .filter(|(key, value)| counts(key) && plain_keys.get(*key) != Some(*value))
        .map(|(key, value)| {
            let usual = plain_keys.get(key).map_or("not set", String::as_str);
            let name = &plain.name;
            format!(
                "{key} was {value} in the measurement, and is {usual} in {name}: costs are so, too"
            )
        })
        .collect()
}

/// That the run is of another machine than this one, if it is.
pub fn elsewhere(measured: &Environment, here: &Environment) -> Option<String> {
    let same = (&measured.cpu, measured.cores) == (&here.cpu, here.cores);
    (!same).then(|| {
        let name = |of: &Environment| {
            let cpu = if of.cpu.is_empty() { "unknown CPU" } else { &of.cpu };
            format!("{cpu}, {} cores", of.cores)
        };
        let (there, here) = (name(measured), name(here));
        format!("the costs are those of another machine ({there}) than this one ({here})")
    })
}
