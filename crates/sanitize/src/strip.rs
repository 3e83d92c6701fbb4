//! Takes hidden characters out of JSON text by splicing, so that everything else stays byte for byte.
//!
//! Object keys are strings too: two keys may become one. Who decides by keys decides after stripping.

use std::borrow::Cow;

use crate::hidden::{Place, is_control, is_hidden, is_variation_selector};
use crate::scan::suspect;
use crate::sequence::{control_sequence, introduces, is_black_flag, subdivision_flag};
use crate::unit::{Unit, unit_at};

/// Returns the JSON text without hidden characters (raw or as `\u` escapes, surrogate pairs included), and how many were taken out.
/// Half a surrogate pair becomes U+FFFD, so that no two halves meet. Borrows, after one quick scan, when there is nothing to do.
pub fn strip(json: &str, place: Place) -> (Cow<'_, str>, usize) {
    let mut spliced = Splice::new(json);
    let mut at = 0;
    while let Some(next) = suspect(json, at) {
        at = next;
        match judge(json, at, place, spliced.selector_end) {
            Verdict::Keep { bytes } => at += bytes,
            Verdict::Selector { bytes } => {
                at += bytes;
                spliced.selector_end = Some(at);
            }
            Verdict::Drop { bytes, chars, .. } => at = spliced.cut(at, bytes, chars, ""),
            Verdict::Replace { bytes } => at = spliced.cut(at, bytes, 1, "\\ufffd"),
        }
    }
    spliced.finish()
}

pub(crate) enum Verdict {
    Keep {
        bytes: usize,
    },
    /// A variation selector that stays; another right behind it would not.
    Selector {
        bytes: usize,
    },
    Drop {
        bytes: usize,
        chars: usize,
        /// Whether a terminal would obey it; otherwise it is only unseen.
        is_control: bool,
    },
    Replace {
        bytes: usize,
    },
}

/// Decides about the character at a suspect byte. `selector_end` is where the last variation selector that stays ended.
pub(crate) fn judge(json: &str, at: usize, place: Place, selector_end: Option<usize>) -> Verdict {
    let (c, bytes) = match unit_at(json, at) {
        Some(Unit::Char(c, bytes)) => (c, bytes),
        Some(Unit::Half(bytes)) => return Verdict::Replace { bytes },
        // Not JSON: step over one character and leave the fault to whoever parses.
        None => {
            return Verdict::Keep {
                bytes: json[at..].chars().next().map_or(1, char::len_utf8),
            };
        }
    };
    if introduces(c)
        && let Some(run) = control_sequence(json, at)
    {
        return Verdict::Drop {
            bytes: run.bytes,
            chars: run.chars,
            is_control: true,
        };
    }
    if is_hidden(c, place) {
        return Verdict::Drop {
            bytes,
            chars: 1,
            is_control: is_control(c),
        };
    }
    if is_variation_selector(c) {
        return match selector_end == Some(at) {
            true => Verdict::Drop {
                bytes,
                chars: 1,
                is_control: false,
            },
            false => Verdict::Selector { bytes },
        };
    }
    if place == Place::Result
        && is_black_flag(c)
        && let Some(flag) = subdivision_flag(json, at)
    {
        return Verdict::Keep { bytes: flag.bytes };
    }
    Verdict::Keep { bytes }
}

/// The text so far, cut from the original at the last removal.
struct Splice<'j> {
    json: &'j str,
    out: String,
    kept: usize,
    removed: usize,
    /// Where the last variation selector that stays ends, with all that was removed behind it.
    selector_end: Option<usize>,
}

impl<'j> Splice<'j> {
    fn new(json: &'j str) -> Self {
        Splice {
            json,
            out: String::new(),
            kept: 0,
            removed: 0,
            selector_end: None,
        }
    }

    fn cut(&mut self, at: usize, bytes: usize, chars: usize, instead: &str) -> usize {
        self.out.push_str(&self.json[self.kept..at]);
        self.out.push_str(instead);
        self.kept = at + bytes;
        self.removed += chars;
        if self.selector_end == Some(at) && instead.is_empty() {
            self.selector_end = Some(self.kept);
        }
        self.kept
    }

    fn finish(mut self) -> (Cow<'j, str>, usize) {
        if self.removed == 0 {
            return (Cow::Borrowed(self.json), 0);
        }
        self.out.push_str(&self.json[self.kept..]);
        (Cow::Owned(self.out), self.removed)
    }
}
