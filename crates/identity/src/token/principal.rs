//! The claims of a proven token → the caller they make.

use serde_json::{Map, Value};
use wardgate_model::{Caller, CredentialId, GroupName, PrincipalId, PrincipalKind, Scope, Via};

use super::{
    Issuer, TokenRefusal,
    claims::{missing, shape, texts},
};

/// Longer names are no names; they stand in every record.
const NAME_BYTES_MAX: usize = 256;
const GROUPS_MAX: usize = 1_000;

/// Returns who a token of this issuer speaks for.
///
/// # Errors
/// When a claim that names the caller is missing or is something else than a name.
pub(super) fn caller(issuer: &Issuer, claims: &Map<String, Value>) -> Result<Caller, TokenRefusal> {
    Ok(Caller {
        tenant: issuer.tenant.clone(),
        principal: principal(issuer, claims)?,
        kind: kind(issuer, claims)?,
        groups: groups(issuer, claims)?.into(),
        scopes: scopes(claims)?.into(),
        via: Via::Jwt,
        credential: Some(CredentialId::new(&issuer.issuer)),
    })
}

fn principal(issuer: &Issuer, claims: &Map<String, Value>) -> Result<PrincipalId, TokenRefusal> {
    let claim = &issuer.principal_claim;
    match claim.find(claims) {
        None => Err(missing(claim.as_str())),
        Some(Value::String(name)) if is_name(name) => Ok(PrincipalId::new(name)),
        Some(_) => Err(shape(claim.as_str())),
    }
}

/// What an operator's claim says comes first. Otherwise a token that a client got for itself is a service's: RFC 9068 §2.2 has
/// `sub` equal `client_id` then; Auth0 and Entra ID say it in claims of their own. All others are users'.
fn kind(issuer: &Issuer, claims: &Map<String, Value>) -> Result<PrincipalKind, TokenRefusal> {
    if let Some(claim) = &issuer.kind_claim
        && let Some(value) = claim.find(claims)
    {
        return match value.as_str() {
            Some("user") => Ok(PrincipalKind::User),
            Some("agent") => Ok(PrincipalKind::Agent),
            Some("service") => Ok(PrincipalKind::Service),
            _ => Err(shape(claim.as_str())),
        };
    }
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let is_own = text("client_id").is_some() && text("sub") == text("client_id")
        || text("gty") == Some("client-credentials")
        || text("idtyp") == Some("app");
    Ok(if is_own {
        PrincipalKind::Service
    } else {
        PrincipalKind::User
    })
}

fn groups(issuer: &Issuer, claims: &Map<String, Value>) -> Result<Vec<GroupName>, TokenRefusal> {
    let claim = &issuer.groups_claim;
    let Some(value) = claim.find(claims) else {
        return Ok(Vec::new());
    };
    let names = texts(value)
        .filter(|names| names.len() <= GROUPS_MAX && names.iter().all(|name| is_name(name)))
        .ok_or_else(|| shape(claim.as_str()))?;
    let mut groups: Vec<GroupName> = names.iter().map(GroupName::new).collect();
    groups.sort();
    groups.dedup();
    Ok(groups)
}

/// `scope` is one text with spaces (RFC 9068 §2.2.3); `scp` is that or a list, as Entra ID and Okta have it.
fn scopes(claims: &Map<String, Value>) -> Result<Vec<Scope>, TokenRefusal> {
    let Some((claim, value)) = ["scope", "scp"]
        .iter()
        .find_map(|name| Some((*name, claims.get(*name)?)))
    else {
        return Ok(Vec::new());
    };
    let texts = texts(value).ok_or_else(|| shape(claim))?;
    let mut scopes: Vec<Scope> = texts
        .iter()
        .flat_map(|text| text.split(' '))
        .filter(|scope| !scope.is_empty())
        .map(Scope::new)
        .collect();
    scopes.sort();
    scopes.dedup();
    Ok(scopes)
}

/// Names go to records and logs: nothing in them moves a cursor or starts a line.
fn is_name(text: &str) -> bool {
    (1..=NAME_BYTES_MAX).contains(&text.len()) && !text.chars().any(char::is_control)
}
