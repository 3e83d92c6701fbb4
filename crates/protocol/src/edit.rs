//! Reading and changing single members of a JSON object without building a tree.
//!
//! Every function takes text that [`crate::scan::check`] has passed, so syntax is not judged again here.

use std::borrow::Cow;

use crate::raw::Raw;

/// The members of one object, in order, as slices of its text.
#[derive(Clone, Debug)]
pub struct Object<'a> {
    text: &'a str,
    members: Vec<(Cow<'a, str>, &'a str, std::ops::Range<usize>)>,
}

impl<'a> Object<'a> {
    /// Returns the members if `text` is an object. Keys are unescaped, values are raw slices.
    pub fn parse(text: &'a str) -> Option<Object<'a>> {
        todo!("{text}")
    }
    /// Returns the raw value of `key` (the last one, if a lenient text repeats it).
    pub fn get(&self, key: &str) -> Option<&'a str> {
        todo!("{key}")
    }
    pub fn iter(&self) -> impl Iterator<Item = (&str, &'a str)> {
        self.members.iter().map(|(k, v, _)| (k.as_ref(), *v))
    }
    pub fn text(&self) -> &'a str {
        self.text
    }
}

/// Returns the raw value at a path of object keys, or `None` when a step is missing or not an object.
/// Stops scanning as soon as the member is found.
pub fn get<'a>(text: &'a str, path: &[&str]) -> Option<&'a str> {
    todo!("{text}{path:?}")
}

/// One change of an object's member.
#[derive(Clone, Copy, Debug)]
pub enum Change<'a> {
    /// Replaces the value, or appends the member at the end when it is absent.
    Set(&'a str, &'a str),
    Remove(&'a str),
}

/// Applies changes to the top-level members of the object `text`; all other bytes stay as they are.
/// A text that is not an object is treated as `{}`.
pub fn apply(text: &str, changes: &[Change<'_>]) -> String {
    todo!("{text}{changes:?}")
}

/// Sets the value at a path, making the objects on the way when they are absent.
pub fn set(text: &str, path: &[&str], value: &str) -> String {
    todo!("{text}{path:?}{value}")
}

/// Removes members at `path` for which `drop` says yes; returns `None` when nothing changed.
pub fn retain(text: &str, path: &[&str], keep: impl Fn(&str) -> bool) -> Option<String> {
    let _ = (text, path, keep("x"));
    todo!()
}

/// Returns the elements of an array as raw slices, or `None` when `text` is not an array.
pub fn elements(text: &str) -> Option<Vec<&str>> {
    todo!("{text}")
}

/// Returns the unescaped string if `text` is a JSON string.
pub fn string(text: &str) -> Option<Cow<'_, str>> {
    todo!("{text}")
}

/// Writes `s` as a JSON string.
pub fn quote(s: &str) -> String {
    todo!("{s}")
}

/// Returns a copy of the value without insignificant white space and with line feeds gone, for one-line transports;
/// borrows when the text has no raw line break (the common case).
pub fn one_line(raw: &Raw) -> Raw {
    todo!("{raw:?}")
}
