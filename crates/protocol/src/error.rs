//! JSON-RPC errors as values: code, message, data.

use crate::{
    edit::{self, Object},
    raw::Raw,
};

pub const PARSE_ERROR: i64 = -32700;
pub const INVALID_REQUEST: i64 = -32600;
pub const METHOD_NOT_FOUND: i64 = -32601;
pub const INVALID_PARAMS: i64 = -32602;
pub const INTERNAL_ERROR: i64 = -32603;
pub const HEADER_MISMATCH: i64 = -32020;
pub const MISSING_CLIENT_CAPABILITY: i64 = -32021;
pub const UNSUPPORTED_VERSION: i64 = -32022;
/// Legacy revisions' code for a missing resource.
pub const RESOURCE_NOT_FOUND: i64 = -32002;
/// 2025-11-25: the client must complete URL elicitations first.
pub const URL_ELICITATION_REQUIRED: i64 = -32042;

#[derive(Clone, Debug, PartialEq)]
pub struct RpcError {
    pub code: i64,
    pub message: String,
    pub data: Option<Raw>,
}

impl RpcError {
    pub fn new(code: i64, message: impl Into<String>) -> RpcError {
        RpcError {
            code,
            message: message.into(),
            data: None,
        }
    }
    pub fn with_data(mut self, data: Raw) -> RpcError {
        self.data = Some(data);
        self
    }
    /// −32022 with the revisions this gateway serves.
    pub fn unsupported_version(requested: &str) -> RpcError {
        let supported: Vec<_> = crate::Revision::ALL
            .iter()
            .rev()
            .map(|r| r.as_str())
            .collect();
        RpcError::new(UNSUPPORTED_VERSION, "Unsupported protocol version").with_data(Raw::of(
            &serde_json::json!({"supported": supported, "requested": requested}),
        ))
    }
    /// Returns the `error` object of an answer.
    pub fn to_raw(&self) -> Raw {
        let (code, message) = (self.code, edit::quote(&self.message));
        Raw::trusted(match &self.data {
            Some(data) => format!(
                r#"{{"code":{code},"message":{message},"data":{}}}"#,
                data.as_str()
            ),
            None => format!(r#"{{"code":{code},"message":{message}}}"#),
        })
    }
    /// Reads an upstream's error object; unknown members are lost, so forward the raw text where nothing must change.
    /// A missing message is empty; without an integer code it is no error object.
    pub fn read(raw: &Raw) -> Option<RpcError> {
        let object = Object::parse(raw.as_str())?;
        let code = object.get("code")?.parse().ok()?;
        let message = object
            .get("message")
            .and_then(edit::string)
            .unwrap_or_default()
            .into_owned();
        Some(RpcError {
            code,
            message,
            data: object.get("data").map(|data| raw.slice_of(data)),
        })
    }
    /// Returns the HTTP status a modern answer with this code carries: 400 for envelope, header, version and capability faults
    /// (−32700, −32600, −32020, −32021, −32022) and missing `_meta`; 404 for −32601; 200 for the rest. For −32602 it is 200
    /// unless the caller knows the fault to be in the request metadata.
    pub fn http_status(&self) -> u16 {
        match self.code {
            PARSE_ERROR
            | INVALID_REQUEST
            | HEADER_MISMATCH
            | MISSING_CLIENT_CAPABILITY
            | UNSUPPORTED_VERSION => 400,
            METHOD_NOT_FOUND => 404,
            _ => 200,
        }
    }
}
