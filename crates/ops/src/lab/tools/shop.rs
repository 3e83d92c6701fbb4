//! Reading tools of a shop: a customer with personal data to redact, and prices one by one or in bulk.

use serde_json::{Value, json};

use super::Tool;
use crate::lab::{
    answer::{self, Outcome},
    call::Call,
};

pub const TOOLS: &[Tool] = &[
    Tool {
        name: "customer",
        contract: customer_contract,
        run: |call| Box::pin(customer(call)),
    },
    Tool {
        name: "price",
        contract: price_contract,
        run: |call| Box::pin(price(call)),
    },
    Tool {
        name: "price_bulk",
        contract: price_bulk_contract,
        run: |call| Box::pin(price_bulk(call)),
    },
];

/// Most ids that one `price_bulk` takes.
const BULK_MAX: usize = 50;

fn customer_contract() -> Value {
    let text = json!({"type": "string"});
    json!({
        "title": "Customer",
        "description": "Returns a customer's record with personal data. The same id gives the same person.",
        "inputSchema": {
            "type": "object",
            "properties": {"id": {"type": "string", "default": "c-1"}},
            "additionalProperties": false,
        },
        "outputSchema": {
            "type": "object",
            "properties": {
                "id": text, "name": text, "email": text, "phone": text, "card": text, "iban": text,
                "birthday": {"type": "string", "format": "date"}, "address": text, "tier": text,
            },
            "required": ["id", "name", "email"],
        },
        "annotations": {"readOnlyHint": true, "openWorldHint": false},
    })
}

async fn customer(call: &Call) -> Outcome {
    let id = call.args().text_or("id", "c-1")?;
    let (name, email) = match id {
        "c-1" => ("Cary Caller", "caller@acme.test"),
        "c-2" => ("Ada Approver", "approver-1@acme.test"),
        _ => ("Nora Nobody", "nobody@acme.test"),
    };
    // Numbers that pass their check digits, so that detectors see them, and that no bank issued.
    Ok(answer::structured(json!({
        "id": id,
        "name": name,
        "email": email,
        "phone": "+1-202-555-0143",
        "card": "4111 1111 1111 1111",
        "iban": "DE89 3704 0044 0532 0130 00",
        "birthday": "1984-02-29",
        "address": "1 Example Street, 00000 Nowhere",
        "tier": "gold",
    })))
}

fn price_schema() -> Value {
    json!({
        "type": "object",
        "properties": {
            "id": {"type": "string"}, "price": {"type": "number"}, "currency": {"type": "string"},
            "error": {"type": "string"},
        },
        "required": ["id"],
    })
}

fn price_contract() -> Value {
    json!({
        "title": "Price",
        "description": "Returns the price of one article. Ids that start with `bad` have none.",
        "inputSchema": {
            "type": "object",
            "properties": {"id": {"type": "string"}},
            "required": ["id"],
            "additionalProperties": false,
        },
        "outputSchema": price_schema(),
        "annotations": {"readOnlyHint": true, "openWorldHint": false},
    })
}

async fn price(call: &Call) -> Outcome {
    let id = call.args().text("id")?;
    Ok(match price_of(id) {
        Some(price) => answer::structured(json!({"id": id, "price": price, "currency": "EUR"})),
        None => answer::failure(format!("article `{id}` has no price")),
    })
}

fn price_bulk_contract() -> Value {
    json!({
        "title": "Prices",
        "description": "Returns the prices of many articles at once; an article without one has an error.",
        "inputSchema": {
            "type": "object",
            "properties": {"ids": {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": BULK_MAX}},
            "required": ["ids"],
            "additionalProperties": false,
        },
        "outputSchema": {
            "type": "object",
            "properties": {"items": {"type": "array", "items": price_schema()}},
            "required": ["items"],
        },
        "annotations": {"readOnlyHint": true, "openWorldHint": false},
    })
}

async fn price_bulk(call: &Call) -> Outcome {
    let ids = call.args().texts("ids")?;
    if ids.len() > BULK_MAX {
        return Ok(answer::failure(format!("at most {BULK_MAX} ids at once")));
    }
    let items: Vec<Value> = ids
        .into_iter()
        .map(|id| match price_of(id) {
            Some(price) => json!({"id": id, "price": price, "currency": "EUR"}),
            None => json!({"id": id, "error": "no price"}),
        })
        .collect();
    Ok(answer::structured(json!({"items": items})))
}

/// A price that follows from the id alone, in whole cents.
fn price_of(id: &str) -> Option<f64> {
    let sum = id.bytes().fold(7_u32, |sum, byte| {
        sum.wrapping_mul(31).wrapping_add(u32::from(byte))
    });
    (!id.starts_with("bad")).then(|| f64::from(sum % 100_000) / 100.0)
}
