//! `servers.<name>.tools`: what an operator knows of a tool that its server does not say, or is not believed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::sanitize::Sanitize;
use crate::amounts::Usd;

/// What is known of a tool.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Tool {
    /// US dollars that one call costs, such as `0.02`.
    pub cost_usd: Usd,
    /// Whether the tool changes nothing, whatever the server claims. The record of such a call is not waited for.
    pub read_only: bool,
    /// How bad a wrong call can be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub risk: Option<Risk>,
    /// JSON Pointers into the arguments, and into the structured result, whose values are redacted before a record is kept; a step `*` is any member or item.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sensitive: Vec<String>,
    /// What is done about what the tool sends, also in lists.
    pub sanitize: Sanitize,
}

/// How bad a wrong call can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Risk {
    Low,
    Medium,
    High,
    Critical,
}
