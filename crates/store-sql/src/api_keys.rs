//! API keys in SQL.

use wardgate_model::{CredentialId, PersonId, PrincipalId, PrincipalKind, TenantId};
use wardgate_store::{ApiKey, ApiKeys, Cursor, Page, Reply, StoreError, Timestamp};

use crate::{
    SqlStore,
    db::commit,
    dialect::Row,
    page::Select,
    row::{Columns, to_json},
    statement::Statement,
};

impl ApiKeys for SqlStore {
    fn create<'a>(&'a self, key: &'a ApiKey) -> Reply<'a, ()> {
        self.db.write(async move {
            let toolsets = key.toolsets.as_ref().map(to_json).transpose()?;
            let mut transaction = self.db.begin().await?;
            sqlx::query(
                "INSERT INTO api_keys (id, tenant, principal, kind, groups, toolsets, hash, created_at, created_by,
                                       expires_at, revoked_at, revoked_by, last_used)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
            )
            .bind(key.id.as_str())
            .bind(key.tenant.as_str())
            .bind(key.principal.as_str())
            .bind(key.kind.as_str())
            .bind(to_json(&key.groups)?)
            .bind(toolsets)
            .bind(key.hash.as_slice())
            .bind(key.created_at.millis())
            .bind(key.created_by.as_str())
            .bind(key.expires_at.map(Timestamp::millis))
            .bind(key.revoked_at.map(Timestamp::millis))
            .bind(key.revoked_by.as_ref().map(PersonId::as_str))
            .bind(key.last_used.map(Timestamp::millis))
            .insert(&mut transaction, "another key has this id").await?;
            commit(transaction).await
        })
    }

    fn by_id<'a>(&'a self, id: &'a CredentialId) -> Reply<'a, Option<ApiKey>> {
        Box::pin(async move {
            let row = sqlx::query("SELECT * FROM api_keys WHERE id = $1")
                .bind(id.as_str())
                .one(&mut *self.db.read().await?)
                .await?;
            row.as_ref().map(api_key).transpose()
        })
    }

    fn list<'a>(
        &'a self,
        tenant: Option<&'a TenantId>,
        after: Option<&'a Cursor>,
        limit: u32,
    ) -> Reply<'a, Page<ApiKey>> {
        Box::pin(async move {
            let mut query = Select::new("SELECT * FROM api_keys")
                .with("tenant = ", tenant.map(TenantId::as_str))
                .newest_first(after, limit);
            let rows = query.build().all(&mut *self.db.read().await?).await?;
            let keys = rows.iter().map(api_key).collect::<Result<_, _>>()?;
            Ok(Page::cut(keys, limit, |key: &ApiKey| Cursor {
                at: key.created_at,
                id: key.id.to_string(),
            }))
        })
    }

    fn revoke<'a>(
        &'a self,
        tenant: &'a TenantId,
        id: &'a CredentialId,
        by: &'a PersonId,
        at: Timestamp,
    ) -> Reply<'a, ApiKey> {
        self.db.write(async move {
            let mut transaction = self.db.begin().await?;
            let row = sqlx::query(
                "UPDATE api_keys SET revoked_by = CASE WHEN revoked_at IS NULL THEN $1 ELSE revoked_by END,
                                     revoked_at = COALESCE(revoked_at, $2)
                 WHERE id = $3 AND tenant = $4 RETURNING *",
            )
            .bind(by.as_str())
            .bind(at.millis())
            .bind(id.as_str())
            .bind(tenant.as_str())
            .one(&mut transaction).await?;
            let key = api_key(&row.ok_or(StoreError::NotFound { what: "API key" })?)?;
            commit(transaction).await?;
            Ok(key)
        })
    }

    fn touch<'a>(&'a self, used: &'a [(CredentialId, Timestamp)]) -> Reply<'a, ()> {
        self.db.write(async move {
            let mut transaction = self.db.begin().await?;
            for (id, at) in used {
                sqlx::query(
                    "UPDATE api_keys SET last_used = $1 WHERE id = $2 AND (last_used IS NULL OR last_used < $1)",
                )
                .bind(at.millis())
                .bind(id.as_str())
                .run(&mut transaction).await?;
            }
            commit(transaction).await
        })
    }
}

fn api_key(row: &Row) -> Result<ApiKey, StoreError> {
    Ok(ApiKey {
        id: row.id("id", CredentialId::new)?,
        tenant: row.id("tenant", TenantId::new)?,
        principal: row.id("principal", PrincipalId::new)?,
        kind: row.word("kind", principal_kind)?,
        groups: row.json("groups")?,
        toolsets: row.maybe_json("toolsets")?,
        hash: row.get("hash")?,
        created_at: row.time("created_at")?,
        created_by: row.id("created_by", PersonId::new)?,
        expires_at: row.maybe_time("expires_at")?,
        revoked_at: row.maybe_time("revoked_at")?,
        revoked_by: row.maybe_id("revoked_by", PersonId::new)?,
        last_used: row.maybe_time("last_used")?,
    })
}

fn principal_kind(word: &str) -> Option<PrincipalKind> {
    let kinds = [
        PrincipalKind::User,
        PrincipalKind::Agent,
        PrincipalKind::Service,
    ];
    kinds.into_iter().find(|kind| kind.as_str() == word)
}
