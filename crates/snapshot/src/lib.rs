//! What the data plane obeys: decisions, immutable, loaded once per call.
//!
//! [`compile()`] makes one from a checked config and is pure: no file, environment or network is touched.
//! Facts that change by themselves (sessions, lines, caches) live in the proxy, keyed by the ids found here.

pub mod admin;
pub mod approvals;
pub mod audit;
pub mod compile;
pub mod gateway;
mod limits;
pub mod sanitize;
pub mod server;
pub mod tenant;
pub mod toolset;
pub mod traits;

pub use admin::{Admin, Roles};
pub use approvals::{Approvals, Webhook};
pub use audit::{Audit, AuditLevel, OnError};
pub use compile::{CompileError, SELF, compile};
pub use gateway::{ApiKey, Caps, Gateway, Tls};
pub use sanitize::{Rulebook, Rulebooks};
pub use server::{Endpoint, EraPin, HeaderValue, Server, Timeouts, TlsTrust, ValidateOutput};
pub use tenant::{Tenant, Tenants};
pub use toolset::{Exclusion, Prefix, Toolset};
pub use traits::Traits;

use std::{collections::BTreeMap, sync::Arc};

use wardgate_model::ToolsetName;
use wardgate_policy::Authorizer;

pub struct Snapshot {
    /// Digest of the config this came from; each record carries it.
    pub revision: String,
    pub gateway: Gateway,
    pub tenants: Tenants,
    pub servers: BTreeMap<wardgate_model::Alias, Arc<Server>>,
    pub toolsets: BTreeMap<ToolsetName, Arc<Toolset>>,
    /// Of all tenants.
    pub limits: wardgate_limit::Rules,
    /// Decides over what is no tool: resources, prompts, lists. Present when there are policies.
    pub authorizer: Option<Authorizer>,
}

impl Snapshot {
    /// Returns the toolset served at `/mcp` (for `None`) or `/mcp/{name}`.
    pub fn toolset(&self, name: Option<&str>) -> Option<&Arc<Toolset>> {
        self.toolsets
            .get(&ToolsetName::new(name.unwrap_or("default")))
    }
}
