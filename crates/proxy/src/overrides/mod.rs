//! Overrides as calls obey them: an immutable set of rules, and the one function that says what it stops.
//!
//! Who sets and lifts one, and where it is kept, is not known here: whoever knows hands rules to [`Gate::overrule`].
//!
//! [`Gate::overrule`]: crate::gate::Gate::overrule

pub mod concerned;
pub mod in_force;
pub mod ongoing;

use std::sync::Arc;

use jiff::Timestamp;
use wardgate_model::{
    Alias, Identity, OverrideEffect, OverrideId, OverrideMatch, ServerName, ToolsetName,
};

/// What of an override decides over calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    pub id: OverrideId,
    pub effect: OverrideEffect,
    pub matches: OverrideMatch,
    /// Shown to whoever is stopped by it.
    pub reason: String,
    /// Whether it cancels what is under way when it comes into force.
    pub cancels: bool,
    /// `None` is until lifted.
    pub expires_at: Option<Timestamp>,
}

/// A request as overrides see it.
#[derive(Clone, Debug)]
pub struct Subject {
    pub caller: Identity,
    pub toolset: ToolsetName,
}

/// Where a request goes.
#[derive(Clone, Debug)]
pub struct Aim {
    pub server: ServerName,
    pub alias: Alias,
    /// The tool's own name, where a tool is called.
    pub tool: Option<String>,
    /// Whether it may change something, as far as the operator vouches.
    pub may_write: bool,
}

/// The rules in force. Whoever is asked about a moment looks at that moment: an expired rule decides nothing.
#[derive(Debug, Default)]
pub struct Overrides(Vec<Arc<Rule>>);

impl Overrides {
    pub fn new(rules: impl IntoIterator<Item = Arc<Rule>>) -> Overrides {
        Overrides(rules.into_iter().collect())
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn rules(&self) -> &[Arc<Rule>] {
        &self.0
    }

    /// Returns the first rule that stops the request. Without an aim only rules about the caller can: what a server would be
    /// asked for is judged once it is known.
    pub fn stops(
        &self,
        subject: &Subject,
        aim: Option<&Aim>,
        now: Timestamp,
    ) -> Option<&Arc<Rule>> {
        self.first(OverrideEffect::Deny, subject, aim, now)
    }

    /// Says whether this principal is stopped by name, whatever it would do.
    pub fn bans(&self, principal: &Identity, now: Timestamp) -> bool {
        let is_it = |matches: &OverrideMatch| matches!(matches, OverrideMatch::Principal(name) if name == principal);
        let mut rules = self.0.iter();
        rules.any(|rule| {
            rule.effect == OverrideEffect::Deny && is_it(&rule.matches) && rule.is_in_force(now)
        })
    }

    /// Returns the first rule that lifts soft rules of policies for the request.
    pub fn lifts(&self, subject: &Subject, aim: &Aim, now: Timestamp) -> Option<&Arc<Rule>> {
        self.first(OverrideEffect::Allow, subject, Some(aim), now)
    }

    fn first(
        &self,
        effect: OverrideEffect,
        subject: &Subject,
        aim: Option<&Aim>,
        now: Timestamp,
    ) -> Option<&Arc<Rule>> {
        let mut rules = self.0.iter();
        rules.find(|rule| {
            rule.effect == effect && rule.is_in_force(now) && rule.covers(subject, aim)
        })
    }
}

impl Rule {
    pub fn is_in_force(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|expires| expires > now)
    }

    /// Says whether the request is one the rule is about, whatever its effect.
    pub fn covers(&self, subject: &Subject, aim: Option<&Aim>) -> bool {
        covers(&self.matches, subject, aim)
    }

    /// Says whether lists look different while it is in force.
    pub fn concerns_lists(&self) -> bool {
        match self.effect {
            // Stopped callers get no list at all.
            OverrideEffect::Deny => !self.is_about_callers(),
            OverrideEffect::Allow => true,
            OverrideEffect::Freeze => false,
        }
    }

    /// Says whether it is about the caller, whatever is asked for.
    pub fn is_about_callers(&self) -> bool {
        matches!(
            self.matches,
            OverrideMatch::Tenant(_) | OverrideMatch::Principal(_)
        )
    }
}

fn covers(matches: &OverrideMatch, subject: &Subject, aim: Option<&Aim>) -> bool {
    match matches {
        OverrideMatch::Tenant(tenant) => *tenant == subject.caller.tenant,
        OverrideMatch::Principal(identity) => *identity == subject.caller,
        of_aim => aim.is_some_and(|aim| covers_aim(of_aim, subject, aim)),
    }
}

fn covers_aim(matches: &OverrideMatch, subject: &Subject, aim: &Aim) -> bool {
    match matches {
        OverrideMatch::Tool(tool) => {
            tool.alias == aim.alias && aim.tool.as_ref() == Some(&tool.name)
        }
        OverrideMatch::Server(server) => {
            *server == aim.server || server.as_str() == aim.alias.as_str()
        }
        OverrideMatch::Toolset(toolset) => *toolset == subject.toolset,
        OverrideMatch::AllWrites => aim.may_write,
        OverrideMatch::Everything => true,
        OverrideMatch::Tenant(_) | OverrideMatch::Principal(_) => false,
    }
}

#[cfg(test)]
mod tests;
