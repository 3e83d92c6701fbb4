//! `wardgate approve`: the calls that wait for people, and what people say of them. A client of the admin API.

mod shown;

use std::process::ExitCode;

use clap::Subcommand;
use serde_json::json;

use super::{Exit, connect, operate, operate::OperateArgs, print};
use crate::client::admin::AdminError;

const PATH: &str = "/admin/v1/approvals";

#[derive(Clone, Debug, Subcommand)]
pub enum Verb {
    /// List approvals, newest first; those that wait if nothing else is said.
    Ls(Ls),
    /// Show one: what is asked for, by whom, and who said what.
    Show(Show),
    /// Agree to a call.
    Grant(Grant),
    /// Say no to a call; that ends the request.
    Deny(Vote),
    /// Withdraw a request, or a grant that is not used yet.
    Cancel(Vote),
}

#[derive(Clone, Debug, clap::Args)]
pub struct Ls {
    /// Show those in this state, or `all`.
    #[arg(long, default_value = "pending", value_parser = ["pending", "approved", "denied", "expired", "cancelled", "used", "all"])]
    state: String,
    /// Show at most so many.
    #[arg(long, default_value_t = 50, value_name = "N")]
    limit: u32,
    /// Print an array as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    at: OperateArgs,
}

#[derive(Clone, Debug, clap::Args)]
pub struct Show {
    /// The approval, as `wardgate approve ls` names it.
    id: String,
    /// Print it as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    at: OperateArgs,
}

#[derive(Clone, Debug, clap::Args)]
pub struct Grant {
    /// Why; goes into the record.
    #[arg(long, default_value = "agreed")]
    reason: String,
    #[command(flatten)]
    what: What,
}

#[derive(Clone, Debug, clap::Args)]
pub struct Vote {
    /// Why; goes into the record, and to the requester if it is a no.
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    what: What,
}

#[derive(Clone, Debug, clap::Args)]
struct What {
    /// The approval, as `wardgate approve ls` names it.
    id: String,
    /// Say what would be done, and do nothing.
    #[arg(long)]
    dry_run: bool,
    /// Print what was done as JSON.
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
        Verb::Grant(args) => change(&args.what, "approve", &args.reason),
        Verb::Deny(args) => change(&args.what, "deny", &args.reason),
        Verb::Cancel(args) => change(&args.what, "cancel", &args.reason),
    }
}

fn list(args: &Ls) -> anyhow::Result<ExitCode> {
    let limit = args.limit.to_string();
    let state = (args.state != "all").then_some(("state", args.state.as_str()));
    let query: Vec<_> = [("limit", limit.as_str())]
        .into_iter()
        .chain(state)
        .collect();
    let items = match args.at.items(PATH, &query)? {
        Ok(items) => items,
        Err(exit) => return Ok(exit),
    };
    match args.json {
        true => print::json(&items)?,
        false => print::line(&shown::table(&items).to_string())?,
    }
    Ok(Exit::Ok.into())
}

fn show(args: &Show) -> anyhow::Result<ExitCode> {
    let item = match args.at.get(&format!("{PATH}/{}", args.id), &[])? {
        Ok(item) => item,
        Err(exit) => return Ok(exit),
    };
    match args.json {
        true => print::json(&item)?,
        false => print::line(&shown::whole(&item))?,
    }
    Ok(Exit::Ok.into())
}

fn change(args: &What, verb: &str, reason: &str) -> anyhow::Result<ExitCode> {
    let api = match args.at.api() {
        Ok(api) => api,
        Err(fault) => return Ok(connect::misused(&fault)),
    };
    let path = format!("{PATH}/{}:{verb}", args.id);
    let body = json!({"reason": reason});
    let item = match connect::block_on(api.post(&path, &body, args.dry_run))? {
        Ok(item) => item,
        Err(fault) => return Ok(refused(&fault)),
    };
    match args.json {
        true => print::json(&item)?,
        false => print::line(&shown::line(&item))?,
    }
    Ok(match item["state"].as_str() {
        Some("pending") => Exit::Pending,
        _ => Exit::Ok,
    }
    .into())
}

/// Whoever has no second say is denied, like whoever has none.
fn refused(fault: &AdminError) -> ExitCode {
    let exit = operate::refused(fault);
    match fault {
        AdminError::Problem { code, .. } if code == "same_person" => Exit::Denied.into(),
        AdminError::Problem { code, .. } if code == "closed" => Exit::CheckFailed.into(),
        _ => exit,
    }
}
