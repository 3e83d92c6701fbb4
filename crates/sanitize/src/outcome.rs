//! What came of looking at a text. Never holds a piece of what was found.

use std::borrow::Cow;

use serde::Serialize;

use crate::rules::Detector;

/// How many places are told apart; finds beyond are counted for the whole document, at pointer "".
pub(crate) const PLACES_MAX: usize = 256;

/// A kind of find in one string of the document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Find {
    pub detector: Detector,
    pub kind: Cow<'static, str>,
    /// JSON Pointer of the string; of the object when the find is in a key. A key that holds a find is shown as
    /// `[redacted]`, a long one is cut.
    pub pointer: String,
    pub count: usize,
}

/// Why a text must not go on: one of the reasons, if there are several.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Blocked {
    pub detector: Detector,
    pub kind: Cow<'static, str>,
    pub pointer: String,
}

/// A text after the rules, and what was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome<'t> {
    /// Empty when blocked.
    pub text: Cow<'t, str>,
    /// One for each place, detector and kind; places in the order of the text.
    pub finds: Vec<Find>,
    pub blocked: Option<Blocked>,
}

impl<'t> Outcome<'t> {
    pub(crate) fn clean(text: &'t str) -> Self {
        Outcome {
            text: Cow::Borrowed(text),
            finds: Vec::new(),
            blocked: None,
        }
    }

    /// Returns how often a detector found something.
    pub fn count(&self, detector: Detector) -> usize {
        let finds = self.finds.iter().filter(|find| find.detector == detector);
        finds.map(|find| find.count).sum()
    }
}

/// Finds as they come, gathered by place.
#[derive(Default)]
pub(crate) struct Report {
    finds: Vec<Find>,
    places: usize,
    pub(crate) blocked: Option<Blocked>,
}

impl Report {
    /// Counts a find. Places come in the order of the document, so only those of the last place can be the same.
    pub(crate) fn add(
        &mut self,
        detector: Detector,
        kind: Cow<'static, str>,
        pointer: &str,
        count: usize,
    ) {
        let is_known = self
            .finds
            .last()
            .is_some_and(|last| last.pointer == pointer);
        let pointer = match is_known || self.places < PLACES_MAX {
            true => pointer,
            false => "",
        };
        let is_here = |find: &&mut Find| find.pointer == pointer;
        let mut here = self.finds.iter_mut().rev().take_while(is_here);
        match here.find(|find| find.detector == detector && find.kind == kind) {
            Some(find) => find.count += count,
            None => {
                self.places += usize::from(!is_known);
                self.finds.push(Find {
                    detector,
                    kind,
                    pointer: pointer.to_owned(),
                    count,
                });
            }
        }
    }

    /// The finds, those of one place by detector and kind.
    pub(crate) fn into_finds(mut self) -> Vec<Find> {
        for place in self.finds.chunk_by_mut(|a, b| a.pointer == b.pointer) {
            place.sort_by(|a, b| (a.detector, &a.kind).cmp(&(b.detector, &b.kind)));
        }
        self.finds
    }
}
