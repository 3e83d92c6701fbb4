//! Text that comes in pieces: what is decided goes out, the rest waits for more.

use crate::engine::Engine;
use crate::outcome::{Blocked, Find};
use crate::rules::Rules;

/// Looks at one JSON document that comes in pieces. Whatever the pieces, the same is found and the same text goes out
/// as by [`crate::apply`].
///
/// Holds back about a kilobyte of plain text, since that is what detectors see ahead; up to six times as much of text
/// in escapes, and five kilobytes where a control sequence begins and does not end. The rest of a long key or token is
/// dropped as it comes.
pub struct Scanner {
    engine: Engine<'static>,
    /// Text that is not decided.
    raw: String,
    /// Where in the document it begins.
    base: usize,
}

/// What was found in a document that came in pieces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finish {
    /// The last of the text.
    pub text: String,
    pub finds: Vec<Find>,
    /// If set, what is not sent yet must not be.
    pub blocked: Option<Blocked>,
}

impl Scanner {
    pub fn new(rules: &Rules) -> Self {
        Scanner {
            engine: Engine::new(rules.clone(), None),
            raw: String::new(),
            base: 0,
        }
    }

    /// Takes the next piece and returns the text that can go on. Returns nothing once blocked.
    pub fn push(&mut self, piece: &str) -> String {
        self.raw.push_str(piece);
        self.read(false)
    }

    /// Whether a find forbids to go on; [`Scanner::finish`] says which.
    pub fn is_blocked(&self) -> bool {
        self.engine.is_blocked()
    }

    /// Decides about the rest.
    pub fn finish(mut self) -> Finish {
        let text = self.read(true);
        let (_, report) = self.engine.into_parts();
        Finish {
            text,
            blocked: report.blocked.clone(),
            finds: report.into_finds(),
        }
    }

    fn read(&mut self, is_last: bool) -> String {
        if self.engine.is_blocked() {
            self.raw.clear();
            return String::new();
        }
        self.engine.advance(&self.raw, self.base, is_last);
        if self.engine.is_blocked() {
            return String::new();
        }
        let settled = self.engine.settled();
        let output = &mut self.engine.output;
        output.settle(&self.raw, self.base, settled, None);
        output.write_to(&self.raw, self.base, settled);
        let done = output.kept.min(self.base + self.raw.len());
        self.raw.drain(..done - self.base);
        self.base = done;
        std::mem::take(&mut self.engine.output.text)
    }
}
