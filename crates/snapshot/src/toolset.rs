//! Decisions about one toolset: which servers' tools it shows, and under which names.

use std::sync::Arc;

use globset::GlobSet;
use wardgate_identity::ProtectedResource;
use wardgate_model::{Alias, GroupName, Risk, Scope, ToolsetName};
use wardgate_policy::Policies;

use crate::{Server, Traits, sanitize::Rulebooks};

#[derive(Clone, Debug)]
pub struct Toolset {
    pub name: ToolsetName,
    /// Aliases in config order; the order of lists and of collisions.
    pub servers: Vec<Alias>,
    /// It has bounds, so that not everything its servers can do is part of it.
    pub is_bounded: bool,
    /// Matches `alias/tool`.
    pub show: GlobSet,
    pub hide: GlobSet,
    pub prefix: Prefix,
    /// Shows only what the operator vouches to change nothing.
    pub read_only: bool,
    /// The worst risk of what it shows.
    pub risk_max: Risk,
    /// Whose members may enter; `None` is everybody.
    pub groups: Option<Vec<GroupName>>,
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

/// Why a toolset does not show something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exclusion {
    Server,
    NotAmongTools,
    Hidden,
    MayWrite,
    TooRisky,
}

impl Toolset {
    /// Says whether the tool (or prompt) `name` of server `alias` is part of this toolset.
    pub fn shows(&self, alias: &Alias, name: &str) -> bool {
        self.excludes_name(alias, name).is_none()
    }

    /// Says whether the tool `name` of a server is part of this toolset, by its name and by what the operator knows of it.
    pub fn shows_tool(&self, server: &Server, name: &str) -> bool {
        self.excludes_tool(server, name).is_none()
    }

    /// Why the tool `name` of a server is no part of this toolset.
    pub fn excludes_tool(&self, server: &Server, name: &str) -> Option<Exclusion> {
        let by_name = self.excludes_name(&server.alias, name);
        by_name.or_else(|| self.excludes_traits(server.traits_of(name)))
    }

    fn excludes_name(&self, alias: &Alias, name: &str) -> Option<Exclusion> {
        let path = format!("{alias}/{name}");
        if !self.servers.contains(alias) {
            return Some(Exclusion::Server);
        }
        if !self.show.is_match(&path) {
            return Some(Exclusion::NotAmongTools);
        }
        self.hide.is_match(&path).then_some(Exclusion::Hidden)
    }

    fn excludes_traits(&self, traits: &Traits) -> Option<Exclusion> {
        if self.read_only && !traits.read_only {
            return Some(Exclusion::MayWrite);
        }
        let risk = traits.risk.unwrap_or(Risk::Critical);
        (risk > self.risk_max).then_some(Exclusion::TooRisky)
    }

    /// Says whether somebody in these groups may enter.
    pub fn is_open_to(&self, groups: &[GroupName]) -> bool {
        let own = self.groups.as_ref();
        own.is_none_or(|own| own.iter().any(|group| groups.contains(group)))
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
