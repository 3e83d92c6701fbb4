//! What was used: counters of limits, which must survive a restart, and sums over the records.

use wardgate_model::TenantId;

use crate::{Reply, Timestamp};

/// How much of one limit one key has used in one window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counter {
    pub rule: String,
    /// The combination of tenant, principal, toolset and tool it counts for, as the limiter spells it.
    pub key: String,
    /// Which window, as the limiter spells it: `2026-11`.
    pub window: String,
    pub dimension: String,
    /// In the dimension's smallest unit.
    pub used: i64,
    /// When the window ends and the counter may be forgotten.
    pub ends_at: Timestamp,
}

words! {
    /// What sums are grouped by.
    UsageBy {
        Tenant = "tenant",
        Principal = "principal",
        Toolset = "toolset",
        Tool = "tool",
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageSum {
    /// The tenant, principal (`tenant/principal`), toolset or tool; empty where a record names none.
    pub of: String,
    pub spend: crate::Spend,
}

pub trait Usage: Send + Sync {
    /// Sets counters to what they say, in one transaction.
    fn put<'a>(&'a self, counters: &'a [Counter]) -> Reply<'a, ()>;

    /// Every counter whose window has not ended.
    fn load(&self, now: Timestamp) -> Reply<'_, Vec<Counter>>;

    /// Drops the counters of ended windows and says how many they were.
    fn forget_ended(&self, now: Timestamp) -> Reply<'_, u64>;

    /// What the records of `since ≤ time < until` have spent, of one tenant or of all, in the order of [`UsageSum::of`].
    /// Counted from the records themselves, so that usage and audit cannot disagree.
    fn sums<'a>(
        &'a self,
        by: UsageBy,
        tenant: Option<&'a TenantId>,
        since: Timestamp,
        until: Timestamp,
    ) -> Reply<'a, Vec<UsageSum>>;
}
