//! The `wardgate` program: reads the command line and runs one verb.

mod cli;
mod client;
mod lifecycle;
mod secrets;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    match cli::run(cli::Cli::parse()) {
        Ok(code) => code,
        Err(fault) => {
            eprintln!("error: {fault:#}");
            cli::Exit::CheckFailed.into()
        }
    }
}
