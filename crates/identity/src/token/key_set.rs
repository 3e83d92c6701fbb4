//! A JSON Web Key Set (RFC 7517): the public keys of one issuer, those that can verify signatures.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value};

use super::Algorithm;
use crate::json;

/// An issuer with more keys than these is none.
const KEYS_MAX: usize = 100;

/// The usable keys of an issuer. It may be empty: then the issuer has taken back all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeySet(Vec<Key>);

/// The document is no key set at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an object with at most {KEYS_MAX} keys in `keys`")]
pub struct NotAKeySet;

#[derive(Clone, Debug, PartialEq, Eq)]
struct Key {
    kid: Option<String>,
    algorithm: Option<Algorithm>,
    material: Material,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Material {
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
    },
    /// An uncompressed point.
    P256(Vec<u8>),
    P384(Vec<u8>),
    Ed25519(Vec<u8>),
}

impl KeySet {
    /// Reads a set. Keys of unknown kinds, for other uses, or without a sound public part are left out (RFC 7517 §5).
    ///
    /// # Errors
    /// [`NotAKeySet`] when the document is something else.
    pub fn parse(document: &[u8]) -> Result<KeySet, NotAKeySet> {
        let document = json::object(document).ok_or(NotAKeySet)?;
        match document.get("keys") {
            Some(Value::Array(keys)) if keys.len() <= KEYS_MAX => Ok(KeySet(
                keys.iter()
                    .filter_map(|key| Key::read(key.as_object()?))
                    .collect(),
            )),
            _ => Err(NotAKeySet),
        }
    }

    pub(super) fn has(&self, kid: &str) -> bool {
        self.0.iter().any(|key| key.kid.as_deref() == Some(kid))
    }

    /// The keys that may have signed a token with this header. Without a `kid` there must be no choice.
    pub(super) fn candidates(&self, kid: Option<&str>, algorithm: Algorithm) -> Vec<&Material> {
        let fitting: Vec<&Material> = self
            .0
            .iter()
            .filter(|key| kid.is_none() || key.kid.as_deref() == kid)
            .filter(|key| key.algorithm.is_none_or(|own| own == algorithm))
            .map(|key| &key.material)
            .filter(|material| algorithm.fits(material))
            .collect();
        match kid {
            None if fitting.len() > 1 => Vec::new(),
            _ => fitting,
        }
    }
}

impl Key {
    fn read(jwk: &Map<String, Value>) -> Option<Key> {
        if !is_for_verifying(jwk) {
            return None;
        }
        let material = Material::read(jwk)?;
        let algorithm = match jwk.get("alg") {
            None => None,
            Some(name) => Some(Algorithm::parse(name.as_str()?)?),
        };
        let kid = match jwk.get("kid") {
            None => None,
            Some(kid) => Some(kid.as_str()?.to_owned()),
        };
        Some(Key {
            kid,
            algorithm,
            material,
        })
    }
}

impl Material {
    fn read(jwk: &Map<String, Value>) -> Option<Material> {
        let text = |name: &str| jwk.get(name).and_then(Value::as_str);
        let bytes = |name: &str| URL_SAFE_NO_PAD.decode(text(name)?).ok();
        match (text("kty")?, text("crv")) {
            ("RSA", _) => Some(Material::Rsa {
                n: unsigned(bytes("n")?)?,
                e: unsigned(bytes("e")?)?,
            }),
            ("EC", Some("P-256")) => point(32, bytes("x")?, bytes("y")?).map(Material::P256),
            ("EC", Some("P-384")) => point(48, bytes("x")?, bytes("y")?).map(Material::P384),
            ("OKP", Some("Ed25519")) => bytes("x").filter(|x| x.len() == 32).map(Material::Ed25519),
            _ => None,
        }
    }
}

/// RFC 7517 §4.2, §4.3.
fn is_for_verifying(jwk: &Map<String, Value>) -> bool {
    let is_signing = jwk.get("use").is_none_or(|purpose| purpose == "sig");
    let verifies = match jwk.get("key_ops") {
        None => true,
        Some(Value::Array(operations)) => operations.iter().any(|one| one == "verify"),
        Some(_) => false,
    };
    is_signing && verifies
}

/// Some issuers write the sign's zero byte before a number, against RFC 7518 §2.
fn unsigned(number: Vec<u8>) -> Option<Vec<u8>> {
    let start = number.iter().position(|byte| *byte != 0)?;
    Some(number[start..].to_vec())
}

/// SEC 1 §2.3.3. RFC 7518 §6.2.1.2: coordinates have the full length of the field.
fn point(length: usize, x: Vec<u8>, y: Vec<u8>) -> Option<Vec<u8>> {
    (x.len() == length && y.len() == length).then(|| [vec![4], x, y].concat())
}
