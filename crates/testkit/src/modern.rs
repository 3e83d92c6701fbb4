//! Requests of revision 2026-07-28: metadata in every body, mirrored in the headers.

use serde_json::{Value, json};

use crate::http::Request;

pub const REVISION: &str = "2026-07-28";

/// Every capability a client can declare.
pub fn capabilities() -> Value {
    json!({"elicitation": {"form": {}, "url": {}}, "sampling": {}, "roots": {}})
}

/// The metadata every request carries, with these client capabilities.
pub fn meta(capabilities: Value) -> Value {
    json!({
        "io.modelcontextprotocol/protocolVersion": REVISION,
        "io.modelcontextprotocol/clientCapabilities": capabilities,
        "io.modelcontextprotocol/clientInfo": {"name": "testkit", "version": "1.0.0"},
    })
}

/// Returns `params` with the metadata merged into what `_meta` it has.
pub fn with_meta(mut params: Value, capabilities: Value) -> Value {
    let mut all = meta(capabilities);
    if let Some(Value::Object(own)) = params.get("_meta") {
        for (key, value) in own {
            all[key] = value.clone();
        }
    }
    params["_meta"] = all;
    params
}

/// A whole message.
pub fn message(id: impl Into<Value>, method: &str, params: Value) -> Value {
    let params = with_meta(params, capabilities());
    json!({"jsonrpc": "2.0", "id": id.into(), "method": method, "params": params})
}

/// The headers that must agree with a message.
pub fn headers(message: &Value) -> Vec<(&'static str, String)> {
    let params = &message["params"];
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let method = text(&message["method"]).unwrap_or_default();
    let name = match method.as_str() {
        "tools/call" | "prompts/get" => text(&params["name"]),
        "resources/read" => text(&params["uri"]),
        task if task.starts_with("tasks/") => text(&params["taskId"]),
        _ => None,
    };
    let mut headers = vec![
        ("MCP-Protocol-Version", REVISION.to_owned()),
        ("Mcp-Method", method),
    ];
    headers.extend(name.map(|name| ("Mcp-Name", name)));
    headers
}

/// A well-formed POST of this message.
pub fn post(target: &str, message: &Value) -> Request {
    let mut request = Request::post(target, message.to_string());
    for (name, value) in headers(message) {
        request = request.header(name, value);
    }
    request
}

/// A well-formed POST of one request.
pub fn request(target: &str, id: impl Into<Value>, method: &str, params: Value) -> Request {
    post(target, &message(id, method, params))
}
