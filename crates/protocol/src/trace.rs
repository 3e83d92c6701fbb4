//! W3C trace context of one request: in `_meta` (MCP 2026-07-28, reserved bare keys) or in HTTP headers of the same names.
//!
//! `_meta` comes first: it belongs to this very message, a header to the connection's way here. Text that is not in W3C
//! format counts as absent. No span is made here.

use std::borrow::Cow;

use crate::{
    edit::{self, Change},
    headers::HeaderView,
    params::Lookup,
    raw::Raw,
};

pub const PARENT: &str = "traceparent";
pub const STATE: &str = "tracestate";
pub const BAGGAGE: &str = "baggage";

/// W3C Trace Context §3.3.1.5: what must be carried at least, and nothing more is here.
const STATE_BYTES_MAX: usize = 512;
const STATE_MEMBERS_MAX: usize = 32;
/// W3C Baggage §3.3.2.
const BAGGAGE_BYTES_MAX: usize = 8192;
const BAGGAGE_MEMBERS_MAX: usize = 64;
/// A later version may add fields; a text longer than this is not looked at.
const PARENT_BYTES_MAX: usize = 128;

/// What is known of the trace a request belongs to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace(Vec<Entry>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    key: &'static str,
    text: String,
    in_meta: bool,
}

impl Trace {
    /// Reads the context of a request. The state belongs to its parent and is taken from where that is; baggage stands alone.
    pub fn read(params: Option<&impl Lookup>, headers: Option<&dyn HeaderView>) -> Trace {
        let from_meta = |key: &'static str| {
            let text = params?.find(&["_meta", key]).and_then(edit::string)?;
            entry(key, text, true)
        };
        let from_headers = |key: &'static str| entry(key, joined(key, &headers?.all(key))?, false);
        let mut all = Vec::new();
        if let Some(parent) = from_meta(PARENT) {
            all.extend([Some(parent), from_meta(STATE)].into_iter().flatten());
        } else if let Some(parent) = from_headers(PARENT) {
            all.extend([Some(parent), from_headers(STATE)].into_iter().flatten());
        }
        all.extend(from_meta(BAGGAGE).or_else(|| from_headers(BAGGAGE)));
        Trace(all)
    }

    /// Returns the `traceparent`.
    pub fn parent(&self) -> Option<&str> {
        let parent = self.0.iter().find(|entry| entry.key == PARENT);
        parent.map(|entry| entry.text.as_str())
    }

    /// Returns params whose `_meta` says all of it, or `None` when they do already.
    pub fn add(&self, params: Option<&Raw>) -> Option<Raw> {
        let missing = self.0.iter().filter(|entry| !entry.in_meta);
        let quoted: Vec<_> = missing
            .map(|entry| (entry.key, edit::quote(&entry.text)))
            .collect();
        if quoted.is_empty() {
            return None;
        }
        let mut changes: Vec<_> = quoted
            .iter()
            .map(|(key, text)| Change::Set(key, text))
            .collect();
        if !quoted.iter().any(|(key, _)| *key == STATE) && quoted[0].0 == PARENT {
            // What is there is the state of another parent.
            changes.push(Change::Remove(STATE));
        }
        Some(crate::meta::change_meta(params, &changes))
    }

    /// Returns the headers that say all of it.
    pub fn headers(&self) -> impl Iterator<Item = (String, String)> {
        let pair = |entry: &Entry| (entry.key.to_owned(), entry.text.clone());
        self.0.iter().map(pair)
    }
}

fn entry(key: &'static str, text: Cow<'_, str>, in_meta: bool) -> Option<Entry> {
    let is_well_formed = match key {
        PARENT => is_parent(&text),
        STATE => is_list(&text, STATE_BYTES_MAX, STATE_MEMBERS_MAX),
        _ => is_list(&text, BAGGAGE_BYTES_MAX, BAGGAGE_MEMBERS_MAX),
    };
    is_well_formed.then(|| Entry {
        key,
        text: text.into_owned(),
        in_meta,
    })
}

/// RFC 9110 §5.3: lines of a list are one list. A parent is no list: said twice, it says nothing.
fn joined<'a>(key: &str, lines: &[&'a [u8]]) -> Option<Cow<'a, str>> {
    let text = |line: &'a [u8]| {
        std::str::from_utf8(line)
            .ok()
            .map(|text| text.trim_matches([' ', '\t']))
    };
    match lines {
        [] => None,
        [line] => text(line).map(Cow::Borrowed),
        _ if key == PARENT => None,
        _ => {
            let lines: Option<Vec<_>> = lines.iter().map(|line| text(line)).collect();
            Some(Cow::Owned(lines?.join(",")))
        }
    }
}

/// W3C Trace Context §3.2: `version-trace-parent-flags` in lower-case hex. A later version may add fields at the end.
fn is_parent(text: &str) -> bool {
    let mut fields = text.split('-');
    let mut hex = |length: usize| {
        let is_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        let field = fields.next()?;
        (field.len() == length && field.bytes().all(is_hex)).then_some(field)
    };
    let (version, trace, parent, flags) = (hex(2), hex(32), hex(16), hex(2));
    let is_real = |id: Option<&str>| id.is_some_and(|id| id.bytes().any(|byte| byte != b'0'));
    let ends_well = match version {
        Some("00") => fields.next().is_none(),
        Some("ff") | None => false,
        Some(_) => {
            text.len() <= PARENT_BYTES_MAX && text.bytes().all(|byte| byte.is_ascii_graphic())
        }
    };
    is_real(trace) && is_real(parent) && flags.is_some() && ends_well
}

/// A list of `key=value` in printable ASCII; the inner grammar is for those who read it.
fn is_list(text: &str, bytes_max: usize, members_max: usize) -> bool {
    let members = || text.split(',').map(str::trim);
    let is_pair = |member: &str| {
        let key = member.split_once('=').map(|(key, _)| key.trim());
        member.is_empty() || key.is_some_and(|key| !key.is_empty())
    };
    text.len() <= bytes_max
        && text.bytes().all(|byte| matches!(byte, b'\t' | b' '..=b'~'))
        && members().count() <= members_max
        && members().any(|member| !member.is_empty())
        && members().all(is_pair)
}
