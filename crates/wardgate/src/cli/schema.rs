//! `wardgate schema`: the JSON Schema of `wardgate.yaml`, for editors.

use std::process::ExitCode;

use super::{Exit, print};

#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// The schema is JSON in any case.
    #[arg(long)]
    json: bool,
}

/// Prints the schema.
///
/// # Errors
/// When the output cannot be written.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let schema = wardgate_config::schema::schema();
    match args.json {
        true => print::json(schema)?,
        false => print::line(&serde_json::to_string_pretty(schema)?)?,
    }
    Ok(Exit::Ok.into())
}
