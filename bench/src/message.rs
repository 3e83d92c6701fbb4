//! The messages of the comparison: modern requests with their mirrored headers, and what the echo answers.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use serde_json::{Value, json};

pub const MODERN: &str = "2026-07-28";
pub const LEGACY: &str = "2025-11-25";

/// A request whose id is filled in for each call.
#[derive(Clone, Debug)]
pub struct Request {
    method: &'static str,
    name: Option<&'static str>,
    before_id: Bytes,
    after_id: Bytes,
}

impl Request {
    /// A call of the tool `echo` with a text of this many bytes.
    pub fn echo(payload_bytes: usize) -> Request {
        let params = json!({"name": "echo", "arguments": {"text": text(payload_bytes)}, "_meta": modern_meta()});
        Request::new("tools/call", Some("echo"), &params)
    }

    /// A list of tools from a cursor on.
    pub fn list(cursor: Option<&str>) -> Request {
        let mut params = json!({"_meta": modern_meta()});
        if let Some(cursor) = cursor {
            params["cursor"] = cursor.into();
        }
        Request::new("tools/list", None, &params)
    }

    fn new(method: &'static str, name: Option<&'static str>, params: &Value) -> Request {
        let after_id = format!(r#","method":"{method}","params":{params}}}"#);
        Request {
            method,
            name,
            before_id: Bytes::from_static(br#"{"jsonrpc":"2.0","id":"#),
            after_id: after_id.into(),
        }
    }

    pub fn body(&self, id: u64) -> Vec<u8> {
        let id = id.to_string();
        [&self.before_id[..], id.as_bytes(), &self.after_id[..]].concat()
    }

    /// The headers a modern client mirrors (MCP 2026-07-28 basic/transports).
    pub fn headers(&self) -> HeaderMap {
        let mut headers = json_headers(MODERN);
        headers.insert(
            HeaderName::from_static("mcp-method"),
            HeaderValue::from_static(self.method),
        );
        if let Some(name) = self.name {
            headers.insert(
                HeaderName::from_static("mcp-name"),
                HeaderValue::from_static(name),
            );
        }
        headers
    }
}

/// The headers of every POST.
pub fn json_headers(revision: &'static str) -> HeaderMap {
    HeaderMap::from_iter([
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        ),
        (
            header::ACCEPT,
            HeaderValue::from_static("application/json, text/event-stream"),
        ),
        (
            HeaderName::from_static("mcp-protocol-version"),
            HeaderValue::from_static(revision),
        ),
    ])
}

/// Text of words, so that nothing compresses or skips it.
pub fn text(bytes: usize) -> String {
    "the quick brown fox jumps over 13 lazy dogs; "
        .chars()
        .cycle()
        .take(bytes)
        .collect()
}

fn modern_meta() -> Value {
    json!({
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo": {"name": "bench", "version": "1"},
    })
}

/// What the echo answers to a method.
pub fn answer(method: &str, params: Option<&Value>, tools: usize) -> Result<Value, Value> {
    match method {
        "tools/call" => Ok(json!({
            "resultType": "complete",
            "content": [{"type": "text", "text": params.map_or(&Value::Null, |params| &params["arguments"]["text"])}],
        })),
        "tools/list" => Ok(
            json!({"resultType": "complete", "tools": tool_list(tools), "ttlMs": 3_600_000, "cacheScope": "public"}),
        ),
        "server/discover" => Ok(json!({
            "resultType": "complete",
            "supportedVersions": [MODERN],
            "capabilities": {"tools": {}},
            "ttlMs": 3_600_000,
            "cacheScope": "public",
            "_meta": {"io.modelcontextprotocol/serverInfo": {"name": "echo", "version": "1"}},
        })),
        "initialize" => Err(
            json!({"code": -32022, "message": "unsupported protocol version", "data": {"supported": [MODERN]}}),
        ),
        _ => Err(json!({"code": -32601, "message": "method not found"})),
    }
}

/// `echo`, and as many others as make up the number.
fn tool_list(tools: usize) -> Vec<Value> {
    let schema = json!({"type": "object", "properties": {"text": {"type": "string", "description": "what to say back"}}, "required": ["text"], "additionalProperties": false});
    let name = |number: usize| {
        if number == 0 {
            "echo".to_owned()
        } else {
            format!("echo_{number}")
        }
    };
    let tool = |number| json!({"name": name(number), "title": "Echo", "description": "Says back what it is told, word by word.", "inputSchema": schema});
    (0..tools).map(tool).collect()
}
