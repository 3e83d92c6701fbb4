//! Which sort of thing a record tells, and whether it tells the intention or the end.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

/// `family.verb`, such as `approval.granted`. One of a later version is read as it is written.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RecordType(Cow<'static, str>);

impl RecordType {
    pub const TOOL_CALL: RecordType = RecordType(Cow::Borrowed("tool.call"));
    pub const LIST_VIEW: RecordType = RecordType(Cow::Borrowed("list.view"));
    pub const CONFIG_CHANGE: RecordType = RecordType(Cow::Borrowed("config.change"));
    pub const AUTH_FAILURE: RecordType = RecordType(Cow::Borrowed("auth.failure"));
    pub const EVIDENCE_ADD: RecordType = RecordType(Cow::Borrowed("evidence.add"));

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part before the first dot.
    pub fn family(&self) -> &str {
        self.0.split('.').next().unwrap_or_default()
    }
}

impl fmt::Display for RecordType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The families of records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    Tool,
    /// What else was asked for in the protocol, or was refused before it could be asked.
    Mcp,
    List,
    Approval,
    Policy,
    Catalog,
    Rollout,
    Override,
    Limit,
    Config,
    Auth,
    Evidence,
    Key,
}

impl Family {
    pub fn as_str(self) -> &'static str {
        match self {
            Family::Tool => "tool",
            Family::Mcp => "mcp",
            Family::List => "list",
            Family::Approval => "approval",
            Family::Policy => "policy",
            Family::Catalog => "catalog",
            Family::Rollout => "rollout",
            Family::Override => "override",
            Family::Limit => "limit",
            Family::Config => "config",
            Family::Auth => "auth",
            Family::Evidence => "evidence",
            Family::Key => "key",
        }
    }

    /// Returns the type `family.verb`.
    pub fn verb(self, verb: &'static str) -> RecordType {
        RecordType(Cow::Owned(format!("{}.{verb}", self.as_str())))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Written before the call is sent: without its completion the outcome is unknown.
    Received,
    Complete,
}

impl Stage {
    pub fn as_str(self) -> &'static str {
        match self {
            Stage::Received => "received",
            Stage::Complete => "complete",
        }
    }
}
