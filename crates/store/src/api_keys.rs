//! API keys as the store knows them: by their public id and a keyed hash. The key itself never comes here.

use wardgate_model::{
    CredentialId, GroupName, PersonId, PrincipalId, PrincipalKind, TenantId, ToolsetName,
};

use crate::{Cursor, Page, Reply, Timestamp};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// The public part of the key.
    pub id: CredentialId,
    pub tenant: TenantId,
    pub principal: PrincipalId,
    pub kind: PrincipalKind,
    pub groups: Vec<GroupName>,
    /// The toolsets it opens; `None` is all of the tenant's.
    pub toolsets: Option<Vec<ToolsetName>>,
    /// Keyed hash of the secret part.
    pub hash: Vec<u8>,
    pub created_at: Timestamp,
    pub created_by: PersonId,
    pub expires_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
    pub revoked_by: Option<PersonId>,
    /// As coarse as the calls of [`ApiKeys::touch`].
    pub last_used: Option<Timestamp>,
}

pub trait ApiKeys: Send + Sync {
    /// Stores a key. `Conflict` if its id is taken.
    fn create<'a>(&'a self, key: &'a ApiKey) -> Reply<'a, ()>;

    /// Finds a key, whether or not it is still good: expiry and revocation are the caller's to judge.
    fn by_id<'a>(&'a self, id: &'a CredentialId) -> Reply<'a, Option<ApiKey>>;

    /// The keys of a tenant, or of all, newest first.
    fn list<'a>(
        &'a self,
        tenant: Option<&'a TenantId>,
        after: Option<&'a Cursor>,
        limit: u32,
    ) -> Reply<'a, Page<ApiKey>>;

    /// Revokes a key for good and returns it. Revoking again keeps the first moment and person. `NotFound` if the tenant
    /// has no such key.
    fn revoke<'a>(
        &'a self,
        tenant: &'a TenantId,
        id: &'a CredentialId,
        by: &'a PersonId,
        at: Timestamp,
    ) -> Reply<'a, ApiKey>;

    /// Notes when keys were last used, in one transaction; a moment never moves back. Unknown ids are passed over.
    fn touch<'a>(&'a self, used: &'a [(CredentialId, Timestamp)]) -> Reply<'a, ()>;
}
