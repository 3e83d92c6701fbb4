//! `wardgate audit`: reading records, beside a running gateway or out of an exported file, and proving that they are whole.

mod explain;
pub(super) mod export;
mod ls;
pub(super) mod query;
pub(super) mod source;
mod tail;
mod verify;

use std::process::ExitCode;

use clap::Subcommand;

use super::Exit;
use source::ReadError;

#[derive(Clone, Debug, Subcommand)]
pub enum Verb {
    /// List records, newest first; a call that is complete is one row.
    Ls(ls::Args),
    /// Print one record as it is kept.
    Show(explain::Args),
    /// Tell one record: who, what, when, why, by which decision, at what cost.
    Explain(explain::Args),
    /// Print the last records, and those that come.
    Tail(tail::Args),
    /// Prove that no record was changed, taken out or cut off. Needs nothing but the records, the public key and checkpoints.
    Verify(verify::Args),
    /// Print records in the words of another tool, oldest first within a tenant.
    Export(export::Args),
}

/// Runs the verb; whoever has stopped reading ends it well.
///
/// # Errors
/// When the output cannot be written.
pub fn run(verb: &Verb) -> anyhow::Result<ExitCode> {
    reading(async {
        match verb {
            Verb::Ls(args) => ls::run(args).await,
            Verb::Show(args) => explain::show(args).await,
            Verb::Explain(args) => explain::run(args).await,
            Verb::Tail(args) => tail::run(args).await,
            Verb::Verify(args) => verify::run(args).await,
            Verb::Export(args) => export::run(args).await,
        }
    })
}

/// Runs what reads records, and says in an exit code why it cannot.
///
/// # Errors
/// As [`run`].
pub(super) fn reading(
    read: impl Future<Output = anyhow::Result<Exit>>,
) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    match runtime.block_on(read) {
        Ok(exit) => Ok(exit.into()),
        Err(fault) if is_closed_pipe(&fault) => Ok(Exit::Ok.into()),
        Err(fault) => match fault.downcast_ref::<ReadError>() {
            Some(read) => {
                eprintln!("error: {read}");
                Ok(read.exit().into())
            }
            None => Err(fault),
        },
    }
}

fn is_closed_pipe(fault: &anyhow::Error) -> bool {
    fault
        .downcast_ref::<std::io::Error>()
        .is_some_and(|fault| fault.kind() == std::io::ErrorKind::BrokenPipe)
}
