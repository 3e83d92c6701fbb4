//! Makes foreign text safe to pass on: hidden characters and control sequences out, secrets and personal data redacted,
//! instructions to a model told from data.
//!
//! Works on JSON text by splicing: what is found is cut out, everything else stays byte for byte. [`apply`] takes a whole
//! text, [`Scanner`] one that comes in pieces; both obey [`Rules`]. [`strip`] is the short way for hidden characters only.
//! Start with `engine.rs`; what is recognised is in `detect/`. This crate knows no clock, key or file.

mod across;
mod apply;
mod blob;
mod content;
mod detect;
mod engine;
mod fold;
mod hidden;
mod keywords;
mod outcome;
mod output;
mod printable;
mod provenance;
mod quiet;
mod rules;
mod scan;
mod scanner;
mod sensitive;
mod sequence;
mod skip;
mod string;
mod strip;
mod tokens;
mod unit;
mod walk;

pub use across::apply_across;
pub use apply::{apply, apply_plain};
pub use blob::apply_blobs;
pub use hidden::Place;
pub use outcome::{Blocked, Find, Outcome};
pub use printable::{loggable, printable};
pub use provenance::wrap;
pub use rules::{Action, Detector, Rules, RulesFault, Sensitive, Settings};
pub use scanner::{Finish, Scanner};
pub use strip::strip;
pub use tokens::{Restored, Seal, Tokens};

/// What to do about hidden characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Take them out.
    Strip,
    /// Leave the text alone.
    Off,
}
