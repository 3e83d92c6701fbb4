//! Whether a presented API key is good: the keyed hash that stands in its record, and the comparison.
//!
//! A record holds no key, only an HMAC under a key of this install: who reads the store can neither use nor verify what is in it,
//! and two installs cannot verify each other's keys. Finding a record is the store's; reading the text is `api_key.rs`.

use std::{fmt, sync::Arc, time::SystemTime};

use aws_lc_rs::{constant_time::verify_slices_are_equal, hmac};
use wardgate_model::{
    Caller, CredentialId, GroupName, PrincipalId, PrincipalKind, Scope, TenantId, Via,
};

use crate::api_key::ApiKey;

/// What an install's key is at least.
const INSTALL_KEY_BYTES_MIN: usize = 32;
/// Fewer different bytes than these are no random text in any usual spelling, hexadecimal included.
const DISTINCT_BYTES_MIN: usize = 9;

/// The secret of this install under which its API keys are hashed.
pub struct InstallKey {
    hmac: hmac::Key,
}

/// Why a text is no key for an install.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WeakInstallKey {
    #[error("shorter than {INSTALL_KEY_BYTES_MIN} bytes")]
    Short,
    #[error("one piece repeated, or made of too few different characters")]
    Guessable,
}

/// What stands in a record instead of the key. It cannot be printed.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyHash([u8; 32]);

/// What is known of one issued key.
#[derive(Clone, Debug)]
pub struct KeyRecord {
    pub id: CredentialId,
    pub hash: KeyHash,
    pub tenant: TenantId,
    pub principal: PrincipalId,
    pub kind: PrincipalKind,
    /// Sorted, without doubles.
    pub groups: Arc<[GroupName]>,
    pub scopes: Arc<[Scope]>,
    pub expires_at: Option<SystemTime>,
    pub revoked_at: Option<SystemTime>,
}

/// Why a well-formed key proves nobody. Clients learn none of this: for them all are one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyRefusal {
    #[error("no key has this id")]
    Unknown,
    #[error("the secret is not the key's")]
    WrongSecret,
    #[error("the key was revoked")]
    Revoked,
    #[error("the key has expired")]
    Expired,
}

impl InstallKey {
    /// Takes the install's secret.
    ///
    /// # Errors
    /// When it is so short or so regular that it can be guessed.
    pub fn new(secret: &[u8]) -> Result<InstallKey, WeakInstallKey> {
        if secret.len() < INSTALL_KEY_BYTES_MIN {
            return Err(WeakInstallKey::Short);
        }
        if distinct(secret) < DISTINCT_BYTES_MIN || is_repetition(secret) {
            return Err(WeakInstallKey::Guessable);
        }
        Ok(InstallKey {
            hmac: hmac::Key::new(hmac::HMAC_SHA256, secret),
        })
    }

    /// Returns what to keep of a key.
    pub fn hash(&self, key: &ApiKey) -> KeyHash {
        let mut context = hmac::Context::with_key(&self.hmac);
        // The install's secret has other uses; this one is named.
        context.update(b"wardgate/api-key/1\0");
        context.update(key.id().as_str().as_bytes());
        context.update(key.secret());
        let tag = context.sign();
        KeyHash(tag.as_ref().try_into().expect("HMAC-SHA-256 is 32 bytes"))
    }

    /// Returns whom the key proves. Give `None` when no record has the key's id: the work is the same, so the time tells nobody
    /// which ids exist.
    ///
    /// # Errors
    /// [`KeyRefusal`]; what happened to a key is told only to who holds its secret.
    pub fn verify(
        &self,
        presented: &ApiKey,
        record: Option<&KeyRecord>,
        now: SystemTime,
    ) -> Result<Caller, KeyRefusal> {
        const NOBODY: KeyHash = KeyHash([0; 32]);
        // The hash covers the id: a record of another key never fits.
        let expected = record.map_or(&NOBODY, |record| &record.hash);
        let is_same = verify_slices_are_equal(&expected.0, &self.hash(presented).0).is_ok();
        let record = record.ok_or(KeyRefusal::Unknown)?;
        if !is_same {
            return Err(KeyRefusal::WrongSecret);
        }
        if record.revoked_at.is_some_and(|at| at <= now) {
            return Err(KeyRefusal::Revoked);
        }
        if record.expires_at.is_some_and(|at| at <= now) {
            return Err(KeyRefusal::Expired);
        }
        Ok(record.caller())
    }
}

impl KeyRecord {
    fn caller(&self) -> Caller {
        Caller {
            tenant: self.tenant.clone(),
            principal: self.principal.clone(),
            kind: self.kind,
            groups: self.groups.clone(),
            scopes: self.scopes.clone(),
            via: Via::ApiKey,
            credential: Some(self.id.clone()),
        }
    }
}

impl KeyHash {
    /// Takes what a store kept.
    pub fn from_bytes(bytes: [u8; 32]) -> KeyHash {
        KeyHash(bytes)
    }

    /// Gives the bytes to the store.
    pub fn to_bytes(&self) -> [u8; 32] {
        self.0
    }
}

