//! The keys under `tenants` and `gateway.egress`: whom a tenant trusts to say who calls, and what its callers see.

use indexmap::IndexMap;
use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Serialize};

use super::{limits::Limit, roles::RawTenantRoles};

/// One tenant.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct RawTenant {
    /// Issuer whose access tokens prove callers of this tenant, or a list of such.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth: Option<RawIssuers>,
    /// Toolsets the tenant sees. By default those that no tenant lists, so every one while none does. To a caller the others do not exist.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub toolsets: Option<Vec<String>>,
    /// Principals by group, besides the groups that tokens name.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub groups: IndexMap<String, Vec<String>>,
    /// Who may do what on the admin API, over this tenant alone.
    #[serde(skip_serializing_if = "RawTenantRoles::is_empty")]
    pub roles: RawTenantRoles,
    /// A person's other names, by one of them: addresses, principals, or `key:` and the id of an API key. Two names of one person are never two approvers.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub aliases: IndexMap<String, Vec<String>>,
    /// Workloads that client certificates prove; see `gateway.tls.client_ca`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub certificates: Vec<RawWorkloads>,
    /// What its callers may use. A call passes only if every limit that matches it lets it pass.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<Limit>,
}

/// One issuer, or several.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum RawIssuers {
    One(Box<RawIssuer>),
    Several(Vec<RawIssuer>),
}

/// An issuer of access tokens.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RawIssuer {
    /// The issuer, letter by letter as its tokens name it in `iss`.
    #[schemars(length(min = 1))]
    pub issuer: String,
    /// Audience that its tokens must name, or a list of such; each is good for every toolset of the tenant.
    pub audience: RawTexts,
    /// Address of the issuer's keys. By default what its discovery document (`/.well-known/openid-configuration`) says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub jwks_uri: Option<String>,
    /// Claim that names the principal.
    #[serde(default = "sub")]
    #[schemars(length(min = 1))]
    pub principal_claim: String,
    /// Claim that lists groups; dots lead into objects, as in `realm_access.roles`.
    #[serde(default = "groups")]
    #[schemars(length(min = 1))]
    pub groups_claim: String,
    /// Claim that says `user`, `agent` or `service`. Without it the token's shape tells a service from a user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub kind_claim: Option<String>,
    /// Signature algorithms the issuer may use. By default all of these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1), transform = known_algorithms)]
    pub algorithms: Option<Vec<String>>,
    /// Whether a token may name, instead of an audience, the address of the toolset it is used on (RFC 8707).
    #[serde(default = "yes")]
    pub accept_resource: bool,
}

const ALGORITHMS: [&str; 9] = [
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA",
];

fn known_algorithms(schema: &mut Schema) {
    if let Some(items) = schema.get_mut("items") {
        items["enum"] = serde_json::json!(ALGORITHMS);
    }
}

/// One text, or several.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum RawTexts {
    One(String),
    Several(#[schemars(length(min = 1))] Vec<String>),
}

/// Workloads of one kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RawWorkloads {
    /// SPIFFE id, or with `/*` at its end all ids under a path: `spiffe://acme.test/ns/a/*`.
    #[schemars(length(min = 1))]
    pub spiffe: String,
    /// What these workloads are.
    #[serde(default)]
    pub kind: Kind,
    /// Groups they are in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
}

/// What kind of being a principal is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    User,
    Agent,
    #[default]
    Service,
}

/// Where the gateway's own requests may go, such as those for an issuer's keys. By default to HTTPS on port 443 of the public internet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct RawEgress {
    /// Inner places that may be asked: host names, addresses, and networks such as `10.0.0.0/8`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allow: Vec<String>,
    /// Ports that may be asked.
    #[schemars(inner(range(min = 1)), length(min = 1))]
    pub ports: Vec<u16>,
    /// Whether plain `http:` may be used.
    pub plain_http: bool,
}

impl Default for RawEgress {
    fn default() -> RawEgress {
        RawEgress {
            allow: Vec::new(),
            ports: vec![443],
            plain_http: false,
        }
    }
}

impl RawIssuers {
    pub fn as_slice(&self) -> &[RawIssuer] {
        match self {
            RawIssuers::One(one) => std::slice::from_ref(one),
            RawIssuers::Several(several) => several,
        }
    }
}

impl RawTexts {
    pub fn as_slice(&self) -> &[String] {
        match self {
            RawTexts::One(one) => std::slice::from_ref(one),
            RawTexts::Several(several) => several,
        }
    }
}

fn sub() -> String {
    "sub".into()
}
fn groups() -> String {
    "groups".into()
}
fn yes() -> bool {
    true
}
