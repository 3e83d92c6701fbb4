//! `wardgate task`: calls that go on by themselves, asked after by the id that `wardgate call --tasks` printed.

use std::{process::ExitCode, time::Duration};

use serde_json::Value;
use wardgate_protocol::{Raw, edit};

use super::{
    Exit, call,
    connect::{self, ConnectArgs},
    print,
};
use crate::client::{Ask, ClientError, Gateway};

/// How often a task is asked after that says nothing of it, and the bounds of what it may say.
const POLL_MS: u64 = 1000;
const POLL_MS_MIN: u64 = 100;
const POLL_MS_MAX: u64 = 30_000;

#[derive(Clone, Debug, clap::Subcommand)]
pub enum Verb {
    /// Say how a task stands, and its result once it is there.
    Get(Args),
    /// Wait until a task has ended, and print its result.
    Wait(Args),
    /// Withdraw a task; what was sent already is not taken back.
    Cancel(Args),
}

#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// The task, as `wardgate call --tasks` prints it.
    id: String,
    #[command(flatten)]
    connect: ConnectArgs,
    /// Print the whole task as JSON.
    #[arg(long)]
    json: bool,
}

/// # Errors
/// When the output cannot be written.
pub fn run(verb: &Verb) -> anyhow::Result<ExitCode> {
    let (Verb::Get(args) | Verb::Wait(args) | Verb::Cancel(args)) = verb;
    let mut gateway = match args.connect.gateway() {
        Ok(gateway) => gateway,
        Err(fault) => return Ok(connect::misused(&fault)),
    };
    gateway.declares_tasks = true;
    let asked = connect::block_on(async {
        match verb {
            Verb::Get(_) => ask(&gateway, "tasks/get", &args.id).await,
            Verb::Wait(_) => end(&gateway, &args.id).await,
            Verb::Cancel(_) => ask(&gateway, "tasks/cancel", &args.id).await,
        }
    })?;
    match (asked, verb) {
        (Err(fault), _) => Ok(connect::failed(&gateway, &fault)),
        (Ok(acknowledged), Verb::Cancel(_)) => {
            if args.json {
                print::line(edit::one_line(&acknowledged).as_str())?;
            }
            Ok(Exit::Ok.into())
        }
        (Ok(task), Verb::Get(_) | Verb::Wait(_)) => print_task(&task, args.json),
    }
}

async fn ask(gateway: &Gateway, method: &str, id: &str) -> Result<Raw, ClientError> {
    let ask = Ask {
        method,
        params: Raw::trusted(edit::set("{}", &["taskId"], &edit::quote(id))),
        name: Some(id),
        param_headers: Vec::new(),
    };
    gateway.ask(&ask, &mut |_| {}).await
}

/// Asks until the task has ended, or has a question.
async fn end(gateway: &Gateway, id: &str) -> Result<Raw, ClientError> {
    loop {
        let task = ask(gateway, "tasks/get", id).await?;
        if text(&task, "status").as_deref() != Some("working") {
            return Ok(task);
        }
        let pause = edit::get(task.as_str(), &["pollIntervalMs"]);
        let pause = pause.and_then(|millis| millis.parse().ok());
        let pause = pause.unwrap_or(POLL_MS).clamp(POLL_MS_MIN, POLL_MS_MAX);
        tokio::time::sleep(Duration::from_millis(pause)).await;
    }
}

fn print_task(task: &Raw, as_json: bool) -> anyhow::Result<ExitCode> {
    if as_json {
        print::line(edit::one_line(task).as_str())?;
    }
    let status = text(task, "status").unwrap_or_default();
    let part = |key| edit::get(task.as_str(), &[key]).map(|part| task.slice_of(part));
    match (&*status, part("result"), part("error")) {
        ("completed", Some(result), _) if as_json => Ok(call::exit(&result)?.into()),
        ("completed", Some(result), _) => call::print_result(&result, false),
        ("failed", _, Some(error)) => {
            let error: Value = serde_json::from_str(error.as_str())?;
            let message = error["message"].as_str().unwrap_or("the task failed");
            eprintln!("error: {}", print::brief(message, 2000));
            Ok(match error["data"]["class"].as_str() {
                // It ended without one, so nothing is pending any more.
                Some("approval_pending") => Exit::Denied,
                Some(class) => Exit::of_class(class),
                None => Exit::Tool,
            }
            .into())
        }
        ("cancelled", ..) => {
            eprintln!("error: the task was cancelled");
            Ok(Exit::Denied.into())
        }
        ("working" | "input_required", ..) => {
            let message = text(task, "statusMessage").unwrap_or(status);
            eprintln!("{}", print::brief(&message, 1000));
            Ok(Exit::Pending.into())
        }
        _ => {
            let fault = ClientError::Protocol("a task stands as no task can");
            eprintln!("error: {fault}");
            Ok(Exit::Tool.into())
        }
    }
}

fn text(task: &Raw, key: &str) -> Option<String> {
    let value = edit::get(task.as_str(), &[key])?;
    edit::string(value).map(|text| text.into_owned())
}
