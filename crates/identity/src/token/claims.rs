//! The registered claims, judged: each has its type or the token is refused. A claim of a wrong type is never taken for absent.

use std::time::{Duration, SystemTime};

use serde_json::{Map, Value};

use super::TokenRefusal;

/// What clocks may differ by.
const LEEWAY: Duration = Duration::from_secs(60);
/// The last second of the year 9999; a later date is a mistake, such as milliseconds.
const DATE_MAX: f64 = 253_402_300_799.0;

/// From when to when a token is good, and for whom it was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Terms {
    expires_at: SystemTime,
    not_before: Option<SystemTime>,
    issued_at: Option<SystemTime>,
    audiences: Vec<String>,
}

impl Terms {
    pub(super) fn read(claims: &Map<String, Value>) -> Result<Terms, TokenRefusal> {
        Ok(Terms {
            expires_at: date(claims, "exp")?.ok_or_else(|| missing("exp"))?,
            not_before: date(claims, "nbf")?,
            issued_at: date(claims, "iat")?,
            audiences: audiences(claims)?,
        })
    }

    /// # Errors
    /// [`TokenRefusal::Expired`] or [`TokenRefusal::NotYetValid`].
    pub(super) fn judge(&self, now: SystemTime) -> Result<(), TokenRefusal> {
        if self.expires_at + LEEWAY <= now {
            return Err(TokenRefusal::Expired);
        }
        let begins = self.not_before.max(self.issued_at);
        if begins.is_some_and(|begins| begins > now + LEEWAY) {
            return Err(TokenRefusal::NotYetValid);
        }
        Ok(())
    }

    pub(super) fn names(&self, audience: &str) -> bool {
        self.audiences.iter().any(|named| named == audience)
    }

    pub(super) fn expires_at(&self) -> SystemTime {
        self.expires_at
    }
}

/// Returns `iss`, to find whose keys to ask; it is believed once one of them has signed it.
pub(super) fn issuer(claims: &Map<String, Value>) -> Result<&str, TokenRefusal> {
    match claims.get("iss") {
        None => Err(missing("iss")),
        Some(issuer) => issuer.as_str().ok_or_else(|| shape("iss")),
    }
}

/// A NumericDate (RFC 7519 §2).
fn date(claims: &Map<String, Value>, name: &str) -> Result<Option<SystemTime>, TokenRefusal> {
    let Some(value) = claims.get(name) else {
        return Ok(None);
    };
    let seconds = match value {
        Value::Number(number) => number.as_f64(),
        _ => None,
    };
    match seconds {
        Some(seconds) if (0.0..=DATE_MAX).contains(&seconds) => Ok(Some(
            SystemTime::UNIX_EPOCH + Duration::from_secs_f64(seconds),
        )),
        _ => Err(shape(name)),
    }
}

/// RFC 7519 §4.1.3: one text, or a list of them.
fn audiences(claims: &Map<String, Value>) -> Result<Vec<String>, TokenRefusal> {
    let value = claims.get("aud").ok_or_else(|| missing("aud"))?;
    texts(value).ok_or_else(|| shape("aud"))
}

/// One text or a list of texts.
pub(super) fn texts(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::String(text) => Some(vec![text.clone()]),
        Value::Array(items) => items
            .iter()
            .map(|item| item.as_str().map(str::to_owned))
            .collect(),
        _ => None,
    }
}

pub(super) fn missing(claim: &str) -> TokenRefusal {
    TokenRefusal::ClaimMissing(claim.to_owned())
}

pub(super) fn shape(claim: &str) -> TokenRefusal {
    TokenRefusal::ClaimShape(claim.to_owned())
}
