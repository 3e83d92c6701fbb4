//! `wardgate explain`: what would become of a call at the running gateway, layer by layer, without making it.

use std::process::ExitCode;

use anyhow::Context;
use serde::Serialize;
use serde_json::{Value, value::RawValue};

use super::{
    Exit,
    connect::{self, block_on},
    operate, print,
};

const PATH: &str = "/admin/v1/explain";

#[derive(Clone, Debug, clap::Args)]
#[command(mut_arg("assume", |arg| arg.help("Who would call").required(true)))]
pub struct Args {
    /// The tool, as `alias/tool` or by the name that the toolset exposes.
    tool: String,
    /// Its arguments as a JSON object.
    #[arg(value_name = "JSON", default_value = "{}")]
    arguments: String,
    /// Toolset the call would come through.
    #[arg(long, value_name = "NAME", default_value = "default")]
    toolset: String,
    /// What kind of being calls: user, agent or service.
    #[arg(long, default_value = "user", value_parser = ["user", "agent", "service"])]
    kind: String,
    /// Groups of the caller besides those the tenant declares.
    #[arg(long, value_delimiter = ',', value_name = "NAME,…")]
    groups: Vec<String>,
    /// Scopes of the caller's token.
    #[arg(long, value_delimiter = ',', value_name = "NAME,…")]
    scopes: Vec<String>,
    /// Reason the caller would give.
    #[arg(long)]
    reason: Option<String>,
    /// Print the explanation as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    at: operate::OperateArgs,
}

/// # Errors
/// When the output cannot be written.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let mut api = match args.at.api() {
        Ok(api) => api,
        Err(fault) => return Ok(connect::misused(&fault)),
    };
    let caller = api.assume.take().unwrap_or_default();
    let question = match args.question(&caller) {
        Ok(question) => question,
        Err(fault) => return Ok(connect::misused(&fault)),
    };
    let explained = match block_on(async { api.post(PATH, &question, false).await })? {
        Ok(explained) => explained,
        Err(fault) => return Ok(operate::refused(&fault)),
    };
    match args.json {
        true => print::json(&explained)?,
        false => show(&explained)?,
    }
    Ok(exit(&explained["answer"]).into())
}

impl Args {
    fn question<'a>(&'a self, caller: &'a str) -> anyhow::Result<Question<'a>> {
        let (tenant, principal) = caller
            .split_once('/')
            .context("`--as` takes a tenant and a principal: `acme/ana`")?;
        let read = serde_json::from_str::<&RawValue>(&self.arguments).ok();
        Ok(Question {
            tenant,
            principal,
            kind: &self.kind,
            groups: &self.groups,
            scopes: &self.scopes,
            toolset: &self.toolset,
            tool: &self.tool,
            arguments: read
                .filter(|value| value.get().starts_with('{'))
                .context("the arguments are not a JSON object")?,
            reason: self.reason.as_deref(),
        })
    }
}

/// What the admin API is asked; the arguments as they were typed.
#[derive(Serialize)]
struct Question<'a> {
    tenant: &'a str,
    principal: &'a str,
    kind: &'a str,
    groups: &'a [String],
    scopes: &'a [String],
    toolset: &'a str,
    tool: &'a str,
    arguments: &'a RawValue,
    reason: Option<&'a str>,
}

/// As `wardgate call` would exit.
fn exit(answer: &Value) -> Exit {
    match answer["class"].as_str().unwrap_or_default() {
        "ok" => Exit::Ok,
        "not_found" => Exit::Usage,
        class => Exit::of_class(class),
    }
}

fn show(explained: &Value) -> anyhow::Result<()> {
    let none = Vec::new();
    let items = |key: &str| explained[key].as_array().unwrap_or(&none);
    for layer in items("layers") {
        let verdict = text(&layer["verdict"]);
        let mark = if verdict == "ok" { "✓" } else { "✗" };
        let name = text(&layer["layer"]);
        print::line(&format!("{mark} {name:<9} {}", text(&layer["says"])))?;
        if name == "policy" {
            rules(items("rules"))?;
        }
    }
    let answer = &explained["answer"];
    let class = text(&answer["class"]);
    match class.as_str() {
        "ok" => print::line("the call would be sent")?,
        _ => print::line(&format!("{class}: {}", text(&answer["text"])))?,
    }
    if answer.get("change").is_some() {
        print::line(&format!("to change that: {}", text(&answer["change"])))?;
    }
    Ok(())
}

fn rules(rules: &[Value]) -> anyhow::Result<()> {
    for rule in rules {
        let (effect, id) = (text(&rule["effect"]), text(&rule["id"]));
        let verdict = match rule["verdict"].as_str() {
            Some("matched") => "matches",
            Some("not_matched") => "does not match",
            Some("failed") => "fails",
            _ => "was not asked",
        };
        print::line(&format!("    {effect} `{id}` {verdict}"))?;
    }
    Ok(())
}

fn text(value: &Value) -> String {
    print::brief(value.as_str().unwrap_or_default(), 400)
}
