//! Tokens in the place of values: what is redacted can be put back later, by the same tenant only.
//!
//! A token is `tok_label.` and the sealed value in Base64url. The cryptography is the caller's; what a seal is bound to
//! (tenant and label) is decided here.

use std::borrow::Cow;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::apply::{apply_sealing, escape};
use crate::detect::secrets::Class;
use crate::outcome::Outcome;
use crate::output::Cut;
use crate::rules::Rules;
use crate::sensitive::is_label;

const MARK: &str = "tok_";
/// The content of a string, as JSON writes it.
const STRING: u8 = b's';
/// A whole value that is no string.
const VALUE: u8 = b'v';

/// Authenticated encryption with a key of the caller's.
pub trait Seal {
    /// Seals bytes, always to the same text for the same `bound_to` and bytes.
    fn seal(&self, bound_to: &[u8], plain: &[u8]) -> Vec<u8>;
    /// Opens what was sealed; `None` if it is damaged or bound to something else.
    fn open(&self, bound_to: &[u8], sealed: &[u8]) -> Option<Vec<u8>>;
}

/// Seals and restores values of one tenant.
pub struct Tokens<'s> {
    tenant: &'s str,
    seal: &'s dyn Seal,
}

/// A text with its values put back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored<'t> {
    pub text: Cow<'t, str>,
    pub restored: usize,
    /// Labels of tokens that stay as they are: damaged, or another tenant's.
    pub refused: Vec<String>,
}

impl<'s> Tokens<'s> {
    pub fn new(tenant: &'s str, seal: &'s dyn Seal) -> Self {
        Tokens { tenant, seal }
    }

    /// Does as [`crate::apply`], with a token instead of each `[redacted:kind]`. Equal values of one kind get equal tokens.
    pub fn apply<'t>(&self, rules: &Rules, json: &'t str) -> Outcome<'t> {
        let seal = |label: &str, cut: Cut<'_>| self.token(label, cut);
        apply_sealing(rules, json, Some(&seal))
    }

    /// Puts values back into JSON text, byte for byte as they were.
    pub fn restore<'t>(&self, json: &'t str) -> Restored<'t> {
        let mut restored = Restored {
            text: Cow::Borrowed(json),
            restored: 0,
            refused: Vec::new(),
        };
        let mut out = String::new();
        let mut kept = 0;
        for found in find_tokens(json) {
            let Some(plain) = self.open(&found) else {
                restored.refused.push(found.label.to_owned());
                continue;
            };
            let (start, end, text) = found.put_back(json, &plain);
            out.push_str(&json[kept..start]);
            out.push_str(&text);
            kept = end;
            restored.restored += 1;
        }
        if restored.restored > 0 {
            out.push_str(&json[kept..]);
            restored.text = Cow::Owned(out);
        }
        restored
    }

    fn token(&self, label: &str, cut: Cut<'_>) -> String {
        let (kind, raw) = match cut {
            Cut::Part(raw) => (STRING, raw),
            Cut::Value(raw) => match raw.strip_prefix('"').and_then(|raw| raw.strip_suffix('"')) {
                Some(content) => (STRING, content),
                None => (VALUE, raw),
            },
        };
        let plain = [&[kind], raw.as_bytes()].concat();
        let sealed = self.seal.seal(&self.bound_to(label), &plain);
        format!("{MARK}{label}.{}", URL_SAFE_NO_PAD.encode(sealed))
    }

    fn open(&self, found: &Found<'_>) -> Option<String> {
        let sealed = URL_SAFE_NO_PAD.decode(found.sealed).ok()?;
        let plain = self.seal.open(&self.bound_to(found.label), &sealed)?;
        String::from_utf8(plain).ok()
    }

    /// The lengths keep one tenant's label from being read as part of another's name.
    fn bound_to(&self, label: &str) -> Vec<u8> {
        let Tokens { tenant, .. } = self;
        format!("{}:{tenant}{}:{label}", tenant.len(), label.len()).into_bytes()
    }
}

/// Something that has the form of a token.
struct Found<'t> {
    start: usize,
    end: usize,
    label: &'t str,
    sealed: &'t str,
}

impl Found<'_> {
    /// Where a value goes, and as what: a value that is no string replaces the quotes too, if nothing else is between.
    fn put_back<'p>(&self, json: &str, plain: &'p str) -> (usize, usize, Cow<'p, str>) {
        let Some(value) = plain.strip_prefix(char::from(VALUE)) else {
            return (
                self.start,
                self.end,
                Cow::Borrowed(&plain[plain.len().min(1)..]),
            );
        };
        match json[..self.start].ends_with('"') && json[self.end..].starts_with('"') {
            true => (self.start - 1, self.end + 1, Cow::Borrowed(value)),
            false => (self.start, self.end, Cow::Owned(escape(value))),
        }
    }
}

fn find_tokens(text: &str) -> impl Iterator<Item = Found<'_>> {
    text.match_indices(MARK).filter_map(|(start, _)| {
        let is_part = |c: char| c.is_ascii() && Class::Word.holds(c as u8);
        let rest = &text[start + MARK.len()..];
        let (label, sealed) = rest.split_at(rest.find('.').filter(|dot| *dot <= 32)?);
        let sealed = &sealed[1..];
        let sealed = &sealed[..Class::Word.run(sealed)];
        let is_token = is_label(label) && !sealed.is_empty() && !text[..start].ends_with(is_part);
        is_token.then_some(Found {
            start,
            end: start + MARK.len() + label.len() + 1 + sealed.len(),
            label,
            sealed,
        })
    })
}
