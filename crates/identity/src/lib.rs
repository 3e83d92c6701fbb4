//! Who a credential proves: API keys, tokens of an issuer, client certificates.
//!
//! Nothing here listens, dials, reads a clock or makes a random number: bytes, time and randomness are passed in. A credential is
//! proven or refused; there is no third way that ends in somebody without a name.

mod api_key;
mod json;
mod key_check;
mod token;

pub use api_key::{ApiKey, MalformedKey};
pub use key_check::{InstallKey, KeyHash, KeyRecord, KeyRefusal, WeakInstallKey};
pub use token::{
    Algorithm, Ambiguous, ClaimPath, Fetch, FetchFault, Issuer, KeySet, KeysAt, KeysUnavailable,
    NotAKeySet, Now, TokenFault, TokenRefusal, Verified, Verifier,
};
