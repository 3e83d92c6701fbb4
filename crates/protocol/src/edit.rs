//! Reading and changing single members of a JSON object without building a tree.
//!
//! Every function takes text that [`crate::scan::check`] has passed, so syntax is not judged again here.

use std::{borrow::Cow, ops::Range};

use crate::{escape, raw::Raw, skip};

/// The members of one object, in order, as slices of its text.
#[derive(Clone, Debug)]
pub struct Object<'a> {
    text: &'a str,
    members: Vec<(Cow<'a, str>, &'a str, Range<usize>)>,
}

impl<'a> Object<'a> {
    /// Returns the members if `text` is an object. Keys are unescaped, values are raw slices.
    pub fn parse(text: &'a str) -> Option<Object<'a>> {
        let members = Members::of(text)?
            .map(|member| Some((escape::unescape(member.key)?, member.value, member.span)));
        Some(Object {
            text,
            members: members.collect::<Option<_>>()?,
        })
    }
    /// Returns the raw value of `key` (the last one, if a lenient text repeats it).
    pub fn get(&self, key: &str) -> Option<&'a str> {
        self.members
            .iter()
            .rev()
            .find(|(name, ..)| name == key)
            .map(|(_, value, _)| *value)
    }
    pub fn iter(&self) -> impl Iterator<Item = (&str, &'a str)> {
        self.members.iter().map(|(k, v, _)| (k.as_ref(), *v))
    }
    /// Returns the keys and where their values lie in the text.
    pub(crate) fn located(&self) -> impl Iterator<Item = (&Cow<'a, str>, Range<usize>)> {
        self.members
            .iter()
            .map(|(key, value, span)| (key, span.end - value.len()..span.end))
    }
    pub fn text(&self) -> &'a str {
        self.text
    }
}

/// Returns the raw value at a path of object keys, or `None` when a step is missing or not an object.
/// Stops scanning as soon as the member is found.
pub fn get<'a>(text: &'a str, path: &[&str]) -> Option<&'a str> {
    let Some((first, rest)) = path.split_first() else {
        return Some(text);
    };
    let member = Members::of(text)?.find(|member| member.is(first))?;
    get(member.value, rest)
}

/// Says whether the object has one of these keys more than once, so that two readers could read it differently.
pub fn repeats(text: &str, keys: &[&str]) -> bool {
    let members = || Members::of(text).into_iter().flatten();
    keys.iter()
        .any(|key| members().filter(|member| member.is(key)).nth(1).is_some())
}

/// One change of an object's member.
#[derive(Clone, Copy, Debug)]
pub enum Change<'a> {
    /// Replaces the value, or appends the member at the end when it is absent.
    Set(&'a str, &'a str),
    Remove(&'a str),
}

impl<'a> Change<'a> {
    fn key(&self) -> &'a str {
        match self {
            Change::Set(key, _) | Change::Remove(key) => key,
        }
    }
}

