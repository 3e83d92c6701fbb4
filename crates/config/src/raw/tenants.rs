//! `tenants`: who shares a gateway, and what each may use.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    amounts::{Share, Usd, Window},
    units::{Size, Span},
};

/// A group of callers that shares nothing with the others.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct RawTenant {
    /// What its callers may use. A call passes only if every limit that matches it lets it pass.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<Limit>,
}

/// How much may be used, by whom, of what.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Limit {
    /// Name of the limit, unique in its tenant. Callers are told it.
    #[schemars(length(min = 1))]
    pub name: String,
    /// What is counted separately: each principal, toolset or tool, one of these or a list of them; `tenant` counts all of the tenant's calls together.
    #[serde(default)]
    pub key: LimitKeys,
    /// Patterns `alias/tool` of what it holds for. By default for everything.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<String>,
    /// Time that everything but `concurrency` is counted over: any span of a length such as `1m`, or a `day` or `month` of the calendar in UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per: Option<Window>,
    /// Calls. Lists and questions after tasks are counted apart: as many of them pass, and they use up no calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub calls: Option<u64>,
    /// Calls that may come at once, before the even pace of `calls` holds. By default all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub burst: Option<u64>,
    /// US dollars, by the `cost_usd` of each tool.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_usd: Option<Usd>,
    /// Tokens of arguments and results, estimated at four bytes each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub tokens: Option<u64>,
    /// Bytes of arguments and results.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<Size>,
    /// Time that servers spend on calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compute: Option<Span>,
    /// Calls at the same time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub concurrency: Option<u64>,
    /// Share of the limit, such as `0.8`, from which on callers and the log are warned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub soft: Option<Share>,
}

/// What is counted separately.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum LimitKeys {
    One(LimitKey),
    All(Vec<LimitKey>),
}

impl Default for LimitKeys {
    fn default() -> LimitKeys {
        LimitKeys::One(LimitKey::Tenant)
    }
}

impl LimitKeys {
    pub fn parts(&self) -> &[LimitKey] {
        match self {
            LimitKeys::One(key) => std::slice::from_ref(key),
            LimitKeys::All(keys) => keys,
        }
    }
}

/// A fact about a call that limits count by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LimitKey {
    Tenant,
    Principal,
    Toolset,
    Tool,
}
