//! What a call through the gateway costs, beside the same call without it and through a proxy that only copies bytes.
//!
//! One run, one machine, side by side: `run.rs` is the order of things, `load/` drives, `roles/` are the processes driven,
//! `report/` is what comes out. Nothing here is part of the gateway.

mod catalog;
mod fleet;
mod footprint;
mod gateway;
mod load;
mod message;
mod plan;
mod process;
mod report;
mod roles;
mod run;
mod sessions;

use std::net::SocketAddr;

use anyhow::Result;
use clap::{Parser, Subcommand};

#[derive(Debug, Parser)]
#[command(about = "Compares calls through the gateway with calls without it")]
struct Args {
    /// Fewer cases and shorter ones; nothing is written to `bench/results`.
    #[arg(long)]
    quick: bool,
    /// One case for longer, such as `json:1024:16`; nothing is written to `bench/results`.
    #[arg(long)]
    case: Option<plan::Case>,
    #[command(subcommand)]
    role: Option<Role>,
}

/// The processes a run starts of itself.
#[derive(Debug, Subcommand)]
enum Role {
    /// An MCP server that echoes, over HTTP.
    #[command(hide = true)]
    Echo,
    /// A proxy that copies bytes.
    #[command(hide = true)]
    Relay { to: SocketAddr },
    /// An MCP server that echoes, on standard input and output.
    #[command(hide = true)]
    StdioEcho,
}

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::parse();
    match args.role {
        None => {
            let plan = match args.case {
                Some(case) => plan::Plan::only(case),
                None => plan::Plan::of(args.quick),
            };
            run::run(plan).await
        }
        Some(Role::Echo) => roles::echo::serve().await,
        Some(Role::Relay { to }) => roles::relay::serve(to).await,
        Some(Role::StdioEcho) => roles::stdio_echo::serve().await,
    }
}
