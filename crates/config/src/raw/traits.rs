//! `servers.<name>.tools`: what an operator knows of a tool that its server does not say.

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
    /// What is done about what the tool sends, also in lists.
    pub sanitize: Sanitize,
}
