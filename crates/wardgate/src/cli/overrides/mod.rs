//! `wardgate kill`, `lift` and `override`: stopping something at once, and giving it back.

mod desk;
mod shown;

use std::{
    io::{IsTerminal, stderr, stdin},
    process::ExitCode,
};

use clap::{Subcommand, ValueEnum};
use wardgate_config::units::Span;
use wardgate_control::overrides::{OverrideFault, Until, Wanted};
use wardgate_model::{OverrideEffect, OverrideMatch};
use wardgate_store::{OverrideError, StoreError};

use self::desk::{At, Desk, DeskError};
use super::{Exit, connect::block_on, operate, print};
use crate::client::admin::AdminError;

/// What is to be stopped or opened.
#[derive(Clone, Debug, clap::Args)]
struct Order {
    /// What it is: one tool (`pay/refund_create`), a server, a toolset, a tenant, a principal (`acme/ana`), every tool that the
    /// configuration does not mark `read_only`, or everything.
    #[arg(value_name = "KIND")]
    kind: Kind,
    /// Its name; `all-writes` and `everything` have none.
    #[arg(value_name = "NAME")]
    name: Option<String>,
    /// Why; shown to whoever is stopped by it.
    #[arg(long)]
    reason: String,
    /// For how long.
    #[arg(long = "for", value_name = "DURATION", value_parser = span, default_value = "1h")]
    lasts: Span,
    /// Say what would be done, and do nothing.
    #[arg(long)]
    dry_run: bool,
    /// Print what was done as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    at: At,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kind {
    Tool,
    Server,
    Toolset,
    Tenant,
    Principal,
    AllWrites,
    Everything,
}

#[derive(Clone, Debug, clap::Args)]
pub struct Kill {
    #[command(flatten)]
    order: Order,
    /// Until somebody lifts it, instead of for some time.
    #[arg(long, value_name = "lifted", value_parser = ["lifted"], conflicts_with = "lasts")]
    until: Option<String>,
    /// Cancel the calls under way that it is about.
    #[arg(long)]
    cancel: bool,
    /// Do not ask before something is stopped until it is lifted.
    #[arg(long)]
    yes: bool,
}

#[derive(Clone, Debug, clap::Args)]
pub struct Lift {
    /// The override, as `wardgate override ls` names it.
    id: String,
    /// Why.
    #[arg(long)]
    reason: String,
    /// Say what would be done, and do nothing.
    #[arg(long)]
    dry_run: bool,
    /// Print what was done as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    at: At,
}

#[derive(Clone, Debug, Subcommand)]
pub enum Verb {
    /// List overrides, newest first.
    Ls(Ls),
    /// Break glass: lift soft rules of policies for a while. Hard rules hold.
    Allow(Allow),
}

#[derive(Clone, Debug, clap::Args)]
pub struct Allow {
    #[command(flatten)]
    order: Order,
}

#[derive(Clone, Debug, clap::Args)]
pub struct Ls {
    /// Show those that have ended too.
    #[arg(long)]
    all: bool,
    /// Show at most so many.
    #[arg(long, default_value_t = 50, value_name = "N")]
    limit: u32,
    /// Print an array as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    at: At,
}

fn span(text: &str) -> Result<Span, String> {
    Span::parse(text).ok_or_else(|| "write a whole number and a unit, such as `30m`".into())
}

/// # Errors
/// When the output cannot be written.
pub fn kill(args: &Kill) -> anyhow::Result<ExitCode> {
    let until = match args.until {
        Some(_) => Until::Lifted,
        None => Until::After(args.order.lasts.0),
    };
    let is_confirmed = args.until.is_none() || args.yes || args.order.dry_run;
    if !is_confirmed && !confirmed()? {
        eprintln!(
            "error: until it is lifted is a long time: say so on the terminal, or with `--yes`"
        );
        return Ok(Exit::Usage.into());
    }
    create(&args.order, OverrideEffect::Deny, until, args.cancel)
}

/// # Errors
/// When the output cannot be written.
pub fn run(verb: &Verb) -> anyhow::Result<ExitCode> {
    match verb {
        Verb::Ls(args) => list(args),
        Verb::Allow(args) => {
            let until = Until::After(args.order.lasts.0);
            create(&args.order, OverrideEffect::Allow, until, false)
        }
    }
}

fn create(
    order: &Order,
    effect: OverrideEffect,
    until: Until,
    cancel: bool,
) -> anyhow::Result<ExitCode> {
    let Some(matches) = order.matches() else {
        eprintln!("error: {}", order.misnamed());
        return Ok(Exit::Usage.into());
    };
    let wanted = Wanted {
        effect,
        matches,
        reason: order.reason.clone(),
        until,
        cancel,
    };
    let done = block_on(async {
        let desk = Desk::open(&order.at).await?;
        let created = desk.create(wanted, order.dry_run).await;
        desk.close().await;
        created
    })?;
    match done {
        Ok(created) if order.json => print::json(&created)?,
        Ok(created) => print::line(&shown::told(&created, order.dry_run))?,
        Err(fault) => return Ok(refused(&fault)),
    }
    Ok(Exit::Ok.into())
}

