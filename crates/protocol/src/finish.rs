//! Results, made right for the era of the client that reads them.

use crate::{
    edit::{self, Change, Object},
    method::Method,
    raw::Raw,
};

/// What a result is, by its `resultType`; absent means complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResultType {
    Complete,
    InputRequired,
    Task,
    /// An extension's value; for a value that is not a string, its JSON text.
    Other(String),
}

pub fn result_type(result: &Raw) -> ResultType {
    edit::get(result.as_str(), &["resultType"]).map_or(ResultType::Complete, read_type)
}

fn read_type(value: &str) -> ResultType {
    match edit::string(value).as_deref() {
        Some("complete") => ResultType::Complete,
        Some("input_required") => ResultType::InputRequired,
        Some("task") => ResultType::Task,
        other => ResultType::Other(other.unwrap_or(value).to_owned()),
    }
}

/// Cache hints for results that need them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CacheHint {
    pub ttl_ms: u64,
    pub public: bool,
}

/// Reads `ttlMs` and `cacheScope`; absent, negative or odd means 0 and private.
pub fn cache_hint(result: &Raw) -> CacheHint {
    let object = Object::parse(result.as_str());
    let get = |key| object.as_ref().and_then(|object| object.get(key));
    CacheHint {
        ttl_ms: get("ttlMs").and_then(|ttl| ttl.parse().ok()).unwrap_or(0),
        public: get("cacheScope").and_then(edit::string).as_deref() == Some("public"),
    }
}

/// Returns the result as a modern client must see it: `resultType` added when absent, `ttlMs: 0` and `cacheScope: "private"` added
/// when absent and the method's results require them. Nothing else changes; borrowed unchanged when nothing is missing.
/// A result that is not an object is left alone, for it cannot be made right.
pub fn for_modern(method: &Method, result: &Raw) -> Raw {
    let says_its_type = edit::get(result.as_str(), &["resultType"]).is_some();
    if says_its_type && !needs_cache_hint(method) {
        return result.clone();
    }
    let Some(object) = Object::parse(result.as_str()) else {
        return result.clone();
    };
    let is_complete = object
        .get("resultType")
        .is_none_or(|value| read_type(value) == ResultType::Complete);
    let mut needed = vec![Change::Set("resultType", "\"complete\"")];
    if is_complete && needs_cache_hint(method) {
        needed.extend([
            Change::Set("ttlMs", "0"),
            Change::Set("cacheScope", "\"private\""),
        ]);
    }
    needed.retain(|change| matches!(change, Change::Set(key, _) if object.get(key).is_none()));
    if needed.is_empty() {
        result.clone()
    } else {
        Raw::trusted(edit::apply(result.as_str(), &needed))
    }
}

/// MCP 2026-07-28 server/utilities/caching: the results that must say how long they hold.
fn needs_cache_hint(method: &Method) -> bool {
    matches!(
        method,
        Method::ServerDiscover
            | Method::ToolsList
            | Method::PromptsList
            | Method::ResourcesList
            | Method::ResourcesTemplatesList
            | Method::ResourcesRead
    )
}

/// Returns the result as a legacy client must see it: `resultType` removed when it says `complete`. Nothing else changes.
pub fn for_legacy(_method: &Method, result: &Raw) -> Raw {
    let is_complete = |value: &str| read_type(value) == ResultType::Complete;
    match edit::get(result.as_str(), &["resultType"]) {
        Some(value) if is_complete(value) => Raw::trusted(edit::apply(
            result.as_str(),
            &[Change::Remove("resultType")],
        )),
        _ => result.clone(),
    }
}
