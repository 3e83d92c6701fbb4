//! What tests stand around the gateway: raw clients that send exactly the bytes they are told, and a scripted upstream
//! that answers what it is told and remembers what it received; an issuer of tokens.
//!
//! Nothing here knows the product. A test that waits, waits for an event and at most for [`DEADLINE`].

use std::{future::Future, time::Duration};

pub mod hostile;
pub mod http;
pub mod issuer;
pub mod issuer_server;
pub mod legacy;
pub mod modern;
pub mod sse;
pub mod stdio;
pub mod upstream;
mod wire;

/// Longer than anything here takes, also on a busy machine; reaching it is a failure.
pub const DEADLINE: Duration = Duration::from_secs(20);

/// Waits for an event.
///
/// # Panics
/// When it does not come before [`DEADLINE`].
pub async fn within<T>(what: &str, event: impl Future<Output = T>) -> T {
    match tokio::time::timeout(DEADLINE, event).await {
        Ok(value) => value,
        Err(_) => panic!("waited in vain: {what}"),
    }
}
