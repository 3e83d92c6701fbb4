//! Keys that sign checkpoints, in the text forms of signed notes: `PRIVATE+KEY+name+id+…` and `name+id+…`.
//!
//! One key serves a whole log; each tenant's chain is an origin of its own under the log's name, and signs under that.

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use base64::{Engine, engine::general_purpose::STANDARD};
use wardgate_model::TenantId;
use zeroize::Zeroizing;

use crate::digest::hex;

const PRIVATE: &str = "PRIVATE+KEY+";
/// The signature type Ed25519 (C2SP signed-note).
const ED25519_TYPE: u8 = 1;

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    #[error("a key is `name+id+base64`")]
    NoKey,
    #[error("the key's id does not fit its name and content")]
    WrongId,
    #[error("a log's name is a host, with a path if need be, without spaces and `+`")]
    BadName,
}

/// The private half. Its `Debug` shows the public half only.
pub struct SigningKey {
    pair: Ed25519KeyPair,
    seed: Zeroizing<[u8; 32]>,
    public: PublicKey,
}

impl SigningKey {
    /// Makes the key of the log `name` from 32 random bytes.
    ///
    /// # Errors
    /// When the name cannot stand in a note.
    pub fn from_seed(name: &str, seed: &[u8; 32]) -> Result<SigningKey, KeyError> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| KeyError::NoKey)?;
        let mut key = [0; 32];
        key.copy_from_slice(pair.public_key().as_ref());
        Ok(SigningKey {
            public: PublicKey::new(name, key)?,
            pair,
            seed: Zeroizing::new(*seed),
        })
    }

    /// # Errors
    /// When the text is no private key of this form.
    pub fn parse(text: &str) -> Result<SigningKey, KeyError> {
        let text = text.trim().strip_prefix(PRIVATE).ok_or(KeyError::NoKey)?;
        let (name, id, seed) = read(text)?;
        let key = SigningKey::from_seed(name, &seed)?;
        match hex(&key.public.id(name)) == id {
            true => Ok(key),
            false => Err(KeyError::WrongId),
        }
    }

    /// The secret text form, for one file with narrow rights.
    pub fn to_secret_text(&self) -> Zeroizing<String> {
        let name = &self.public.name;
        let id = hex(&self.public.id(name));
        Zeroizing::new(format!("{PRIVATE}{name}+{id}+{}", typed(&self.seed)))
    }

    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    pub(crate) fn sign(&self, text: &str) -> [u8; 64] {
        let mut signature = [0; 64];
        signature.copy_from_slice(self.pair.sign(text.as_bytes()).as_ref());
        signature
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.public)
    }
}

/// The public half: with it and the file, anybody can verify. Its `Display` is its text form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    name: String,
    key: [u8; 32],
}

impl PublicKey {
    fn new(name: &str, key: [u8; 32]) -> Result<PublicKey, KeyError> {
        let is_name = |c: char| c.is_ascii_alphanumeric() || "-._~/:%".contains(c);
        match !name.is_empty() && name.chars().all(is_name) {
            true => Ok(PublicKey {
                name: name.to_owned(),
                key,
            }),
            false => Err(KeyError::BadName),
        }
    }

    /// # Errors
    /// When the text is no public key of this form.
    pub fn parse(text: &str) -> Result<PublicKey, KeyError> {
        let (name, id, key) = read(text.trim())?;
        let key = PublicKey::new(name, *key)?;
        match hex(&key.id(name)) == id {
            true => Ok(key),
            false => Err(KeyError::WrongId),
        }
    }

    /// The name of the log.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The origin of a tenant's chain: the log's name and the tenant, percent-encoded where a note needs it.
    pub fn origin(&self, tenant: &TenantId) -> String {
        format!("{}/{}", self.name, escape_segment(tenant.as_str()))
    }

    /// The text form under a tenant's origin, as witnesses and note tools that know one log per key want it.
    pub fn of_tenant(&self, tenant: &TenantId) -> String {
        self.text_as(&self.origin(tenant))
    }

