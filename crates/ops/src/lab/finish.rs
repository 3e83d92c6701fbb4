//! From a handler's outcome to a response that the client's revision knows.

use serde_json::{Value, json};

use super::{
    answer::{self, INVALID_PARAMS, Outcome, RpcError, Stop},
    call::Call,
    revision::Revision,
};

/// How long a client may keep a list or a resource, and what the server says of itself.
const LIST_TTL_MS: u64 = 2_000;
const DISCOVER_TTL_MS: u64 = 60_000;

/// Turns an outcome into the envelope that the client's revision expects.
pub fn finish(call: &Call, outcome: Outcome) -> Option<Value> {
    let result = match outcome {
        Ok(result) => result,
        Err(Stop::Invalid(message)) if call.method == "tools/call" => answer::failure(message),
        Err(Stop::Invalid(message)) => {
            return Some(RpcError::new(INVALID_PARAMS, message).envelope(&call.id));
        }
        Err(Stop::InputRequired(result)) => result,
        Err(Stop::Rpc(error)) => return Some(error.envelope(&call.id)),
        Err(Stop::Cancelled) => return None,
    };
    let result = if call.is_modern() {
        modernise(call, result)
    } else {
        age(call.revision, result)
    };
    Some(json!({"jsonrpc": "2.0", "id": call.id, "result": result}))
}

/// MCP 2026-07-28: each result has a type, lists and reads say how long they may be kept.
fn modernise(call: &Call, mut result: Value) -> Value {
    let Some(fields) = result.as_object_mut() else {
        return result;
    };
    let kind = fields
        .entry("resultType")
        .or_insert_with(|| "complete".into());
    let complete = *kind == "complete";
    let ttl_ms = match call.method.as_str() {
        "server/discover" => Some(DISCOVER_TTL_MS),
        "tools/list"
        | "prompts/list"
        | "resources/list"
        | "resources/templates/list"
        | "resources/read"
        | "resources/directory/read"
        | "skills/list"
        | "skills/get" => Some(LIST_TTL_MS),
        _ => None,
    };
    if let Some(ttl_ms) = ttl_ms.filter(|_| complete) {
        fields.insert("ttlMs".into(), ttl_ms.into());
        fields.insert("cacheScope".into(), "public".into());
    }
    let meta = fields.entry("_meta").or_insert_with(|| json!({}));
    meta["io.modelcontextprotocol/serverInfo"] = call.lab.server_info();
    result
}

/// Takes away what a revision does not know yet.
fn age(revision: Revision, mut result: Value) -> Value {
    if let Some(fields) = result.as_object_mut()
        && revision < Revision::V2025_06_18
    {
        fields.shift_remove("structuredContent");
    }
    result
}
