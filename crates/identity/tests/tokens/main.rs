//! Tokens against an issuer that is asked through the `Fetch` port: what is refused, what is proven, when keys are fetched.

mod caller;
mod keys;
mod refused;
mod support;
mod trust;
