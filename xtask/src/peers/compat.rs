//! Every official client against every official server, through the gateway.

use anyhow::Result;
use clap::Args;

use crate::report::Tally;

#[derive(Args, Debug, Default)]
pub struct Options {
    /// Clients against servers, without a gateway between.
    #[arg(long)]
    pub direct: bool,
    /// Write docs/compatibility.md instead of comparing with it.
    #[arg(long)]
    pub write: bool,
}

pub fn run(_options: &Options) -> Result<Tally> {
    Ok(Tally::default())
}
