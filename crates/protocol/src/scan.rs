//! The one pass over foreign bytes: UTF-8, exactly one JSON value, depth, and keys that two parsers could read differently.

use crate::limits::Limits;

/// Why bytes are not a JSON text this gateway will read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScanFault {
    #[error("message is larger than {max} bytes")]
    TooLarge { max: usize },
    #[error("message is not valid UTF-8 at byte {at}")]
    Utf8 { at: usize },
    #[error("message starts with a byte order mark")]
    ByteOrderMark,
    #[error("not valid JSON at byte {at}")]
    Syntax { at: usize },
    #[error("nested deeper than {max} levels")]
    TooDeep { max: usize },
    #[error("more than one JSON value in the message")]
    Trailing { at: usize },
    #[error("duplicate object key at byte {at}")]
    DuplicateKey { at: usize },
    #[error("object keys that differ only by case at byte {at}")]
    FoldedKey { at: usize },
    #[error("object key with a NUL character at byte {at}")]
    NulKey { at: usize },
}

/// How strictly keys are judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keys {
    /// From clients: duplicates, case-folded twins and NUL keys are refused at any depth.
    Strict,
    /// From upstreams: only well-formedness and depth (an answer is data, nobody decides on it twice).
    Lenient,
}

/// Returns the text if `bytes` hold exactly one JSON value within `limits`. Iterative: never recurses.
/// Lone surrogate escapes (`\ud800`) are a `Syntax` fault.
///
/// # Errors
/// The first fault met, in order of position; size before everything.
pub fn check<'a>(bytes: &'a [u8], limits: &Limits, keys: Keys) -> Result<&'a str, ScanFault> {
    todo!("{bytes:?}{limits:?}{keys:?}")
}
