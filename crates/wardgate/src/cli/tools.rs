//! `wardgate tools`: what the running gateway lists for this caller, missing servers included.

use std::process::ExitCode;

use comfy_table::Table;
use serde_json::{Value, json};
use wardgate_protocol::Raw;

use super::{
    Exit,
    connect::{self, ConnectArgs},
    print,
};
use crate::client::{ClientError, Gateway};

#[derive(Clone, Debug, clap::Subcommand)]
pub enum Verb {
    /// List the tools.
    List(List),
    /// Show one tool with its schemas.
    Show(Show),
}

#[derive(Clone, Debug, clap::Args)]
pub struct List {
    #[command(flatten)]
    connect: ConnectArgs,
    /// Print as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Debug, clap::Args)]
pub struct Show {
    /// The tool, as `alias/tool` or as it is exposed.
    tool: String,
    #[command(flatten)]
    connect: ConnectArgs,
    /// Print as JSON.
    #[arg(long)]
    json: bool,
}

/// Lists or shows.
///
/// # Errors
/// When the output cannot be written.
pub fn run(verb: &Verb) -> anyhow::Result<ExitCode> {
    let connect = match verb {
        Verb::List(list) => &list.connect,
        Verb::Show(show) => &show.connect,
    };
    let gateway = match connect.gateway() {
        Ok(gateway) => gateway,
        Err(fault) => return Ok(connect::misused(&fault)),
    };
    let tools = match connect::block_on(fetch(&gateway))? {
        Ok(tools) => tools,
        Err(fault) => return Ok(connect::failed(&gateway, &fault)),
    };
    match verb {
        Verb::List(list) => print_list(&tools, list.json),
        Verb::Show(show) => print_one(&tools, &show.tool, show.json),
    }
}

/// One listed tool.
#[derive(Debug)]
pub struct Tool {
    pub name: String,
    pub raw: Raw,
    pub value: Value,
}

/// Asks for every page of the list, and says on standard error which servers are missing from it.
///
/// # Errors
/// See [`ClientError`].
///
/// # Cancel safety
/// As [`Gateway::ask`].
pub async fn fetch(gateway: &Gateway) -> Result<Vec<Tool>, ClientError> {
    let (elements, metas) = gateway.list("tools/list", "tools").await?;
    metas.iter().for_each(warn_of_missing);
    let read = |raw: Raw| {
        let value: Value = serde_json::from_str(raw.as_str()).ok()?;
        Some(Tool {
            name: value.get("name")?.as_str()?.to_owned(),
            raw,
            value,
        })
    };
    Ok(elements.into_iter().filter_map(read).collect())
}

/// Finds a tool by its exposed name or as `alias/tool`.
pub fn find<'a>(tools: &'a [Tool], wanted: &str) -> Option<&'a Tool> {
    names(wanted)
        .iter()
        .find_map(|name| tools.iter().find(|tool| tool.name == *name))
}

/// The exposed names that a tool may mean, the likeliest first.
pub fn names(wanted: &str) -> Vec<String> {
    let apart = wanted.split_once('/');
    let apart = apart.map(|(alias, tool)| [format!("{alias}__{tool}"), tool.to_owned()]);
    [wanted.to_owned()]
        .into_iter()
        .chain(apart.into_iter().flatten())
        .collect()
}

fn warn_of_missing(meta: &Raw) {
    let Ok(meta) = serde_json::from_str::<Value>(meta.as_str()) else {
        return;
    };
    for missing in meta["dev.wardgate/missing"]
        .as_array()
        .into_iter()
        .flatten()
    {
        let text = |key: &str| {
            missing[key]
                .as_str()
                .map(|text| print::brief(text, 200))
                .unwrap_or_default()
        };
        let age = missing["ageMs"]
            .as_u64()
            .map(|ms| format!("; shown as of {}s ago", ms / 1000))
            .unwrap_or_default();
        eprintln!(
            "warning: server `{}` is missing: {}{age}",
            text("server"),
            text("reason")
        );
    }
}

fn print_list(tools: &[Tool], as_json: bool) -> anyhow::Result<ExitCode> {
    if as_json {
        let object = |tool: &Tool| {
            let mut object = tool.value.clone();
            object["id"] = json!(tool.name);
            object
        };
        print::json(&tools.iter().map(object).collect::<Vec<_>>())?;
    } else if print::to_terminal() {
        print::line(&table(tools).to_string())?;
    } else {
        for tool in tools {
            print::line(&row(tool).join("\t"))?;
        }
    }
    Ok(Exit::Ok.into())
}

fn table(tools: &[Tool]) -> Table {
    let mut table = print::table(["TOOL", "SERVER", "WHAT IT DOES"]);
    for tool in tools {
        table.add_row(row(tool));
    }
    table
}

/// The exposed name, the server if the name tells it, and one sentence.
fn row(tool: &Tool) -> [String; 3] {
    let server = tool.name.split_once("__").map_or("-", |(alias, _)| alias);
    let text = |value: &Value| value.as_str().map(ToOwned::to_owned);
    let title = text(&tool.value["title"]).or_else(|| text(&tool.value["annotations"]["title"]));
    let sentence = title
        .or_else(|| text(&tool.value["description"]).map(|text| first_sentence(&text).to_owned()));
    [
        print::brief(&tool.name, 128),
        print::brief(server, 64),
        print::brief(&sentence.unwrap_or_default(), 120),
    ]
}

fn first_sentence(text: &str) -> &str {
    let line = text.trim().lines().next().unwrap_or_default();
    line.find(". ").map_or(line, |end| &line[..=end])
}

fn print_one(tools: &[Tool], wanted: &str, as_json: bool) -> anyhow::Result<ExitCode> {
    let Some(tool) = find(tools, wanted) else {
        eprintln!(
            "error: no tool `{}` is listed; see `wardgate tools list`",
            print::brief(wanted, 128)
        );
        return Ok(Exit::Usage.into());
    };
    if as_json {
        print::line(tool.raw.as_str())?;
        return Ok(Exit::Ok.into());
    }
    print::line(&print::foreign(&tool.name))?;
    for key in ["title", "description"] {
        if let Some(text) = tool.value[key].as_str() {
            print::line(&format!("\n{}", print::foreign(text)))?;
        }
    }
    for (title, key) in [
        ("Input", "inputSchema"),
        ("Output", "outputSchema"),
        ("Annotations", "annotations"),
    ] {
        if let Some(part) = tool.value.get(key) {
            print::line(&format!(
                "\n{title}:\n{}",
                print::foreign(&serde_json::to_string_pretty(part)?)
            ))?;
        }
    }
    Ok(Exit::Ok.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tool(name: &str) -> Tool {
        Tool {
            name: name.into(),
            raw: Raw::trusted("{}"),
            value: json!({"name": name, "description": "Adds. Twice.\nMore"}),
        }
    }

    #[test]
    fn a_tool_is_found_by_either_spelling() {
        let tools = [tool("pay__refund_create"), tool("add")];
        assert_eq!(
            find(&tools, "pay/refund_create").unwrap().name,
            "pay__refund_create"
        );
        assert_eq!(find(&tools, "lab/add").unwrap().name, "add");
        assert_eq!(find(&tools, "add").unwrap().name, "add");
        assert!(find(&tools, "pay/add_all").is_none());
    }

    #[test]
    fn a_row_holds_the_first_sentence() {
        assert_eq!(row(&tool("a__b")), ["a__b", "a", "Adds."].map(String::from));
    }
}
