//! `wardgate limit`: how far limits are used up, and what others would have refused.

mod shown;
mod simulate;

use std::process::ExitCode;

use clap::Subcommand;
use serde_json::Value;

use super::{Exit, operate::OperateArgs, print};

const PATH: &str = "/admin/v1/limits";

#[derive(Clone, Debug, Subcommand)]
pub enum Verb {
    /// List limits, each with the key that is nearest to its end.
    Ls(Ls),
    /// Show what every key has used of one limit.
    Show(Show),
    /// Put recorded calls to other limits, and say which would have been refused.
    Simulate(simulate::Args),
}

#[derive(Clone, Debug, clap::Args)]
pub struct Ls {
    /// Only limits of this tenant.
    #[arg(long)]
    tenant: Option<String>,
    /// Print an array as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    at: OperateArgs,
}

#[derive(Clone, Debug, clap::Args)]
pub struct Show {
    /// The limit's name, or `tenant/name`.
    name: String,
    /// Print an array as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    at: OperateArgs,
}

/// # Errors
/// When the output cannot be written.
pub fn run(verb: &Verb) -> anyhow::Result<ExitCode> {
    match verb {
        Verb::Ls(args) => list(args),
        Verb::Show(args) => show(args),
        Verb::Simulate(args) => simulate::run(args),
    }
}

fn list(args: &Ls) -> anyhow::Result<ExitCode> {
    let mut items = match standings(&args.at)? {
        Ok(items) => items,
        Err(exit) => return Ok(exit),
    };
    items.retain(|item| {
        args.tenant
            .as_deref()
            .is_none_or(|tenant| item["tenant"] == tenant)
    });
    match args.json {
        true => print::json(&items)?,
        false => print::line(&shown::table(&shown::nearest(items)).to_string())?,
    }
    Ok(Exit::Ok.into())
}

fn show(args: &Show) -> anyhow::Result<ExitCode> {
    let mut items = match standings(&args.at)? {
        Ok(items) => items,
        Err(exit) => return Ok(exit),
    };
    items.retain(|item| item["limit"] == *args.name || item["id"] == *args.name);
    if items.is_empty() {
        eprintln!(
            "error: there is no limit `{}`",
            print::brief(&args.name, 96)
        );
        return Ok(Exit::Usage.into());
    }
    match args.json {
        true => print::json(&items)?,
        false => print::line(&shown::table(&items).to_string())?,
    }
    Ok(Exit::Ok.into())
}

/// The API's items, each with an `id`; else how to exit.
fn standings(at: &OperateArgs) -> anyhow::Result<Result<Vec<Value>, ExitCode>> {
    let mut items = match at.items(PATH, &[])? {
        Ok(items) => items,
        Err(exit) => return Ok(Err(exit)),
    };
    for item in &mut items {
        let name = item["limit"].as_str().unwrap_or_default();
        item["id"] = match item["tenant"].as_str() {
            Some(tenant) => format!("{tenant}/{name}").into(),
            None => name.into(),
        };
    }
    Ok(Ok(items))
}
