//! What a handler gives back: a result, or one of the ways a request stops short.

use serde_json::{Value, json};

/// A handler's outcome.
pub type Outcome = Result<Value, Stop>;

/// Why a request has no complete result.
#[derive(Debug, Clone, PartialEq)]
pub enum Stop {
    /// A JSON-RPC error.
    Rpc(RpcError),
    /// A tool call whose arguments do not fit: the model should read it, so it is a result.
    Invalid(String),
    /// MCP 2026-07-28: the client must answer `inputRequests` and call again.
    InputRequired(Value),
    /// The client gave up; nobody waits for an answer.
    Cancelled,
}

#[derive(Debug, Clone, PartialEq)]
pub struct RpcError {
    pub code: i64,
    pub message: String,
    pub data: Option<Value>,
}

pub const PARSE_ERROR: i64 = -32700;
pub const INVALID_REQUEST: i64 = -32600;
pub const METHOD_NOT_FOUND: i64 = -32601;
pub const INVALID_PARAMS: i64 = -32602;
pub const INTERNAL_ERROR: i64 = -32603;
/// What legacy servers call a transport fault; it has no agreed meaning.
pub const SERVER_ERROR: i64 = -32000;
pub const RESOURCE_NOT_FOUND: i64 = -32002;
pub const HEADER_MISMATCH: i64 = -32020;
pub const MISSING_CAPABILITY: i64 = -32021;
pub const UNSUPPORTED_VERSION: i64 = -32022;

impl RpcError {
    pub fn new(code: i64, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            data: None,
        }
    }

    pub fn with_data(mut self, data: Value) -> Self {
        self.data = Some(data);
        self
    }

    /// The envelope of this error for the request `id` (null when it could not be read).
    pub fn envelope(&self, id: &Value) -> Value {
        let mut error = json!({"code": self.code, "message": self.message});
        if let Some(data) = &self.data {
            error["data"] = data.clone();
        }
        json!({"jsonrpc": "2.0", "id": id, "error": error})
    }
}

impl From<RpcError> for Stop {
    fn from(error: RpcError) -> Self {
        Self::Rpc(error)
    }
}

impl Stop {
    pub fn rpc(code: i64, message: impl Into<String>) -> Self {
        Self::Rpc(RpcError::new(code, message))
    }
}

/// A tool result of one text.
pub fn text(text: impl Into<String>) -> Value {
    json!({"content": [{"type": "text", "text": text.into()}]})
}

/// A tool result with structured content and, as the specification asks, the same JSON as text.
pub fn structured(content: Value) -> Value {
    json!({"content": [{"type": "text", "text": content.to_string()}], "structuredContent": content})
}

/// A tool result that tells the model what went wrong.
pub fn failure(message: impl Into<String>) -> Value {
    json!({"content": [{"type": "text", "text": message.into()}], "isError": true})
}
