//! Names of workloads: SPIFFE ids, and patterns over them that know where a path's segments end.

use std::fmt;

/// A longer one need not be supported (SPIFFE-ID §2.4).
const ID_BYTES_MAX: usize = 2_048;

/// `spiffe://trust-domain/path`, checked letter by letter.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SpiffeId(String);

/// One id, or with `/*` at its end all ids under a path: `spiffe://acme.test/ns/a/*` has `…/ns/a/b` and `…/ns/a/b/c`, but neither
/// `…/ns/a` nor `…/ns/ab`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SpiffePattern {
    Exactly(SpiffeId),
    Under(SpiffeId),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not of the form `spiffe://trust-domain/path`")]
pub struct NotASpiffeId;

impl SpiffeId {
    /// Reads an id of a workload or of a trust domain.
    ///
    /// # Errors
    /// [`NotASpiffeId`] for what the specification does not allow: ports, queries, empty or dotted segments, percent signs.
    pub fn parse(text: &str) -> Result<SpiffeId, NotASpiffeId> {
        let rest = text.strip_prefix("spiffe://").ok_or(NotASpiffeId)?;
        let (domain, path) = rest
            .split_once('/')
            .map_or((rest, None), |(domain, path)| (domain, Some(path)));
        let is_domain = !domain.is_empty()
            && domain.len() <= 255
            && domain
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-._".contains(&b));
        let is_path = path.is_none_or(|path| path.split('/').all(is_segment));
        if is_domain && is_path && text.len() <= ID_BYTES_MAX {
            Ok(SpiffeId(text.to_owned()))
        } else {
            Err(NotASpiffeId)
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// True if it names a workload, not a whole trust domain.
    pub(crate) fn has_path(&self) -> bool {
        self.0["spiffe://".len()..].contains('/')
    }
}

impl SpiffePattern {
    /// # Errors
    /// [`NotASpiffeId`] when what stands before `/*` is none.
    pub fn parse(text: &str) -> Result<SpiffePattern, NotASpiffeId> {
        match text.strip_suffix("/*") {
            Some(base) => SpiffeId::parse(base).map(SpiffePattern::Under),
            None => SpiffeId::parse(text).map(SpiffePattern::Exactly),
        }
    }

    pub fn matches(&self, id: &SpiffeId) -> bool {
        match self {
            SpiffePattern::Exactly(own) => own == id,
            SpiffePattern::Under(base) => {
                id.0.strip_prefix(&base.0)
                    .is_some_and(|rest| rest.starts_with('/'))
            }
        }
    }
}

impl fmt::Display for SpiffeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_segment(segment: &str) -> bool {
    !matches!(segment, "" | "." | "..")
        && segment
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::{SpiffeId, SpiffePattern};

    #[test]
    fn an_id_is_read_to_the_letter() {
        for good in [
            "spiffe://acme.test",
            "spiffe://acme.test/ns/a",
            "spiffe://a_b-1/A.b/..c",
        ] {
            assert_eq!(SpiffeId::parse(good).unwrap().as_str(), good);
        }
        let long = format!("spiffe://acme.test/{}", "a".repeat(2_048));
        for bad in [
            "",
            "spiffe://",
            "spiffe:///a",
            "SPIFFE://acme.test/a",
            "https://acme.test/a",
            "spiffe://Acme.test/a",
            "spiffe://acme.test/",
            "spiffe://acme.test/a/",
            "spiffe://acme.test//a",
            "spiffe://acme.test/a/../b",
            "spiffe://acme.test/./a",
            "spiffe://acme.test/%61",
            "spiffe://acme.test/a?b",
            "spiffe://acme.test/a#b",
            "spiffe://acme.test:80/a",
            "spiffe://u@acme.test/a",
            "spiffe://acme.test/ä",
            "spiffe://acme.test/a b",
            "spiffe://acme.test/a\0",
            &long,
        ] {
            assert!(SpiffeId::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_pattern_ends_where_a_segment_ends() {
        let check = |pattern: &str, id: &str, expected: bool| {
            let pattern = SpiffePattern::parse(pattern).unwrap();
            assert_eq!(
                pattern.matches(&SpiffeId::parse(id).unwrap()),
                expected,
                "{id}"
            );
        };
        check("spiffe://td/ns/a", "spiffe://td/ns/a", true);
        check("spiffe://td/ns/a", "spiffe://td/ns/ab", false);
        check("spiffe://td/ns/a", "spiffe://td/ns/a/b", false);
        check("spiffe://td/ns/a", "spiffe://other/ns/a", false);
        check("spiffe://td/ns/a/*", "spiffe://td/ns/a/b", true);
        check("spiffe://td/ns/a/*", "spiffe://td/ns/a/b/c", true);
        check("spiffe://td/ns/a/*", "spiffe://td/ns/a", false);
        check("spiffe://td/ns/a/*", "spiffe://td/ns/ab", false);
        check("spiffe://td/ns/a/*", "spiffe://td/ns/ab/c", false);
        check("spiffe://td/*", "spiffe://td/x", true);
        check("spiffe://td/*", "spiffe://td.evil/x", false);
        for wide in [
            "*",
            "spiffe://*",
            "spiffe://*/a",
            "spiffe://td/a*",
            "spiffe://td/*/a",
            "spiffe:///*",
        ] {
            assert!(SpiffePattern::parse(wide).is_err(), "{wide}");
        }
    }
}
