//! API keys at run time: issued once, shown once, revoked for good.
//!
//! The store gets a keyed hash; the key itself leaves with the answer and is nowhere else. What proves a caller with one is the
//! data plane's to ask.

use std::sync::Arc;

use wardgate_identity::{ApiKey as KeyText, InstallKey};
use wardgate_ledger::{
    CanonicalJson, Record,
    record::{Family, What},
};
use wardgate_model::{
    CredentialId, GroupName, Held, PrincipalId, PrincipalKind, Reach, Secret, TenantId, ToolsetName,
};
use wardgate_store::{ApiKey, ApiKeys, Cursor, Page, StoreError, Timestamp};

use crate::{
    journal::{Journal, Moment, Operator, Unwritten},
    reason::{Reason, ReasonFault},
};

const NAME_CHARS_MAX: usize = 128;
/// Groups or toolsets of one key.
const NAMES_MAX: usize = 100;

/// The random bytes that a key is made of.
pub type Randomness = [u8; KeyText::RANDOM_BYTES];

/// What an operator asks for.
#[derive(Clone, Debug)]
pub struct Wanted {
    pub tenant: TenantId,
    pub principal: PrincipalId,
    pub kind: PrincipalKind,
    pub groups: Vec<GroupName>,
    /// `None` is every toolset the tenant sees.
    pub toolsets: Option<Vec<ToolsetName>>,
    pub expires_at: Option<jiff::Timestamp>,
    pub reason: String,
}

/// What was done, or would be.
#[derive(Debug)]
pub struct Issued {
    pub item: ApiKey,
    /// The key, for the only time; none where nothing was issued.
    pub key: Option<Secret>,
}

