//! Server-sent events as bytes (WHATWG HTML §9.2).

use bytes::Bytes;
use serde_json::Value;

/// How long a client should wait before it comes back.
pub const RETRY_MS: u64 = 500;

pub fn event(id: Option<&str>, message: &Value) -> Bytes {
    let id = id.map(|id| format!("id: {id}\n")).unwrap_or_default();
    Bytes::from(format!("event: message\n{id}data: {message}\n\n"))
}

/// An event with an id and no data: the client can resume before the first message (SEP-1699).
pub fn priming(id: &str) -> Bytes {
    Bytes::from(format!("id: {id}\nretry: {RETRY_MS}\ndata: \n\n"))
}

/// The event that tells an HTTP+SSE client where to post (MCP 2024-11-05 basic/transports).
pub fn endpoint(path: &str) -> Bytes {
    Bytes::from(format!("event: endpoint\ndata: {path}\n\n"))
}
