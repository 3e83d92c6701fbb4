//! An operator's rules for the moment: kill switch (`deny`), break-glass (`allow`), `freeze`. Who may set one is the
//! caller's rule; that `deny all-writes` is lifted by two people is held here, where it cannot be passed by.

use std::fmt;

use wardgate_model::{
    Identity, OverrideId, PersonId, PrincipalId, ServerName, TenantId, ToolRef, ToolsetName,
};

use crate::{Cursor, Page, Reply, StoreError, Timestamp};

words! {
    OverrideEffect {
        Deny = "deny",
        Allow = "allow",
        /// Stops promotions.
        Freeze = "freeze",
    }
}

/// What an override is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum OverrideMatch {
    Tool(ToolRef),
    Server(ServerName),
    Toolset(ToolsetName),
    Tenant(TenantId),
    Principal(Identity),
    /// Every tool that is not known to be read-only.
    AllWrites,
}

impl OverrideMatch {
    pub fn kind(&self) -> &'static str {
        match self {
            OverrideMatch::Tool(_) => "tool",
            OverrideMatch::Server(_) => "server",
            OverrideMatch::Toolset(_) => "toolset",
            OverrideMatch::Tenant(_) => "tenant",
            OverrideMatch::Principal(_) => "principal",
            OverrideMatch::AllWrites => "all-writes",
        }
    }

    /// `pay/refund_create`, `com.acme/payments`, `acme/caller` …; empty for all writes.
    pub fn value(&self) -> String {
        match self {
            OverrideMatch::Tool(tool) => tool.to_string(),
            OverrideMatch::Server(server) => server.to_string(),
            OverrideMatch::Toolset(toolset) => toolset.to_string(),
            OverrideMatch::Tenant(tenant) => tenant.to_string(),
            OverrideMatch::Principal(identity) => identity.to_string(),
            OverrideMatch::AllWrites => String::new(),
        }
    }

    /// Reads what [`OverrideMatch::kind`] and [`OverrideMatch::value`] wrote.
    pub fn parse(kind: &str, value: &str) -> Option<OverrideMatch> {
        Some(match kind {
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
            "all-writes" if value.is_empty() => OverrideMatch::AllWrites,
            _ => return None,
        })
    }
}

impl fmt::Display for OverrideMatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OverrideMatch::AllWrites => f.write_str(self.kind()),
            _ => write!(f, "{} {}", self.kind(), self.value()),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    pub id: OverrideId,
    pub effect: OverrideEffect,
    pub matches: OverrideMatch,
    pub reason: String,
    pub by: PersonId,
    pub created_at: Timestamp,
    /// `None` is until lifted.
    pub expires_at: Option<Timestamp>,
    pub cancel_in_flight: bool,
    /// Who wants it lifted, in the order they said so.
    pub lifts: Vec<Lift>,
    /// Set when enough people want it lifted.
    pub lifted_at: Option<Timestamp>,
}

/// One person's word that an override should end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lift {
    pub by: PersonId,
    pub reason: String,
    pub at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lifted {
    /// It is over.
    Done(Override),
    /// It stays in force until another person says so too.
    NeedsAnother(Override),
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OverrideError {
    #[error("the override has ended already")]
    Ended,
    #[error("this person has already asked to lift the override; another one must agree")]
    Twice,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Override {
    pub fn is_active(&self, now: Timestamp) -> bool {
        self.lifted_at.is_none() && self.expires_at.is_none_or(|expires| expires > now)
    }

    /// How many people it takes to lift it.
    pub fn lifts_needed(&self) -> usize {
        match (self.effect, &self.matches) {
            (OverrideEffect::Deny, OverrideMatch::AllWrites) => 2,
            _ => 1,
        }
    }

    /// Adds a person's word, and ends the override when it was the last one needed.
    ///
    /// # Errors
    /// `Ended` and `Twice`; the override is then as it was.
    pub fn lift(&mut self, lift: Lift) -> Result<(), OverrideError> {
        if !self.is_active(lift.at) {
            return Err(OverrideError::Ended);
        }
        if self.lifts.iter().any(|earlier| earlier.by == lift.by) {
            return Err(OverrideError::Twice);
        }
        let at = lift.at;
        self.lifts.push(lift);
        if self.lifts.len() >= self.lifts_needed() {
            self.lifted_at = Some(at);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OverrideFilter {
    pub effect: Option<OverrideEffect>,
    /// Only those in force at this moment.
    pub active_at: Option<Timestamp>,
}

pub trait Overrides: Send + Sync {
    /// Stores an override as it is. `Conflict` if its id is taken.
    fn create<'a>(&'a self, item: &'a Override) -> Reply<'a, ()>;

    /// Adds one person's word in one transaction; see [`Override::lift`]. `NotFound` if there is no such override.
    fn lift<'a>(&'a self, id: &'a OverrideId, lift: &'a Lift) -> Reply<'a, Lifted, OverrideError>;

    /// Everything in force, oldest first and whole: a kill switch must not hide on a second page.
    fn active(&self, now: Timestamp) -> Reply<'_, Vec<Override>>;

    /// What matches, newest first.
    fn list<'a>(
        &'a self,
        filter: &'a OverrideFilter,
        after: Option<&'a Cursor>,
        limit: u32,
    ) -> Reply<'a, Page<Override>>;
}

#[cfg(test)]
mod tests {
    use wardgate_model::Alias;

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
        for matches in [
            OverrideMatch::Tool(tool),
            OverrideMatch::Server(ServerName::new("com.acme/payments")),
            OverrideMatch::Toolset(ToolsetName::new("finance")),
            OverrideMatch::Tenant(TenantId::new("acme")),
            OverrideMatch::Principal(identity),
            OverrideMatch::AllWrites,
        ] {
            assert_eq!(
                OverrideMatch::parse(matches.kind(), &matches.value()),
                Some(matches)
            );
        }
        assert_eq!(OverrideMatch::parse("tool", "no-slash"), None);
        assert_eq!(OverrideMatch::parse("all", ""), None);
    }
}
