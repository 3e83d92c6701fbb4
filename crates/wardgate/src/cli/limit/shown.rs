//! Limits as they are printed for a person, from the API's JSON.

use std::collections::BTreeMap;

use comfy_table::{CellAlignment, Table};
use serde_json::Value;

use crate::cli::print;

/// Of each limit and dimension, the key of which the smallest share is left.
pub fn nearest(items: Vec<Value>) -> Vec<Value> {
    let mut nearest: BTreeMap<(String, String), Value> = BTreeMap::new();
    for item in items {
        let key = (text(&item["id"]), text(&item["dimension"]));
        let is_nearer = nearest
            .get(&key)
            .is_none_or(|other| left(&item) < left(other));
        if is_nearer {
            nearest.insert(key, item);
        }
    }
    nearest.into_values().collect()
}

fn left(item: &Value) -> f64 {
    let number = |key: &str| item[key].as_f64().unwrap_or_default();
    number("remaining") / number("most").max(1.0)
}

pub fn table(items: &[Value]) -> Table {
    let mut table = print::table(["LIMIT", "OF", "USED", "MOST", "UNIT", "RESETS"]);
    for item in items {
        let amount = |key: &str| amount(&item["dimension"], &item[key]);
        table.add_row([
            text(&item["id"]),
            key(&item["key"]),
            amount("used"),
            amount("most"),
            text(&item["dimension"]),
            item["resets_in_ms"]
                .as_u64()
                .map_or("-".to_owned(), |ms| format!("in {} s", ms.div_ceil(1000))),
        ]);
    }
    for column in [2, 3] {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

/// Dollars and seconds are counted in millionths.
fn amount(dimension: &Value, amount: &Value) -> String {
    let amount = amount.as_u64().unwrap_or_default();
    match dimension.as_str() {
        Some("cost_usd" | "compute_s") => wardgate_model::MicroUsd(amount).to_string(),
        _ => amount.to_string(),
    }
}

/// Whose use it is, as `principal ana, tool pay/refund`.
fn key(key: &Value) -> String {
    let named = |(name, value): (&String, &Value)| match value {
        Value::Bool(true) if name == "looks" => Some("lists".to_owned()),
        Value::Bool(true) => Some("all others".to_owned()),
        Value::Object(tool) => Some(format!(
            "tool {}/{}",
            text(&tool["alias"]),
            text(&tool["name"])
        )),
        // The limit's own name begins with it.
        Value::String(_) if name == "tenant" => None,
        Value::String(value) => Some(format!("{name} {}", print::brief(value, 96))),
        _ => None,
    };
    let parts: Vec<_> = key
        .as_object()
        .into_iter()
        .flatten()
        .filter_map(named)
        .collect();
    match parts.is_empty() {
        true => "everybody".to_owned(),
        false => parts.join(", "),
    }
}

fn text(value: &Value) -> String {
    print::brief(value.as_str().unwrap_or_default(), 96)
}
