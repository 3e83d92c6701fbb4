//! Overrides as they are printed: rows for a person, JSON for a program.

use comfy_table::{ContentArrangement, Table, presets};
use jiff::Timestamp;
use serde_json::{Value, json};
use wardgate_control::overrides::Created;
use wardgate_store::Override;

use crate::cli::print;

pub fn item(item: &Override) -> Value {
    let lifts = item.lifts.iter().map(
        |lift| json!({"by": lift.by.as_str(), "reason": lift.reason, "at": time(Some(lift.at))}),
    );
    json!({
        "id": item.id.as_str(),
        "effect": item.effect.as_str(),
        "match": item.matches.to_string(),
        "reason": item.reason,
        "by": item.by.as_str(),
        "created_at": time(Some(item.created_at)),
        "expires_at": time(item.expires_at),
        "cancel": item.cancel_in_flight,
        "lifts": lifts.collect::<Vec<_>>(),
        "lifts_needed": item.lifts_needed(),
        "lifted_at": time(item.lifted_at),
        "state": state(item),
    })
}

pub fn created(created: &Created) -> Value {
    let mut value = item(&created.item);
    let tools = created.tools.iter().map(ToString::to_string);
    value["tools"] = tools.collect::<Vec<_>>().into();
    value["cancelled"] = created.cancelled.into();
    value
}

/// Says what was done.
pub fn told(created: &Created, dry_run: bool) -> String {
    let item = &created.item;
    let until = match time(item.expires_at) {
        Some(time) => format!("until {time}"),
        None => "until lifted".to_owned(),
    };
    let what = format!("{} {} {until}", item.effect, item.matches);
    match dry_run {
        true => format!("would be: {what}"),
        false => format!("{}: {what}", item.id),
    }
}

pub fn table(items: &[Override]) -> Table {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic);
    if let Some(width) = print::terminal_width() {
        table.set_width(width);
    }
    table.set_header(["ID", "EFFECT", "WHAT", "STATE", "UNTIL", "BY", "REASON"]);
    for item in items {
        table.add_row([
            item.id.to_string(),
            item.effect.to_string(),
            print::brief(&item.matches.to_string(), 96),
            state(item).to_owned(),
            time(item.expires_at).unwrap_or_else(|| "lifted".to_owned()),
            print::brief(item.by.as_str(), 64),
            print::brief(&item.reason, 96),
        ]);
    }
    table
}

fn state(item: &Override) -> &'static str {
    match item.lifted_at {
        Some(_) => "lifted",
        None if item.is_active(std::time::SystemTime::now().into()) => "in force",
        None => "expired",
    }
}

fn time(at: Option<wardgate_store::Timestamp>) -> Option<String> {
    let at = Timestamp::from_millisecond(at?.millis()).ok()?;
    Some(at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
}
