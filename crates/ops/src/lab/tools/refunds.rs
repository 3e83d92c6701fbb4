//! Money that moves: refunds are created and cancelled, each leaves a line in the effects.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard},
};

use serde_json::{Value, json};

use super::{Tool, shelf::not_written};
use crate::lab::{
    answer::{self, Outcome, Stop},
    call::Call,
    state::lock,
    time,
};

pub const TOOLS: &[Tool] = &[
    Tool {
        name: "refund_create",
        contract: create_contract,
        run: |call| Box::pin(create(call)),
    },
    Tool {
        name: "refund_cancel",
        contract: cancel_contract,
        run: |call| Box::pin(cancel(call)),
    },
];

#[derive(Debug, Default)]
pub struct Refunds(Mutex<Ledger>);

#[derive(Debug, Default)]
struct Ledger {
    created: u64,
    by_id: BTreeMap<String, Refund>,
}

#[derive(Debug, Clone)]
struct Refund {
    /// The structured content that answered `refund_create`.
    answer: Value,
    request_id: Option<String>,
    cancelled: bool,
}

fn create_contract() -> Value {
    let text = json!({"type": "string"});
    json!({
        "title": "Create a refund",
        "description": "Pays money back to a customer. A repeated request_id returns the first refund.",
        "inputSchema": {
            "type": "object",
            "properties": {
                "amount": {"type": "number", "exclusiveMinimum": 0},
                "order": text,
                "reason": text,
                "request_id": {"type": "string", "description": "Makes a repetition the same refund."},
            },
            "required": ["amount"],
            "additionalProperties": false,
        },
        "outputSchema": {
            "type": "object",
            "properties": {
                "refund_id": text, "status": text, "amount": {"type": "number"}, "order": text, "created_at": text,
            },
            "required": ["refund_id", "status", "amount", "created_at"],
        },
        "annotations": {"readOnlyHint": false, "destructiveHint": true, "idempotentHint": false, "openWorldHint": true},
    })
}

async fn create(call: &Call) -> Outcome {
    let amount = call.args().number("amount")?;
    if amount.as_f64().is_none_or(|amount| amount <= 0.0) {
        return Err(Stop::Invalid("argument `amount` must be above 0".into()));
    }
    let request_id = call.args().text_or_none("request_id")?;
    // One lock from the look for a repetition to the entry: two equal requests make one refund.
    let mut ledger = call.lab.refunds.ledger();
    if let Some(earlier) = ledger
        .by_id
        .values()
        .find(|refund| refund.repeats(request_id))
    {
        if earlier.answer["amount"] != *amount {
            return Ok(answer::failure(
                "request_id was used for a refund of another amount",
            ));
        }
        return Ok(answer::structured(earlier.answer.clone()));
    }
    for _ in 0..if call.fate.refund_twice { 2 } else { 1 } {
        call.lab
            .effects
            .append(call, "refund_create", "insert", "refunds")
            .map_err(not_written)?;
    }
    ledger.created += 1;
    let id = format!("rf_{}", ledger.created);
    let mut content = json!({"refund_id": id, "status": "refunded", "amount": amount});
    if let Some(order) = call.args().text_or_none("order")? {
        content["order"] = order.into();
    }
    content["created_at"] = time::now().into();
    let refund = Refund {
        answer: content.clone(),
        request_id: request_id.map(Into::into),
        cancelled: false,
    };
    ledger.by_id.insert(id, refund);
    Ok(answer::structured(content))
}

fn cancel_contract() -> Value {
    json!({
        "title": "Cancel a refund",
        "description": "Takes a refund back.",
        "inputSchema": {
            "type": "object",
            "properties": {"id": {"type": "string", "description": "The refund_id."}},
            "required": ["id"],
            "additionalProperties": false,
        },
        "outputSchema": {
            "type": "object",
            "properties": {"refund_id": {"type": "string"}, "status": {"type": "string"}},
            "required": ["refund_id", "status"],
        },
        "annotations": {"readOnlyHint": false, "destructiveHint": true, "idempotentHint": false, "openWorldHint": true},
    })
}

async fn cancel(call: &Call) -> Outcome {
    let id = call.args().text("id")?;
    let mut ledger = call.lab.refunds.ledger();
    let Some(refund) = ledger.by_id.get_mut(id) else {
        return Ok(answer::failure(format!("there is no refund `{id}`")));
    };
    if refund.cancelled {
        return Ok(answer::failure(format!(
            "refund `{id}` is already cancelled"
        )));
    }
    call.lab
        .effects
        .append(call, "refund_cancel", "update", "refunds")
        .map_err(not_written)?;
    refund.cancelled = true;
    Ok(answer::structured(
        json!({"refund_id": id, "status": "cancelled"}),
    ))
}

impl Refunds {
    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        lock(&self.0)
    }
}

impl Refund {
    fn repeats(&self, request_id: Option<&str>) -> bool {
        request_id.is_some() && self.request_id.as_deref() == request_id
    }
}
