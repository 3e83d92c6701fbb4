//! `wardgate completions`: a completion script for a shell.

use std::process::ExitCode;

use clap::CommandFactory;
use clap_complete::{Shell, generate};

use super::{Cli, Exit, print};

#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// The shell to print the script for.
    shell: Shell,
}

/// Prints the script.
///
/// # Errors
/// When the output cannot be written.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let mut script = Vec::new();
    generate(args.shell, &mut Cli::command(), "wardgate", &mut script);
    print::line(String::from_utf8_lossy(&script).trim_end())?;
    Ok(Exit::Ok.into())
}
