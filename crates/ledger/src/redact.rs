//! What is left of arguments and results before anybody stores them.
//!
//! A labelled value is replaced by its label and a fingerprint, keyed per tenant: equal values can be told to be equal, and
//! nobody without the key can try out guesses. Finding secrets is another crate's work; it hands its findings in as labels.

use std::borrow::Cow;

use aws_lc_rs::hmac;
use wardgate_model::TenantId;

use crate::canonical::{
    CanonicalError, CanonicalJson, canonicalize_exact, inexact_as_text, write_with,
};
use crate::digest::{Digest, hex};
use crate::text::Text;

/// Longer redacted text is left out of the record; its digest stays.
pub const KEPT_BYTES_MAX: usize = 64 << 10;

/// How much of a call its record keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Neither arguments nor result, only their digests.
    Metadata,
    /// The redacted arguments.
    #[default]
    Request,
    /// The redacted arguments and result.
    Full,
}

impl Level {
    pub fn keeps_args(self) -> bool {
        self >= Level::Request
    }

    pub fn keeps_result(self) -> bool {
        self >= Level::Full
    }
}

/// Which values must not be kept, and what to call them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    pointer: Vec<String>,
    label: Text,
}

impl Label {
    /// Takes a JSON Pointer (RFC 6901) in which a step `*` stands for every member or item; the empty pointer is the whole
    /// value. `None` if it is no pointer.
    pub fn new(pointer: &str, label: impl AsRef<str>) -> Option<Label> {
        let steps = match pointer.strip_prefix('/') {
            Some(steps) => steps.split('/').map(unescape).collect(),
            None if pointer.is_empty() => Vec::new(),
            None => return None,
        };
        Some(Label {
            pointer: steps,
            label: Text::new(label),
        })
    }

