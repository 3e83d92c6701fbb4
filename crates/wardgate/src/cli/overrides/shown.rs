//! Overrides as they are printed for a person, from the API's JSON.

use comfy_table::Table;
use serde_json::Value;

use crate::cli::print;

/// Says what was done, or would be.
pub fn told(answer: &Value, dry_run: bool) -> String {
    let item = &answer["item"];
    let until = match item["expires_at"].as_str() {
        Some(time) => format!("until {time}"),
        None => "until lifted".to_owned(),
    };
    let what = format!("{} {} {until}", text(&item["effect"]), about(item));
    let mut lines = vec![match dry_run {
        true => format!("would be: {what}"),
        false => format!("{}: {what}", text(&item["id"])),
    }];
    let tools: Vec<_> = answer["tools"]
        .as_array()
        .into_iter()
        .flatten()
        .map(text)
        .collect();
    if !tools.is_empty() {
        lines.push(format!("tools: {}", tools.join(", ")));
    }
    if let Some(cancelled) = answer["cancelled"].as_u64().filter(|count| *count > 0) {
        lines.push(format!("cancelled: {cancelled}"));
    }
    lines.join("\n")
}

/// What it is about, as `wardgate kill` takes it.
pub fn about(item: &Value) -> String {
    let (kind, name) = (text(&item["match"]["kind"]), text(&item["match"]["name"]));
    format!("{kind} {name}").trim_end().to_owned()
}

/// Whom a stop is by that no operator signed in for.
const KILL: &str = "the file KILL";

pub fn table(items: &[Value]) -> Table {
    let mut table = print::table(["ID", "EFFECT", "WHAT", "STATE", "UNTIL", "BY", "REASON"]);
    for item in items {
        table.add_row([
            text(&item["id"]),
            text(&item["effect"]),
            about(item),
            text(&item["state"]).replace('_', " "),
            item["expires_at"].as_str().unwrap_or("lifted").to_owned(),
            item["by"]
                .as_str()
                .map_or(KILL.to_owned(), |_| text(&item["by"])),
            text(&item["reason"]),
        ]);
    }
    table
}

pub fn text(value: &Value) -> String {
    print::brief(value.as_str().unwrap_or_default(), 96)
}
