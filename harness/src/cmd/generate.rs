//! `feedlab generate`: files for shells, man and editors.

use std::process::ExitCode;

use anyhow::Result;
use clap::CommandFactory;

/// Arguments of `feedlab generate`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// What to write to stdout
    #[command(subcommand)]
    pub what: What,
}

/// What can be generated.
#[derive(clap::Subcommand, Debug)]
pub enum What {
    /// Completions for a shell
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
    /// The man page
    Man,
    /// The JSON Schema of scenario files
    Schema,
}

/// Generates.
///
/// # Errors
/// When stdout cannot be written.
pub fn run(args: &Args) -> Result<ExitCode> {
    let mut command = super::Cli::command();
    let mut bytes = Vec::new();
    match args.what {
        What::Completions { shell } => {
            clap_complete::generate(shell, &mut command, "feedlab", &mut bytes);
        }
        What::Man => clap_mangen::Man::new(command).render(&mut bytes)?,
        What::Schema => {
            bytes = serde_json::to_vec_pretty(&::scenarios::schema())?;
            bytes.push(b'\n');
        }
    }
    super::print(&String::from_utf8_lossy(&bytes))?;
    Ok(ExitCode::SUCCESS)
}
