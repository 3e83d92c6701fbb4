//! A tool and its server as policies see them: facts an operator vouches for, never a server's own claims.

use std::sync::Arc;

use serde_json::Value;
use wardgate_model::{Alias, Effects, Risk, ServerName, ToolRef, ToolsetName};

/// The attributes `serverStatus`, `compliance` and `reviewed` of a tool, resource or prompt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    pub name: ServerName,
    pub alias: Alias,
    pub status: String,
    pub compliance: Vec<String>,
    /// A review exists and is not overdue.
    pub reviewed: bool,
}

#[derive(Clone, Debug)]
pub struct Tool {
    pub tool: ToolRef,
    pub server: Arc<Server>,
    /// Those that show it. For lint and explanations: what a call comes through is said by the call.
    pub toolsets: Vec<ToolsetName>,
    pub risk: Risk,
    /// What the operator vouches for; [`Effects::WORST`] where nobody does.
    pub effects: Effects,
    pub tags: Vec<String>,
    pub deprecated: bool,
    /// The JSON Schema of its arguments. Already bounded: see `wardgate-schema`.
    pub input_schema: Value,
}
