//! File → [`Config`]: what an operator writes, read with every mistake reported at once.
//!
//! The way of a file: [`tree`] (values with their places) → `shape` (against the JSON Schema that [`raw`] yields)
//! → [`raw::RawConfig`] → `check` (what a schema cannot say) → [`Config`]. Nothing here reads files,
//! resolves secrets or opens connections; [`import`] turns the `mcp.json` of other programs into the same shape.

pub mod amounts;
mod check;
pub mod config;
pub mod diagnostic;
pub mod document;
pub mod import;
pub mod load;
pub mod raw;
pub mod reference;
pub mod render;
pub mod schema;
mod secretlike;
mod shape;
mod suggest;
pub mod tree;
pub mod units;

pub use config::{
    Action, Approvals, Audit, AuditLevel, Config, Egress, Endpoint, Era, Gateway, Issuer, Key,
    Limit, LimitKey, Limits, OnError, Prefix, Risk, Sanitize, Server, Tenant, Timeouts, Tool,
    Toolset, ValidateOutput, Value, Webhook, Workloads,
};
pub use diagnostic::{Code, Diagnostic, Report, Severity};
pub use document::read_yaml;
pub use load::{Loaded, Sources, load};
