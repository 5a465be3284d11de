//! `feedlab scenarios`: what comes with the program, one line each.

use std::process::ExitCode;

use anyhow::{Context, Result};

use super::Usage;

/// Arguments of `feedlab scenarios`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Print this scenario's file, to start one's own from
    pub name: Option<String>,
}

/// Lists.
///
/// # Errors
/// When there is no such scenario.
pub fn run(args: &Args) -> Result<ExitCode> {
    let all = ::scenarios::builtin();
    if let Some(name) = &args.name {
        let found = all.iter().find(|builtin| builtin.name == name);
        let known: Vec<&str> = all.iter().map(|builtin| builtin.name).collect();
        let found = found.with_context(|| {
            Usage(format!("there is no scenario {name}; there are {}", known.join(", ")))
        })?;
        super::print(found.toml)?;
        return Ok(ExitCode::SUCCESS);
    }
    let width = all.iter().map(|builtin| builtin.name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for builtin in all {
        let scenario = ::scenarios::Scenario::load(builtin.name, &[])?;
        text += &format!("{:width$}  {}\n", builtin.name, scenario.about);
    }
    super::print(&text)?;
    Ok(ExitCode::SUCCESS)
}
