//! Places an operator declared: JSON Pointers with `*` for any one segment.

use crate::rules::{RulesFault, Sensitive};
use crate::walk::Frame;

/// A pointer made ready to be compared with where a reader stands.
pub(crate) struct Pattern {
    segments: Vec<Segment>,
    label: String,
}

enum Segment {
    Any,
    Name(String),
}

impl Pattern {
    pub(crate) fn read(declared: &Sensitive) -> Result<Pattern, RulesFault> {
        if !is_label(&declared.label) {
            let label = declared.label.clone();
            return Err(RulesFault::NotALabel { label });
        }
        let segments = segments(&declared.pointer).ok_or_else(|| RulesFault::NotAPointer {
            pointer: declared.pointer.clone(),
        })?;
        let label = declared.label.clone();
        Ok(Pattern { segments, label })
    }

    pub(crate) fn label(&self) -> &str {
        &self.label
    }

    pub(crate) fn matches(&self, frames: &[Frame]) -> bool {
        self.segments.len() == frames.len()
            && self.segments.iter().zip(frames).all(|pair| match pair {
                (Segment::Any, _) => true,
                (Segment::Name(name), Frame::Object { key, .. }) => name == key,
                (Segment::Name(name), Frame::Array { index }) => *name == index.to_string(),
            })
    }
}

/// Whether a text may stand in `[redacted:…]` and in tokens.
pub(crate) fn is_label(label: &str) -> bool {
    (1..=32).contains(&label.len())
        && label
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// RFC 6901 §3 and §4: `~1` is a slash, `~0` a tilde.
fn segments(pointer: &str) -> Option<Vec<Segment>> {
    if pointer.is_empty() {
        return Some(Vec::new());
    }
    let names = pointer.strip_prefix('/')?.split('/');
    names
        .map(|name| match name {
            "*" => Some(Segment::Any),
            _ if name.replace("~0", "").replace("~1", "").contains('~') => None,
            _ => Some(Segment::Name(name.replace("~1", "/").replace("~0", "~"))),
        })
        .collect()
}
