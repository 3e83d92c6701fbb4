//! Official clients and servers: installing them, the conformance suites, the compatibility table.
//! Their pins and drivers are in the folder `peers/`; what is installed lies in `.peers/`, which git ignores.

pub mod install;
pub mod process;

pub mod admin_api;
pub mod compat;
pub mod conformance;
pub mod usage;

mod clients;
mod gateway;
mod servers;

use clap::Subcommand;

#[derive(Subcommand)]
pub enum Verb {
    /// Install the pinned clients, servers and suites, unless they are there already.
    Install,
}
