//! `feedlab`: one binary, several roles.

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;
use harness::cmd::{self, Cli, FAILED, USAGE, Usage, Verb};
use harness::link::Side;
use harness::link::order::Entrance;

fn main() -> ExitCode {
    if !cfg!(target_os = "linux") {
        eprintln!("Error: feedlab measures with Linux's own instruments and runs on Linux only");
        return ExitCode::from(USAGE);
    }
    match run(Cli::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("Error: {error:#}");
            let usage = error.chain().any(<dyn std::error::Error>::is::<Usage>);
            ExitCode::from(if usage { USAGE } else { FAILED })
        }
    }
}

fn run(cli: Cli) -> Result<ExitCode> {
    match cli.verb {
        Verb::Run(args) => cmd::run::run(&args),
        Verb::Sweep(args) => cmd::sweep::run(&args),
        Verb::Capacity(args) => cmd::capacity::run(&args),
        Verb::Advise(args) => cmd::advise::run(&args),
        Verb::Report(args) => cmd::report::run(&args),
        Verb::Compare(args) => cmd::compare::run(&args),
        Verb::Predict(args) => cmd::predict::run(&args),
        Verb::Validate(args) => cmd::validate::run(&args),
        Verb::Serve(args) => cmd::serve::run(args),
        Verb::Conform(args) => cmd::conform::run(&args),
        Verb::Scenarios(args) => cmd::scenarios::run(&args),
        Verb::Doctor(args) => cmd::doctor::run(&args),
        Verb::Generate(args) => cmd::generate::run(&args),
        Verb::Worker => harness::worker::run().map(|()| ExitCode::SUCCESS),
        Verb::Link => harness::link::relay::run().map(|()| ExitCode::SUCCESS),
        Verb::Awake => harness::awake::run().map(|()| ExitCode::SUCCESS),
        Verb::WithParent { user, net, parent, program } => {
            let entrance = user.zip(net).map(|(user, net)| Entrance { user, net });
            let side = entrance.map(Side::new);
            Err(harness::process::become_of(parent, side.as_ref(), &program))
        }
    }
}
