//! Credentials → Caller. A credential that is present and wrong is refused, never passed over.

use std::sync::Arc;

use aws_lc_rs::{
    constant_time::verify_slices_are_equal,
    hmac::{HMAC_SHA256, Key, Tag, sign},
};
use wardgate_model::{
    Caller, CredentialId, PrincipalId, PrincipalKind, TenantId, ToolsetName, Via,
};
use wardgate_snapshot::{ApiKey, Gateway, Toolset};

use crate::{
    call::Credentials,
    gate::{SecretFault, Secrets},
    seal::random_bytes,
    stop::Stop,
};

/// The static API keys, held as keyed hashes with a key made at start.
pub struct Keyring {
    hmac: Key,
    keys: Vec<(Tag, ApiKey)>,
}

/// A key shorter than this can be guessed.
const KEY_BYTES_MIN: usize = 16;

impl Keyring {
    /// Resolves every configured key.
    ///
    /// # Errors
    /// When one cannot be had or is too short.
    pub async fn load(gateway: &Gateway, secrets: &dyn Secrets) -> Result<Keyring, SecretFault> {
        let hmac = Key::new(HMAC_SHA256, &random_bytes::<32>());
        let mut keys = Vec::with_capacity(gateway.keys.len());
        for key in &gateway.keys {
            let secret = secrets.resolve(&key.secret).await?;
            if secret.expose().len() < KEY_BYTES_MIN {
                return Err(SecretFault(format!(
                    "key `{}` is shorter than {KEY_BYTES_MIN} bytes",
                    key.id
                )));
            }
            keys.push((sign(&hmac, secret.expose().as_bytes()), key.clone()));
        }
        Ok(Keyring { hmac, keys })
    }

    /// Compares with every key, in time that does not depend on which one fits.
    fn find(&self, presented: &str) -> Option<&ApiKey> {
        let presented = sign(&self.hmac, presented.as_bytes());
        let mut found = None;
        for (tag, key) in &self.keys {
            if verify_slices_are_equal(tag.as_ref(), presented.as_ref()).is_ok() {
                found = Some(key);
            }
        }
        found
    }
}

/// Returns who calls, if they may use this toolset.
///
/// # Errors
/// [`Stop::Unauthenticated`] or [`Stop::Forbidden`].
pub fn identify(
    keyring: &Keyring,
    gateway: &Gateway,
    toolset: &Toolset,
    credentials: &Credentials,
) -> Result<Caller, Stop> {
    let caller = who(keyring, gateway, credentials)?;
    may_use(keyring, &caller, toolset)?;
    Ok(caller)
}

/// Returns who calls, whatever they may use: a record names them also when they are turned away.
///
/// # Errors
/// [`Stop::Unauthenticated`].
pub fn who(
    keyring: &Keyring,
    gateway: &Gateway,
    credentials: &Credentials,
) -> Result<Caller, Stop> {
    if credentials.stdio {
        return Ok(caller(&gateway.tenant, "stdio", Via::Stdio));
    }
    match (&credentials.authorization, &credentials.assume) {
        (Some(authorization), _) => {
            let presented = bearer(authorization).ok_or(Stop::Unauthenticated)?;
            let key = keyring.find(presented).ok_or(Stop::Unauthenticated)?;
            Ok(Caller {
                credential: Some(CredentialId::new(&key.id)),
                ..caller(&key.tenant, key.principal.as_str(), Via::ApiKey)
            })
        }
        (None, Some(named)) if gateway.assume && gateway.anonymous => {
            assumed(named).ok_or(Stop::Unauthenticated)
        }
        (None, _) if gateway.anonymous => Ok(caller(&gateway.tenant, "anonymous", Via::Anonymous)),
        (None, _) => Err(Stop::Unauthenticated),
    }
}

/// Judges whether the caller's key opens this toolset; callers without a key use every one.
///
/// # Errors
/// [`Stop::Forbidden`].
pub fn may_use(keyring: &Keyring, caller: &Caller, toolset: &Toolset) -> Result<(), Stop> {
    let Some(credential) = &caller.credential else {
        return Ok(());
    };
    let mut keys = keyring.keys.iter().map(|(_, key)| key);
    let key = keys.find(|key| credential.as_str() == key.id);
    match key.is_some_and(|key| reaches(key, &toolset.name)) {
        true => Ok(()),
        false => Err(Stop::Forbidden),
    }
}

fn caller(tenant: &TenantId, principal: &str, via: Via) -> Caller {
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

fn reaches(key: &ApiKey, toolset: &ToolsetName) -> bool {
    key.toolsets
        .as_ref()
        .is_none_or(|toolsets| toolsets.contains(toolset))
}

fn assumed(named: &str) -> Option<Caller> {
    let (tenant, principal) = named.split_once('/')?;
    let is_name = |name: &str| {
        (1..=128).contains(&name.len())
            && name
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-._@".contains(&b))
    };
    (is_name(tenant) && is_name(principal))
        .then(|| caller(&TenantId::new(tenant), principal, Via::Assumed))
}
