//! Credentials → Caller. A credential that is present and wrong is refused, never passed over for a weaker one; one that
//! cannot be judged is neither.
//!
//! What proves a credential is `keyring.rs` and the `identity` crate; here is the order in which they are asked, and whether
//! who was proven may enter this toolset.

use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use wardgate_identity::{Challenge, Now, ProtectedResource, TokenFault, Verifier, workload};
use wardgate_model::{
    Caller, CredentialId, PrincipalId, PrincipalKind, TenantId, ToolsetName, Via,
};
use wardgate_snapshot::{ApiKey, Gateway, Snapshot, Tenants, Toolset};

use crate::{call::Credentials, gate::Gate, issued::Unproven, stop::Stop};

/// When the store of keys may be asked again.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Returns who calls, if they may use this toolset.
///
/// # Errors
/// [`Stop::Unauthenticated`] when nobody is proven, [`Stop::Unjudged`] when that cannot be told; [`Stop::NoToolset`],
/// [`Stop::Forbidden`] or [`Stop::InsufficientScope`] when who calls may not enter.
///
/// # Cancel safety
/// Nothing is kept of a call that was dropped.
pub async fn identify(
    gate: &Gate,
    snapshot: &Snapshot,
    toolset: &Toolset,
    credentials: &Credentials,
) -> Result<Caller, Stop> {
    let proven = who(gate, snapshot, toolset, credentials).await?;
    may_use(snapshot, toolset, &proven)?;
    Ok(proven.caller)
}

/// Returns who calls, whatever they may use: a record names them also when they are turned away.
///
/// # Errors
/// [`Stop::Unauthenticated`] or [`Stop::Unjudged`].
///
/// # Cancel safety
/// Nothing is kept of a call that was dropped.
pub async fn who(
    gate: &Gate,
    snapshot: &Snapshot,
    toolset: &Toolset,
    credentials: &Credentials,
) -> Result<Proven, Stop> {
    let resource = toolset.resource.as_ref();
    let proven = prove(gate, snapshot, &toolset.uri, credentials)
        .await
        .map_err(|fault| refusal(fault, resource, credentials))?;
    Ok(Proven {
        caller: in_groups(&snapshot.tenants, proven.caller),
        reach: proven.reach,
    })
}

/// Returns who asks on the admin surface. A key that opens only some toolsets does not open it.
///
/// # Errors
/// [`Stop::Unauthenticated`], [`Stop::Unjudged`] or [`Stop::Forbidden`].
///
/// # Cancel safety
/// Nothing is kept of a request that was dropped.
pub async fn operator(
    gate: &Gate,
    snapshot: &Snapshot,
    credentials: &Credentials,
) -> Result<Caller, Stop> {
    let admin = snapshot.gateway.admin.as_ref().ok_or(Stop::Forbidden)?;
    let proven = prove(gate, snapshot, &admin.resource, credentials)
        .await
        .map_err(|fault| refusal(fault, None, credentials))?;
    let is_nobody = matches!(proven.caller.via, Via::Anonymous | Via::Assumed);
    if proven.reach.is_some() {
        return Err(Stop::Forbidden);
    }
    if is_nobody && !admin.listen.ip().is_loopback() {
        return Err(refusal(Fault::Refused, None, credentials));
    }
    Ok(in_groups(&snapshot.tenants, proven.caller))
}

/// Returns who calls over stdio, where nothing is to be proven.
pub fn at_stdio(snapshot: &Snapshot) -> Caller {
    let caller = named(&snapshot.gateway.tenant, "stdio", Via::Stdio);
    in_groups(&snapshot.tenants, caller)
}

/// A caller, and the toolsets their key reaches if it does not reach all.
pub struct Proven {
    pub caller: Caller,
    reach: Option<Vec<ToolsetName>>,
}

impl From<Caller> for Proven {
    fn from(caller: Caller) -> Proven {
        Proven {
            caller,
            reach: None,
        }
    }
}

/// Why nobody is proven.
enum Fault {
    Refused,
    /// The issuer does not answer: another attempt may tell.
    Unjudged(Duration),
}

async fn prove(
    gate: &Gate,
    snapshot: &Snapshot,
    resource: &str,
    credentials: &Credentials,
) -> Result<Proven, Fault> {
    let keyring = gate.keyring();
    let gateway = &snapshot.gateway;
    if credentials.stdio {
        return Ok(at_stdio(snapshot).into());
    }
    if let Some(authorization) = &credentials.authorization {
        let presented = bearer(authorization).ok_or(Fault::Refused)?;
        if let Some(key) = keyring.find(presented) {
            return Ok(of_key(key));
        }
        if let Ok(key) = wardgate_identity::ApiKey::parse(presented) {
            return by_issued_key(gate, &key).await;
        }
        let verifier = keyring.verifier().ok_or(Fault::Refused)?;
        return by_token(verifier, presented, resource)
            .await
            .map(Proven::from);
    }
    if let Some(certificate) = &credentials.certificate {
        return by_certificate(certificate, &snapshot.tenants).map(Proven::from);
    }
    without(gateway, credentials).map(Proven::from)
}

fn of_key(key: &ApiKey) -> Proven {
    Proven {
        caller: Caller {
            credential: Some(CredentialId::new(&key.id)),
            ..named(&key.tenant, key.principal.as_str(), Via::ApiKey)
        },
        reach: key.toolsets.clone(),
    }
}

