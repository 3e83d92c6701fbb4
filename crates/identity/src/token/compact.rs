//! The form of a token: three parts, a header, a payload, a signature (RFC 7515 §7.1). Nothing in it is believed yet.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value};

use super::{Algorithm, TOKEN_BYTES_MAX, TokenRefusal};
use crate::json;

/// A token taken apart.
#[derive(Debug)]
pub(super) struct Compact<'a> {
    pub(super) algorithm: Algorithm,
    pub(super) kid: Option<String>,
    /// What the signature covers.
    pub(super) signed: &'a str,
    pub(super) payload: Map<String, Value>,
    pub(super) signature: Vec<u8>,
}

impl Compact<'_> {
    /// Takes a token apart. Header members that carry or point to a key (`jwk`, `jku`, `x5c`, `x5u`) are not looked at: keys come
    /// from the issuer.
    ///
    /// # Errors
    /// By what the form alone tells.
    pub(super) fn read(token: &str) -> Result<Compact<'_>, TokenRefusal> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(TokenRefusal::TooLong);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(TokenRefusal::Malformed)?;
        let (header, payload) = signed.split_once('.').ok_or(TokenRefusal::Malformed)?;
        let header = json::object(&decode(header)?).ok_or(TokenRefusal::Malformed)?;
        if header.contains_key("crit") {
            return Err(TokenRefusal::Critical);
        }
        if !header.get("typ").is_none_or(is_access_token) {
            return Err(TokenRefusal::Type);
        }
        let algorithm = header
            .get("alg")
            .and_then(Value::as_str)
            .and_then(Algorithm::parse)
            .ok_or(TokenRefusal::Algorithm)?;
        let kid = match header.get("kid") {
            None => None,
            Some(Value::String(kid)) => Some(kid.clone()),
            Some(_) => return Err(TokenRefusal::Malformed),
        };
        Ok(Compact {
            algorithm,
            kid,
            signed,
            payload: json::object(&decode(payload)?).ok_or(TokenRefusal::Malformed)?,
            signature: decode(signature)?,
        })
    }
}

/// RFC 9068 §2.1, and the plain type of RFC 7519 §5.1, which may as well be left out: Kubernetes and others do. Media types have
/// no case.
fn is_access_token(typ: &Value) -> bool {
    typ.as_str().is_some_and(|typ| {
        ["JWT", "at+jwt", "application/at+jwt"]
            .iter()
            .any(|accepted| typ.eq_ignore_ascii_case(accepted))
    })
}

/// Without padding, without bits left over: one spelling for each content. A dot is no letter of it, so a fourth part fails here.
fn decode(part: &str) -> Result<Vec<u8>, TokenRefusal> {
    URL_SAFE_NO_PAD
        .decode(part)
        .map_err(|_| TokenRefusal::Malformed)
}
