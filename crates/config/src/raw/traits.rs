//! `servers.<name>.tools.<tool>`: what the operator knows about a tool. A server's own annotations are claims; these count.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the operator knows about a tool.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct RawTraits {
    /// Whether the tool changes nothing, whatever the server claims. The record of such a call is not waited for.
    pub read_only: bool,
    /// How bad a wrong call can be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub risk: Option<Risk>,
    /// JSON Pointers into the arguments, and into the structured result, whose values are redacted before a record is kept; a step `*` is any member or item.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sensitive: Vec<String>,
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
