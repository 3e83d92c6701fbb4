//! Decisions about one toolset: which servers' tools it shows, and under which names.

use std::sync::Arc;

use globset::GlobSet;
use wardgate_identity::ProtectedResource;
use wardgate_model::{Alias, Scope, ToolsetName};
use wardgate_policy::Policies;

use crate::sanitize::Rulebooks;

#[derive(Clone, Debug)]
pub struct Toolset {
    pub name: ToolsetName,
    /// Aliases in config order; the order of lists and of collisions.
    pub servers: Vec<Alias>,
    /// Matches `alias/tool`; empty config means `alias/*` for each server.
    pub show: GlobSet,
    pub hide: GlobSet,
    pub prefix: Prefix,
    /// What a token needs to enter, all of it.
    pub scopes: Vec<Scope>,
    /// The toolset's own address, which tokens may name as their audience.
    pub uri: String,
    /// What OAuth clients are told; `None` where no issuer's tokens lead in.
    pub resource: Option<ProtectedResource>,
    /// What decides over its calls; without policies every call is allowed.
    pub policies: Option<Arc<Policies>>,
    /// What is done about what servers send to its clients.
    pub sanitize: Rulebooks,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prefix {
    /// `never` for a single server, `always` for more.
    Auto,
    Always,
    Never,
}

impl Toolset {
    /// Says whether the tool (or prompt) `name` of server `alias` is part of this toolset.
    pub fn shows(&self, alias: &Alias, name: &str) -> bool {
        let path = format!("{alias}/{name}");
        self.servers.contains(alias) && self.show.is_match(&path) && !self.hide.is_match(&path)
    }
    /// Says whether exposed names carry `alias__`.
    pub fn prefixed(&self) -> bool {
        match self.prefix {
            Prefix::Auto => self.servers.len() > 1,
            Prefix::Always => true,
            Prefix::Never => false,
        }
    }
}
