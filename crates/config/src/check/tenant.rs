//! Tenants: whom each trusts, and that nobody's word can be taken for another tenant's.

use std::net::IpAddr;

use indexmap::IndexMap;
use ipnet::IpNet;
use url::Url;
use wardgate_identity::{Aliases, Ambiguous, SpiffePattern};
use wardgate_model::{GroupName, PrincipalId, PrincipalKind, TenantId, ToolsetName};

use super::{Checks, Place, limits, names, toolset::Known};
use crate::{
    config::{Egress, Issuer, Tenant, Workloads},
    diagnostic::code,
    raw::{
        RawGateway,
        tenant::{Kind, RawEgress, RawIssuer, RawIssuers, RawTenant, RawWorkloads},
    },
    suggest,
};

/// What tenants may speak of.
pub struct Around<'a> {
    pub gateway: &'a RawGateway,
    /// The names there are.
    pub toolsets: &'a [&'a str],
    pub known: &'a Known,
}

/// Checks the section.
pub fn check_all(
    checks: &mut Checks<'_>,
    place: &Place,
    raw: &IndexMap<String, RawTenant>,
    around: &Around<'_>,
) -> Vec<Tenant> {
    let mut tenants: Vec<Tenant> = Vec::new();
    for (name, raw) in raw {
        let place = place.child(name);
        if !names::is_tenant_name(name) {
            let message = format!("`{name}` is not a tenant name");
            let hint = "use up to 128 letters, digits, `-`, `_`, `.` and `@`";
            checks.key_error(code::MALFORMED_NAME, &place, message, hint);
        }
        let tenant = check(checks, &place, name, raw, around);
        ambiguous(checks, &place.child("auth"), &tenants, &tenant);
        tenants.push(tenant);
    }
    tenants
}

fn check(
    checks: &mut Checks<'_>,
    place: &Place,
    name: &str,
    raw: &RawTenant,
    around: &Around<'_>,
) -> Tenant {
    let gateway = around.gateway;
    let seen = raw.toolsets.as_deref().unwrap_or_default();
    known_toolsets(checks, &place.child("toolsets"), seen, around.toolsets);
    let auth = place.child("auth");
    let issuers = raw.auth.as_ref().map_or(&[][..], RawIssuers::as_slice);
    for (position, issuer) in issuers.iter().enumerate() {
        let place = match &raw.auth {
            Some(RawIssuers::Several(_)) => auth.child(position),
            _ => auth.clone(),
        };
        check_issuer(checks, &place, issuer, &gateway.egress);
    }
    let certificates = place.child("certificates");
    workloads(checks, &certificates, &raw.certificates, gateway);
    let tenant = Tenant {
        id: TenantId::new(name),
        issuers: issuers.iter().map(typed_issuer).collect(),
        toolsets: (raw.toolsets.as_ref()).map(|names| names.iter().map(ToolsetName::new).collect()),
        groups: raw.groups.iter().map(typed_group).collect(),
        aliases: raw.aliases.clone().into_iter().collect(),
        workloads: raw.certificates.iter().map(typed_workloads).collect(),
        limits: limits::check(checks, &place.child("limits"), &raw.limits, around.known),
    };
    if let Err(clash) = Aliases::new(tenant.id.clone(), tenant.alias_pairs()) {
        let hint =
            "each name belongs to one person; list all of a person's names under one of them";
        checks.error(
            code::ALIAS_CLASH,
            &place.child("aliases"),
            clash.to_string(),
            hint,
        );
    }
    tenant
}

/// Says which of these toolsets there are not.
pub fn known_toolsets(checks: &mut Checks<'_>, place: &Place, wanted: &[String], known: &[&str]) {
    for (position, name) in wanted.iter().enumerate() {
        if !known.contains(&name.as_str()) {
            let hint = suggest::hint(name, known.iter().copied());
            let message = format!("toolset `{name}` is not defined");
            checks.error(code::UNKNOWN_TOOLSET, &place.child(position), message, hint);
        }
    }
}

/// Its addresses must be such that the gateway would ask them: a mistake here would be told to callers as a 503.
fn check_issuer(checks: &mut Checks<'_>, place: &Place, raw: &RawIssuer, egress: &RawEgress) {
    asked(
        checks,
        &place.child("issuer"),
        &raw.issuer,
        egress,
        raw.jwks_uri.is_none(),
    );
    if let Some(uri) = &raw.jwks_uri {
        asked(checks, &place.child("jwks_uri"), uri, egress, true);
    }
}

fn asked(checks: &mut Checks<'_>, place: &Place, text: &str, egress: &RawEgress, is_asked: bool) {
    if let Some((message, hint)) = unaskable(checks, place, text, egress, is_asked) {
        checks.error(code::BAD_ISSUER, place, message, hint);
    }
}

