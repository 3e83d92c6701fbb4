//! Policies that are right for Cedar and still not what anybody meant.

use std::sync::Arc;

use cedar_policy::{ActionConstraint, EntityUid, ResourceConstraint};
use serde::Serialize;
use wardgate_model::ToolRef;

use crate::entity::{self, CALL, KINDS, LIST, PROMPT, READ};
use crate::parse::Policies;
use crate::rule::{Level, Rule};
use crate::scope::{self, KINDS_OF_PRINCIPALS, Subject};
use crate::span::Span;
use crate::tool::Tool;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    /// The rule can match no tool there is.
    Dead,
    /// Another rule decides whenever this one would.
    Shadowed,
    /// A permit and a hard forbid of the same.
    Contradictory,
    /// No permit can match the tool.
    NoPermit,
}

#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    pub kind: FindingKind,
    /// The rule it is about, unless it is about a tool.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<Arc<Rule>>,
    /// The rule that stands in its way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub other: Option<Arc<Rule>>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "tool_name")]
    pub tool: Option<ToolRef>,
    pub message: String,
}

fn tool_name<S: serde::Serializer>(tool: &Option<ToolRef>, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(&tool.as_ref().map_or(String::new(), ToolRef::to_string))
}

impl Policies {
    /// Returns what an author should look at again; for each rule the first reason only.
    pub fn lint(&self, tools: &[Tool]) -> Vec<Finding> {
        let rules = self.rules();
        let about_rules = rules.iter().enumerate().filter_map(|(index, rule)| {
            dead(rule, tools).or_else(|| {
                let others = rules
                    .iter()
                    .enumerate()
                    .filter(|(other, _)| *other != index);
                let overruled =
                    |(at, other): (usize, &Arc<Rule>)| overruled(rule, other, at < index);
                others
                    .clone()
                    .find_map(|(_, other)| contradicted(rule, other))
                    .or_else(|| others.clone().find_map(overruled))
            })
        });
        about_rules.chain(unpermitted(rules, tools)).collect()
    }
}

fn about(
    kind: FindingKind,
    rule: &Arc<Rule>,
    other: Option<&Arc<Rule>>,
    message: String,
) -> Finding {
    Finding {
        kind,
        rule: Some(rule.clone()),
        other: other.cloned(),
        tool: None,
        message,
    }
}

fn dead(rule: &Arc<Rule>, tools: &[Tool]) -> Option<Finding> {
    let calls = scope::tools_of(rule, tools).any(|tool| shown(rule, tool));
    if calls || beyond_calls(rule) {
        return None;
    }
    let message = format!("`{}` can match no tool there is", rule.id);
    Some(about(FindingKind::Dead, rule, None, message))
}

/// Whether a toolset that the rule names shows the tool.
fn shown(rule: &Rule, tool: &Tool) -> bool {
    match rule.source.policy.resource_constraint() {
        ResourceConstraint::In(uid) | ResourceConstraint::IsIn(_, uid)
            if *uid.type_name() == KINDS.toolset =>
        {
            tool.toolsets
                .iter()
                .any(|toolset| toolset.as_str() == uid.id().unescaped())
        }
        _ => true,
    }
}

/// Resources and prompts are not known here, so a rule about them is never dead.
fn beyond_calls(rule: &Rule) -> bool {
    let others = [
        (LIST, &KINDS.toolset),
        (READ, &KINDS.resource),
        (PROMPT, &KINDS.prompt),
    ];
    others.into_iter().any(|(action, resource_kind)| {
        let action = entity::action(action);
        KINDS_OF_PRINCIPALS.into_iter().any(|principal| {
            let subject = Subject::beyond_calls(principal, &action, resource_kind);
            scope::may_match(&rule.source.policy, &subject)
        })
    })
}

fn is_final(rule: &Rule) -> bool {
    rule.is_forbid() && rule.level == Level::Hard && rule.approval.is_none()
}

fn contradicted(rule: &Arc<Rule>, other: &Arc<Rule>) -> Option<Finding> {
    let same = covers(rule, other)
        && covers(other, rule)
        && rule.source.reads.conditions == other.source.reads.conditions;
    (same && !rule.is_forbid() && is_final(other)).then(|| {
        let message = format!(
            "`{}` permits exactly what `{}` forbids for good",
            rule.id, other.id
        );
        about(FindingKind::Contradictory, rule, Some(other), message)
    })
}

/// `earlier` says that `other` comes first: of two that say the same, the second is the one too many.
fn overruled(rule: &Arc<Rule>, other: &Arc<Rule>, earlier: bool) -> Option<Finding> {
    let unconditional = other.source.reads.conditions.is_empty();
    if !unconditional || rule.is_advisory() || !covers(other, rule) {
        return None;
    }
    let twins = covers(rule, other) && rule.source.reads.conditions.is_empty();
    let adds_nothing = rule.redact.iter().all(|class| other.redact.contains(class));
    let overruled = if is_final(other) {
        !(twins && is_final(rule)) || earlier
    } else {
        !rule.is_forbid() && !other.is_forbid() && adds_nothing && (!twins || earlier)
    };
    overruled.then(|| {
        let message = format!("`{}` decides whenever `{}` would", other.id, rule.id);
        about(FindingKind::Shadowed, rule, Some(other), message)
    })
}

/// Whether each head that matches `narrow` matches `wide`. Errs towards no.
fn covers(wide: &Rule, narrow: &Rule) -> bool {
    let (wide, narrow) = (&wide.source.policy, &narrow.source.policy);
    let principal =
        Span::from(wide.principal_constraint()).covers(&Span::from(narrow.principal_constraint()));
    let resource =
        Span::from(wide.resource_constraint()).covers(&Span::from(narrow.resource_constraint()));
    principal && resource && actions_cover(&wide.action_constraint(), &narrow.action_constraint())
}

fn actions_cover(wide: &ActionConstraint, narrow: &ActionConstraint) -> bool {
    let call = entity::action(CALL);
    let is_call = |uid: &EntityUid| ![LIST, READ, PROMPT].map(entity::action).contains(uid);
    let covered = |uid: &EntityUid| match wide {
        ActionConstraint::Any => true,
        ActionConstraint::Eq(of) => of == uid && *uid != call,
        ActionConstraint::In(of) => of.contains(uid) || (of.contains(&call) && is_call(uid)),
    };
    match narrow {
        ActionConstraint::Any => matches!(wide, ActionConstraint::Any),
        ActionConstraint::Eq(uid) => covered(uid),
        ActionConstraint::In(uids) => uids.iter().all(covered),
    }
}

fn unpermitted(rules: &[Arc<Rule>], tools: &[Tool]) -> Vec<Finding> {
    let permits: Vec<_> = rules.iter().filter(|rule| !rule.is_forbid()).collect();
    let open = |tool: &&Tool| {
        let one = std::slice::from_ref(*tool);
        !permits
            .iter()
            .any(|rule| scope::tools_of(rule, one).next().is_some())
    };
    let finding = |tool: &Tool| Finding {
        kind: FindingKind::NoPermit,
        rule: None,
        other: None,
        tool: Some(tool.tool.clone()),
        message: format!("no permit can match `{}`: nobody may call it", tool.tool),
    };
    tools.iter().filter(open).map(finding).collect()
}