/// Applies changes to the top-level members of the object `text`; all other bytes stay as they are.
/// A text that is not an object is treated as `{}`. When two changes name one key the last counts;
/// when a lenient text repeats a key each copy is changed.
pub fn apply(text: &str, changes: &[Change<'_>]) -> String {
    let (text, object) =
        Object::parse(text).map_or(("{}", Vec::new()), |object| (text, object.members));
    let last = |key: &str| changes.iter().rev().find(|change| change.key() == key);
    let mut out = String::with_capacity(text.len() + 64);

    // A member goes with the separator before it, the first one kept with what opens the object.
    let (open, close) = outside(text, &object);
    out.push_str(open);
    let mut is_empty = true;
    let mut before = open.len();
    for (key, value, span) in &object {
        let change = last(key);
        if !matches!(change, Some(Change::Remove(_))) {
            if !is_empty {
                out.push_str(&text[before..span.start]);
            }
            match change {
                Some(Change::Set(_, new)) => {
                    out.push_str(&text[span.start..span.end - value.len()]);
                    out.push_str(new);
                }
                _ => out.push_str(&text[span.clone()]),
            }
            is_empty = false;
        }
        before = span.end;
    }
    for (i, change) in changes.iter().enumerate() {
        let Change::Set(key, value) = change else {
            continue;
        };
        let is_last = changes[i + 1..].iter().all(|later| later.key() != *key);
        if is_last && object.iter().all(|(name, ..)| name != key) {
            if !is_empty {
                out.push(',');
            }
            out.push_str(&quote(key));
            out.push(':');
            out.push_str(value);
            is_empty = false;
        }
    }
    out.push_str(close);
    out
}

/// Returns what stands before the first member and after the last.
fn outside<'t>(
    text: &'t str,
    members: &[(Cow<'_, str>, &str, Range<usize>)],
) -> (&'t str, &'t str) {
    match (members.first(), members.last()) {
        (Some((.., first)), Some((.., last))) => (&text[..first.start], &text[last.end..]),
        _ => text.split_at(skip::space(text.as_bytes(), 0) + 1),
    }
}

/// Sets the value at a path, making the objects on the way when they are absent.
pub fn set(text: &str, path: &[&str], value: &str) -> String {
    let Some((first, rest)) = path.split_first() else {
        return value.to_owned();
    };
    if rest.is_empty() {
        return apply(text, &[Change::Set(first, value)]);
    }
    let inner = Object::parse(text)
        .and_then(|object| object.get(first))
        .unwrap_or("{}");
    apply(text, &[Change::Set(first, &set(inner, rest, value))])
}

/// Keeps only those members of the object at `path` for whose key `keep` says yes; returns `None` when nothing changed.
pub fn retain(text: &str, path: &[&str], keep: impl Fn(&str) -> bool) -> Option<String> {
    let inner = get(text, path)?;
    let object = Object::parse(inner)?;
    let removals: Vec<_> = object
        .iter()
        .filter(|(key, _)| !keep(key))
        .map(|(key, _)| Change::Remove(key))
        .collect();
    if removals.is_empty() {
        None
    } else {
        Some(set(text, path, &apply(inner, &removals)))
    }
}

/// Returns the elements of an array as raw slices, or `None` when `text` is not an array.
pub fn elements(text: &str) -> Option<Vec<&str>> {
    Some(Elements::of(text)?.collect())
}

/// Returns the unescaped string if `text` is a JSON string.
pub fn string(text: &str) -> Option<Cow<'_, str>> {
    let text = text.trim_matches([' ', '\n', '\r', '\t']);
    escape::unescape(text.strip_prefix('"')?.strip_suffix('"')?)
}

/// Writes `s` as a JSON string.
pub fn quote(s: &str) -> String {
    escape::quote(s)
}

/// Returns a copy of the value without insignificant white space and with line feeds gone, for one-line transports;
/// borrows when the text has no raw line break (the common case).
pub fn one_line(raw: &Raw) -> Raw {
    let text = raw.as_str();
    let bytes = text.as_bytes();
    if memchr::memchr2(b'\n', b'\r', bytes).is_none() {
        return raw.clone();
    }
    let mut out = String::with_capacity(text.len());
    let mut at = skip::space(bytes, 0);
    while at < bytes.len() {
        let start = at;
        at = skip::token(bytes, at);
        out.push_str(&text[start..at]);
        at = skip::space(bytes, at);
    }
    Raw::trusted(out)
}

/// One member as it stands in the text. The span runs from the key's quote to the end of the value.
struct Member<'a> {
    key: &'a str,
    value: &'a str,
    span: Range<usize>,
}

impl Member<'_> {
    fn is(&self, name: &str) -> bool {
        if self.key.contains('\\') {
            escape::unescape(self.key).is_some_and(|key| key == name)
        } else {
            self.key == name
        }
    }
}

/// Walks the members of an object.
struct Members<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Members<'a> {
    fn of(text: &'a str) -> Option<Members<'a>> {
        let at = skip::space(text.as_bytes(), 0);
        (text.as_bytes().get(at) == Some(&b'{')).then(|| Members {
            text,
            at: skip::space(text.as_bytes(), at + 1),
        })
    }
}

impl<'a> Iterator for Members<'a> {
    type Item = Member<'a>;

    fn next(&mut self) -> Option<Member<'a>> {
        let bytes = self.text.as_bytes();
        let start = self.at;
        if bytes.get(start) != Some(&b'"') {
            return None;
        }
        let key_end = skip::closing_quote(bytes, start + 1);
        let colon = skip::space(bytes, key_end + 1);
        let value_start = skip::space(bytes, colon + 1);
        let end = skip::value(bytes, value_start);
        self.at = skip::separator(bytes, end, b'}')?;
        Some(Member {
            key: self.text.get(start + 1..key_end)?,
            value: self.text.get(value_start..end)?,
            span: start..end,
        })
    }
}

/// Walks the elements of an array.
pub(crate) struct Elements<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Elements<'a> {
    pub(crate) fn of(text: &'a str) -> Option<Elements<'a>> {
        let at = skip::space(text.as_bytes(), 0);
        (text.as_bytes().get(at) == Some(&b'[')).then(|| Elements {
            text,
            at: skip::space(text.as_bytes(), at + 1),
        })
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let bytes = self.text.as_bytes();
        let start = self.at;
        if bytes.get(start).is_none_or(|byte| *byte == b']') {
            return None;
        }
        let end = skip::value(bytes, start);
        self.at = skip::separator(bytes, end, b']')?;
        self.text.get(start..end)
    }
}
