//! `requestState` that a client can carry but not forge. The key lives as long as the process.

use std::hash::{BuildHasher, RandomState};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;

/// A keyed SipHash is weak for a server with something to lose; for a lab it makes tampering fail.
#[derive(Debug, Default)]
pub struct Seal(RandomState);

impl Seal {
    pub fn close(&self, state: &Value) -> String {
        let body = URL_SAFE_NO_PAD.encode(state.to_string());
        let tag = self.0.hash_one(&body);
        format!("{body}.{tag:016x}")
    }

    /// Returns the state if this lab made it.
    pub fn open(&self, sealed: &str) -> Option<Value> {
        let (body, tag) = sealed.rsplit_once('.')?;
        if format!("{:016x}", self.0.hash_one(body)) != tag {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(body).ok()?;
        serde_json::from_slice(&bytes).ok()
    }

    /// An id that cannot be guessed from its neighbours.
    pub fn id(&self, kind: &str, n: u64) -> String {
        format!(
            "{kind}-{:016x}{:016x}",
            self.0.hash_one((kind, n, 0)),
            self.0.hash_one((kind, n, 1))
        )
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_an_untouched_state_opens() {
        let seal = Seal::default();
        let sealed = seal.close(&json!({"step": 1}));
        assert_eq!(seal.open(&sealed), Some(json!({"step": 1})));
        assert_eq!(seal.open(&format!("x{sealed}")), None);
        assert_eq!(Seal::default().open(&sealed), None);
    }
}
