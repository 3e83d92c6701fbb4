//! `wardgate call`: one tool call through the running gateway, with every rule that holds there.

use std::{
    io::{IsTerminal, Read, stderr, stdin},
    process::ExitCode,
};

use anyhow::Context;
use serde_json::Value;
use wardgate_protocol::{
    Frame, Limits, Raw, edit, error,
    finish::{ResultType, result_type},
    param_headers,
    scan::{self, Keys},
};

use super::{
    Exit,
    connect::{self, ConnectArgs},
    print,
    tools::{self, Tool},
};
use crate::client::{Ask, ClientError, Gateway};

#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// The tool, as `alias/tool` or as it is exposed.
    tool: String,
    /// Its arguments as a JSON object; `-` reads them from standard input.
    #[arg(value_name = "JSON", default_value = "{}")]
    arguments: String,
    /// Do not wait for people to approve the call.
    #[arg(long)]
    no_wait: bool,
    /// Let the call go on as a task if it has to wait, and print the task's id.
    #[arg(long)]
    tasks: bool,
    #[command(flatten)]
    connect: ConnectArgs,
    /// Print the whole result as JSON.
    #[arg(long)]
    json: bool,
}

/// Calls the tool and prints what it answers.
///
/// # Errors
/// When the output cannot be written.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let prepared = args
        .connect
        .gateway()
        .and_then(|gateway| Ok((gateway, arguments(&args.arguments)?)));
    let (mut gateway, arguments) = match prepared {
        Ok(prepared) => prepared,
        Err(fault) => return Ok(connect::misused(&fault)),
    };
    gateway.declares_tasks = args.tasks;
    let wish = Wish {
        arguments,
        no_wait: args.no_wait,
    };
    match connect::block_on(call(&gateway, &args.tool, &wish))? {
        Ok(Some(result)) => print_result(&result, args.json),
        Ok(None) => {
            eprintln!(
                "error: no tool `{}` is listed; see `wardgate tools list`",
                print::brief(&args.tool, 128)
            );
            Ok(Exit::Usage.into())
        }
        Err(fault) => {
            if let (true, ClientError::Rpc { error, .. }) = (args.json, &fault) {
                print::line(&format!(r#"{{"error":{}}}"#, error.to_raw().as_str()))?;
            }
            Ok(connect::failed(&gateway, &fault))
        }
    }
}

/// What is sent to the tool, and how.
struct Wish {
    arguments: Raw,
    no_wait: bool,
}

/// Returns the arguments as they are spelled: numbers keep their digits.
fn arguments(text: &str) -> anyhow::Result<Raw> {
    let text = match text {
        "-" => {
            let mut read = String::new();
            stdin()
                .read_to_string(&mut read)
                .context("cannot read the arguments from standard input")?;
            read
        }
        text => text.to_owned(),
    };
    let checked = scan::check(text.trim().as_bytes(), &Limits::default(), Keys::Strict);
    let checked = checked.with_context(|| "the arguments are not a JSON object".to_owned())?;
    anyhow::ensure!(
        checked.starts_with('{'),
        "the arguments are not a JSON object: write for example '{{\"a\": 1}}'"
    );
    Ok(Raw::trusted(checked.to_owned()))
}

/// Returns the result, or `None` when no such tool is listed.
async fn call(gateway: &Gateway, wanted: &str, wish: &Wish) -> Result<Option<Raw>, ClientError> {
    let listed = tools::fetch(gateway).await?;
    let Some(tool) = tools::find(&listed, wanted) else {
        return unlisted(gateway, wanted, wish).await;
    };
    let headers = mirrored(tool, &wish.arguments);
    send(gateway, &tool.name, wish, headers).await.map(Some)
}

/// What is not listed may be stopped for the moment, and the gateway then says why.
async fn unlisted(
    gateway: &Gateway,
    wanted: &str,
    wish: &Wish,
) -> Result<Option<Raw>, ClientError> {
    for name in tools::names(wanted) {
        match send(gateway, &name, wish, Vec::new()).await {
            Err(ClientError::Rpc { error, .. }) if error.code == error::INVALID_PARAMS => {}
            answer => return answer.map(Some),
        }
    }
    Ok(None)
}

async fn send(
    gateway: &Gateway,
    name: &str,
    wish: &Wish,
    param_headers: Vec<(String, String)>,
) -> Result<Raw, ClientError> {
    let mut params = edit::apply(
        "{}",
        &[
            edit::Change::Set("name", &edit::quote(name)),
            edit::Change::Set("arguments", wish.arguments.as_str()),
        ],
    );
    if wish.no_wait {
        params = edit::set(&params, &["_meta", "dev.wardgate/waitMs"], "0");
    }
    let ask = Ask {
        method: "tools/call",
        params: Raw::trusted(params),
        name: Some(name),
        param_headers,
    };
    gateway.ask(&ask, &mut progress).await
}

/// Returns the arguments that the tool wants mirrored in headers.
fn mirrored(tool: &Tool, arguments: &Raw) -> Vec<(String, String)> {
    let schema = edit::get(tool.raw.as_str(), &["inputSchema"]);
    let declared = schema
        .and_then(|schema| param_headers::declared(schema).ok())
        .unwrap_or_default();
    let value = |header: param_headers::ParamHeader| {
        Some((header.name.clone(), header.value(arguments.as_str())?))
    };
    declared.into_iter().filter_map(value).collect()
}

/// Shows a person how far the call is.
fn progress(notification: &Frame) {
    if notification.method() != Some("notifications/progress") || !stderr().is_terminal() {
        return;
    }
    let params = notification
        .params()
        .and_then(|params| serde_json::from_str::<Value>(params.as_str()).ok())
        .unwrap_or_default();
    let total = params["total"]
        .as_f64()
        .map(|total| format!(" of {total}"))
        .unwrap_or_default();
    let message = params["message"]
        .as_str()
        .map(|text| format!(": {}", print::brief(text, 100)))
        .unwrap_or_default();
    eprintln!(
        "progress {}{total}{message}",
        params["progress"].as_f64().unwrap_or_default()
    );
}

/// Prints what a call led to.
///
/// # Errors
/// When the result cannot be read, or the output not be written.
pub fn print_result(result: &Raw, as_json: bool) -> anyhow::Result<ExitCode> {
    if as_json {
        print::line(edit::one_line(result).as_str())?;
        return Ok(exit(result)?.into());
    }
    let value = read(result)?;
    match result_type(result) {
        ResultType::InputRequired => print_questions(&value),
        ResultType::Task => print_task(&value)?,
        ResultType::Complete | ResultType::Other(_) => {
            print_content(&value, value["isError"] == Value::Bool(true))?;
        }
    }
    Ok(exit(result)?.into())
}

/// Says what a call led to.
///
/// # Errors
/// When the result cannot be read.
pub fn exit(result: &Raw) -> anyhow::Result<Exit> {
    if let ResultType::InputRequired | ResultType::Task = result_type(result) {
        return Ok(Exit::Pending);
    }
    let value = read(result)?;
    let failed = value["isError"] == Value::Bool(true);
    let class = value["_meta"]["dev.wardgate/error"]["class"].as_str();
    Ok(match (failed, class) {
        (true, Some(class)) => Exit::of_class(class),
        (true, None) => Exit::Tool,
        (false, _) => Exit::Ok,
    })
}

fn read(result: &Raw) -> anyhow::Result<Value> {
    serde_json::from_str(result.as_str()).context("the result cannot be read")
}

/// Prints the id by which to ask after the task; what it waits for goes to standard error.
fn print_task(task: &Value) -> anyhow::Result<()> {
    if let Some(message) = task["statusMessage"].as_str() {
        eprintln!("{}", print::brief(message, 1000));
    }
    print::line(&print::foreign(task["taskId"].as_str().unwrap_or_default()))?;
    Ok(())
}

/// Prints content; what is said of a failure goes to standard error.
fn print_content(result: &Value, failed: bool) -> anyhow::Result<()> {
    let say = |text: &str| match failed {
        true => {
            eprintln!("error: {}", print::brief(text, 2000));
            Ok(())
        }
        false => print::line(text),
    };
    let structured = result.get("structuredContent");
    for part in result["content"].as_array().into_iter().flatten() {
        // Servers repeat structured content as text; once is enough.
        let repeated = part["text"]
            .as_str()
            .and_then(|text| serde_json::from_str::<Value>(text).ok());
        if repeated.is_none() || repeated.as_ref() != structured {
            say(&described(part))?;
        }
    }
    if let Some(structured) = structured {
        say(&print::foreign(&serde_json::to_string_pretty(structured)?))?;
    }
    Ok(())
}

fn described(part: &Value) -> String {
    let text = |value: &Value| print::foreign(value.as_str().unwrap_or_default());
    let size = |value: &Value| value.as_str().map_or(0, str::len) / 4 * 3;
    match part["type"].as_str() {
        Some("text") => text(&part["text"]),
        Some(kind @ ("image" | "audio")) => format!(
            "[{kind} {}, about {} bytes]",
            text(&part["mimeType"]),
            size(&part["data"])
        ),
        Some("resource_link") => format!("[resource {}]", text(&part["uri"])),
        Some("resource") => match part["resource"]["text"].as_str() {
            Some(inner) => print::foreign(inner),
            None => format!(
                "[resource {}, about {} bytes]",
                text(&part["resource"]["uri"]),
                size(&part["resource"]["blob"])
            ),
        },
        _ => print::foreign(&part.to_string()),
    }
}

/// Says what the tool wants to know before it goes on.
fn print_questions(result: &Value) {
    eprintln!("the tool needs an answer before it goes on; this program cannot give one");
    for (key, request) in result["inputRequests"].as_object().into_iter().flatten() {
        let method = print::brief(request["method"].as_str().unwrap_or("request"), 64);
        let message = request["params"]["message"]
            .as_str()
            .or(request["params"]["url"].as_str())
            .unwrap_or_default();
        eprintln!(
            "- {} ({method}): {}",
            print::brief(key, 64),
            print::brief(message, 1000)
        );
        for (name, field) in request["params"]["requestedSchema"]["properties"]
            .as_object()
            .into_iter()
            .flatten()
        {
            let kind = field["type"].as_str().unwrap_or("value");
            let meaning = field["description"]
                .as_str()
                .or(field["title"].as_str())
                .unwrap_or_default();
            eprintln!(
                "    {}: {} {}",
                print::brief(name, 64),
                print::brief(kind, 32),
                print::brief(meaning, 200)
            );
        }
    }
}
