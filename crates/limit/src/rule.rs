//! What is declared. `compile.rs` makes of it what is obeyed, and finds what cannot be.

use std::time::Duration;

use wardgate_model::{MicroUsd, TenantId};

use crate::key::Key;

/// One limit, as declared. A call passes only if every rule that matches it lets it pass.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rule {
    /// Printable ASCII; unique within the tenant that declares it.
    pub name: String,
    /// Where the rule was declared: it holds for this tenant only. Absent, it holds for all.
    pub tenant: Option<TenantId>,
    pub key: Key,
    /// Patterns over `alias/tool`; none means every tool, and requests without one.
    pub tools: Vec<String>,
    pub calls: Option<u64>,
    /// Calls at once before the even pace of `calls` per window holds. Absent, all of them may come at once.
    pub burst: Option<u64>,
    pub cost: Option<MicroUsd>,
    pub tokens: Option<u64>,
    pub bytes: Option<u64>,
    pub compute: Option<Duration>,
    /// Of everything but concurrency.
    pub per: Option<Window>,
    pub concurrency: Option<u64>,
    /// The share of a limit at which a warning is due.
    pub soft: Option<Share>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// Any span of this length, by the monotonic clock.
    Sliding(Duration),
    /// A day in UTC.
    Day,
    /// A calendar month in UTC.
    Month,
}

/// A share of a limit in thousandths, above none and up to the whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share(u16);

impl Share {
    pub fn per_mille(share: u16) -> Option<Share> {
        (1..=1000).contains(&share).then_some(Share(share))
    }

    pub(crate) fn is_reached(self, used: u64, limit: u64) -> bool {
        u128::from(used) * 1000 >= u128::from(limit) * u128::from(self.0)
    }
}

/// Why a rule cannot be obeyed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleFault {
    #[error("limit name `{rule}` is empty or not printable ASCII")]
    Name { rule: String },
    #[error("limit `{rule}` is declared twice")]
    Twice { rule: String },
    #[error("limit `{rule}` limits nothing")]
    Empty { rule: String },
    #[error("limit `{rule}` has amounts but no window")]
    NoWindow { rule: String },
    /// To let no call pass is an override's work. A cost of zero is fine: free calls pass.
    #[error("limit `{rule}` has a zero where a limit is at least one")]
    Zero { rule: String },
    #[error("limit `{rule}` has a burst without calls in a sliding window")]
    Burst { rule: String },
    #[error("limit `{rule}` has the unreadable pattern `{pattern}`")]
    Pattern { rule: String, pattern: String },
}
