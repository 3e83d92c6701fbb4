//! Who a credential proves: API keys, tokens of an issuer, client certificates.
//!
//! Nothing here listens, dials, reads a clock or makes a random number: bytes, time and randomness are passed in. A credential is
//! proven or refused; there is no third way that ends in somebody without a name.

mod api_key;
mod key_check;

pub use api_key::{ApiKey, MalformedKey};
pub use key_check::{InstallKey, KeyHash, KeyRecord, KeyRefusal, WeakInstallKey};
