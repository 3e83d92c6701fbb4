//! What the admin surface asks of the running gateway.

use std::{sync::Arc, time::Duration};

use wardgate_admin::limits::{Standing, Standings};
use wardgate_control::keys::Plane;
use wardgate_model::{
    Caller, CredentialId, GroupName, Held, PrincipalId, PrincipalKind, TenantId, ToolsetName, Via,
};
use wardgate_proxy::Gate;

use crate::issued_keys::Issued;

pub struct GatePlane {
    pub gate: Arc<Gate>,
    pub issued: Option<Arc<Issued>>,
}

impl Plane for GatePlane {
    fn sees(&self, tenant: &TenantId, toolset: &ToolsetName) -> bool {
        let snapshot = self.gate.snapshot();
        snapshot.toolsets.contains_key(toolset) && snapshot.tenants.sees(tenant, toolset)
    }

    fn roles(&self, tenant: &TenantId, principal: &PrincipalId, groups: &[GroupName]) -> Held {
        let snapshot = self.gate.snapshot();
        let declared = snapshot.tenants.groups(tenant, principal);
        let caller = Caller {
            tenant: tenant.clone(),
            principal: principal.clone(),
            kind: PrincipalKind::User,
            groups: [groups, declared].concat().into(),
            scopes: Arc::default(),
            via: Via::ApiKey,
            credential: None,
        };
        match &snapshot.gateway.admin {
            Some(admin) => admin.roles.of(&caller),
            None => Held {
                tenant: tenant.clone(),
                everywhere: Vec::new(),
                own: Vec::new(),
            },
        }
    }

    fn forget(&self, id: &CredentialId) {
        if let Some(issued) = &self.issued {
            issued.forget(id);
        }
    }
}

impl Standings for GatePlane {
    fn standings(&self) -> Vec<Standing> {
        let (limits, moment) = (&self.gate.limits, self.gate.moment());
        let mut listed = limits.list(&moment);
        listed.extend(limits.unused(&moment));
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let shown = |standing: wardgate_limit::Standing| Standing {
            key: serde_json::json!(standing.key),
            // A counter that tenants share belongs to none of them.
            tenant: standing.tenant.or(standing.key.tenant),
            limit: standing.rule.to_string(),
            dimension: standing.dimension.to_string(),
            most: standing.limit,
            used: standing.used,
            remaining: standing.remaining,
            window_ms: standing.window.map(millis),
            resets_in_ms: standing.resets_in.map(millis),
        };
        listed.into_iter().map(shown).collect()
    }
}
