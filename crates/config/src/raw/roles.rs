//! Who may do what on the admin API. A holder is a principal, or `group:` and the name of a group.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use wardgate_model::Role;

/// Operators of the whole gateway, by role.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "kebab-case")]
pub struct RawRoles {
    /// Who looks at how things stand: `tenant/principal`, or `tenant/group:NAME`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub viewer: Vec<String>,
    /// Who stops things, and lets them go on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub operator: Vec<String>,
    /// Who decides on calls that wait for a person.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub approver: Vec<String>,
    /// Who reads records.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub auditor: Vec<String>,
    /// Who rules over the gateway and every tenant.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub platform_admin: Vec<String>,
}

/// Operators of one tenant, by role.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "kebab-case")]
pub struct RawTenantRoles {
    /// Who looks at how things stand: a principal, or `group:NAME`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub viewer: Vec<String>,
    /// Who stops things, and lets them go on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub operator: Vec<String>,
    /// Who decides on calls that wait for a person.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub approver: Vec<String>,
    /// Who reads records.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub auditor: Vec<String>,
    /// Who rules over the tenant, such as its API keys.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tenant_admin: Vec<String>,
}

impl RawRoles {
    /// Each role with its holders.
    pub fn each(&self) -> [(Role, &[String]); 5] {
        [
            (Role::Viewer, &self.viewer),
            (Role::Operator, &self.operator),
            (Role::Approver, &self.approver),
            (Role::Auditor, &self.auditor),
            (Role::PlatformAdmin, &self.platform_admin),
        ]
    }

    pub(super) fn is_empty(&self) -> bool {
        self.each().iter().all(|(_, holders)| holders.is_empty())
    }
}

impl RawTenantRoles {
    /// Each role with its holders.
    pub fn each(&self) -> [(Role, &[String]); 5] {
        [
            (Role::Viewer, &self.viewer),
            (Role::Operator, &self.operator),
            (Role::Approver, &self.approver),
            (Role::Auditor, &self.auditor),
            (Role::TenantAdmin, &self.tenant_admin),
        ]
    }

    pub(super) fn is_empty(&self) -> bool {
        self.each().iter().all(|(_, holders)| holders.is_empty())
    }
}
