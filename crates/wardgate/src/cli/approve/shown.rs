//! Approvals as a person reads them. What callers wrote is shown without control characters.

use comfy_table::Table;
use serde_json::Value;

use crate::cli::print;

pub fn table(items: &[Value]) -> Table {
    let mut table = print::table(["ID", "STATE", "REQUESTER", "TOOL", "NEEDS", "UNTIL"]);
    for item in items {
        table.add_row([
            text(item, "id"),
            text(item, "state"),
            text(item, "requester"),
            tool(item),
            needs(item),
            until(item),
        ]);
    }
    table
}

/// One line after a vote.
pub fn line(item: &Value) -> String {
    format!(
        "{} is {}: {} by {} ({})",
        text(item, "id"),
        text(item, "state"),
        tool(item),
        text(item, "requester"),
        needs(item)
    )
}

/// Everything an approver decides on.
pub fn whole(item: &Value) -> String {
    let mut lines = vec![
        format!("{}  {}", text(item, "id"), text(item, "state")),
        format!(
            "requester  {} ({})",
            text(item, "requester"),
            text(item, "person")
        ),
        format!("tool       {}", tool(item)),
        format!("arguments  {}", print::whole(&item["args"].to_string())),
        format!("digest     {}", text(item, "args_digest")),
        format!("needs      {}", needs(item)),
        format!("until      {}", until(item)),
    ];
    if item["reason"].is_string() {
        lines.push(format!("reason     {}", text(item, "reason")));
    }
    for vote in item["votes"].as_array().into_iter().flatten() {
        lines.push(format!(
            "vote       {} {} {}: {}",
            text(vote, "at"),
            text(vote, "by"),
            text(vote, "ballot"),
            text(vote, "reason")
        ));
    }
    lines.join("\n")
}

fn text(item: &Value, name: &str) -> String {
    print::brief(item[name].as_str().unwrap_or_default(), 500)
}

fn tool(item: &Value) -> String {
    let (server, version, tool) = (
        text(item, "server"),
        text(item, "version"),
        text(item, "tool"),
    );
    format!("{server}@{version} {tool}")
}

fn needs(item: &Value) -> String {
    let need = |need: &Value| format!("{}/{} {}", need["have"], need["count"], text(need, "group"));
    let needs = item["needs"].as_array().into_iter().flatten().map(need);
    needs.collect::<Vec<_>>().join(", ")
}

fn until(item: &Value) -> String {
    let ends = ["closed_at", "use_by", "decide_by"];
    let end = ends.into_iter().find(|name| item[*name].is_string());
    end.map_or_else(String::new, |name| text(item, name))
}
