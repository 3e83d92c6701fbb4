//! What a caller is told when a limit is used up, and what an operator is told before it is.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use serde::Serialize;
use wardgate_model::TenantId;

use crate::{facts::Dimension, key::KeyValues};

/// The limit that keeps a call back. Of several, the one that keeps it back longest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("limit `{rule}` leaves {remaining} of {limit} {dimension}")]
pub struct Refusal {
    pub rule: Arc<str>,
    /// The tenant that declared the rule.
    pub tenant: Option<TenantId>,
    pub dimension: Dimension,
    /// In the dimension's unit, as is `remaining`.
    pub limit: u64,
    pub remaining: u64,
    /// When the same call passes if nobody else takes what is left. Absent if it is larger than the whole limit: it never passes.
    /// A guess for concurrency, where it depends on the other calls.
    pub retry_after: Option<Duration>,
    /// The same instant on the wall clock; absent where it is never or a guess.
    pub reset_at: Option<Timestamp>,
}

/// The soft share of a limit was reached: said once per window and key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Warning {
    pub rule: Arc<str>,
    pub tenant: Option<TenantId>,
    pub key: KeyValues,
    pub dimension: Dimension,
    pub limit: u64,
    pub used: u64,
}
