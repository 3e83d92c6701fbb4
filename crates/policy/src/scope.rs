//! Whether the head of a rule, `(principal, action, resource)`, can match at all.
//!
//! Only ever errs towards yes: a rule that is left out here is never asked, so a forbid must not be left out by mistake.

use cedar_policy::{
    ActionConstraint, EntityTypeName, EntityUid, Policy, PrincipalConstraint, ResourceConstraint,
};
use wardgate_model::PrincipalKind;

use crate::entity::{self, CALL, KINDS};
use crate::rule::Rule;
use crate::tool::Tool;

pub(crate) const KINDS_OF_PRINCIPALS: [PrincipalKind; 3] = [
    PrincipalKind::User,
    PrincipalKind::Agent,
    PrincipalKind::Service,
];

/// What is known ahead of the requests that come.
pub(crate) struct Subject<'a> {
    pub(crate) principal: PrincipalKind,
    pub(crate) action: &'a EntityUid,
    pub(crate) is_call: bool,
    pub(crate) resource_kind: &'a EntityTypeName,
    /// Nothing where the rules are for every resource of the kind.
    pub(crate) resource: Option<&'a EntityUid>,
    pub(crate) server: Option<&'a EntityUid>,
}

impl<'a> Subject<'a> {
    /// Lists, reads and prompts, of whatever server.
    pub(crate) fn beyond_calls(
        principal: PrincipalKind,
        action: &'a EntityUid,
        resource_kind: &'a EntityTypeName,
    ) -> Subject<'a> {
        Subject {
            principal,
            action,
            is_call: false,
            resource_kind,
            resource: None,
            server: None,
        }
    }
}

pub(crate) fn may_match(policy: &Policy, subject: &Subject<'_>) -> bool {
    principal(
        &policy.principal_constraint(),
        entity::principal_kind(subject.principal),
    ) && action(&policy.action_constraint(), subject)
        && resource(&policy.resource_constraint(), subject)
}

fn principal(constraint: &PrincipalConstraint, kind: &EntityTypeName) -> bool {
    match constraint {
        PrincipalConstraint::Any | PrincipalConstraint::In(_) => true,
        PrincipalConstraint::Eq(uid) => uid.type_name() == kind,
        PrincipalConstraint::Is(of) | PrincipalConstraint::IsIn(of, _) => of == kind,
    }
}

fn action(constraint: &ActionConstraint, subject: &Subject<'_>) -> bool {
    let parent = || subject.is_call.then(|| entity::action(CALL));
    match constraint {
        ActionConstraint::Any => true,
        ActionConstraint::Eq(uid) => uid == subject.action,
        ActionConstraint::In(uids) => {
            uids.contains(subject.action) || parent().is_some_and(|parent| uids.contains(&parent))
        }
    }
}

fn resource(constraint: &ResourceConstraint, subject: &Subject<'_>) -> bool {
    match constraint {
        ResourceConstraint::Any => true,
        ResourceConstraint::Eq(uid) => is(uid, subject),
        ResourceConstraint::Is(kind) => kind == subject.resource_kind,
        ResourceConstraint::In(uid) => within(uid, subject),
        ResourceConstraint::IsIn(kind, uid) => {
            kind == subject.resource_kind && within(uid, subject)
        }
    }
}

fn is(uid: &EntityUid, subject: &Subject<'_>) -> bool {
    uid.type_name() == subject.resource_kind
        && subject.resource.is_none_or(|resource| resource == uid)
}

/// The toolset is the way a call comes, so it is not known ahead.
fn within(uid: &EntityUid, subject: &Subject<'_>) -> bool {
    uid.type_name() == &KINDS.toolset
        || is(uid, subject)
        || (uid.type_name() == &KINDS.server && subject.server.is_none_or(|server| server == uid))
}

/// A call of one tool, as rules may name it.
pub(crate) struct CallScope {
    pub(crate) action: EntityUid,
    pub(crate) resource: EntityUid,
    server: EntityUid,
}

impl CallScope {
    pub(crate) fn of(tool: &Tool) -> CallScope {
        CallScope {
            action: entity::call_action(&tool.tool),
            resource: entity::tool_uid(&tool.tool),
            server: entity::server_uid(&tool.server),
        }
    }

    pub(crate) fn subject(&self, principal: PrincipalKind) -> Subject<'_> {
        Subject {
            principal,
            action: &self.action,
            is_call: true,
            resource_kind: &KINDS.tool,
            resource: Some(&self.resource),
            server: Some(&self.server),
        }
    }
}

/// The tools that a rule can match, whoever calls.
pub(crate) fn tools_of<'a>(rule: &Rule, tools: &'a [Tool]) -> impl Iterator<Item = &'a Tool> {
    let policy = rule.source.policy.clone();
    tools.iter().filter(move |tool| {
        let call = CallScope::of(tool);
        KINDS_OF_PRINCIPALS
            .iter()
            .any(|kind| may_match(&policy, &call.subject(*kind)))
    })
}
