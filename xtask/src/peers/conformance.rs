//! The protocol's conformance suites against the gateway.

use anyhow::Result;
use clap::Args;

use crate::report::Tally;

#[derive(Args, Debug, Default)]
pub struct Options {
    /// Against the lab itself, without a gateway between.
    #[arg(long)]
    pub direct: bool,
}

pub fn run(_options: &Options) -> Result<Tally> {
    Ok(Tally::default())
}
