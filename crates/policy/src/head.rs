//! What the head of a rule asks of the caller and the toolset of one request: the part of it that is not known before.
//!
//! Says of each rule what Cedar would say of the same part of its head, so that Cedar need not be asked about rules that
//! cannot match.

use cedar_policy::{EntityUid, Policy, PrincipalConstraint, ResourceConstraint};
use wardgate_model::{Caller, PrincipalKind, ToolsetName};

use crate::entity::{self, KINDS};
use crate::scope::KINDS_OF_PRINCIPALS;

pub(crate) struct Head {
    principal: Option<Of>,
    toolset: Option<String>,
}

/// The entity a caller must be, or be in.
enum Of {
    Principal(PrincipalKind, String),
    Group(String),
    Tenant(String),
    /// No caller is in a thing of another type.
    Nobody,
}

impl Head {
    pub(crate) fn of(policy: &Policy) -> Head {
        let principal = match policy.principal_constraint() {
            PrincipalConstraint::Any | PrincipalConstraint::Is(_) => None,
            PrincipalConstraint::Eq(uid)
            | PrincipalConstraint::In(uid)
            | PrincipalConstraint::IsIn(_, uid) => Some(Of::entity(&uid)),
        };
        let toolset = match policy.resource_constraint() {
            ResourceConstraint::In(uid) | ResourceConstraint::IsIn(_, uid)
                if *uid.type_name() == KINDS.toolset =>
            {
                Some(id(&uid))
            }
            _ => None,
        };
        Head { principal, toolset }
    }

    /// Says whether this part of the head matches.
    pub(crate) fn matches(&self, caller: &Caller, toolset: &ToolsetName) -> bool {
        let is_through = self
            .toolset
            .as_ref()
            .is_none_or(|of| of == toolset.as_str());
        is_through && self.principal.as_ref().is_none_or(|of| of.holds(caller))
    }
}

impl Of {
    fn entity(uid: &EntityUid) -> Of {
        let kind = uid.type_name();
        let mut kinds = KINDS_OF_PRINCIPALS.into_iter();
        if let Some(of) = kinds.find(|of| entity::principal_kind(*of) == kind) {
            return Of::Principal(of, id(uid));
        }
        match kind {
            kind if *kind == KINDS.group => Of::Group(id(uid)),
            kind if *kind == KINDS.tenant => Of::Tenant(id(uid)),
            _ => Of::Nobody,
        }
    }

    fn holds(&self, caller: &Caller) -> bool {
        let tenant = caller.tenant.as_str();
        let is_of_tenant = |id: &str, name: &str| {
            let rest = id
                .strip_prefix(tenant)
                .and_then(|rest| rest.strip_prefix('/'));
            rest == Some(name)
        };
        match self {
            Of::Principal(kind, id) => {
                *kind == caller.kind && is_of_tenant(id, caller.principal.as_str())
            }
            Of::Group(id) => caller
                .groups
                .iter()
                .map(|group| group.as_str())
                .any(|group| is_of_tenant(id, group) || (id == group && !group.contains('/'))),
            Of::Tenant(id) => id == tenant,
            Of::Nobody => false,
        }
    }
}

fn id(uid: &EntityUid) -> String {
    uid.id().unescaped().to_owned()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use cedar_policy::{Authorizer, Context, Decision, Entities, PolicySet, Request};
    use wardgate_model::{GroupName, PrincipalId, TenantId, Via};

    use super::*;

    const PRINCIPALS: [&str; 14] = [
        "principal",
        "principal is User",
        "principal is Agent in Group::\"acme/ops\"",
        "principal == User::\"acme/ana\"",
        "principal == Agent::\"acme/ana\"",
        "principal in User::\"acme/ana\"",
        "principal in Group::\"ops\"",
        "principal in Group::\"acme/ops\"",
        "principal in Group::\"acme/a/b\"",
        "principal in Group::\"a/b\"",
        "principal in Group::\"acm/e/ops\"",
        "principal in Tenant::\"acme\"",
        "principal in Tenant::\"other\"",
        "principal in Toolset::\"default\"",
    ];
    const RESOURCES: [&str; 4] = [
        "resource",
        "resource in Toolset::\"default\"",
        "resource in Toolset::\"finance\"",
        "resource is Tool in Toolset::\"default\"",
    ];

    fn callers() -> Vec<Caller> {
        let mut callers = Vec::new();
        for tenant in ["acme", "other", "acm"] {
            for kind in KINDS_OF_PRINCIPALS {
                for groups in [
                    &[][..],
                    &["ops"],
                    &["a/b", "ops"],
                    &["acme/ops"],
                    &["e/ops"],
                ] {
                    callers.push(Caller {
                        tenant: TenantId::new(tenant),
                        principal: PrincipalId::new("ana"),
                        kind,
                        groups: groups.iter().map(GroupName::new).collect(),
                        scopes: Arc::default(),
                        via: Via::ApiKey,
                        credential: None,
                    });
                }
            }
        }
        callers
    }

    /// What Cedar says of the whole head, where everything but the part this file knows matches.
    fn by_cedar(policy: &Policy, caller: &Caller, toolset: &ToolsetName) -> bool {
        let principal = entity::principal(caller, false).unwrap();
        let tool = entity::uid(&KINDS.tool, "pay/refund");
        let parents = [entity::uid(&KINDS.toolset, toolset.as_str())].into();
        let resource = cedar_policy::Entity::new_no_attrs(tool.clone(), parents);
        let action = entity::action("call");
        let request = Request::new(principal.uid(), action, tool, Context::empty(), None).unwrap();
        let entities = Entities::from_entities([principal, resource], None).unwrap();
        let set = PolicySet::from_policies([policy.clone()]).unwrap();
        let answer = Authorizer::new().is_authorized(&request, &set, &entities);
        answer.decision() == Decision::Allow
    }

    #[test]
    fn a_head_matches_what_cedar_says_it_matches() {
        let toolset = ToolsetName::new("default");
        for (principal, resource) in PRINCIPALS
            .iter()
            .flat_map(|head| RESOURCES.map(|of| (head, of)))
        {
            let text = format!("permit ({principal}, action, {resource});");
            let policy: Policy = text.parse().unwrap();
            let head = Head::of(&policy);
            for caller in callers() {
                let is_kind = match policy.principal_constraint() {
                    PrincipalConstraint::Is(kind) | PrincipalConstraint::IsIn(kind, _) => {
                        *entity::principal_kind(caller.kind) == kind
                    }
                    _ => true,
                };
                let says = is_kind && head.matches(&caller, &toolset);
                assert_eq!(
                    says,
                    by_cedar(&policy, &caller, &toolset),
                    "{text} {caller:?}"
                );
            }
        }
    }
}