/// # Errors
/// When the output cannot be written.
pub fn lift(args: &Lift) -> anyhow::Result<ExitCode> {
    let done = block_on(async {
        let desk = Desk::open(&args.at).await?;
        let lifted = desk.lift(&args.id, &args.reason, args.dry_run).await;
        desk.close().await;
        lifted
    })?;
    let item = match done {
        Ok(item) => item,
        Err(fault) => return Ok(refused(&fault)),
    };
    let is_over = item["state"] == "lifted";
    let told = match is_over {
        true => "is lifted",
        false => "stays in force until another person lifts it too",
    };
    match args.json {
        true => print::json(&item)?,
        false => {
            let id = shown::text(&item["id"]);
            print::line(&format!("{id} {told}: {}", shown::about(&item)))?;
        }
    }
    Ok(match is_over {
        true => Exit::Ok,
        false => Exit::Pending,
    }
    .into())
}

fn list(args: &Ls) -> anyhow::Result<ExitCode> {
    let done = block_on(async {
        let desk = Desk::open(&args.at).await?;
        let found = desk.list(args.all, args.limit).await;
        desk.close().await;
        found
    })?;
    match done {
        Ok(found) if args.json => print::json(&found)?,
        Ok(found) => print::line(&shown::table(&found).to_string())?,
        Err(fault) => return Ok(refused(&fault)),
    }
    Ok(Exit::Ok.into())
}

impl Order {
    fn matches(&self) -> Option<OverrideMatch> {
        let name = self.name.as_deref().unwrap_or_default();
        OverrideMatch::parse(self.kind.as_str(), name)
    }

    fn misnamed(&self) -> String {
        match self.kind {
            Kind::AllWrites | Kind::Everything => {
                format!("`{}` takes no name", self.kind.as_str())
            }
            Kind::Tool => "name the tool as `alias/tool`".to_owned(),
            Kind::Principal => "name the principal as `tenant/principal`".to_owned(),
            Kind::Server | Kind::Toolset | Kind::Tenant => {
                format!("name the {}", self.kind.as_str())
            }
        }
    }
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Kind::Tool => "tool",
            Kind::Server => "server",
            Kind::Toolset => "toolset",
            Kind::Tenant => "tenant",
            Kind::Principal => "principal",
            Kind::AllWrites => "all-writes",
            Kind::Everything => "everything",
        }
    }
}

/// Asks the person at the terminal, if there is one.
fn confirmed() -> anyhow::Result<bool> {
    if !stdin().is_terminal() || !stderr().is_terminal() {
        return Ok(false);
    }
    eprint!("this is in force until somebody lifts it; go on? [y/N] ");
    let mut said = String::new();
    stdin().read_line(&mut said)?;
    Ok(matches!(said.trim(), "y" | "Y" | "yes"))
}

fn refused(fault: &DeskError) -> ExitCode {
    if let DeskError::Api(fault) = fault {
        let refused = operate::refused(fault);
        return match fault {
            AdminError::Problem { code, .. } if code == "same_person" => Exit::Denied.into(),
            AdminError::Problem { code, .. } if code == "ended" => Exit::CheckFailed.into(),
            AdminError::Client(_) => {
                eprintln!("hint: {}", OTHERWISE);
                refused
            }
            AdminError::Problem { .. } | AdminError::Foreign => refused,
        };
    }
    eprintln!("error: {fault}");
    let exit = exit(fault);
    if exit == Exit::NotReady {
        eprintln!("hint: {OTHERWISE}");
    }
    exit.into()
}

/// What an operator can do when the way that was tried is closed.
const OTHERWISE: &str = "`--state DIR` writes into the state folder itself, and a file `KILL` in it stops calls when nothing else works";

fn exit(fault: &DeskError) -> Exit {
    match fault {
        DeskError::Misused(_) => Exit::Usage,
        DeskError::Closed(_) | DeskError::Api(_) => Exit::NotReady,
        DeskError::Override(fault) => match fault {
            OverrideFault::Override(OverrideError::Twice) | OverrideFault::Beyond => Exit::Denied,
            OverrideFault::Override(OverrideError::Ended) => Exit::CheckFailed,
            OverrideFault::Override(OverrideError::Store(StoreError::NotFound { .. })) => {
                Exit::Usage
            }
            OverrideFault::Override(OverrideError::Store(_)) | OverrideFault::Unwritten(_) => {
                Exit::NotReady
            }
            OverrideFault::Reason(_)
            | OverrideFault::NoTime
            | OverrideFault::LongTime(_)
            | OverrideFault::OpenForGood
            | OverrideFault::OpenForAll
            | OverrideFault::OpenAndCancel => Exit::Usage,
        },
    }
}
