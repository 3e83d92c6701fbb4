//! Tokens that were proven a moment ago, so that their signatures need not be checked again.
//!
//! The key is SHA-256 of the whole token. Only proven ones are kept: a refusal is cheap to repeat and must not outlive its reason.
//! What can change between two uses (time, route, the issuer's keys) is judged at each use by `verifier`.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use moka::sync::Cache;
use wardgate_model::Caller;

use super::claims::Terms;

pub(super) struct Remembered(Cache<TokenDigest, Arc<Proof>>);

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct TokenDigest([u8; 32]);

/// What a token was found to be.
pub(super) struct Proof {
    pub(super) caller: Caller,
    pub(super) terms: Terms,
    /// Good for the tenant's every route, not only for the resource it names.
    pub(super) everywhere: bool,
    /// Which of the trusted issuers, and which of its sets of keys.
    pub(super) trusted: usize,
    pub(super) revision: u64,
}

impl Remembered {
    /// `tokens_max` bounds it; what is used least goes first.
    pub(super) fn new(tokens_max: u64) -> Remembered {
        Remembered(Cache::new(tokens_max))
    }

    pub(super) fn get(&self, token: &TokenDigest) -> Option<Arc<Proof>> {
        self.0.get(token)
    }

    pub(super) fn keep(&self, token: TokenDigest, proof: Arc<Proof>) {
        self.0.insert(token, proof);
    }

    pub(super) fn forget(&self, token: &TokenDigest) {
        self.0.invalidate(token);
    }
}

impl TokenDigest {
    pub(super) fn of(token: &str) -> TokenDigest {
        let whole = digest(&SHA256, token.as_bytes());
        TokenDigest(whole.as_ref().try_into().expect("SHA-256 is 32 bytes"))
    }
}
