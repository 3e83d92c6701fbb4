//! Results, made right for the era of the client that reads them.

use crate::{method::Method, raw::Raw};

/// What a result is, by its `resultType`; absent means complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResultType {
    Complete,
    InputRequired,
    Task,
    Other(String),
}

pub fn result_type(result: &Raw) -> ResultType {
    todo!("{result:?}")
}

/// Cache hints for results that need them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CacheHint {
    pub ttl_ms: u64,
    pub public: bool,
}

/// Reads `ttlMs` and `cacheScope`; absent, negative or odd means 0 and private.
pub fn cache_hint(result: &Raw) -> CacheHint {
    todo!("{result:?}")
}

/// Returns the result as a modern client must see it: `resultType` added when absent, `ttlMs: 0` and `cacheScope: "private"` added
/// when absent and the method's results require them. Nothing else changes; borrowed unchanged when nothing is missing.
pub fn for_modern(method: &Method, result: &Raw) -> Raw {
    todo!("{method:?}{result:?}")
}

/// Returns the result as a legacy client must see it: `resultType` removed when it says `complete`. Nothing else changes.
pub fn for_legacy(method: &Method, result: &Raw) -> Raw {
    todo!("{method:?}{result:?}")
}
