//! The `wardgate` program: reads the command line and runs one verb.

mod admin;
mod approvals;
mod child;
mod cli;
mod client;
mod compose;
mod issued_keys;
mod issuer_keys;
mod known_tools;
mod ledger;
mod lifecycle;
mod metrics;
mod overrides;
mod policies;
mod reload;
mod replace;
mod secrets;
mod store;
mod usage;

use std::process::ExitCode;

use clap::Parser;

/// What one worker allocates another often frees; the system allocator's arenas then make them wait for each other, which
/// showed as most of the gateway's futex calls.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let mut args = std::env::args_os().skip(1);
    match args.next().as_deref().and_then(|verb| verb.to_str()) {
        Some("__child") => return child::supervise(args),
        Some("__exec") => return child::exec(args),
        _ => {}
    }
    match cli::run(cli::Cli::parse()) {
        Ok(code) => code,
        Err(fault) => {
            eprintln!("error: {fault:#}");
            cli::Exit::CheckFailed.into()
        }
    }
}