    fn covers(&self, path: &[Cow<'_, str>]) -> bool {
        let same = |(step, at): (&String, &Cow<'_, str>)| step == "*" || step == at;
        self.pointer.len() == path.len() && self.pointer.iter().zip(path).all(same)
    }
}

/// RFC 6901 §4: `~1` first, so that `~01` becomes `~1`.
fn unescape(step: &str) -> String {
    step.replace("~1", "/").replace("~0", "~")
}

/// The key of a tenant's fingerprints. Has no `Debug` that shows it.
#[derive(Clone)]
pub struct FingerprintKey {
    key: hmac::Key,
    generation: u32,
}

impl FingerprintKey {
    /// Derives the key of a tenant; `generation` names it in the fingerprints and changes when the secret does.
    pub fn derive(secret: &[u8], tenant: &TenantId, generation: u32) -> FingerprintKey {
        let secret = hmac::Key::new(hmac::HMAC_SHA256, secret);
        let own = hmac::sign(&secret, format!("fingerprint\n{tenant}").as_bytes());
        FingerprintKey {
            key: hmac::Key::new(hmac::HMAC_SHA256, own.as_ref()),
            generation,
        }
    }

    /// `k7:` and 128 bits in hex.
    fn fingerprint(&self, canonical: &str) -> String {
        let tag = hmac::sign(&self.key, canonical.as_bytes());
        format!("k{}:{}", self.generation, hex(&tag.as_ref()[..16]))
    }
}

/// What is left of a value.
#[derive(Clone, Debug)]
pub struct Redacted {
    pub json: CanonicalJson,
    /// Nothing was left out for its length.
    pub is_whole: bool,
    /// Of the redacted text before anything was left out for its length: equal for equal values under one key, and nothing
    /// to try guesses on.
    pub digest: Digest,
}

/// Replaces labelled values by `{"$redacted": label, "fp": fingerprint}`; where labels overlap, the outermost counts. A
/// number a double cannot hold becomes `{"$number": "its digits"}`, and what is longer than [`KEPT_BYTES_MAX`] becomes
/// `{"$omitted": bytes}`.
///
/// # Errors
/// What has no canonical form at all; see [`CanonicalError`]. Nothing of it may be stored then.
pub fn redact(
    json: &str,
    labels: &[Label],
    key: &FingerprintKey,
) -> Result<Redacted, CanonicalError> {
    let text = write_with(json, &|path, raw| {
        let Some(found) = labels.iter().find(|label| label.covers(path)) else {
            return Ok(inexact_as_text(raw));
        };
        let label = serde_json::to_string(&found.label).map_err(|_| CanonicalError::NotJson)?;
        let fingerprint = key.fingerprint(&canonicalize_exact(raw)?);
        Ok(Some(format!(
            r#"{{"$redacted":{label},"fp":"{fingerprint}"}}"#
        )))
    })?;
    let digest = Digest::of(text.as_bytes());
    let is_whole = text.len() <= KEPT_BYTES_MAX;
    let kept = match is_whole {
        true => text,
        false => format!(r#"{{"$omitted":{}}}"#, text.len()),
    };
    Ok(Redacted {
        is_whole,
        json: CanonicalJson::made(kept)?,
        digest,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(tenant: &str) -> FingerprintKey {
        FingerprintKey::derive(b"a secret of the gateway", &TenantId::new(tenant), 7)
    }

    fn labels(pointers: &[&str]) -> Vec<Label> {
        let label = |pointer| Label::new(pointer, "pii").unwrap();
        pointers.iter().copied().map(label).collect()
    }

    fn text(json: &str, pointers: &[&str]) -> String {
        let redacted = redact(json, &labels(pointers), &key("acme")).unwrap();
        redacted.json.get().to_owned()
    }

    /// The text with every fingerprint as `…`.
    fn shape(json: &str, pointers: &[&str]) -> String {
        let text = text(json, pointers);
        let mut parts = text.split("\"fp\":\"k7:");
        let first = parts.next().unwrap().to_owned();
        parts.fold(first, |shape, part| format!("{shape}…{}", &part[33..]))
    }

    #[test]
    fn labelled_values_give_way_to_label_and_fingerprint() {
        let json = r#"{"email":"caller@acme.test","amount":500,"cards":[{"no":"4111"},{"no":"4222"}],"a/b":{"~":1}}"#;
        assert_eq!(
            shape(json, &["/email", "/cards/*/no", "/a~1b/~0", "/absent"]),
            r#"{"a/b":{"~":{"$redacted":"pii",…}},"amount":500,"cards":[{"no":{"$redacted":"pii",…}},{"no":{"$redacted":"pii",…}}],"email":{"$redacted":"pii",…}}"#
        );
        assert_eq!(
            shape(json, &["/cards", "/cards/0/no"]).matches('…').count(),
            1
        );
        assert_eq!(shape(json, &[""]), r#"{"$redacted":"pii",…}"#);
        assert!(Label::new("email", "pii").is_none());
    }

    #[test]
    fn equal_values_have_equal_fingerprints_within_a_tenant() {
        let of = |json: &str, tenant: &str| {
            let redacted = redact(json, &labels(&["/v"]), &key(tenant)).unwrap();
            redacted.json.get().to_owned()
        };
        assert_eq!(
            of(r#"{"v":"x"}"#, "acme"),
            of(r#"{ "v" : "\u0078" }"#, "acme")
        );
        assert_ne!(of(r#"{"v":"x"}"#, "acme"), of(r#"{"v":"y"}"#, "acme"));
        assert_ne!(of(r#"{"v":"x"}"#, "acme"), of(r#"{"v":"x"}"#, "beta"));
        assert_ne!(of(r#"{"v":5}"#, "acme"), of(r#"{"v":"5"}"#, "acme"));
    }

    #[test]
    fn the_digest_follows_the_hidden_value_without_showing_it() {
        let digest = |json: &str| redact(json, &labels(&["/v"]), &key("acme")).unwrap().digest;
        assert_eq!(digest(r#"{"v":1.0}"#), digest(r#"{"v":1}"#));
        assert_ne!(digest(r#"{"v":1}"#), digest(r#"{"v":2}"#));
        assert_ne!(digest(r#"{"v":1}"#), Digest::of(br#"{"v":1}"#));
    }

    #[test]
    fn large_numbers_keep_their_digits() {
        assert_eq!(
            text(r#"{"id":12345678901234567890}"#, &[]),
            r#"{"id":{"$number":"12345678901234567890"}}"#
        );
        let near = |n: &str| text(&format!(r#"{{"v":{n}}}"#), &["/v"]);
        assert_ne!(near("12345678901234567890"), near("12345678901234567891"));
    }

    #[test]
    fn what_is_too_long_is_left_out_and_keeps_its_digest() {
        let long = |c: &str| format!(r#"["{}"]"#, c.repeat(KEPT_BYTES_MAX));
        assert_eq!(text(&long("a"), &[]), r#"{"$omitted":65540}"#);
        let digest = |c| redact(&long(c), &[], &key("acme")).unwrap().digest;
        assert_ne!(digest("a"), digest("b"));
    }

    #[test]
    fn what_cannot_be_read_is_not_kept() {
        let result = redact(r#"{"a":1,"a":2}"#, &[], &key("acme"));
        assert_eq!(result.unwrap_err(), CanonicalError::DoubledName);
    }

    #[test]
    fn levels_say_what_is_kept() {
        let kept = |level: Level| (level.keeps_args(), level.keeps_result());
        assert_eq!(kept(Level::Metadata), (false, false));
        assert_eq!(kept(Level::Request), (true, false));
        assert_eq!(kept(Level::Full), (true, true));
    }
}
