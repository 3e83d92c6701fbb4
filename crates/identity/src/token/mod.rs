//! Access tokens: JSON Web Tokens signed by an issuer a tenant trusts (RFC 7519, RFC 8725, RFC 9068).
//!
//! In the order a token meets them: its form (`compact`), its issuer (`issuer`), the issuer's keys (`key_source`, `key_set`), its
//! claims (`claims`), the caller they make (`principal`). `verifier` joins them, `remembered` spares the second time.

pub(crate) mod algorithm;
mod claims;
mod compact;
mod discovery;
mod issuer;
mod key_set;
mod key_source;
mod principal;
mod remembered;
mod verifier;

pub use algorithm::Algorithm;
pub use issuer::{ClaimPath, Issuer, KeysAt};
pub use key_set::{KeySet, NotAKeySet};
pub use key_source::{Fetch, FetchFault, KeysUnavailable};
pub use verifier::{Ambiguous, Now, TokenFault, Verified, Verifier};

/// What is longer is no token of a sane issuer.
const TOKEN_BYTES_MAX: usize = 16 * 1024;

/// Why a token proves nobody. For the log: a client learns `invalid_token` and nothing more (RFC 6750 §3.1).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenRefusal {
    #[error("longer than {TOKEN_BYTES_MAX} bytes")]
    TooLong,
    #[error(
        "not three parts of base64url, the outer two holding strict JSON objects and a signature"
    )]
    Malformed,
    #[error("a type that is no access token's")]
    Type,
    #[error("header demands an extension by `crit`")]
    Critical,
    #[error("an algorithm that is never accepted, or not from this issuer")]
    Algorithm,
    #[error("an issuer nobody here trusts")]
    Issuer,
    #[error("no key of the issuer has this id and fits the algorithm")]
    Key,
    #[error("the signature is not the key's")]
    Signature,
    #[error("claim `{0}` is missing")]
    ClaimMissing(String),
    #[error("claim `{0}` has a wrong type or content")]
    ClaimShape(String),
    #[error("expired")]
    Expired,
    #[error("not valid yet")]
    NotYetValid,
    #[error("made for somebody else, or for more than one tenant")]
    Audience,
}
