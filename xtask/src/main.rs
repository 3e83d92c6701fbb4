//! The project's chores, one verb each: what CI does, a developer does with the same words.
//! Nothing here ships; the product never depends on this crate.

mod repo;
mod report;
mod shell;

mod checks;
mod fuzz;
mod golden;
mod tidy;
mod tour;

mod peers;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use report::{Run, Tally};

#[derive(Parser)]
#[command(about = "The chores of this repository")]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Everything, from a fresh machine: install the peers, build, check, test, measure compatibility, fuzz.
    Test,
    /// Formatting, lints, dependency rules, tidiness, unit and integration tests.
    Check,
    /// The house rules a compiler does not know.
    Tidy,
    /// Run the commands of README.md and compare what they print.
    Tour,
    /// A hundred thousand calls at once, none of which may get another's answer; takes a minute or two.
    Crossings,
    /// Rewrite the golden files from what the code answers today.
    Golden,
    /// Run the load comparisons of bench/ on a release build.
    Bench {
        /// A short run that shows the shape, not the number.
        #[arg(long)]
        quick: bool,
    },
    /// Run every fuzz target for a while.
    Fuzz {
        #[arg(long, default_value_t = 15)]
        seconds: u64,
    },
    /// The admin API before made-up requests.
    AdminApi,
    /// Official clients and servers.
    #[command(subcommand)]
    Peers(peers::Verb),
    /// Usage in the FOCUS format, before the FOCUS project's validator.
    Usage,
    /// The protocol's conformance suites, through the gateway.
    Conformance(peers::conformance::Options),
    /// Every official client against every official server, through the gateway.
    Compat(peers::compat::Options),
}

fn main() -> ExitCode {
    let verb = Cli::parse().verb;
    let mut run = Run::default();
    match take(&verb, &mut run) {
        Ok(()) => run.finish(),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Does what the verb asks for, step by step; an error is a chore that has no steps to count.
fn take(verb: &Verb, run: &mut Run) -> Result<()> {
    match verb {
        Verb::Test => everything(run),
        Verb::Check => check(run),
        Verb::Tidy => only(run, "tidy", tidy::run),
        Verb::Tour => {
            if run.step("build", checks::build) {
                run.step("tour of the README", tour::run);
            }
        }
        Verb::Crossings => only(run, "crossings", checks::crossings),
        Verb::Golden => golden::refresh()?,
        Verb::Bench { quick } => checks::bench(*quick)?,
        Verb::Fuzz { seconds } => only(run, "fuzz", || fuzz::run(*seconds)),
        Verb::Peers(peers::Verb::Install) => only(run, "install the peers", peers::install::run),
        Verb::AdminApi => measure(run, "admin API", true, peers::admin_api::run),
        Verb::Usage => measure(run, "usage", true, peers::usage::run),
        Verb::Conformance(options) => {
            let needs_gateway = options.url.is_none();
            measure(run, "conformance", needs_gateway, || {
                peers::conformance::run(options)
            });
        }
        Verb::Compat(options) => measure(run, "compatibility", !options.direct, || {
            peers::compat::run(options)
        }),
    }
    Ok(())
}

/// A chore of one step.
fn only(run: &mut Run, title: &str, work: impl FnOnce() -> Result<Tally>) {
    run.step(title, work);
}

/// Cheap and likely failures first; what needs the network or minutes comes last.
fn everything(run: &mut Run) {
    check(run);
    if !run.step("build", checks::build) {
        return;
    }
    run.step("tour of the README", tour::run);
    run.step("crossings", checks::crossings);
    if run.step("install the peers", peers::install::run) {
        run.step("admin API", peers::admin_api::run);
        run.step("usage", peers::usage::run);
        run.step("conformance", || {
            peers::conformance::run(&peers::conformance::Options::default())
        });
        run.step("compatibility", || {
            peers::compat::run(&peers::compat::Options::default())
        });
    }
    run.step("fuzz", || fuzz::run(fuzz::usual_seconds()));
}

fn check(run: &mut Run) {
    run.step("format", checks::format);
    run.step("tidy", tidy::run);
    run.step("tools", checks::install_tools);
    run.step("dependencies", checks::deny);
    run.step("lints", checks::clippy);
    run.step("tests", checks::tests);
}

/// A measurement needs the peers, and most often a gateway that is built.
fn measure(run: &mut Run, title: &str, needs_gateway: bool, work: impl FnOnce() -> Result<Tally>) {
    let is_built = !needs_gateway || run.step("build", checks::build);
    if is_built && run.step("install the peers", peers::install::run) {
        run.step(title, work);
    }
}
