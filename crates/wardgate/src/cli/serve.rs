//! `wardgate serve`: its arguments. What it does is in `lifecycle`.

use std::{net::SocketAddr, path::PathBuf};

use super::config_file::ConfigArgs;

#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    pub config: ConfigArgs,
    /// Serve one client on standard input and output instead of listening.
    #[arg(long)]
    pub stdio: bool,
    /// Add the servers of a Claude, Cursor or VS Code `mcp.json`; may be repeated.
    #[arg(long, value_name = "FILE")]
    pub mcp_json: Vec<PathBuf>,
    /// Listen here instead of where the config says.
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<SocketAddr>,
}
