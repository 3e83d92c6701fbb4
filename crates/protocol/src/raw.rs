//! One JSON value as text that has been checked, cheap to clone and to slice.

use bytes::Bytes;
use bytestring::ByteString;

/// A single well-formed JSON value, kept as the bytes it came in.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Raw(ByteString);

impl Raw {
    /// Wraps text that the caller built or checked itself to be one JSON value.
    pub fn trusted(text: impl Into<ByteString>) -> Raw {
        Raw(text.into())
    }
    /// Serialises a value this program made.
    pub fn of<T: serde::Serialize + ?Sized>(value: &T) -> Raw {
        Raw(serde_json::to_string(value)
            .expect("own values serialise")
            .into())
    }
    /// Returns the slice `part` (which must lie inside `self`) without copying.
    pub fn slice_of(&self, part: &str) -> Raw {
        Raw(self.0.slice_ref(part))
    }
    pub fn as_str(&self) -> &str {
        &self.0
    }
    /// Returns the text itself, to slice what is not a value of its own (the inside of a string).
    pub(crate) fn text(&self) -> &ByteString {
        &self.0
    }
    pub fn bytes(&self) -> Bytes {
        self.0.as_bytes().clone()
    }
    pub fn len(&self) -> usize {
        self.0.len()
    }
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl std::fmt::Debug for Raw {
    /// Shows the size only: payloads never reach a log by accident.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Raw({} bytes)", self.0.len())
    }
}
