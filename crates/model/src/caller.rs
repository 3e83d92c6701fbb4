//! Who calls.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::id::{CredentialId, GroupName, PrincipalId, Scope, TenantId};

/// How the caller was made known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Via {
    /// No credential, on a listener that allows it.
    Anonymous,
    ApiKey,
    /// A token of an issuer the tenant trusts.
    Jwt,
    /// A client certificate.
    Certificate,
    /// The process on the other end of our standard input.
    Stdio,
    /// A developer on loopback who named the principal (`environment: dev` only).
    Assumed,
}

impl Via {
    pub fn as_str(self) -> &'static str {
        match self {
            Via::Anonymous => "anonymous",
            Via::ApiKey => "api_key",
            Via::Jwt => "jwt",
            Via::Certificate => "certificate",
            Via::Stdio => "stdio",
            Via::Assumed => "assumed",
        }
    }
}

/// What kind of being a principal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PrincipalKind {
    User,
    Agent,
    Service,
}

impl PrincipalKind {
    pub fn as_str(self) -> &'static str {
        match self {
            PrincipalKind::User => "user",
            PrincipalKind::Agent => "agent",
            PrincipalKind::Service => "service",
        }
    }
}

/// Who somebody is, whichever credential said so: what sessions, tasks and limits are bound to.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Identity {
    pub tenant: TenantId,
    pub principal: PrincipalId,
}

impl std::fmt::Display for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.tenant, self.principal)
    }
}

/// The identified sender of a call. Two callers are never compared: their identities are.
#[derive(Clone, Debug)]
pub struct Caller {
    pub tenant: TenantId,
    pub principal: PrincipalId,
    pub kind: PrincipalKind,
    /// Sorted, without doubles: what the credential says and what the tenant declares.
    pub groups: Arc<[GroupName]>,
    pub scopes: Arc<[Scope]>,
    pub via: Via,
    /// The key, token issuer or certificate that proved it; safe to print.
    pub credential: Option<CredentialId>,
}

impl Caller {
    pub fn identity(&self) -> Identity {
        Identity {
            tenant: self.tenant.clone(),
            principal: self.principal.clone(),
        }
    }
}