#[derive(Debug, thiserror::Error)]
pub enum KeyFault {
    #[error(transparent)]
    Reason(#[from] ReasonFault),
    #[error(
        "{what} is made of up to {NAME_CHARS_MAX} letters, digits, `-`, `_`, `.`, `@`, `:` and `/`, and tenants of no `/`"
    )]
    Name { what: &'static str },
    #[error("a key has at most {NAMES_MAX} {what}")]
    Many { what: &'static str },
    #[error("toolset `{0}` is not defined")]
    UnknownToolset(ToolsetName),
    #[error("the end of the key is not in the future")]
    Over,
    #[error(
        "this principal has roles over every tenant; only who has one of them too may issue its keys"
    )]
    Beyond,
    #[error("no such {0}")]
    NotFound(&'static str),
    #[error(transparent)]
    Store(StoreError),
    #[error(transparent)]
    Unwritten(#[from] Unwritten),
}

impl From<StoreError> for KeyFault {
    fn from(error: StoreError) -> KeyFault {
        match error {
            StoreError::NotFound { what } => KeyFault::NotFound(what),
            error => KeyFault::Store(error),
        }
    }
}

/// The part of the gateway that obeys.
pub trait Plane: Send + Sync {
    /// Says whether a toolset exists for a tenant.
    fn sees(&self, tenant: &TenantId, toolset: &ToolsetName) -> bool;

    /// The roles that somebody would have.
    fn roles(&self, tenant: &TenantId, principal: &PrincipalId, groups: &[GroupName]) -> Held;

    /// Lets go of what is known of a key, so that the next call asks the store.
    fn forget(&self, id: &CredentialId);
}

/// The use cases, over what they need.
#[derive(Clone)]
pub struct Keys {
    pub store: Arc<dyn ApiKeys>,
    pub journal: Arc<dyn Journal>,
    pub plane: Arc<dyn Plane>,
    pub install: Arc<InstallKey>,
}

impl Keys {
    /// Issues a key. With `dry_run` it says what would be issued, and issues nothing.
    ///
    /// # Errors
    /// See [`KeyFault`]. One from the store after the record was written leaves the record, and no key.
    ///
    /// # Cancel safety
    /// A key that nobody was given may be left in the store; nobody can use it.
    pub async fn create(
        &self,
        by: &Operator,
        reach: &Reach,
        wanted: Wanted,
        (moment, random): (Moment, &Randomness),
        dry_run: bool,
    ) -> Result<Issued, KeyFault> {
        let reason = Reason::new(&wanted.reason)?;
        if !reach.covers(&wanted.tenant) {
            return Err(KeyFault::NotFound("tenant"));
        }
        self.check(reach, &wanted, moment)?;
        let key = KeyText::mint(random);
        let item = self.item(by, wanted, &key, moment);
        if dry_run {
            return Ok(Issued { item, key: None });
        }
        let record = by.record(Family::Key.verb("create"), reason.as_str(), moment);
        self.journal
            .write(about(record, "keys.create", &item))
            .await?;
        self.store.create(&item).await?;
        Ok(Issued {
            item,
            key: Some(key.text()),
        })
    }

    /// Revokes a key for good. One that is revoked already stays as it is, and no record tells of it. With `dry_run` it says which
    /// key it would be.
    ///
    /// # Errors
    /// As [`Keys::create`].
    ///
    /// # Cancel safety
    /// The key is revoked or not; if it is, every call from a few seconds later on is refused.
    pub async fn revoke(
        &self,
        by: &Operator,
        reach: &Reach,
        id: &CredentialId,
        reason: &str,
        moment: Moment,
        dry_run: bool,
    ) -> Result<ApiKey, KeyFault> {
        let reason = Reason::new(reason)?;
        let item = self.store.by_id(id).await?;
        let Some(item) = item.filter(|item| reach.covers(&item.tenant)) else {
            return Err(KeyFault::NotFound("key"));
        };
        if dry_run || item.revoked_at.is_some() {
            return Ok(item);
        }
        let record = by.record(Family::Key.verb("revoke"), reason.as_str(), moment);
        self.journal
            .write(about(record, "keys.revoke", &item))
            .await?;
        let revoked = self
            .store
            .revoke(&item.tenant, id, &by.person, of(moment))
            .await;
        // Also when the store does not say how it went: whoever asks next finds out.
        self.plane.forget(id);
        Ok(revoked?)
    }

    /// Lists keys, newest first, of one tenant or of all within reach.
    ///
    /// # Errors
    /// What the store says; `NotFound` for a tenant out of reach.
    ///
    /// # Cancel safety
    /// Nothing is changed.
    pub async fn list(
        &self,
        reach: &Reach,
        tenant: Option<&TenantId>,
        after: Option<&Cursor>,
        limit: u32,
    ) -> Result<Page<ApiKey>, KeyFault> {
        let tenant = crate::scope::tenant(reach, tenant).ok_or(KeyFault::NotFound("tenant"))?;
        Ok(self.store.list(tenant, after, limit).await?)
    }

    fn check(&self, reach: &Reach, wanted: &Wanted, moment: Moment) -> Result<(), KeyFault> {
        names(wanted)?;
        let toolsets = wanted.toolsets.iter().flatten();
        for toolset in toolsets {
            if !self.plane.sees(&wanted.tenant, toolset) {
                return Err(KeyFault::UnknownToolset(toolset.clone()));
            }
        }
        if wanted.expires_at.is_some_and(|end| end <= moment.at) {
            return Err(KeyFault::Over);
        }
        // Nobody makes themselves more than they are by making a key.
        let roles = self
            .plane
            .roles(&wanted.tenant, &wanted.principal, &wanted.groups);
        match reach {
            Reach::Tenant(_) if !roles.everywhere.is_empty() => Err(KeyFault::Beyond),
            Reach::Tenant(_) | Reach::Everywhere => Ok(()),
        }
    }

    fn item(&self, by: &Operator, wanted: Wanted, key: &KeyText, moment: Moment) -> ApiKey {
        let mut groups = wanted.groups;
        groups.sort();
        groups.dedup();
        ApiKey {
            id: key.id().clone(),
            tenant: wanted.tenant,
            principal: wanted.principal,
            kind: wanted.kind,
            groups,
            toolsets: wanted.toolsets,
            hash: self.install.hash(key).to_bytes().to_vec(),
            created_at: of(moment),
            created_by: by.person.clone(),
            expires_at: wanted
                .expires_at
                .map(|end| Timestamp::from_millis(end.as_millisecond())),
            revoked_at: None,
            revoked_by: None,
            last_used: None,
        }
    }
}

fn names(wanted: &Wanted) -> Result<(), KeyFault> {
    let toolsets = wanted.toolsets.as_deref().unwrap_or_default();
    for (what, count) in [
        ("groups", wanted.groups.len()),
        ("toolsets", toolsets.len()),
    ] {
        if count > NAMES_MAX {
            return Err(KeyFault::Many { what });
        }
    }
    let tenant = ("the tenant", wanted.tenant.as_str());
    let principal = ("the principal", wanted.principal.as_str());
    let groups = wanted
        .groups
        .iter()
        .map(|group| ("a group", group.as_str()));
    if wanted.tenant.as_str().contains(['/', ':']) {
        return Err(KeyFault::Name { what: "the tenant" });
    }
    for (what, name) in [tenant, principal].into_iter().chain(groups) {
        if !is_name(name) {
            return Err(KeyFault::Name { what });
        }
    }
    Ok(())
}

fn is_name(name: &str) -> bool {
    (1..=NAME_CHARS_MAX).contains(&name.len())
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_.@:/".contains(&b))
}

/// Says in a record which key it is about.
fn about(mut record: Record, method: &'static str, item: &ApiKey) -> Record {
    let said = serde_json::json!({
        "expires_at_ms": item.expires_at.map(Timestamp::millis),
        "groups": item.groups,
        "id": item.id,
        "kind": item.kind,
        "principal": item.principal,
        "tenant": item.tenant,
        "toolsets": item.toolsets,
    });
    record.what = What {
        method: Some(method.into()),
        args: CanonicalJson::of(&said.to_string()).ok(),
        ..What::default()
    };
    record
}

fn of(moment: Moment) -> Timestamp {
    Timestamp::from_millis(moment.at.as_millisecond())
}
