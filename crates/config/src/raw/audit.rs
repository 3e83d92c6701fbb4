//! `gateway.audit`: what records keep, and what happens when they cannot be written.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::units::Size;

/// What records keep, and what happens when they cannot be written.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Audit {
    /// How much of a call its record keeps: `metadata` neither arguments nor result, `request` the arguments, `full` the result too; what is sensitive is redacted first.
    pub level: AuditLevel,
    /// What happens to calls that may change something while records cannot be written: `block` refuses them and sends nothing, `degrade` serves them without a record.
    pub on_error: OnError,
    /// The same for calls of tools marked `read_only`. By default as `on_error`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_error_read_only: Option<OnError>,
    /// JSON Pointers into the arguments of every tool whose values are redacted before a record is kept; a step `*` is any member or item.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sensitive: Vec<String>,
    /// Size the database of records may grow to; beyond it records cannot be written. By default as large as the disk.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file_max: Option<Size>,
}

/// How much of a call its record keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuditLevel {
    #[default]
    Metadata,
    Request,
    Full,
}

/// What happens to a call whose record cannot be written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnError {
    #[default]
    Block,
    Degrade,
}
