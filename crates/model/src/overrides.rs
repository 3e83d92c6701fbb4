//! What an operator's override does and what it is about: the words in which it is asked for, stored and obeyed.
//!
//! Who set one, why and until when is the store's; what it stops is decided in the data plane.

use std::fmt;

use crate::{
    caller::Identity,
    id::{PrincipalId, ServerName, TenantId, ToolsetName},
    tool::ToolRef,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum OverrideEffect {
    /// The kill switch.
    Deny,
    /// Break-glass: lifts soft rules of policies.
    Allow,
    /// Stops promotions.
    Freeze,
}

impl OverrideEffect {
    pub const ALL: &'static [OverrideEffect] = &[
        OverrideEffect::Deny,
        OverrideEffect::Allow,
        OverrideEffect::Freeze,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            OverrideEffect::Deny => "deny",
            OverrideEffect::Allow => "allow",
            OverrideEffect::Freeze => "freeze",
        }
    }

    pub fn parse(word: &str) -> Option<OverrideEffect> {
        let mut all = OverrideEffect::ALL.iter().copied();
        all.find(|effect| effect.as_str() == word)
    }
}

impl fmt::Display for OverrideEffect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What an override is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum OverrideMatch {
    Tool(ToolRef),
    /// A server, by its name or its alias.
    Server(ServerName),
    Toolset(ToolsetName),
    Tenant(TenantId),
    Principal(Identity),
    /// Every tool that is not known to be read-only.
    AllWrites,
    /// Whatever a server would be asked for.
    Everything,
}

impl OverrideMatch {
    /// The words of [`OverrideMatch::kind`].
    pub const KINDS: [&'static str; 7] = [
        "tool",
        "server",
        "toolset",
        "tenant",
        "principal",
        "all-writes",
        "everything",
    ];

    pub fn kind(&self) -> &'static str {
        match self {
            OverrideMatch::Tool(_) => "tool",
            OverrideMatch::Server(_) => "server",
            OverrideMatch::Toolset(_) => "toolset",
            OverrideMatch::Tenant(_) => "tenant",
            OverrideMatch::Principal(_) => "principal",
            OverrideMatch::AllWrites => "all-writes",
            OverrideMatch::Everything => "everything",
        }
    }

    /// `pay/refund_create`, `com.acme/payments`, `acme/caller` …; empty where the kind says it all.
    pub fn value(&self) -> String {
        match self {
            OverrideMatch::Tool(tool) => tool.to_string(),
            OverrideMatch::Server(server) => server.to_string(),
            OverrideMatch::Toolset(toolset) => toolset.to_string(),
            OverrideMatch::Tenant(tenant) => tenant.to_string(),
            OverrideMatch::Principal(identity) => identity.to_string(),
            OverrideMatch::AllWrites | OverrideMatch::Everything => String::new(),
        }
    }

    /// Reads what [`OverrideMatch::kind`] and [`OverrideMatch::value`] wrote.
    pub fn parse(kind: &str, value: &str) -> Option<OverrideMatch> {
        let alone = value.is_empty();
        Some(match kind {
            "all-writes" if alone => OverrideMatch::AllWrites,
            "everything" if alone => OverrideMatch::Everything,
            _ if alone => return None,
            "tool" => OverrideMatch::Tool(ToolRef::parse(value)?),
            "server" => OverrideMatch::Server(ServerName::new(value)),
            "toolset" => OverrideMatch::Toolset(ToolsetName::new(value)),
            "tenant" => OverrideMatch::Tenant(TenantId::new(value)),
            "principal" => {
                let (tenant, principal) = value.split_once('/')?;
                OverrideMatch::Principal(Identity {
                    tenant: TenantId::new(tenant),
                    principal: PrincipalId::new(principal),
                })
            }
            _ => return None,
        })
    }
}

impl fmt::Display for OverrideMatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OverrideMatch::AllWrites | OverrideMatch::Everything => f.write_str(self.kind()),
            _ => write!(f, "{} {}", self.kind(), self.value()),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::id::Alias;

    use super::*;

    #[test]
    fn a_match_reads_back_as_it_was_written() {
        let identity = Identity {
            tenant: TenantId::new("acme"),
            principal: PrincipalId::new("a/b"),
        };
        let tool = ToolRef {
            alias: Alias::new("pay"),
            name: "refund/create".to_owned(),
        };
        let all = [
            OverrideMatch::Tool(tool),
            OverrideMatch::Server(ServerName::new("com.acme/payments")),
            OverrideMatch::Toolset(ToolsetName::new("finance")),
            OverrideMatch::Tenant(TenantId::new("acme")),
            OverrideMatch::Principal(identity),
            OverrideMatch::AllWrites,
            OverrideMatch::Everything,
        ];
        assert_eq!(
            all.each_ref().map(OverrideMatch::kind),
            OverrideMatch::KINDS
        );
        for matches in all {
            assert_eq!(
                OverrideMatch::parse(matches.kind(), &matches.value()),
                Some(matches)
            );
        }
        for (kind, value) in [
            ("tool", "no-slash"),
            ("server", ""),
            ("all", ""),
            ("all-writes", "lab"),
        ] {
            assert_eq!(OverrideMatch::parse(kind, value), None, "{kind} {value}");
        }
    }
}
