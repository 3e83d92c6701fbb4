//! `wardgate version`: which program this is and which protocol revisions it speaks.

use std::process::ExitCode;

use serde_json::json;
use wardgate_protocol::Revision;

use super::{Exit, print};

#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Print as JSON.
    #[arg(long)]
    json: bool,
}

/// Prints the version.
///
/// # Errors
/// When the output cannot be written.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let version = env!("CARGO_PKG_VERSION");
    let revisions: Vec<&str> = Revision::ALL.into_iter().map(Revision::as_str).collect();
    match args.json {
        true => print::json(
            &json!({"name": "wardgate", "version": version, "protocolVersions": revisions}),
        )?,
        false => print::line(&format!("wardgate {version}\nMCP {}", revisions.join(", ")))?,
    }
    Ok(Exit::Ok.into())
}
