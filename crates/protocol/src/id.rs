//! JSON-RPC request ids, kept as spelled so that they are echoed digit for digit.

use crate::raw::Raw;

/// A string or an integer in the range of `i64`, with the exact spelling of the sender. Equality and hash are by spelling.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct RequestId(Raw);

impl RequestId {
    /// Returns the id if `raw` is a JSON string of bounded length or a plain integer (no fraction, no exponent, fits `i64`).
    pub fn parse(raw: Raw, bytes_max: usize) -> Option<RequestId> {
        let text = raw.as_str();
        let is_string = text.starts_with('"');
        let is_integer = || text.parse::<i64>().is_ok();
        (text.len() <= bytes_max && (is_string || is_integer())).then_some(RequestId(raw))
    }
    /// Wraps an id that [`RequestId::parse`] has passed before.
    pub(crate) fn trusted(raw: Raw) -> RequestId {
        RequestId(raw)
    }
    pub fn number(n: u64) -> RequestId {
        RequestId(Raw::trusted(n.to_string()))
    }
    pub fn string(text: &str) -> RequestId {
        RequestId(Raw::trusted(crate::edit::quote(text)))
    }
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
    pub fn raw(&self) -> &Raw {
        &self.0
    }
    /// Returns the value if the id is spelled as an unsigned integer.
    pub fn as_u64(&self) -> Option<u64> {
        self.0.as_str().parse().ok()
    }
}

impl std::fmt::Debug for RequestId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
