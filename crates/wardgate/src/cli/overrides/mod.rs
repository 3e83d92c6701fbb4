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
use wardgate_model::{OverrideEffect, OverrideId, OverrideMatch};
use wardgate_store::{Lifted, OverrideError, StoreError};

use self::desk::{At, Desk, DeskError};
use super::{Exit, connect::block_on, print};

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
        Ok(created) if order.json => print::json(&shown::created(&created))?,
        Ok(created) => print::line(&shown::told(&created, order.dry_run))?,
        Err(fault) => return Ok(refused(&fault)),
    }
    Ok(Exit::Ok.into())
}

/// # Errors
/// When the output cannot be written.
pub fn lift(args: &Lift) -> anyhow::Result<ExitCode> {
    let id = OverrideId::new(&args.id);
    let done = block_on(async {
        let desk = Desk::open(&args.at).await?;
        let lifted = desk.lift(&id, &args.reason, args.dry_run).await;
        desk.close().await;
        lifted
    })?;
    let lifted = match done {
        Ok(lifted) => lifted,
        Err(fault) => return Ok(refused(&fault)),
    };
    let (item, exit) = match &lifted {
        Lifted::Done(item) => (item, Exit::Ok),
        Lifted::NeedsAnother(item) => (item, Exit::Pending),
    };
    match (args.json, &lifted) {
        (true, _) => print::json(&shown::item(item))?,
        (false, Lifted::Done(_)) => {
            print::line(&format!("{} is lifted: {}", item.id, item.matches))?
        }
        (false, Lifted::NeedsAnother(_)) => print::line(&format!(
            "{} stays in force until another person lifts it too: {}",
            item.id, item.matches
        ))?,
    }
    Ok(exit.into())
}

fn list(args: &Ls) -> anyhow::Result<ExitCode> {
    let done = block_on(async {
        let desk = Desk::open(&args.at).await?;
        let found = desk.list(args.all, args.limit).await;
        desk.close().await;
        found
    })?;
    match done {
        Ok(found) if args.json => {
            let all: Vec<_> = found.iter().map(shown::item).collect();
            print::json(&all)?;
        }
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
    eprintln!("error: {fault}");
    if let Some(hint) = hint(fault) {
        eprintln!("hint: {hint}");
    }
    exit(fault).into()
}

fn hint(fault: &DeskError) -> Option<&'static str> {
    match fault {
        DeskError::Override(
            OverrideFault::Unwritten(_)
            | OverrideFault::Override(OverrideError::Store(
                StoreError::Io { .. } | StoreError::Full | StoreError::Busy,
            )),
        )
        | DeskError::Closed(_) => Some(
            "a file `KILL` in the state folder stops calls when nothing else works; see the runbook",
        ),
        DeskError::Override(OverrideFault::Override(OverrideError::Store(
            StoreError::NotFound { .. },
        ))) => Some("see `wardgate override ls --all`"),
        _ => None,
    }
}

fn exit(fault: &DeskError) -> Exit {
    match fault {
        DeskError::NoState => Exit::Usage,
        DeskError::Closed(_) => Exit::NotReady,
        DeskError::Override(fault) => match fault {
            OverrideFault::Override(OverrideError::Twice) => Exit::Denied,
            OverrideFault::Override(OverrideError::Ended) => Exit::CheckFailed,
            OverrideFault::Override(OverrideError::Store(StoreError::NotFound { .. })) => {
                Exit::Usage
            }
            OverrideFault::Override(OverrideError::Store(_)) | OverrideFault::Unwritten(_) => {
                Exit::NotReady
            }
            OverrideFault::Beyond => Exit::Denied,
            OverrideFault::Reason(_)
            | OverrideFault::NoTime
            | OverrideFault::LongTime(_)
            | OverrideFault::OpenForGood
            | OverrideFault::OpenForAll
            | OverrideFault::OpenAndCancel => Exit::Usage,
        },
    }
}
