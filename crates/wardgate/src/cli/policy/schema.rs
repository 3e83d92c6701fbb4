//! `wardgate policy schema`: what policies may name, in Cedar's own words.

use super::{Unfit, subject};
use crate::cli::{Exit, print};

#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    subject: subject::SubjectArgs,
}

/// # Errors
/// When no tools are known, they cannot be described, or the output cannot be written.
pub fn run(args: &Args) -> anyhow::Result<Exit> {
    let tools = args.subject.read()?.tools()?;
    let schema =
        wardgate_policy::schema_for(&tools).map_err(|fault| Unfit::Usage(fault.to_string()))?;
    print::line(schema.trim_end())?;
    Ok(Exit::Ok)
}
