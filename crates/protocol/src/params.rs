//! The params of a message with their members found once: they are looked up by many, and an argument may be large.

use std::sync::OnceLock;

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

/// Params whose top-level members are located at the first look.
#[derive(Clone, Debug)]
pub struct Params {
    raw: Raw,
    members: OnceLock<Vec<(String, Raw)>>,
}

impl Params {
    pub(crate) fn new(raw: Raw) -> Params {
        Params {
            raw,
            members: OnceLock::new(),
        }
    }

    pub fn raw(&self) -> &Raw {
        &self.raw
    }

    fn members(&self) -> &[(String, Raw)] {
        self.members.get_or_init(|| {
            let object = edit::Object::parse(self.raw.as_str());
            let all = object.iter().flat_map(edit::Object::iter);
            all.map(|(key, value)| (key.to_owned(), self.raw.slice_of(value)))
                .collect()
        })
    }
}

impl Lookup for Params {
    fn find(&self, path: &[&str]) -> Option<&str> {
        let (first, rest) = path.split_first()?;
        let (_, value) = self.members().iter().find(|(key, _)| key == first)?;
        if rest.is_empty() {
            Some(value.as_str())
        } else {
            edit::get(value.as_str(), rest)
        }
    }
    fn share(&self, part: &str) -> Raw {
        self.raw.slice_of(part)
    }
}
