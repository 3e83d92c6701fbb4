//! `wardgate key`: API keys at run time, through the admin API.

use std::process::ExitCode;

use clap::{Subcommand, ValueEnum};
use serde_json::{Value, json};
use wardgate_config::units::Span;

use super::{
    Exit,
    connect::{self, block_on},
    operate::{self, OperateArgs},
    print,
};

#[derive(Clone, Debug, Subcommand)]
pub enum Verb {
    /// Issue a key and show it, this once.
    Create(Create),
    /// List keys, newest first.
    Ls(Ls),
    /// Revoke a key for good.
    Revoke(Revoke),
}

#[derive(Clone, Debug, clap::Args)]
pub struct Create {
    /// Who will call with it.
    #[arg(long)]
    principal: String,
    /// Tenant of the principal; by default your own.
    #[arg(long)]
    tenant: Option<String>,
    /// What the principal is.
    #[arg(long, default_value = "service")]
    kind: Kind,
    /// Groups the principal is in with this key.
    #[arg(long, value_delimiter = ',')]
    groups: Vec<String>,
    /// The toolsets the key opens; by default all that the tenant sees.
    #[arg(long, value_delimiter = ',')]
    toolsets: Option<Vec<String>>,
    /// For how long it works; by default until it is revoked.
    #[arg(long, value_name = "DURATION", value_parser = connect::duration)]
    expires: Option<Span>,
    #[command(flatten)]
    change: Change,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kind {
    User,
    Agent,
    Service,
}

#[derive(Clone, Debug, clap::Args)]
pub struct Revoke {
    /// The key, as `wardgate key ls` names it.
    id: String,
    #[command(flatten)]
    change: Change,
}

#[derive(Clone, Debug, clap::Args)]
struct Change {
    /// Why; goes into the record.
    #[arg(long)]
    reason: String,
    /// Say what would be done, and do nothing.
    #[arg(long)]
    dry_run: bool,
    /// Print what was done as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    at: OperateArgs,
}

#[derive(Clone, Debug, clap::Args)]
pub struct Ls {
    /// Only keys of this tenant.
    #[arg(long)]
    tenant: Option<String>,
    /// Show at most so many.
    #[arg(long, default_value_t = 50, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    limit: u32,
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
        Verb::Create(args) => create(args),
        Verb::Ls(args) => list(args),
        Verb::Revoke(args) => revoke(args),
    }
}

fn create(args: &Create) -> anyhow::Result<ExitCode> {
    let api = match args.change.at.api() {
        Ok(api) => api,
        Err(fault) => return Ok(connect::misused(&fault)),
    };
    let expires_at = args.expires.map(|span| jiff::Timestamp::now() + span.0);
    let body = json!({
        "tenant": args.tenant,
        "principal": args.principal,
        "kind": args.kind.as_str(),
        "groups": args.groups,
        "toolsets": args.toolsets,
        "expires_at": expires_at.map(|at| at.to_string()),
        "reason": args.change.reason,
    });
    let done = block_on(api.post("/admin/v1/keys", &body, args.change.dry_run))?;
    let issued = match done {
        Ok(issued) => issued,
        Err(fault) => return Ok(operate::refused(&fault)),
    };
    if args.change.json {
        print::json(&issued)?;
        return Ok(Exit::Ok.into());
    }
    match issued["key"].as_str() {
        Some(key) => {
            eprintln!("this key is shown once: {}", about(&issued["item"]));
            print::line(key)?;
        }
        None => print::line(&format!("would issue a key: {}", about(&issued["item"])))?,
    }
    Ok(Exit::Ok.into())
}

fn revoke(args: &Revoke) -> anyhow::Result<ExitCode> {
    let api = match args.change.at.api() {
        Ok(api) => api,
        Err(fault) => return Ok(connect::misused(&fault)),
    };
    let path = format!("/admin/v1/keys/{}:revoke", args.id);
    let body = json!({"reason": args.change.reason});
    let key = match block_on(api.post(&path, &body, args.change.dry_run))? {
        Ok(key) => key,
        Err(fault) => return Ok(operate::refused(&fault)),
    };
    match (args.change.json, args.change.dry_run) {
        (true, _) => print::json(&key)?,
        (false, true) => print::line(&format!("would revoke {}", about(&key)))?,
        (false, false) => print::line(&format!("revoked {}", about(&key)))?,
    }
    Ok(Exit::Ok.into())
}

fn list(args: &Ls) -> anyhow::Result<ExitCode> {
    let limit = args.limit.to_string();
    let mut query = vec![("limit", limit.as_str())];
    query.extend(args.tenant.as_deref().map(|tenant| ("tenant", tenant)));
    let keys = match args.at.items("/admin/v1/keys", &query)? {
        Ok(keys) => keys,
        Err(exit) => return Ok(exit),
    };
    if args.json {
        print::json(&keys)?;
        return Ok(Exit::Ok.into());
    }
    let mut table = print::table(["ID", "PRINCIPAL", "TOOLSETS", "STATE", "LAST USED"]);
    for key in &keys {
        let toolsets = key["toolsets"]
            .as_array()
            .map_or("all".to_owned(), |names| {
                let names: Vec<_> = names.iter().filter_map(Value::as_str).collect();
                names.join(", ")
            });
        table.add_row([
            said(&key["id"]),
            format!("{}/{}", said(&key["tenant"]), said(&key["principal"])),
            print::brief(&toolsets, 200),
            said(&key["state"]),
            said(&key["last_used"]),
        ]);
    }
    print::line(&table.to_string())?;
    Ok(Exit::Ok.into())
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Kind::User => "user",
            Kind::Agent => "agent",
            Kind::Service => "service",
        }
    }
}

fn about(key: &Value) -> String {
    format!(
        "{} of {}/{}",
        said(&key["id"]),
        said(&key["tenant"]),
        said(&key["principal"])
    )
}

fn said(value: &Value) -> String {
    print::brief(value.as_str().unwrap_or("-"), 200)
}
