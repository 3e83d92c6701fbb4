//! Who a credential proves: API keys, tokens of an issuer, client certificates.
//!
//! Nothing here listens, dials, reads a clock or makes a random number: bytes, time and randomness are passed in, and an issuer is
//! asked through a port. A credential is proven or refused; there is no third way that ends in somebody without a name.

mod api_key;
mod certificate;
mod human;
mod json;
mod key_check;
mod resource;
mod spiffe;
mod token;

pub use api_key::{ApiKey, MalformedKey};
pub use certificate::{CertificateRefusal, Workloads, workload};
pub use human::{AliasClash, Aliases, Human};
pub use key_check::{InstallKey, KeyHash, KeyRecord, KeyRefusal, WeakInstallKey};
pub use resource::{Challenge, ProtectedResource, ResourceFault, is_resource_scope};
pub use spiffe::{NotASpiffeId, SpiffeId, SpiffePattern};
pub use token::{
    Algorithm, Ambiguous, ClaimPath, Fetch, FetchFault, Issuer, KeySet, KeysAt, KeysUnavailable,
    NotAKeySet, Now, TokenFault, TokenRefusal, Verified, Verifier,
};
