//! What the data plane obeys: decisions, immutable, loaded once per call.
//!
//! [`compile()`] makes one from a checked config and is pure: no file, environment or network is touched.
//! Facts that change by themselves (sessions, lines, caches) live in the proxy, keyed by the ids found here.

pub mod audit;
pub mod compile;
pub mod gateway;
pub mod server;
pub mod toolset;
pub mod traits;

pub use audit::{Audit, AuditLevel, OnError};
pub use compile::{CompileError, SELF, compile};
pub use gateway::{ApiKey, Caps, Gateway};
pub use server::{Endpoint, EraPin, HeaderValue, Server, Timeouts, TlsTrust};
pub use toolset::{Prefix, Toolset};
pub use traits::Traits;

use std::{collections::BTreeMap, sync::Arc};

use wardgate_model::ToolsetName;

#[derive(Debug)]
pub struct Snapshot {
    /// Digest of the config this came from; each record carries it.
    pub revision: String,
    pub gateway: Gateway,
    pub servers: BTreeMap<wardgate_model::Alias, Arc<Server>>,
    pub toolsets: BTreeMap<ToolsetName, Arc<Toolset>>,
}

impl Snapshot {
    /// Returns the toolset served at `/mcp` (for `None`) or `/mcp/{name}`.
    pub fn toolset(&self, name: Option<&str>) -> Option<&Arc<Toolset>> {
        self.toolsets
            .get(&ToolsetName::new(name.unwrap_or("default")))
    }
}
