//! API keys that were issued at run time: the port by which the data plane asks whom one proves.

use futures_util::future::BoxFuture;
use wardgate_identity::ApiKey;
use wardgate_model::{Caller, ToolsetName};

/// Whom a key proves, and the toolsets it opens if it does not open all.
#[derive(Clone, Debug)]
pub struct Holder {
    pub caller: Caller,
    pub toolsets: Option<Vec<ToolsetName>>,
}

/// Why a key proves nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unproven {
    #[error("the key is not good")]
    Refused,
    /// Where keys are kept does not answer: the key is neither good nor wrong.
    #[error("keys cannot be looked up")]
    Unknown,
}

/// Keys that were issued.
pub trait IssuedKeys: Send + Sync {
    /// Returns whom a key proves at this moment.
    fn prove<'a>(&'a self, key: &'a ApiKey) -> BoxFuture<'a, Result<Holder, Unproven>>;
}
