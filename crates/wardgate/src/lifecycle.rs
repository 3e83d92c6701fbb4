//! `wardgate serve`: from the config to a listening gateway and down again.

use std::process::ExitCode;

use crate::cli::{Exit, config_file, serve::Args};

/// Checks the config.
pub fn serve(args: Args) -> anyhow::Result<ExitCode> {
    match config_file::load(&args.config, &args.mcp_json, args.listen) {
        Ok(loaded) => {
            config_file::show(&loaded.remarks);
            Ok(Exit::NotReady.into())
        }
        Err(diagnostics) => {
            config_file::show(&diagnostics);
            Ok(Exit::Usage.into())
        }
    }
}
