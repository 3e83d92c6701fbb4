//! `wardgate policy`: policies as code. Decides nothing on the way of a call: it reads the same files as the gateway, and judges
//! them against the tools the gateway last saw.

mod cases;
mod explain;
mod init;
mod lint;
mod replay;
mod schema;
mod subject;

use std::process::ExitCode;

use clap::Subcommand;

use super::{Exit, config_file};
use subject::Unfit;

#[derive(Clone, Debug, Subcommand)]
pub enum Verb {
    /// Write the starter policies and their cases.
    Init(init::Args),
    /// Decide the cases in the `*.test.yaml` beside the policies.
    Test(cases::Args),
    /// Find rules that can never decide anything, rules that contradict each other, and tools nobody may call.
    Lint(lint::Args),
    /// Tell what every rule says of a call, and the smallest change that would decide otherwise.
    Explain(explain::Args),
    /// Decide real calls again under other policies, and tell which would end otherwise.
    Replay(replay::Args),
    /// Print the Cedar schema of the tools, for editors and other tools.
    Schema(schema::Args),
}

/// Runs the verb.
///
/// # Errors
/// When the output cannot be written.
pub fn run(verb: &Verb) -> anyhow::Result<ExitCode> {
    let done = match verb {
        Verb::Init(args) => init::run(args),
        Verb::Test(args) => cases::run(args),
        Verb::Lint(args) => lint::run(args),
        Verb::Explain(args) => explain::run(args),
        Verb::Replay(args) => replay::run(args),
        Verb::Schema(args) => schema::run(args),
    };
    match done {
        Ok(exit) => Ok(exit.into()),
        Err(fault) => match fault.downcast::<Unfit>()? {
            Unfit::Findings(findings) => {
                config_file::show(&findings);
                Ok(Exit::Usage.into())
            }
            other => {
                eprintln!("error: {other}");
                Ok(Exit::Usage.into())
            }
        },
    }
}