/// A text that is a key is never taken for anything else.
async fn by_issued_key(gate: &Gate, key: &wardgate_identity::ApiKey) -> Result<Proven, Fault> {
    let keys = gate.ports.issued_keys.as_ref().ok_or(Fault::Refused)?;
    match keys.prove(key).await {
        Ok(holder) => Ok(Proven {
            caller: holder.caller,
            reach: holder.toolsets,
        }),
        Err(Unproven::Refused) => Err(Fault::Refused),
        Err(Unproven::Unknown) => Err(Fault::Unjudged(LOOK_AGAIN)),
    }
}

async fn by_token(verifier: &Verifier, token: &str, resource: &str) -> Result<Caller, Fault> {
    let now = Now {
        wall: SystemTime::now(),
        monotonic: Instant::now(),
    };
    match verifier.verify(token, resource, now).await {
        Ok(verified) => Ok(verified.caller),
        Err(TokenFault::Refused(reason)) => {
            tracing::debug!(%reason, "token refused");
            Err(Fault::Refused)
        }
        Err(TokenFault::Unavailable(keys)) => Err(Fault::Unjudged(keys.retry_after)),
    }
}

fn by_certificate(der: &[u8], tenants: &Tenants) -> Result<Caller, Fault> {
    workload(der, &tenants.workloads, SystemTime::now()).map_err(|reason| {
        tracing::debug!(%reason, "client certificate refused");
        Fault::Refused
    })
}

/// Nothing was presented but, perhaps, the wish to be somebody.
fn without(gateway: &Gateway, credentials: &Credentials) -> Result<Caller, Fault> {
    match &credentials.assume {
        Some(named) if gateway.assume && gateway.anonymous => assumed(named).ok_or(Fault::Refused),
        _ if gateway.anonymous => Ok(named(&gateway.tenant, "anonymous", Via::Anonymous)),
        _ => Err(Fault::Refused),
    }
}

fn named(tenant: &TenantId, principal: &str, via: Via) -> Caller {
    Caller {
        tenant: tenant.clone(),
        principal: PrincipalId::new(principal),
        kind: PrincipalKind::User,
        groups: Arc::default(),
        scopes: Arc::default(),
        via,
        credential: None,
    }
}

/// RFC 6750 §2.1, RFC 9110 §11.1: the scheme is case-insensitive, one space, a token.
fn bearer(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.split_once(' ')?;
    let is_token = !token.is_empty()
        && token
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-._~+/=".contains(&b));
    (scheme.eq_ignore_ascii_case("bearer") && is_token).then_some(token)
}

fn assumed(text: &str) -> Option<Caller> {
    let (tenant, principal) = text.split_once('/')?;
    let is_name = |name: &str| {
        (1..=128).contains(&name.len())
            && name
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-._@".contains(&b))
    };
    (is_name(tenant) && is_name(principal))
        .then(|| named(&TenantId::new(tenant), principal, Via::Assumed))
}

fn refusal(fault: Fault, resource: Option<&ProtectedResource>, credentials: &Credentials) -> Stop {
    match fault {
        Fault::Unjudged(retry_after) => Stop::Unjudged { retry_after },
        Fault::Refused => Stop::Unauthenticated {
            challenge: match (resource, &credentials.authorization) {
                (None, _) => "Bearer realm=\"wardgate\"".into(),
                (Some(resource), None) => resource.challenge(Challenge::NoToken),
                (Some(resource), Some(_)) => resource.challenge(Challenge::InvalidToken),
            },
        },
    }
}

/// Judges whether who was proven may use this toolset. One that the caller's tenant or groups do not see is one that does not exist.
/// Scopes are asked of tokens alone: nobody can give a key or a certificate more of them.
///
/// # Errors
/// [`Stop::NoToolset`], [`Stop::Forbidden`] or [`Stop::InsufficientScope`].
pub fn may_use(snapshot: &Snapshot, toolset: &Toolset, proven: &Proven) -> Result<(), Stop> {
    let caller = &proven.caller;
    let is_seen = snapshot.tenants.sees(&caller.tenant, &toolset.name);
    if !is_seen || !toolset.is_open_to(&caller.groups) {
        return Err(Stop::NoToolset);
    }
    let reach = proven.reach.as_ref();
    if reach.is_some_and(|reach| !reach.contains(&toolset.name)) {
        return Err(Stop::Forbidden);
    }
    let has_all = || {
        toolset
            .scopes
            .iter()
            .all(|scope| caller.scopes.contains(scope))
    };
    match &toolset.resource {
        Some(resource) if caller.via == Via::Jwt && !has_all() => Err(Stop::InsufficientScope {
            challenge: resource.challenge(Challenge::InsufficientScope(&toolset.scopes)),
        }),
        _ => Ok(()),
    }
}

fn in_groups(tenants: &Tenants, caller: Caller) -> Caller {
    let declared = tenants.groups(&caller.tenant, &caller.principal);
    if declared.is_empty() {
        return caller;
    }
    let mut groups = [&caller.groups, declared].concat();
    groups.sort();
    groups.dedup();
    Caller {
        groups: groups.into(),
        ..caller
    }
}
