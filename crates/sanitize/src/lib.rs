//! Makes foreign text safe to show a model or a terminal: hidden characters and control sequences.
//!
//! Works on JSON text without parsing it: what it removes can only stand inside strings.

use std::borrow::Cow;

/// What to do about hidden characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Take them out.
    Strip,
    /// Leave the text alone.
    Off,
}

/// How much counts as hidden.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Names, titles, descriptions, schemas, instructions: what a model obeys. Zero-width characters are hidden here.
    Metadata,
    /// Results: joiners and variation selectors that scripts and emoji need stay.
    Result,
}

/// Returns the JSON text without hidden characters (raw or as `\u` escapes, surrogate pairs included), and how many were taken out.
/// Borrows, after one quick scan, when there is nothing to do.
pub fn strip(json: &str, place: Place) -> (Cow<'_, str>, usize) {
    todo!("{json}{place:?}")
}

/// Returns text that is safe to print to a terminal or a log line: C0 and C1 controls, ESC sequences, bidi controls and
/// line separators escaped as `\u{…}`, cut to `chars_max` characters with `…`.
pub fn printable(text: &str, chars_max: usize) -> String {
    todo!("{text}{chars_max}")
}