impl fmt::Debug for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyHash(…)")
    }
}

fn distinct(bytes: &[u8]) -> usize {
    let mut seen = [false; 256];
    for byte in bytes {
        seen[usize::from(*byte)] = true;
    }
    seen.iter().filter(|seen| **seen).count()
}

/// True if a shorter piece, written at least twice, gives these bytes.
fn is_repetition(bytes: &[u8]) -> bool {
    (1..=bytes.len() / 2).any(|piece| bytes[piece..] == bytes[..bytes.len() - piece])
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use wardgate_model::{PrincipalId, PrincipalKind, TenantId, Via};

    use super::{InstallKey, KeyHash, KeyRecord, KeyRefusal, WeakInstallKey};
    use crate::api_key::ApiKey;

    fn install(last: u8) -> InstallKey {
        let mut secret: Vec<u8> = (0..31).collect();
        secret.push(last);
        InstallKey::new(&secret).unwrap()
    }

    fn key(seed: u8) -> ApiKey {
        ApiKey::mint(&[seed; ApiKey::RANDOM_BYTES])
    }

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn record(install: &InstallKey, key: &ApiKey) -> KeyRecord {
        KeyRecord {
            id: key.id().clone(),
            hash: install.hash(key),
            tenant: TenantId::new("acme"),
            principal: PrincipalId::new("ops-bot"),
            kind: PrincipalKind::Service,
            groups: [].into(),
            scopes: [].into(),
            expires_at: None,
            revoked_at: None,
        }
    }

    fn check(change: impl FnOnce(&mut KeyRecord), presented: &ApiKey, refusal: Option<KeyRefusal>) {
        let install = install(200);
        let mut record = record(&install, &key(1));
        change(&mut record);
        let verdict = install.verify(presented, Some(&record), at(1_000));
        assert_eq!(verdict.err(), refusal);
    }

    #[test]
    fn a_good_key_proves_the_principal_of_its_record() {
        let install = install(200);
        let key = key(1);
        let caller = install
            .verify(&key, Some(&record(&install, &key)), at(0))
            .unwrap();
        assert_eq!(caller.identity().to_string(), "acme/ops-bot");
        assert_eq!(caller.via, Via::ApiKey);
        assert_eq!(caller.credential.as_ref(), Some(key.id()));
    }

    #[test]
    fn each_fault_of_a_key_is_refused_as_itself() {
        check(|_| {}, &key(1), None);
        check(
            |record| record.hash = KeyHash([0; 32]),
            &key(1),
            Some(KeyRefusal::WrongSecret),
        );
        check(|_| {}, &key(2), Some(KeyRefusal::WrongSecret));
        check(
            |record| record.revoked_at = Some(at(1_000)),
            &key(1),
            Some(KeyRefusal::Revoked),
        );
        check(
            |record| record.expires_at = Some(at(1_000)),
            &key(1),
            Some(KeyRefusal::Expired),
        );
        check(|record| record.expires_at = Some(at(1_001)), &key(1), None);
        assert_eq!(
            install(200).verify(&key(1), None, at(0)).err(),
            Some(KeyRefusal::Unknown)
        );
    }

    #[test]
    fn who_lacks_the_secret_learns_nothing_of_a_keys_fate() {
        let mut random = [1; ApiKey::RANDOM_BYTES];
        random[ApiKey::RANDOM_BYTES - 1] = 2;
        let same_id = ApiKey::mint(&random);
        assert_eq!(same_id.id(), key(1).id());
        check(
            |record| record.revoked_at = Some(at(1)),
            &same_id,
            Some(KeyRefusal::WrongSecret),
        );
    }

    #[test]
    fn two_installs_cannot_verify_each_others_keys() {
        let (one, other) = (install(200), install(201));
        let key = key(1);
        let verdict = other.verify(&key, Some(&record(&one, &key)), at(0));
        assert_eq!(verdict.err(), Some(KeyRefusal::WrongSecret));
    }

    #[test]
    fn an_install_key_that_can_be_guessed_is_refused() {
        let guessable = |text: &[u8]| InstallKey::new(text).err();
        assert_eq!(guessable(b""), Some(WeakInstallKey::Short));
        assert_eq!(guessable(&[7; 31]), Some(WeakInstallKey::Short));
        assert_eq!(guessable(&[0; 64]), Some(WeakInstallKey::Guessable));
        assert_eq!(
            guessable(&b"changeme".repeat(8)),
            Some(WeakInstallKey::Guessable)
        );
        assert_eq!(
            guessable(&b"0123456789abcdef".repeat(3)),
            Some(WeakInstallKey::Guessable)
        );
        assert_eq!(guessable(b"9f86d081884c7d659a2feaa0c55ad015"), None);
    }

    #[test]
    fn printing_a_record_shows_nothing_of_its_hash() {
        let install = install(200);
        let printed = format!("{:?}", record(&install, &key(1)));
        assert!(printed.contains("KeyHash(…)"), "{printed}");
    }
}
