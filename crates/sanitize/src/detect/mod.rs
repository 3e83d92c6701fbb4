//! The detectors. Each looks at one spot of a string, a bounded way back and ahead, and says what begins there.
//!
//! INVARIANT: what a detector says depends on nothing but the spot, so that a text read in pieces gives the same finds.

pub(crate) mod context;
pub(crate) mod encoded;
pub(crate) mod entropy;
pub(crate) mod numbers;
mod phrase_rules;
pub(crate) mod phrases;
pub(crate) mod pii;
pub(crate) mod secrets;
pub(crate) mod urls;

/// How far ahead of a spot a detector may look, in bytes of content.
pub(crate) const AHEAD_BYTES: usize = 512;
/// How far back.
pub(crate) const BACK_BYTES: usize = 128;

/// A place in a string, and what may be seen from there.
#[derive(Clone, Copy)]
pub(crate) struct Spot<'c> {
    /// At most `BACK_BYTES`. Ends where the last find ended.
    pub(crate) before: &'c str,
    /// At most `AHEAD_BYTES`, beginning with the spot.
    pub(crate) ahead: &'c str,
    /// Whether the string ends where `ahead` does.
    pub(crate) is_all: bool,
    /// The key whose value the string is.
    pub(crate) key: Option<&'c str>,
}

/// A find: `back` bytes before the spot up to `len` bytes behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Match {
    pub(crate) kind: &'static str,
    pub(crate) back: usize,
    /// Where it begins behind the spot, if not there.
    pub(crate) skip: usize,
    pub(crate) len: usize,
    pub(crate) tail: Tail,
}

/// What belongs to a find behind the part that decides, however long it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tail {
    None,
    /// All of these characters.
    Run(secrets::Class),
    /// The lines of a private key up to its end mark.
    Pem,
}

impl Match {
    pub(crate) fn of(kind: &'static str, len: usize) -> Match {
        Match {
            kind,
            back: 0,
            skip: 0,
            len,
            tail: Tail::None,
        }
    }
}

impl Spot<'_> {
    /// Whether a word or number may begin here.
    pub(crate) fn is_word_start(&self) -> bool {
        !self
            .before
            .ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
    }

    /// What follows a number of bytes, if it can be a boundary.
    pub(crate) fn is_word_end(&self, len: usize) -> bool {
        !self.ahead[len..].starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
    }
}
