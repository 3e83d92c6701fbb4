//! What operators may do on the admin surface, and over whose things.

use serde::{Deserialize, Serialize};

use crate::id::TenantId;

/// What somebody is trusted with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Looks at how things stand.
    Viewer,
    /// Stops things, and lets them go on.
    Operator,
    /// Decides on calls that wait for a person.
    Approver,
    /// Reads records.
    Auditor,
    /// Rules over one tenant.
    TenantAdmin,
    /// Rules over the gateway.
    PlatformAdmin,
}

impl Role {
    pub const ALL: [Role; 6] = [
        Role::Viewer,
        Role::Operator,
        Role::Approver,
        Role::Auditor,
        Role::TenantAdmin,
        Role::PlatformAdmin,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Role::Viewer => "viewer",
            Role::Operator => "operator",
            Role::Approver => "approver",
            Role::Auditor => "auditor",
            Role::TenantAdmin => "tenant-admin",
            Role::PlatformAdmin => "platform-admin",
        }
    }
}

/// The roles of one operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    pub tenant: TenantId,
    /// Over every tenant.
    pub everywhere: Vec<Role>,
    /// Over the operator's own tenant.
    pub own: Vec<Role>,
}

impl Held {
    /// Returns over whose things these roles let somebody do what asks for one of `any_of`.
    pub fn reach(&self, any_of: &[Role]) -> Option<Reach> {
        let has_one = |held: &[Role]| held.iter().any(|role| any_of.contains(role));
        match (has_one(&self.everywhere), has_one(&self.own)) {
            (true, _) => Some(Reach::Everywhere),
            (false, true) => Some(Reach::Tenant(self.tenant.clone())),
            (false, false) => None,
        }
    }
}

/// Over whose things somebody may do something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    Everywhere,
    Tenant(TenantId),
}

impl Reach {
    pub fn covers(&self, tenant: &TenantId) -> bool {
        match self {
            Reach::Everywhere => true,
            Reach::Tenant(own) => own == tenant,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_reaches_as_far_as_it_is_held() {
        let acme = TenantId::new("acme");
        let held = Held {
            tenant: acme.clone(),
            everywhere: vec![Role::Viewer],
            own: vec![Role::Approver, Role::Viewer],
        };
        assert_eq!(held.reach(&[Role::Viewer]), Some(Reach::Everywhere));
        let own = held.reach(&[Role::Approver, Role::PlatformAdmin]);
        assert_eq!(own, Some(Reach::Tenant(acme.clone())));
        assert_eq!(held.reach(&[Role::Auditor]), None);
        assert_eq!(held.reach(&[]), None);
        assert!(Reach::Everywhere.covers(&acme));
        assert!(Reach::Tenant(acme.clone()).covers(&acme));
        assert!(!Reach::Tenant(TenantId::new("globex")).covers(&acme));
    }
}
