//! The params of a message with their members found once: they are looked up by many, and an argument may be large.

use std::{borrow::Cow, ops::Range, sync::OnceLock};

use bytestring::ByteString;

use crate::{edit, raw::Raw};

/// Anything members can be looked up in.
pub trait Lookup {
    /// Returns the raw value at a path of object keys.
    fn find(&self, path: &[&str]) -> Option<&str>;
    /// Returns `part`, which a lookup gave, without copying.
    fn share(&self, part: &str) -> Raw;
}

impl Lookup for Raw {
    fn find(&self, path: &[&str]) -> Option<&str> {
        edit::get(self.as_str(), path)
    }
    fn share(&self, part: &str) -> Raw {
        self.slice_of(part)
    }
}

/// Params whose members, and those of their `_meta`, are located at the first look.
#[derive(Clone, Debug)]
pub struct Params {
    raw: Raw,
    members: OnceLock<Members>,
    meta: OnceLock<Members>,
}

/// Keys and where their values lie in the params.
type Members = Vec<(ByteString, Range<usize>)>;

impl Params {
    pub(crate) fn new(raw: Raw) -> Params {
        Params {
            raw,
            members: OnceLock::new(),
            meta: OnceLock::new(),
        }
    }

    pub fn raw(&self) -> &Raw {
        &self.raw
    }

    fn members(&self) -> &Members {
        let whole = 0..self.raw.len();
        self.members.get_or_init(|| self.locate(whole))
    }

    fn meta(&self) -> &Members {
        self.meta.get_or_init(|| {
            let meta = span(self.members(), "_meta");
            meta.map(|meta| self.locate(meta)).unwrap_or_default()
        })
    }

    fn locate(&self, within: Range<usize>) -> Members {
        let key = |key: &Cow<'_, str>| match key {
            Cow::Borrowed(plain) => self.raw.text().slice_ref(plain),
            Cow::Owned(unescaped) => ByteString::from(unescaped.as_str()),
        };
        let start = within.start;
        let object = edit::Object::parse(&self.raw.as_str()[within]);
        let all = object.iter().flat_map(edit::Object::located);
        all.map(|(name, value)| (key(name), start + value.start..start + value.end))
            .collect()
    }
}

fn span(members: &Members, key: &str) -> Option<Range<usize>> {
    let found = members.iter().find(|(name, _)| name == key);
    found.map(|(_, value)| value.clone())
}

impl Lookup for Params {
    fn find(&self, path: &[&str]) -> Option<&str> {
        let (value, rest) = match path {
            ["_meta", key, rest @ ..] => (span(self.meta(), key)?, rest),
            [key, rest @ ..] => (span(self.members(), key)?, rest),
            [] => return None,
        };
        edit::get(&self.raw.as_str()[value], rest)
    }
    fn share(&self, part: &str) -> Raw {
        self.raw.slice_of(part)
    }
}
