//! The command line: one file per verb. Verbs that call go through a running gateway, like any client.

pub mod approve;
pub mod audit;
pub mod call;
pub mod check;
pub mod completions;
pub mod config_file;
mod connect;
mod exit;
pub mod explain;
pub mod import;
pub mod key;
pub mod lab;
pub mod limit;
mod operate;
pub mod overrides;
pub mod policy;
mod print;
pub mod schema;
pub mod serve;
pub mod task;
pub mod tools;
pub mod usage;
pub mod version;

pub use exit::Exit;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// A governed gateway for the Model Context Protocol.
#[derive(Debug, Parser)]
#[command(name = "wardgate", version, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    pub verb: Verb,
}

#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Start the gateway.
    Serve(serve::Args),
    /// Say everything that is wrong with the configuration.
    Check(check::Args),
    /// Call a tool through the running gateway.
    Call(call::Args),
    /// Look at the tools of the running gateway.
    #[command(subcommand)]
    Tools(tools::Verb),
    /// Ask after calls that go on by themselves.
    #[command(subcommand)]
    Task(task::Verb),
    /// Look at calls that wait for people, and decide on them.
    #[command(subcommand)]
    Approve(approve::Verb),
    /// Look at records, verify them, hand them to other tools.
    #[command(subcommand)]
    Audit(audit::Verb),
    /// Sum what calls have used: calls, dollars, tokens, bytes, server time.
    Usage(usage::Args),
    /// Say what would become of a call, layer by layer, and what would change that.
    Explain(explain::Args),
    /// Look at limits, and try others on recorded calls.
    #[command(subcommand)]
    Limit(limit::Verb),
    /// Stop a tool, a server, a toolset, a tenant, a principal or all writes, at once.
    Kill(overrides::Kill),
    /// End an override.
    Lift(overrides::Lift),
    /// Look at overrides; break glass.
    #[command(subcommand)]
    Override(overrides::Verb),
    /// Test policies, look at them again, and ask what they say of a call.
    #[command(subcommand)]
    Policy(policy::Verb),
    /// Issue, list and revoke API keys.
    #[command(subcommand)]
    Key(key::Verb),
    /// Make a configuration from the `mcp.json` of Claude, Cursor or VS Code.
    Import(import::Args),
    /// Print the JSON Schema of `wardgate.yaml`.
    Schema(schema::Args),
    /// Run the built-in test server.
    Lab(lab::Args),
    /// Print the version.
    Version(version::Args),
    /// Print a completion script for a shell.
    Completions(completions::Args),
}

/// Runs the verb that was given.
///
/// # Errors
/// What no exit code of its own stands for, such as an output that cannot be written.
pub fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    match cli.verb {
        Verb::Serve(args) => crate::lifecycle::serve(args),
        Verb::Check(args) => check::run(&args),
        Verb::Call(args) => call::run(&args),
        Verb::Tools(verb) => tools::run(&verb),
        Verb::Task(verb) => task::run(&verb),
        Verb::Approve(verb) => approve::run(&verb),
        Verb::Audit(verb) => audit::run(&verb),
        Verb::Usage(args) => usage::run(&args),
        Verb::Explain(args) => explain::run(&args),
        Verb::Limit(verb) => limit::run(&verb),
        Verb::Kill(args) => overrides::kill(&args),
        Verb::Lift(args) => overrides::lift(&args),
        Verb::Override(verb) => overrides::run(&verb),
        Verb::Policy(verb) => policy::run(&verb),
        Verb::Key(verb) => key::run(&verb),
        Verb::Import(args) => import::run(&args),
        Verb::Schema(args) => schema::run(&args),
        Verb::Lab(args) => lab::run(args),
        Verb::Version(args) => version::run(&args),
        Verb::Completions(args) => completions::run(&args),
    }
}