/// Why an address is none that the gateway would ask, and what to do about it.
pub fn unaskable(
    checks: &mut Checks<'_>,
    place: &Place,
    text: &str,
    egress: &RawEgress,
    is_asked: bool,
) -> Option<(String, String)> {
    let fault = |message: String, hint: &str| Some((message, hint.to_owned()));
    match Url::parse(text) {
        Ok(url) if !matches!(url.scheme(), "https" | "http") || !url.has_host() => fault(
            format!("`{text}` is not a web address"),
            "write it whole, such as `https://idp.example.com`",
        ),
        Err(_) => fault(
            format!("`{text}` is not a web address"),
            "write it whole, such as `https://idp.example.com`",
        ),
        Ok(url) if !url.username().is_empty() || url.password().is_some() => {
            checks.conceal(place);
            fault("a credential in the address".into(), "remove it")
        }
        Ok(url) if is_asked && url.scheme() == "http" && !egress.plain_http => fault(
            format!("`{text}` is not HTTPS"),
            "write `https://`, or set `gateway.egress.plain_http: true`",
        ),
        Ok(url) if is_asked => {
            let port = url.port_or_known_default().unwrap_or(443);
            let message = format!("`{text}` is on port {port}, which is never asked");
            (!egress.ports.contains(&port))
                .then(|| (message, format!("add {port} to `gateway.egress.ports`")))
        }
        Ok(_) => None,
    }
}

/// One token must not be readable as two tenants'.
fn ambiguous(checks: &mut Checks<'_>, place: &Place, before: &[Tenant], tenant: &Tenant) {
    let mut known: Vec<_> = before.iter().flat_map(trusted).collect();
    for issuer in trusted(tenant) {
        if let Some(clash) = known.iter().find_map(|own| own.clash(&issuer)) {
            let hint = match clash {
                Ambiguous::Audience(..) => {
                    "have the issuer name each tenant by an audience of its own"
                }
                Ambiguous::Keys(..) => "give both the same `jwks_uri`",
            };
            checks.key_error(code::AMBIGUOUS_ISSUER, place, clash.to_string(), hint);
        }
        known.push(issuer);
    }
}

fn trusted(tenant: &Tenant) -> impl Iterator<Item = wardgate_identity::Issuer> {
    let of = |issuer: &Issuer| issuer.trusted_by(&tenant.id);
    tenant.issuers.iter().map(of)
}

fn workloads(checks: &mut Checks<'_>, place: &Place, raw: &[RawWorkloads], gateway: &RawGateway) {
    for (position, workloads) in raw.iter().enumerate() {
        if SpiffePattern::parse(&workloads.spiffe).is_err() {
            let message = format!("`{}` names no workloads", workloads.spiffe);
            let hint = "write a SPIFFE id, such as `spiffe://acme.test/ns/a/job`, or `spiffe://acme.test/ns/a/*`";
            let place = place.child(position).child("spiffe");
            checks.error(code::BAD_WORKLOAD, &place, message, hint);
        }
    }
    let has_ca = gateway
        .tls
        .as_ref()
        .is_some_and(|tls| tls.client_ca.is_some());
    if !raw.is_empty() && !has_ca {
        let message = "certificates are named here, but the listener asks for none";
        let hint = "set `gateway.tls.client_ca` to the authorities that sign them";
        checks.key_error(code::CERTIFICATES_WITHOUT_CA, place, message, hint);
    }
}

fn typed_issuer(raw: &RawIssuer) -> Issuer {
    Issuer {
        issuer: raw.issuer.clone(),
        audiences: raw.audience.as_slice().to_vec(),
        jwks_uri: raw.jwks_uri.clone(),
        principal_claim: raw.principal_claim.clone(),
        groups_claim: raw.groups_claim.clone(),
        kind_claim: raw.kind_claim.clone(),
        algorithms: raw.algorithms.clone(),
        accept_resource: raw.accept_resource,
    }
}

fn typed_group((name, members): (&String, &Vec<String>)) -> (GroupName, Vec<PrincipalId>) {
    (
        GroupName::new(name),
        members.iter().map(PrincipalId::new).collect(),
    )
}

fn typed_workloads(raw: &RawWorkloads) -> Workloads {
    Workloads {
        spiffe: raw.spiffe.clone(),
        kind: match raw.kind {
            Kind::User => PrincipalKind::User,
            Kind::Agent => PrincipalKind::Agent,
            Kind::Service => PrincipalKind::Service,
        },
        groups: raw.groups.iter().map(GroupName::new).collect(),
    }
}

/// Checks where the gateway's own requests may go.
pub fn egress(checks: &mut Checks<'_>, place: &Place, raw: &RawEgress) -> Egress {
    let mut egress = Egress {
        hosts: Vec::new(),
        networks: Vec::new(),
        ports: raw.ports.clone(),
        plain_http: raw.plain_http,
    };
    for (position, text) in raw.allow.iter().enumerate() {
        if let Ok(network) = text.parse::<IpNet>() {
            egress.networks.push(network);
        } else if let Ok(address) = text.parse::<IpAddr>() {
            egress.networks.push(address.into());
        } else if names::is_host_name(text) {
            egress.hosts.push(text.to_ascii_lowercase());
        } else {
            let message = format!("`{text}` is no host, address or network");
            let hint = "write `idp.internal`, `10.1.2.3` or `10.0.0.0/8`; ports go to `gateway.egress.ports`";
            let place = place.child("allow").child(position);
            checks.error(code::BAD_EGRESS, &place, message, hint);
        }
    }
    egress
}
