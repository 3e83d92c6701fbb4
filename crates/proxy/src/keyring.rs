//! By what credentials are judged: the static API keys, and the issuers whose tokens are believed.
//!
//! A keyring is made anew for each snapshot; what it has learned of issuers that stay goes on to the next.

use std::sync::Arc;

use aws_lc_rs::{
    constant_time::verify_slices_are_equal,
    hmac::{HMAC_SHA256, Key, Tag, sign},
};
use wardgate_identity::{Ambiguous, Fetch, Issuer, Verifier};
use wardgate_snapshot::{ApiKey, Gateway, Snapshot};

use crate::{
    gate::{GateFault, Ports, SecretFault, Secrets},
    seal::random_bytes,
};

/// A key shorter than this can be guessed.
const KEY_BYTES_MIN: usize = 16;

/// Proven tokens that are remembered.
const TOKENS_MAX: u64 = 50_000;

pub struct Keyring {
    hmac: Key,
    /// Keyed hashes, with a key made for this keyring.
    keys: Vec<(Tag, ApiKey)>,
    issuers: Vec<Issuer>,
    /// `None` while nobody's tokens are believed.
    verifier: Option<Arc<Verifier>>,
}

impl Keyring {
    /// Resolves every configured key, and takes over what `before` knows of the issuers.
    ///
    /// # Errors
    /// When a key cannot be had or is too short, or when two tenants' tokens cannot be told apart.
    pub async fn load(
        snapshot: &Snapshot,
        ports: &Ports,
        before: Option<&Keyring>,
    ) -> Result<Keyring, GateFault> {
        let hmac = Key::new(HMAC_SHA256, &random_bytes::<32>());
        let issuers = snapshot.tenants.issuers.clone();
        Ok(Keyring {
            keys: keys(&hmac, &snapshot.gateway, ports.secrets.as_ref()).await?,
            hmac,
            verifier: verifier(&issuers, &ports.issuer_keys, before)?,
            issuers,
        })
    }

    /// Compares with every key, in time that does not depend on which one fits.
    pub fn find(&self, presented: &str) -> Option<&ApiKey> {
        let presented = sign(&self.hmac, presented.as_bytes());
        let mut found = None;
        for (tag, key) in &self.keys {
            if verify_slices_are_equal(tag.as_ref(), presented.as_ref()).is_ok() {
                found = Some(key);
            }
        }
        found
    }

    pub fn verifier(&self) -> Option<&Verifier> {
        self.verifier.as_deref()
    }
}

async fn keys(
    hmac: &Key,
    gateway: &Gateway,
    secrets: &dyn Secrets,
) -> Result<Vec<(Tag, ApiKey)>, SecretFault> {
    let mut keys = Vec::with_capacity(gateway.keys.len());
    for key in &gateway.keys {
        let secret = secrets.resolve(&key.secret).await?;
        if secret.expose().len() < KEY_BYTES_MIN {
            return Err(SecretFault(format!(
                "key `{}` is shorter than {KEY_BYTES_MIN} bytes",
                key.id
            )));
        }
        keys.push((sign(hmac, secret.expose().as_bytes()), key.clone()));
    }
    Ok(keys)
}

fn verifier(
    issuers: &[Issuer],
    fetch: &Arc<dyn Fetch>,
    before: Option<&Keyring>,
) -> Result<Option<Arc<Verifier>>, Ambiguous> {
    if issuers.is_empty() {
        return Ok(None);
    }
    let known = before.and_then(|before| Some((before, before.verifier.as_ref()?)));
    let verifier = match known {
        Some((before, verifier)) if before.issuers == issuers => return Ok(Some(verifier.clone())),
        Some((_, verifier)) => verifier.with_issuers(issuers.to_vec(), fetch, TOKENS_MAX)?,
        None => Verifier::new(issuers.to_vec(), fetch, TOKENS_MAX)?,
    };
    Ok(Some(Arc::new(verifier)))
}
