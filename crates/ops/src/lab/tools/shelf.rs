//! A shelf of items that can be read and replaced: the pair for caching, invalidation and shadowing.

use std::{collections::BTreeMap, sync::Mutex};

use serde_json::{Value, json};

use super::Tool;
use crate::lab::{
    answer::{self, INTERNAL_ERROR, Outcome, Stop},
    call::Call,
    state::{Change, lock},
};

pub const TOOLS: &[Tool] = &[
    Tool {
        name: "get_item",
        contract: get_contract,
        run: |call| Box::pin(get(call)),
    },
    Tool {
        name: "put_item",
        contract: put_contract,
        run: |call| Box::pin(put(call)),
    },
];

/// The items by id.
#[derive(Debug)]
pub struct Shelf(Mutex<BTreeMap<String, Item>>);

#[derive(Debug, Clone)]
struct Item {
    value: Value,
    version: u64,
}

impl Default for Shelf {
    fn default() -> Self {
        let items = ["anvil", "bellows", "crucible"];
        let items = items.into_iter().enumerate().map(|(place, name)| {
            (
                format!("item-{}", place + 1),
                Item {
                    value: name.into(),
                    version: 1,
                },
            )
        });
        Self(Mutex::new(items.collect()))
    }
}

impl Shelf {
    pub fn ids(&self) -> Vec<String> {
        self.items().keys().cloned().collect()
    }

    pub fn get(&self, id: &str) -> Option<Value> {
        let item = self.items().get(id).cloned()?;
        Some(json!({"id": id, "value": item.value, "version": item.version}))
    }

    /// Puts a value in place and returns its version.
    fn put(&self, id: &str, value: Value) -> u64 {
        let mut items = self.items();
        let version = items.get(id).map_or(0, |item| item.version) + 1;
        items.insert(id.into(), Item { value, version });
        version
    }

    fn items(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Item>> {
        lock(&self.0)
    }
}

fn get_contract() -> Value {
    json!({
        "title": "Get an item",
        "description": "Reads one item of the shelf: item-1, item-2, item-3, or one that was put there.",
        "inputSchema": {
            "type": "object",
            "properties": {"id": {"type": "string"}},
            "required": ["id"],
            "additionalProperties": false,
        },
        "outputSchema": {
            "type": "object",
            "properties": {"id": {"type": "string"}, "value": {}, "version": {"type": "integer"}},
            "required": ["id", "value", "version"],
        },
        "annotations": {"readOnlyHint": true, "openWorldHint": false},
    })
}

async fn get(call: &Call) -> Outcome {
    let id = call.args().text("id")?;
    match call.lab.shelf.get(id) {
        Some(item) => Ok(answer::structured(item)),
        None => Ok(answer::failure(format!("there is no item `{id}`"))),
    }
}

fn put_contract() -> Value {
    json!({
        "title": "Put an item",
        "description": "Puts a value on the shelf, replacing the one with the same id.",
        "inputSchema": {
            "type": "object",
            "properties": {"id": {"type": "string", "minLength": 1}, "value": {}},
            "required": ["id", "value"],
            "additionalProperties": false,
        },
        "outputSchema": {
            "type": "object",
            "properties": {"id": {"type": "string"}, "version": {"type": "integer"}},
            "required": ["id", "version"],
        },
        "annotations": {"readOnlyHint": false, "destructiveHint": true, "idempotentHint": true, "openWorldHint": false},
    })
}

async fn put(call: &Call) -> Outcome {
    let (id, value) = (call.args().text("id")?, call.args().value("value")?);
    call.lab
        .effects
        .append(call, "put_item", "upsert", "items")
        .map_err(not_written)?;
    let version = call.lab.shelf.put(id, value.clone());
    call.lab
        .publish(Change::Resource("lab://items".into()))
        .await;
    call.lab
        .publish(Change::Resource(format!("lab://item/{id}")))
        .await;
    Ok(answer::structured(json!({"id": id, "version": version})))
}

/// The lab cannot act without a witness.
pub fn not_written(error: std::io::Error) -> Stop {
    Stop::rpc(
        INTERNAL_ERROR,
        format!("the effect could not be written: {error}"),
    )
}
