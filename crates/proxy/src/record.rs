//! One call, one record. This file is the shape; where records go is a port.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

/// What happened to one call. Holds no argument, result, token or address.
#[derive(Clone, Debug, Serialize)]
pub struct Record<'a> {
    /// RFC 3339 in UTC, microseconds.
    pub time: String,
    pub revision: &'a str,
    pub tenant: &'a str,
    pub principal: &'a str,
    pub toolset: &'a str,
    pub method: &'a str,
    pub protocol: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upstream_protocol: Option<&'static str>,
    pub status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<&'static str>,
    /// JSON-RPC error code, where the answer was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<i64>,
    pub duration_us: u64,
    pub upstream_us: u64,
    pub request_bytes: usize,
    pub answer_bytes: usize,
    /// US dollars charged to the caller's budgets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost_usd: Option<serde_json::Number>,
    /// Tokens of arguments and result, estimated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens_est: Option<u64>,
    #[serde(skip_serializing_if = "is_zero")]
    pub hidden_removed: usize,
    /// What else was found in what servers said, such as `secrets.jwt`, and how often.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub found: BTreeMap<&'a str, usize>,
    /// What policies said, and the rules that decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decision: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<&'a str>,
    /// `flagged` or `blocked`: a structured result did not fit its tool's output schema.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace: Option<&'a str>,
}

fn is_zero(n: &usize) -> bool {
    *n == 0
}

/// Where records go. `put` must not block on slow storage.
pub trait RecordSink: Send + Sync {
    fn put(&self, record: &Record<'_>);
}

/// Writes a time as RFC 3339 in UTC with microseconds.
pub fn rfc3339(time: Timestamp) -> String {
    format!("{time:.6}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_rfc_3339() {
        let at =
            |seconds: i64, micros: i32| rfc3339(Timestamp::new(seconds, micros * 1000).unwrap());
        assert_eq!(at(0, 0), "1970-01-01T00:00:00.000000Z");
        assert_eq!(at(951_782_400, 5), "2000-02-29T00:00:00.000005Z");
        assert_eq!(at(1_795_353_599, 999_999), "2026-11-22T13:19:59.999999Z");
    }
}
