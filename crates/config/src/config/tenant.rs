//! The checked tenants, and where the gateway's own requests may go.

use ipnet::IpNet;
use serde::{Serialize, Serializer};
use wardgate_identity as identity;
use wardgate_model::{GroupName, PrincipalId, PrincipalKind, TenantId, ToolsetName};

use super::Limit;

#[derive(Clone, Debug, Serialize)]
pub struct Tenant {
    pub id: TenantId,
    pub issuers: Vec<Issuer>,
    pub toolsets: Option<Vec<ToolsetName>>,
    pub groups: Vec<(GroupName, Vec<PrincipalId>)>,
    /// A person's other names, by one of them.
    pub aliases: Vec<(String, Vec<String>)>,
    pub workloads: Vec<Workloads>,
    pub limits: Vec<Limit>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Issuer {
    pub issuer: String,
    pub audiences: Vec<String>,
    pub jwks_uri: Option<String>,
    pub principal_claim: String,
    pub groups_claim: String,
    pub kind_claim: Option<String>,
    pub algorithms: Option<Vec<String>>,
    pub accept_resource: bool,
}

#[derive(Clone, Debug, Serialize)]
pub struct Workloads {
    pub spiffe: String,
    pub kind: PrincipalKind,
    pub groups: Vec<GroupName>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Egress {
    pub hosts: Vec<String>,
    #[serde(serialize_with = "networks")]
    pub networks: Vec<IpNet>,
    pub ports: Vec<u16>,
    pub plain_http: bool,
}

impl Tenant {
    /// Returns each person's names in pairs, as [`identity::Aliases`] takes them.
    pub fn alias_pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.aliases.iter().flat_map(|(person, others)| {
            let pair = |other| (person.as_str(), String::as_str(other));
            others.iter().map(pair)
        })
    }
}

impl Issuer {
    /// Returns what a verifier trusts on the tenant's behalf.
    pub fn trusted_by(&self, tenant: &TenantId) -> identity::Issuer {
        let claim = |path: &String| identity::ClaimPath::new(path);
        let named = |names: &Vec<String>| {
            let names = names.iter();
            // The schema knows the same names. One that was missing here would be refused to tokens.
            names
                .filter_map(|name| identity::Algorithm::parse(name))
                .collect()
        };
        identity::Issuer {
            tenant: tenant.clone(),
            issuer: self.issuer.clone(),
            audiences: self.audiences.clone(),
            accept_resource: self.accept_resource,
            keys: match &self.jwks_uri {
                Some(uri) => identity::KeysAt::Uri(uri.clone()),
                None => identity::KeysAt::Discovery,
            },
            algorithms: (self.algorithms.as_ref())
                .map_or_else(|| identity::Algorithm::ALL.to_vec(), named),
            principal_claim: claim(&self.principal_claim),
            groups_claim: claim(&self.groups_claim),
            kind_claim: self.kind_claim.as_ref().map(claim),
        }
    }
}

fn networks<S: Serializer>(networks: &[IpNet], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(networks.iter().map(IpNet::to_string))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    #[test]
    fn the_schema_names_every_algorithm_there_is() {
        let schema = crate::schema::schema();
        let names = &schema["$defs"]["RawIssuer"]["properties"]["algorithms"]["items"]["enum"];
        let known = names.as_array().unwrap().iter().filter_map(Value::as_str);
        let parsed: Vec<_> = known
            .filter_map(wardgate_identity::Algorithm::parse)
            .collect();
        assert_eq!(parsed, wardgate_identity::Algorithm::ALL);
    }
}