    fn text_as(&self, name: &str) -> String {
        format!("{name}+{}+{}", hex(&self.id(name)), typed(&self.key))
    }

    /// Whether a key name is this log's or that of a chain of it.
    pub(crate) fn covers(&self, origin: &str) -> bool {
        let rest = origin.strip_prefix(&self.name);
        rest.is_some_and(|rest| rest.starts_with('/') && rest.len() > 1)
    }

    /// The key's id under a name (C2SP signed-note).
    pub(crate) fn id(&self, name: &str) -> [u8; 4] {
        let content = [name.as_bytes(), b"\n", &[ED25519_TYPE], &self.key].concat();
        let hash = digest(&SHA256, &content);
        let mut id = [0; 4];
        id.copy_from_slice(&hash.as_ref()[..4]);
        id
    }

    pub(crate) fn verifies(&self, text: &str, signature: &[u8]) -> bool {
        let key = UnparsedPublicKey::new(&ED25519, self.key);
        key.verify(text.as_bytes(), signature).is_ok()
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text_as(&self.name))
    }
}

/// One segment of a path, percent-encoded but for unreserved characters (RFC 3986 §2.3).
pub(crate) fn escape_segment(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            true => escaped.push(char::from(byte)),
            false => escaped.push_str(&format!("%{byte:02X}")),
        }
    }
    escaped
}

fn typed(key: &[u8; 32]) -> String {
    let mut bytes = Zeroizing::new([ED25519_TYPE; 33]);
    bytes[1..].copy_from_slice(key);
    STANDARD.encode(*bytes)
}

/// Reads `name+id+base64(type, 32 bytes)`; whether the id fits, the caller checks.
fn read(text: &str) -> Result<(&str, &str, Zeroizing<[u8; 32]>), KeyError> {
    let mut parts = text.splitn(3, '+');
    let (Some(name), Some(id), Some(content)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(KeyError::NoKey);
    };
    let bytes = Zeroizing::new(STANDARD.decode(content).map_err(|_| KeyError::NoKey)?);
    let Some((&ED25519_TYPE, key)) = bytes.split_first() else {
        return Err(KeyError::NoKey);
    };
    let key: [u8; 32] = key.try_into().map_err(|_| KeyError::NoKey)?;
    Ok((name, id, Zeroizing::new(key)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vector_of_the_note_format_reads_and_writes() {
        // The example key of golang.org/x/mod/sumdb/note.
        let secret =
            "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
        let public = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
        let key = SigningKey::parse(secret).unwrap();
        assert_eq!(key.public().to_string(), public);
        assert_eq!(*key.to_secret_text(), secret);
        assert_eq!(PublicKey::parse(public).unwrap(), *key.public());
        assert!(!format!("{key:?}").contains("AYEKFALV"));
    }

    #[test]
    fn a_key_that_is_none_is_refused() {
        let public = SigningKey::from_seed("log.example.com", &[7; 32])
            .unwrap()
            .public()
            .to_string();
        assert_eq!(
            PublicKey::parse(&public.replace("log", "lug")),
            Err(KeyError::WrongId)
        );
        for text in ["", "a+b", "a+b+c", "a+00000000+AQ=="] {
            assert_eq!(PublicKey::parse(text), Err(KeyError::NoKey));
        }
        for name in ["", "two words", "a+b", "line\n"] {
            let error = SigningKey::from_seed(name, &[7; 32]).unwrap_err();
            assert_eq!(error, KeyError::BadName);
        }
    }

    #[test]
    fn each_tenant_has_an_origin_of_its_own() {
        let key = SigningKey::from_seed("log.example.com", &[7; 32]).unwrap();
        let origin = |tenant: &str| key.public().origin(&TenantId::new(tenant));
        assert_eq!(origin("acme"), "log.example.com/acme");
        assert_eq!(origin("a/b +\n"), "log.example.com/a%2Fb%20%2B%0A");
        let own = PublicKey::parse(&key.public().of_tenant(&TenantId::new("acme"))).unwrap();
        assert_eq!(own.name(), "log.example.com/acme");
    }
}
