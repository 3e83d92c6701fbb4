//! A tool, as policy, limits and records name it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::id::Alias;

/// `alias/tool`: the same tool whatever name a toolset exposes it under.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ToolRef {
    pub alias: Alias,
    pub name: String,
}

impl ToolRef {
    /// Reads what `Display` wrote. A tool's own name may hold a slash, an alias none.
    pub fn parse(text: &str) -> Option<ToolRef> {
        let (alias, name) = text.split_once('/')?;
        Some(ToolRef {
            alias: Alias::new(alias),
            name: name.to_owned(),
        })
    }
}

impl fmt::Display for ToolRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.alias, self.name)
    }
}

/// How bad a wrong call can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Risk {
    Low,
    Medium,
    High,
    Critical,
}

impl Risk {
    pub fn as_str(self) -> &'static str {
        match self {
            Risk::Low => "low",
            Risk::Medium => "medium",
            Risk::High => "high",
            Risk::Critical => "critical",
        }
    }
}

/// What a tool does to the world. A server's own annotations are claims: only an operator's word makes a tool better than
/// [`Effects::WORST`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Effects {
    pub read_only: bool,
    pub destructive: bool,
    pub idempotent: bool,
    pub open_world: bool,
}

impl Effects {
    /// MCP's defaults for a tool without annotations.
    pub const WORST: Effects = Effects {
        read_only: false,
        destructive: true,
        idempotent: false,
        open_world: true,
    };
}
