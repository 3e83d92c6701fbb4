//! Makes foreign text safe to show a model or a terminal: hidden characters and control sequences.
//!
//! Works on JSON text without parsing it: what it removes can only stand inside strings. It does not judge
//! what visible words say, and it does not look for secrets. Start with `strip.rs`; what counts as hidden is in `hidden.rs`.

mod hidden;
mod printable;
mod scan;
mod sequence;
mod strip;
mod unit;

pub use hidden::Place;
pub use printable::printable;
pub use strip::strip;

/// What to do about hidden characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Take them out.
    Strip,
    /// Leave the text alone.
    Off,
}
