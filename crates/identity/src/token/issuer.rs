//! What a tenant says about the issuer it trusts.

use serde_json::{Map, Value};
use wardgate_model::TenantId;

use super::{Algorithm, verifier::Ambiguous};

/// A trusted issuer, for one tenant. Several tenants may trust the same one when their audiences differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuer {
    pub tenant: TenantId,
    /// Compared letter by letter with `iss`.
    pub issuer: String,
    /// Each is accepted on every route of the tenant.
    pub audiences: Vec<String>,
    /// Whether a token may instead name the resource of the route it is used on (RFC 8707). When two tenants say so of one issuer,
    /// such a token tells no tenant and is refused.
    pub accept_resource: bool,
    pub keys: KeysAt,
    /// Those this issuer may sign with.
    pub algorithms: Vec<Algorithm>,
    pub principal_claim: ClaimPath,
    pub groups_claim: ClaimPath,
    /// Holds `user`, `agent` or `service`; where a token lacks it, its shape tells.
    pub kind_claim: Option<ClaimPath>,
}

/// Where an issuer's keys are found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeysAt {
    Uri(String),
    /// OpenID Connect Discovery 1.0: `/.well-known/openid-configuration` under the issuer.
    Discovery,
}

/// The place of a claim: its name, or names joined by dots (`realm_access.roles`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimPath(String);

impl Issuer {
    /// An issuer whose tokens name one audience, with what most issuers do for the rest.
    pub fn new(tenant: TenantId, issuer: &str, audience: &str) -> Issuer {
        Issuer {
            tenant,
            issuer: issuer.to_owned(),
            audiences: vec![audience.to_owned()],
            accept_resource: true,
            keys: KeysAt::Discovery,
            algorithms: Algorithm::ALL.to_vec(),
            principal_claim: ClaimPath::new("sub"),
            groups_claim: ClaimPath::new("groups"),
            kind_claim: None,
        }
    }

    /// Says whether a token could be read as this entry's or as the other's: never, when their issuers differ.
    pub fn clash(&self, other: &Issuer) -> Option<Ambiguous> {
        if self.issuer != other.issuer {
            return None;
        }
        let both = (self.tenant.clone(), other.tenant.clone());
        if self.keys != other.keys {
            return Some(Ambiguous::Keys(both.0, both.1));
        }
        self.audiences
            .iter()
            .any(|one| other.audiences.contains(one))
            .then_some(Ambiguous::Audience(both.0, both.1))
    }
}

impl ClaimPath {
    pub fn new(path: &str) -> ClaimPath {
        ClaimPath(path.to_owned())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A claim of exactly this name comes first: names such as `https://acme.test/groups` have dots of their own.
    pub(super) fn find<'a>(&self, claims: &'a Map<String, Value>) -> Option<&'a Value> {
        if let Some(value) = claims.get(&self.0) {
            return Some(value);
        }
        let mut steps = self.0.split('.');
        let mut value = claims.get(steps.next()?)?;
        for step in steps {
            value = value.as_object()?.get(step)?;
        }
        Some(value)
    }
}
