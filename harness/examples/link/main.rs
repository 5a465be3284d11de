//! How exact is a link on this machine? `cargo run --release -p harness --example link -- rtt`
//! (or `machine`, `loss`, `rate`, `capacity`; without a name, all of them).
//!
//! The program starts itself again as the link and as the processes on its two sides, so that what
//! is measured is the link that a run gets. The link has the first core and everything else the
//! second, where there are two.

mod machine;
mod measure;
mod role;

use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Parser;
use harness::cmd::{Cli, Verb};
use harness::link::order::Entrance;
use harness::link::{Side, relay};

type Measure = fn(&measure::Setting) -> Result<()>;

/// What can be measured.
const MEASURES: &[(&str, Measure)] = &[
    ("machine", machine::watch),
    ("rtt", measure::rtt),
    ("loss", measure::loss),
    ("rate", measure::rate),
    ("capacity", measure::capacity),
];

fn main() -> Result<ExitCode> {
    match Cli::try_parse() {
        Ok(Cli { verb: Verb::Link }) => return relay::run().map(|()| ExitCode::SUCCESS),
        Ok(Cli { verb: Verb::Awake }) => return harness::awake::run().map(|()| ExitCode::SUCCESS),
        Ok(Cli { verb: Verb::WithParent { user, net, parent, program } }) => {
            let side = user.zip(net).map(|(user, net)| Side::new(Entrance { user, net }));
            return Err(harness::process::become_of(parent, side.as_ref(), &program));
        }
        // Not one of feedlab's verbs, so one of ours.
        _ => {}
    }
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let [word, arguments @ ..] = words.as_slice()
        && word == "role"
    {
        return role::play(arguments).map(|()| ExitCode::SUCCESS);
    }
    let chosen: Vec<_> = MEASURES
        .iter()
        .filter(|(name, _)| words.is_empty() || words.iter().any(|word| word == name))
        .collect();
    let names: Vec<_> = MEASURES.iter().map(|(name, _)| *name).collect();
    if chosen.is_empty() {
        bail!("there is nothing to measure by the name {words:?}; there are {}", names.join(", "));
    }
    harness::machine::raise_descriptor_limit();
    let setting = measure::Setting::of_this_machine().context("while choosing cores")?;
    for (_, measure) in chosen {
        measure(&setting)?;
    }
    Ok(ExitCode::SUCCESS)
}
