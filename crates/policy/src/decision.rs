//! What was decided and why, and how matching rules weigh against each other.
//!
//! Cedar says which rules match. The weighing is here because a forbid has a level and may ask for an approval; without
//! either it is Cedar's own: default deny, and forbid wins.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::candidates::Matches;
use crate::rule::{Level, Redaction, Rule, RuleId};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    Allow,
    Deny,
    /// Allowed once the approvals are there.
    Defer,
}

impl Effect {
    pub fn as_str(self) -> &'static str {
        match self {
            Effect::Allow => "allow",
            Effect::Deny => "deny",
            Effect::Defer => "defer",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    Permitted,
    ApprovalNeeded,
    Forbidden,
    NoPermit,
    /// A rule could not be evaluated, or the call could not be put to the rules.
    PolicyError,
    UnknownTool,
}

#[derive(Clone, Debug, Serialize)]
pub struct Decision {
    pub effect: Effect,
    pub reason: Reason,
    /// The rules that decide: permits of an allow, forbids of a deny or defer.
    pub rules: Vec<Arc<Rule>>,
    /// Of every permit that matches, unless denied: two permits do not cancel each other's redactions.
    pub obligations: Vec<Obligation>,
    /// Which approvals would turn a defer into an allow.
    pub approvals: Vec<Need>,
    /// Advisory forbids that match: recorded, not obeyed.
    pub advisories: Vec<Arc<Rule>>,
    /// Forbids that match and were lifted by a grant or break-glass.
    pub lifted: Vec<Arc<Rule>>,
    pub failures: Vec<Failure>,
    /// Of a deny: break-glass would lift it.
    pub liftable: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Obligation {
    pub rule: RuleId,
    pub redact: Redaction,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Need {
    pub rule: RuleId,
    pub group: String,
    pub count: u8,
}

/// Why something could not be evaluated. The detail is for logs and records, not for callers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failure {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<RuleId>,
    pub detail: String,
}

/// What may lift a forbid.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Waivers<'a> {
    /// Rules that an approval has lifted for this call.
    pub(crate) grants: &'a [RuleId],
    pub(crate) break_glass: bool,
}

impl Waivers<'_> {
    /// A grant lifts the one rule that asked for it; a rule that asks for no approval is lifted by none.
    fn lift(&self, rule: &Rule) -> bool {
        let granted = rule.approval.is_some() && self.grants.contains(&rule.id);
        granted || (self.break_glass && rule.level == Level::Soft)
    }
}

impl Decision {
    pub(crate) fn weigh(matches: Matches, waivers: Waivers<'_>) -> Decision {
        let (forbids, permits): (Vec<_>, Vec<_>) = matches
            .matched
            .into_iter()
            .partition(|rule| rule.is_forbid());
        let (advisories, forbids): (Vec<_>, Vec<_>) =
            forbids.into_iter().partition(|rule| rule.is_advisory());
        let (lifted, forbids): (Vec<_>, Vec<_>) =
            forbids.into_iter().partition(|rule| waivers.lift(rule));
        let (deferring, denying): (Vec<_>, Vec<_>) = forbids
            .into_iter()
            .partition(|rule| rule.approval.is_some());
        // An advisory rule is obeyed neither when it matches nor when it fails.
        let broken = matches.failed.iter().any(|(rule, _)| !rule.is_advisory());
        let soft = denying.iter().all(|rule| rule.level == Level::Soft);

        let (effect, reason, rules) = if broken {
            (Effect::Deny, Reason::PolicyError, Vec::new())
        } else if !denying.is_empty() {
            (Effect::Deny, Reason::Forbidden, denying)
        } else if permits.is_empty() {
            (Effect::Deny, Reason::NoPermit, Vec::new())
        } else if !deferring.is_empty() {
            (Effect::Defer, Reason::ApprovalNeeded, deferring)
        } else {
            (Effect::Allow, Reason::Permitted, permits.clone())
        };
        let denied = effect == Effect::Deny;
        Decision {
            liftable: reason == Reason::Forbidden && soft && !permits.is_empty(),
            obligations: if denied {
                Vec::new()
            } else {
                obligations(&permits)
            },
            approvals: if effect == Effect::Defer {
                needs(&rules)
            } else {
                Vec::new()
            },
            effect,
            reason,
            rules,
            advisories,
            lifted,
            failures: matches
                .failed
                .into_iter()
                .map(|(_, failure)| failure)
                .collect(),
        }
    }

    /// A deny that no rule was asked about.
    pub(crate) fn denied(reason: Reason, failure: Option<String>) -> Decision {
        Decision {
            effect: Effect::Deny,
            reason,
            rules: Vec::new(),
            obligations: Vec::new(),
            approvals: Vec::new(),
            advisories: Vec::new(),
            lifted: Vec::new(),
            failures: failure
                .into_iter()
                .map(|detail| Failure { rule: None, detail })
                .collect(),
            liftable: false,
        }
    }
}

fn obligations(permits: &[Arc<Rule>]) -> Vec<Obligation> {
    let each = permits.iter().flat_map(|rule| {
        rule.redact.iter().map(|&redact| Obligation {
            rule: rule.id.clone(),
            redact,
        })
    });
    each.collect()
}

fn needs(forbids: &[Arc<Rule>]) -> Vec<Need> {
    let each = forbids.iter().filter_map(|rule| {
        let approval = rule.approval.as_ref()?;
        Some(Need {
            rule: rule.id.clone(),
            group: approval.group.clone(),
            count: approval.count,
        })
    });
    each.collect()
}
